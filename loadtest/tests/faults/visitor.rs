//! Someone who comes in and leaves, and does nothing else.

use futures_util::{SinkExt, StreamExt};
use loadtest::plan::Seat;
use loadtest::player::Socket;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::PATIENCE;

pub struct Visitor(Socket);

impl Visitor {
    /// Connects and takes its character up; what the server says against it is the error.
    pub async fn enter(url: &str, seat: &Seat) -> Result<Self, String> {
        let (socket, _) = tokio_tungstenite::connect_async(url).await.map_err(|error| error.to_string())?;
        let mut me = Self(socket);
        let key = format!("player.{}", seat.player);
        me.send(json!({"type": "system.connect", "token": seat.token, "data": {"player_key": key}})).await;
        me.until("cmd.state.sync.success").await.map(|_| me)
    }

    /// Leaves the world.
    pub async fn leave(mut self) {
        self.send(json!({"type": "system.disconnect"})).await;
        self.until("system.disconnect.success").await.unwrap();
    }

    pub async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Reads until a frame of this type.
    pub async fn until(&mut self, kind: &str) -> Result<Value, String> {
        self.find(kind, |frame| frame["type"] == kind).await
    }

    /// Reads until a frame that fits; what the server says against the connection is an error.
    pub async fn find(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value, String> {
        let reading = async {
            while let Some(Ok(message)) = self.0.next().await {
                let Message::Text(text) = message else { continue };
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == "system.connect.error" {
                    return Err(frame["text"].as_str().unwrap_or_default().to_owned());
                }
                if fits(&frame) {
                    return Ok(frame);
                }
            }
            Err(format!("the connection ended before {what}"))
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| Err(format!("never: {what}")))
    }
}
