//! Servers to hold the engine against, each a process of its own: a bare echo, a bare fan-out, and the design of before
//! with Redis between its parts. They read and write their sockets with the engine's own code.

mod echo;
mod fanout;
mod hall;
mod polling;
mod socket;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::samples::Samples;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Echo,
    Fanout,
    PollingOne,
    PollingDrained,
}

#[derive(Args, Clone, Debug)]
pub struct BaselineCommand {
    #[arg(value_enum)]
    kind: Kind,
    /// Rooms that players are spread over
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// Frames to send, as recorded from the engine. Default: invented ones
    #[arg(long)]
    samples: Option<PathBuf>,
}

impl BaselineCommand {
    /// Prints its address and its processes, then serves until standard input ends.
    ///
    /// # Errors
    /// It cannot listen, or Redis does not start.
    pub async fn run(&self) -> anyhow::Result<()> {
        let samples = match &self.samples {
            Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
            None => Samples::invented(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("ws://{}/", listener.local_addr()?);
        let me = std::process::id();
        let serving = async {
            match self.kind {
                Kind::Echo => {
                    println!("{address} {me}");
                    echo::serve(listener).await
                }
                Kind::Fanout => {
                    println!("{address} {me}");
                    fanout::serve(listener, self.rooms, &samples).await
                }
                Kind::PollingOne | Kind::PollingDrained => {
                    let redis = polling::Redis::start().await?;
                    println!("{address} {me} {}", redis.pid);
                    polling::serve(listener, self.rooms, &samples, &redis, self.kind == Kind::PollingDrained).await
                }
            }
        };
        let mut rest = Vec::new();
        tokio::select! {
            served = serving => served,
            _ = async { tokio::io::stdin().read_to_end(&mut rest).await } => Ok(()),
        }
    }
}
