//! The stage: a real Nexus as a process of its own, on a directory of its own on a real disk, with the harness in the
//! Forge's place. So its CPU time and memory are the engine's alone, and no database stands beside it. Whatever can
//! befall a nexus or its Forge can be done to it here.

pub mod forge;
pub mod nexus;
pub mod people;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use realms::serve::Listener;
use realms::world::internal::{LoaderQuery, Population, Register};
use realms::world::template::{RoomId, Templates, WorldId};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::plan::Seat;
use crate::turns::Turns;
use forge::{Forge, SPAWN};
pub use nexus::StageOptions;
use nexus::{Nexus, last_words, log_of, settle, socket_of};

/// A nexus that has not registered and started its worlds after this is stuck.
const START_MAX: Duration = Duration::from_secs(60);

/// Worlds that come and go have numbers from here on, counted from the first.
const CHURNED: i64 = 1000;

/// A Nexus that runs worlds, and the Forge that it talks to.
pub struct Stage {
    options: StageOptions,
    dir: tempfile::TempDir,
    pub forge: Arc<Forge>,
    /// The Forge's open door, while it has one.
    door: Option<(CancellationToken, JoinHandle<()>)>,
    nexus: Nexus,
    pub pid: u32,
    pub socket: String,
    pub internal: String,
    rooms: Vec<RoomId>,
}

impl Stage {
    /// Puts the stage up and waits until its worlds run and are populated.
    ///
    /// # Errors
    /// The nexus does not start; its last words are in the text.
    pub async fn open(options: StageOptions, templates: Templates) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.dir).with_context(|| format!("cannot make {}", options.dir.display()))?;
        let dir = tempfile::Builder::new().prefix("loadtest-").tempdir_in(&options.dir)?;
        let rooms = templates.rooms.keys().copied().collect();
        let forge = Forge::new(templates, &dir.path().join("keys"), options.seed, options.worlds)?;
        settle(dir.path())?;
        let door = Some(open_door(dir.path(), &forge)?);
        let nexus = Nexus::start(&options, dir.path(), &forge)?;
        let pid = nexus.pid;
        let (socket, internal) = (String::new(), String::new());
        let mut stage = Self { options, dir, forge, door, nexus, pid, socket, internal, rooms };
        stage.wait_until_it_runs().await?;
        stage.wait_until_it_is_populated().await?;
        Ok(stage)
    }

    async fn wait_until_it_runs(&mut self) -> anyhow::Result<()> {
        let mut registrations = self.forge.registrations();
        let forge = self.forge.clone();
        let waiting = async {
            let registered = registrations.wait_for(Option::is_some).await?.clone().context("registered")?;
            let nexus = forge.nexus()?;
            loop {
                // A nexus that has its worlds back from its disk still waits for the keys that tokens are checked with.
                let ready: Result<serde_json::Value, _> = nexus.get("/readyz").await;
                let worlds: serde_json::Value = nexus.get("worlds").await?;
                let worlds = worlds["worlds"].as_array().cloned().unwrap_or_default();
                if ready.is_ok() && forge.spawns().all(|spawn| worlds.contains(&spawn.into())) {
                    return anyhow::Ok(registered);
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let registered = tokio::select! {
            ran = tokio::time::timeout(START_MAX, waiting) => match ran {
                Ok(ran) => ran?,
                Err(_) => bail!("the nexus did not start its worlds within {START_MAX:?}: {}", last_words(self.dir.path())),
            },
            status = self.nexus.ended() => bail!("the nexus ended ({}): {}", status?, last_words(self.dir.path())),
        };
        self.socket = registered.ws_uri.replace("localhost", "127.0.0.1");
        self.internal = registered.url;
        Ok(())
    }

    /// Waits until the loaders have brought what they would bring into empty worlds.
    async fn wait_until_it_is_populated(&self) -> anyhow::Result<()> {
        let query = LoaderQuery { initial: true, ..LoaderQuery::default() };
        let planned = realms::forge::loaders::plan(&self.forge.templates, &Population::default(), &query, |_| true);
        let wanted = planned.loads.len() as u64;
        let deadline = Instant::now() + START_MAX;
        for spawn in self.forge.spawns() {
            loop {
                let population = self.population_of(spawn).await?;
                let there: u64 = population.rules.values().map(|count| u64::from(*count)).sum();
                if there >= wanted || (Instant::now() > deadline && there > 0) {
                    break;
                }
                if Instant::now() > deadline {
                    bail!("world {spawn} stayed empty; its loaders plan {wanted} things");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Live counts of the first world.
    ///
    /// # Errors
    /// The nexus does not answer.
    pub async fn population(&self) -> anyhow::Result<Population> {
        self.population_of(SPAWN).await
    }

    /// Live counts of a world.
    ///
    /// # Errors
    /// The nexus does not answer.
    pub async fn population_of(&self, spawn: WorldId) -> anyhow::Result<Population> {
        Ok(self.forge.nexus()?.get(&format!("worlds/{spawn}/population")).await?)
    }

    /// Starts another world and stops it again, over and over, at these intervals, until the task is dropped.
    pub fn churn(&self, every: Duration) -> tokio::task::JoinHandle<anyhow::Result<()>> {
        let forge = self.forge.clone();
        tokio::spawn(async move {
            for spawn in SPAWN + CHURNED.. {
                forge.start_world(spawn).await?;
                tokio::time::sleep(every).await;
                forge.stop_world(spawn).await?;
            }
            Ok(())
        })
    }

    /// What the nexus says of its turns since it started.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn turns(&self) -> anyhow::Result<Turns> {
        let metrics = self.forge.nexus()?.get_bytes("/metrics").await?;
        Ok(Turns::read(&String::from_utf8_lossy(&metrics)))
    }

    /// Announces players `1..=players` spread over the rooms of the first world, with the tokens of their accounts. The
    /// last `listeners` of them listen.
    ///
    /// # Errors
    /// The nexus refuses.
    pub async fn admit(&self, players: usize, listeners: usize) -> anyhow::Result<Vec<Seat>> {
        let mut seats = Vec::with_capacity(players + listeners);
        for nth in 0..players + listeners {
            let listens = nth >= players;
            // Listeners begin at the first room again, one each.
            let room = self.rooms[if listens { nth - players } else { nth } % self.rooms.len()];
            let seat = self.forge.announce(SPAWN, nth as i64 + 1, room).await?;
            seats.push(Seat { listens, ..seat });
        }
        Ok(seats)
    }

    /// Stops the nexus as an operator would, and starts it again on its disk. Returns when it was started.
    ///
    /// # Errors
    /// It does not stop or does not start.
    pub async fn restart(&mut self) -> anyhow::Result<Instant> {
        self.stop().await?;
        let begun = Instant::now();
        self.start()?;
        Ok(begun)
    }

    /// Starts the nexus again on its disk, after it ended.
    ///
    /// # Errors
    /// The program is not there.
    pub fn start(&mut self) -> anyhow::Result<()> {
        self.nexus = Nexus::start(&self.options, self.dir.path(), &self.forge)?;
        self.pid = self.nexus.pid;
        Ok(())
    }

    /// Starts the nexus again and waits until it runs its worlds.
    ///
    /// # Errors
    /// It ends, or takes too long.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let registrations = self.registrations();
        self.start()?;
        self.wait_again(registrations).await
    }

    /// Waits until a restarted nexus has registered again and runs its worlds.
    ///
    /// # Errors
    /// It ends, or takes too long.
    pub async fn wait_again(&mut self, mut after: watch::Receiver<Option<Register>>) -> anyhow::Result<()> {
        tokio::select! {
            changed = tokio::time::timeout(START_MAX, after.changed()) => {
                changed.context("the nexus did not register again")??;
            }
            status = self.nexus.ended() => bail!("the nexus ended ({}): {}", status?, last_words(self.dir.path())),
        }
        self.wait_until_it_runs().await
    }

    /// See [`Self::wait_again`]: taken before the restart.
    pub fn registrations(&self) -> watch::Receiver<Option<Register>> {
        let mut registrations = self.forge.registrations();
        registrations.mark_unchanged();
        registrations
    }

    /// Ends the nexus at once, with no chance to do anything about it.
    ///
    /// # Errors
    /// The system's.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.nexus.kill().await
    }

    /// Stops the nexus as an operator would.
    ///
    /// # Errors
    /// It does not stop, or ends with another status than success.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let status = self.nexus.stop().await?;
        if !status.success() {
            bail!("the nexus stopped with {status}: {}", last_words(self.dir.path()));
        }
        Ok(())
    }

    /// The Forge cannot be reached any more.
    pub async fn close_forge(&mut self) {
        if let Some((shutdown, serving)) = self.door.take() {
            shutdown.cancel();
            let _ = serving.await;
        }
    }

    /// The Forge can be reached again.
    ///
    /// # Errors
    /// Its socket cannot be made.
    pub fn open_forge(&mut self) -> anyhow::Result<()> {
        self.door = Some(open_door(self.dir.path(), &self.forge)?);
        Ok(())
    }

    /// What the nexus keeps: journal, state and quarantine are below.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("nexus").join(nexus::NAME)
    }

    /// Another nexus as this one would be started; it is not.
    pub fn command(&self) -> tokio::process::Command {
        nexus::command(&self.options, self.dir.path(), &self.forge)
    }

    /// Everything that its nexuses have said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_of(self.dir.path())).unwrap_or_default()
    }

    /// Stops everything; the folder goes with it.
    ///
    /// # Errors
    /// The nexus did not stop cleanly.
    pub async fn close(mut self) -> anyhow::Result<()> {
        let stopped = self.stop().await;
        self.close_forge().await;
        stopped
    }
}

fn open_door(dir: &Path, forge: &Arc<Forge>) -> anyhow::Result<(CancellationToken, JoinHandle<()>)> {
    let shutdown = CancellationToken::new();
    let listener = Listener::unix(&socket_of(dir))?;
    let serving = tokio::spawn(listener.serve(forge.router(), shutdown.clone()));
    Ok((shutdown, serving))
}
