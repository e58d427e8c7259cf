//! Players of a running platform: visitors who come in over its sockets.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::platform::{PATIENCE, Platform};

/// A websocket whose frames are JSON.
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(url: &str) -> Self {
        Self(tokio_tungstenite::connect_async(url).await.unwrap().0)
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The next frame; None at the end of the connection.
    pub async fn next(&mut self) -> Option<Value> {
        // Pings are no answer: they come for ever.
        let reading = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("an answer")
    }

    /// Reads until a frame of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await.unwrap_or_else(|| panic!("the connection ended before {kind}"));
            assert!(frame["data"].is_object() || frame["data"].is_array(), "{frame}");
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}

/// An account of a visitor with its character.
pub struct Guest {
    pub token: String,
    pub player: i64,
}

/// A new visitor.
pub fn guest(platform: &Platform) -> Guest {
    guest_from(platform, "127.0.0.1")
}

/// A new visitor who comes over a proxy.
pub fn guest_from(platform: &Platform, address: &str) -> Guest {
    let (status, body) = platform.post_from(address, "/api/v1/game/play/", "{}");
    assert_eq!(status, 201, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    Guest { token: body["access"].as_str().unwrap().into(), player: body["player"]["id"].as_i64().unwrap() }
}

/// Announces the entry with the Forge; the address of the game socket.
pub async fn announce(platform: &Platform, guest: &Guest) -> String {
    let url = format!("ws://127.0.0.1:{}/ws/forge/?token={}", platform.port, guest.token);
    let mut forge = Socket::open(&url).await;
    forge.send(json!({"type": "job", "job": "enter_world", "player_id": guest.player}).to_string()).await;
    loop {
        let frame = forge.next().await.expect("the Forge answers");
        if frame["type"] == "job_complete" {
            assert_eq!(frame["status"], "success", "{frame}");
            return frame["job_data"]["ws_uri"].as_str().unwrap().replace("localhost", "127.0.0.1");
        }
    }
}

/// The first frame of a game socket.
pub fn hello(guest: &Guest) -> String {
    let key = format!("player.{}", guest.player);
    json!({"type": "system.connect", "data": {"player_key": key}, "token": guest.token}).to_string()
}

/// In the world, with the first snapshot read.
pub async fn enter(platform: &Platform, guest: &Guest) -> Socket {
    let mut socket = Socket::open(&announce(platform, guest).await).await;
    socket.send(hello(guest)).await;
    socket.until("cmd.state.sync.success").await;
    socket
}
