//! The servers that can be put under load: the engine on its stage, any server that speaks the wire contract, and the
//! baselines. Each runs as processes of its own, is paused while another is measured, and is ended with the harness.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, bail};
use clap::ValueEnum;
use realms::world::internal::Population;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::plan::Seat;
use crate::process;
use crate::remote::Remote;
use crate::stage::Stage;
use crate::turns::Turns;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// The engine.
    Realms,
    /// A bare server that sends what the engine sent to whom the engine would send it.
    Fanout,
    /// A bare server that sends back what it gets.
    Echo,
    /// Commands through Redis, polled every 10 ms, one record a poll.
    PollingOne,
    /// The same, all due records each poll.
    PollingDrained,
}

impl System {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Realms => "realms",
            Self::Fanout => "fanout",
            Self::Echo => "echo",
            Self::PollingOne => "polling_one",
            Self::PollingDrained => "polling_drained",
        }
    }

    /// Whether it sends frames that were recorded from the engine.
    pub const fn needs_samples(self) -> bool {
        matches!(self, Self::Fanout | Self::PollingOne | Self::PollingDrained)
    }

    pub const fn is_polling(self) -> bool {
        matches!(self, Self::PollingOne | Self::PollingDrained)
    }
}

/// A server that runs.
pub enum Server {
    Stage(Box<Stage>),
    Remote(Box<Remote>),
    Baseline(Box<Baseline>),
}

/// A process of ours that prints where it listens.
pub struct Baseline {
    child: Child,
    url: String,
    pids: Vec<u32>,
}

impl Server {
    /// Starts a baseline; `samples` is a file of recorded frames.
    ///
    /// # Errors
    /// It does not start.
    pub async fn baseline(system: System, rooms: usize, samples: Option<&PathBuf>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("baseline").arg(system.as_str().replace('_', "-")).arg("--rooms").arg(rooms.to_string());
        if let Some(samples) = samples {
            command.arg("--samples").arg(samples);
        }
        // It ends when its input does, so that nothing is left over.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("a baseline without output")?).lines();
        let line = lines.next_line().await?.with_context(|| format!("the baseline {} ended", system.as_str()))?;
        let mut words = line.split_whitespace();
        let url = words.next().context("no address")?.to_owned();
        let pids = words.map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self::Baseline(Box::new(Baseline { child, url, pids })))
    }

    /// Where players connect.
    pub fn url(&self) -> &str {
        match self {
            Self::Stage(stage) => &stage.socket,
            Self::Remote(remote) => &remote.socket,
            Self::Baseline(baseline) => &baseline.url,
        }
    }

    /// The processes whose CPU time and memory are the server's. None for one that runs elsewhere.
    pub fn pids(&self) -> Vec<u32> {
        match self {
            Self::Stage(stage) => vec![stage.pid],
            Self::Remote(remote) => remote.pid.into_iter().collect(),
            Self::Baseline(baseline) => baseline.pids.clone(),
        }
    }

    /// Seats for so many players and listeners.
    ///
    /// # Errors
    /// The server does not let them in, or there are fewer accounts.
    pub async fn admit(&mut self, players: usize, listeners: usize) -> anyhow::Result<Vec<Seat>> {
        match self {
            Self::Stage(stage) => stage.admit(players, listeners).await,
            Self::Remote(remote) => remote.admit(players, listeners).await,
            Self::Baseline(_) => Ok((0..players + listeners)
                .map(|nth| Seat { player: nth as i64 + 1, token: "none".into(), listens: nth >= players })
                .collect()),
        }
    }

    /// Live counts, where they can be asked for.
    pub async fn population(&self) -> Option<Population> {
        match self {
            Self::Stage(stage) => stage.population().await.ok(),
            _ => None,
        }
    }

    /// How long its turns took, where it tells.
    pub async fn turns(&self) -> Option<Turns> {
        match self {
            Self::Stage(stage) => stage.turns().await.ok(),
            _ => None,
        }
    }

    /// Halts its processes while another server is measured.
    pub fn pause(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// Lets them run again.
    pub fn resume(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if !matches!(self, Self::Remote(_)) {
            self.pids().into_iter().for_each(|pid| process::signal(pid, signal));
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// It did not end cleanly.
    pub async fn close(self) -> anyhow::Result<()> {
        self.resume();
        match self {
            Self::Stage(stage) => stage.close().await,
            Self::Remote(_) => Ok(()),
            Self::Baseline(baseline) => {
                let mut child = baseline.child;
                drop(child.stdin.take());
                match tokio::time::timeout(std::time::Duration::from_secs(10), child.wait()).await {
                    Ok(_) => Ok(()),
                    Err(_) => {
                        child.kill().await?;
                        bail!("a baseline did not end by itself")
                    }
                }
            }
        }
    }
}
