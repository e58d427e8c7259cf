//! The game socket of a running platform: what is wrong with a frame is said to whoever sent it, and nobody else notices.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::support::platform::{Home, PATIENCE, Platform};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(url: &str) -> Self {
        Self(tokio_tungstenite::connect_async(url).await.unwrap().0)
    }

    async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The next frame; None at the end of the connection.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("an answer") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    /// Reads until a frame of this type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await.unwrap_or_else(|| panic!("the connection ended before {kind}"));
            assert!(frame["data"].is_object() || frame["data"].is_array(), "{frame}");
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}

struct Guest {
    token: String,
    player: i64,
}

fn guest(platform: &Platform) -> Guest {
    let (status, body) = platform.post("/api/v1/game/play/", "{}");
    assert_eq!(status, 201, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    Guest { token: body["access"].as_str().unwrap().into(), player: body["player"]["id"].as_i64().unwrap() }
}

/// Announces the entry with the Forge; the address of the game socket.
async fn announce(platform: &Platform, guest: &Guest) -> String {
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

fn hello(guest: &Guest) -> String {
    let key = format!("player.{}", guest.player);
    json!({"type": "system.connect", "data": {"player_key": key}, "token": guest.token}).to_string()
}

async fn enter(platform: &Platform, guest: &Guest) -> Socket {
    let mut socket = Socket::open(&announce(platform, guest).await).await;
    socket.send(hello(guest)).await;
    socket.until("cmd.state.sync.success").await;
    socket
}

fn say(text: &str) -> String {
    json!({"type": "cmd.text", "text": format!("say {text}")}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_frames_are_answered_and_concern_nobody_else() {
    let home = Home::new();
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/low-water");
    let platform = home.open_with(|command| {
        command.env("GUESTS", "true").env("STARTER_WORLD", world);
    });
    let (ann, bob) = (guest(&platform), guest(&platform));
    let mut listener = enter(&platform, &bob).await;
    let url = announce(&platform, &ann).await;

    // Before anyone is shown to be anyone.
    let mut stranger = Socket::open(&url).await;
    for (frame, kind, text) in [
        ("{".to_owned(), "error", "This is not a frame: it ends too early at column 1."),
        (say("hi"), "error", "Connect with a character first."),
        (r#"{"type":"system.connect"}"#.to_owned(), "system.connect.error", "Missing authentication token"),
        (r#"{"type":"system.connect","token":"x"}"#.to_owned(), "system.connect.error", "Missing player_key"),
        (
            r#"{"type":"system.connect","token":"x","data":{"player_key":"player.1"}}"#.to_owned(),
            "system.connect.error",
            "Invalid authentication token",
        ),
        (
            hello(&Guest { token: bob.token.clone(), player: ann.player }),
            "system.connect.error",
            "This is not a character of yours.",
        ),
    ] {
        stranger.send(frame.clone()).await;
        assert_eq!(stranger.until(kind).await["text"], text, "{frame}");
    }
    // The same socket is still good for whoever may play.
    stranger.send(hello(&ann)).await;
    stranger.until("cmd.state.sync.success").await;
    let mut player = stranger;
    player.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(player.until("error").await["text"], "This socket speaks text, not binary.");
    player.send(r#"{"type":"cmd.nonsense","text":"frobnicate"}"#).await;
    player.until("cmd.text.echo").await;
    player.send(say(&"x".repeat(2500))).await;
    assert_eq!(player.until("cmd.text.error").await["data"]["code"], "too_long");

    // A flood is slowed down with words; what went through went through once and in order.
    for nth in 0..120 {
        player.send(say(&format!("<b>{nth}</b>"))).await;
    }
    assert_eq!(player.until("error").await["data"]["code"], "too_fast");
    player.send(r#"{"type":"system.ping"}"#).await;
    let heard = listener.until("notification.cmd.say.success").await;
    assert!(heard["text"].as_str().unwrap().ends_with("says '<b>0</b>'"), "{heard}");

    // A frame beyond the limit ends that connection, and no other.
    player.send(say(&"y".repeat(20_000))).await;
    while player.next().await.is_some() {}
    listener.send(json!({"type": "cmd.text", "text": "roll"}).to_string()).await;
    listener.until("cmd.roll.success").await;

    // The newest socket of a character has it; the older one is closed, with its code.
    let mut newer = enter(&platform, &bob).await;
    while listener.next().await.is_some() {}
    newer.send(json!({"type": "cmd.text", "text": "who"}).to_string()).await;
    let who = newer.until("cmd.who.success").await;
    let linkless = |id: i64| {
        who["data"]["players"].as_array().unwrap().iter().find(|p| p["id"] == id).unwrap()["is_linkless"].clone()
    };
    assert_eq!((linkless(ann.player), linkless(bob.player)), (json!(true), json!(false)));
    newer.send(r#"{"type":"system.disconnect"}"#).await;
    newer.until("system.disconnect.success").await;
    assert_eq!(platform.stop(), Some(0));
}
