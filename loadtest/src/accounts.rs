//! `loadtest accounts`: makes guests on a server that lets them play, and writes the file that `--accounts` wants.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use realms::config::Secret;
use realms::link::{Link, LinkError};

use crate::remote::Account;

/// A server that says "not so fast" is asked again after this.
const PATIENCE: Duration = Duration::from_secs(5);
/// So often in a row, then it is given up.
const TRIES_MAX: usize = 60;
const TOO_MANY_REQUESTS: u16 = 429;

/// Make guests on a server that has GUESTS on, and write them as a file for --accounts
#[derive(Args, Clone, Debug)]
pub struct AccountsCommand {
    /// The server, as http://host:8000
    #[arg(long)]
    pub url: String,
    /// How many
    #[arg(long, default_value_t = 10)]
    pub count: usize,
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

impl AccountsCommand {
    /// # Errors
    /// The server has no guests, or does not answer; the file cannot be written.
    pub async fn run(&self) -> anyhow::Result<()> {
        // No token is needed to become a guest; the link wants one to send.
        let link = Link::new(&self.url, &Secret::new("none"))?;
        let mut accounts = Vec::with_capacity(self.count);
        while accounts.len() < self.count {
            accounts.push(guest(&link).await.with_context(|| format!("after {} guests", accounts.len()))?);
        }
        std::fs::write(&self.file, serde_json::to_vec_pretty(&accounts)?)
            .with_context(|| format!("cannot write {}", self.file.display()))?;
        println!("{}: {} guests of {}", self.file.display(), accounts.len(), self.url);
        Ok(())
    }
}

async fn guest(link: &Link) -> anyhow::Result<Account> {
    for _ in 0..TRIES_MAX {
        let answer: Result<serde_json::Value, LinkError> =
            link.post("/api/v1/game/play/", &serde_json::json!({})).await;
        match answer {
            Ok(guest) => {
                let text = |field: &str| guest[field].as_str().map(str::to_owned);
                return Ok(Account {
                    token: text("access").context("no access token came")?,
                    player: guest["player"]["id"].as_i64().context("no player came")?,
                    world: guest["world_id"].as_i64().context("no world came")?,
                });
            }
            Err(LinkError::Refused { status: TOO_MANY_REQUESTS, .. }) => {
                eprintln!("the server makes only so many guests a minute; waiting");
                tokio::time::sleep(PATIENCE).await;
            }
            Err(error) => bail!("{error}"),
        }
    }
    bail!("the server makes no more guests")
}
