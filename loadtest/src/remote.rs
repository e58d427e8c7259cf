//! A server that runs elsewhere and speaks the wire contract. Its accounts come from a file; each enters through the Forge
//! socket as a browser would, and learns there where the game socket is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;

use crate::plan::Seat;

/// An entry may take so long: the world may have to start.
const ENTER_MAX: Duration = Duration::from_secs(60);

/// One character that may be played: an access token of its account, its number and its world's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub token: String,
    pub player: i64,
    pub world: i64,
}

/// Where it is and who may play there.
pub struct Remote {
    url: String,
    accounts: Vec<Account>,
    pub socket: String,
    /// Of its process, where it runs on this machine.
    pub pid: Option<u32>,
}

impl Remote {
    /// `accounts` is a file with a JSON array of [`Account`].
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(url: &str, accounts: &Path, pid: Option<u32>) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(accounts).with_context(|| format!("cannot read {}", accounts.display()))?;
        let accounts = serde_json::from_str(&text)
            .with_context(|| format!("{} is no list of {{token, player, world}}", PathBuf::from(accounts).display()))?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), accounts, socket: String::new(), pid })
    }

    /// Enters with the first accounts of the file.
    ///
    /// # Errors
    /// There are fewer, or one is not let in.
    pub async fn admit(&mut self, players: usize, listeners: usize) -> anyhow::Result<Vec<Seat>> {
        let wanted = players + listeners;
        if self.accounts.len() < wanted {
            bail!("{wanted} accounts are needed ({listeners} of them to listen); the file has {}", self.accounts.len());
        }
        let mut seats = Vec::with_capacity(wanted);
        for (nth, account) in self.accounts[..wanted].iter().cloned().enumerate() {
            let entering = tokio::time::timeout(ENTER_MAX, enter(&self.url, &account));
            self.socket = entering.await.context("no answer to enter_world")??;
            seats.push(Seat { player: account.player, token: account.token, listens: nth >= players });
        }
        Ok(seats)
    }
}

/// Asks the Forge to let a character in; the address of the game socket.
async fn enter(url: &str, account: &Account) -> anyhow::Result<String> {
    let forge = format!("{}/ws/forge/?token={}", url.replacen("http", "ws", 1), account.token);
    let (mut socket, _) = tokio_tungstenite::connect_async(&forge).await.with_context(|| format!("{url}/ws/forge/"))?;
    let job = serde_json::json!({
        "type": "job", "job": "enter_world", "player_id": account.player, "world_id": account.world,
    });
    socket.send(Message::text(job.to_string())).await?;
    while let Some(frame) = socket.next().await {
        let Message::Text(text) = frame? else { continue };
        let frame: serde_json::Value = serde_json::from_str(&text)?;
        if frame["type"] != "job_complete" {
            continue;
        }
        let _ = socket.close(None).await;
        return match frame["job_data"]["ws_uri"].as_str() {
            Some(uri) => Ok(uri.to_owned()),
            None => bail!("player {} may not enter: {}", account.player, frame["job_data"]["error"]),
        };
    }
    bail!("the Forge closed the socket: is the token of player {} good?", account.player)
}
