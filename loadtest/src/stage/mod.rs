//! The stage: a real Nexus as a process of its own, on a directory of its own on a real disk, with the harness in the
//! Forge's place. So its CPU time and memory are the engine's alone, and no database stands beside it.

mod forge;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use realms::serve::Listener;
use realms::world::character::{Account, Character, PlayerConfig};
use realms::world::internal::{LoaderQuery, Population, Ticket};
use realms::world::kinds::{Archetype, Gender};
use realms::world::template::{RoomId, Templates};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::plan::Seat;
use forge::{Forge, SPAWN};

/// A nexus that has not registered and started its world after this is stuck.
const START_MAX: Duration = Duration::from_secs(60);
/// It has this long to stop and cut its worlds.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Its limits are raised: what is measured is the engine, not its politeness.
const SETTINGS: &str = "[nexus_limits]
commands_per_second = 1000000.0
commands_burst = 1000000.0
sockets_per_address = 1000000
";

/// Where a stage is put up, and with what.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// The nexus program.
    pub nexus: PathBuf,
    /// A folder on the disk that is to be measured; the stage makes its own below it.
    pub dir: PathBuf,
    /// "strict" or "relaxed".
    pub durability: String,
    pub seed: u64,
}

/// A Nexus that runs one world.
pub struct Stage {
    options: StageOptions,
    dir: tempfile::TempDir,
    forge: Arc<Forge>,
    shutdown: CancellationToken,
    nexus: Child,
    pub pid: u32,
    pub socket: String,
    pub internal: String,
    rooms: Vec<RoomId>,
}

impl Stage {
    /// Puts the stage up and waits until its world runs and is populated.
    ///
    /// # Errors
    /// The nexus does not start; its last words are in the text.
    pub async fn open(options: StageOptions, templates: Templates) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.dir).with_context(|| format!("cannot make {}", options.dir.display()))?;
        let dir = tempfile::Builder::new().prefix("loadtest-").tempdir_in(&options.dir)?;
        let rooms = templates.rooms.keys().copied().collect();
        let forge = Forge::new(templates, &dir.path().join("keys"), options.seed)?;
        let shutdown = CancellationToken::new();
        let listener = Listener::unix(&socket_of(dir.path()))?;
        tokio::spawn(listener.serve(forge.router(), shutdown.clone()));
        std::fs::write(dir.path().join("settings.toml"), SETTINGS)?;
        let nexus = spawn(&options, dir.path(), &forge)?;
        let pid = nexus.id().context("the nexus ended at once")?;
        let mut stage =
            Self { options, dir, forge, shutdown, nexus, pid, socket: String::new(), internal: String::new(), rooms };
        stage.wait_until_it_runs().await?;
        stage.wait_until_it_is_populated().await?;
        Ok(stage)
    }

    async fn wait_until_it_runs(&mut self) -> anyhow::Result<()> {
        let mut registrations = self.forge.registrations();
        let waiting = async {
            let registered = registrations.wait_for(Option::is_some).await?.clone().context("registered")?;
            self.socket = registered.ws_uri.replace("localhost", "127.0.0.1");
            self.internal = registered.url;
            let nexus = self.forge.nexus()?;
            loop {
                // A nexus that has its worlds back from its disk still waits for the keys that tokens are checked with.
                let ready: Result<serde_json::Value, _> = nexus.get("/readyz").await;
                let worlds: serde_json::Value = nexus.get("worlds").await?;
                let runs = worlds["worlds"].as_array().is_some_and(|worlds| worlds.contains(&SPAWN.into()));
                if runs && ready.is_ok() {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            ran = tokio::time::timeout(START_MAX, waiting) => match ran {
                Ok(ran) => ran,
                Err(_) => bail!("the nexus did not start its world within {START_MAX:?}: {}", last_words(self.dir.path())),
            },
            status = self.nexus.wait() => {
                bail!("the nexus ended ({}): {}", status?, last_words(self.dir.path()))
            }
        }
    }

    /// Waits until the loaders have brought what they would bring into an empty world.
    async fn wait_until_it_is_populated(&self) -> anyhow::Result<()> {
        let query = LoaderQuery { initial: true, ..LoaderQuery::default() };
        let planned = realms::forge::loaders::plan(&self.forge.templates, &Population::default(), &query, |_| true);
        let wanted = planned.loads.len() as u64;
        let deadline = Instant::now() + START_MAX;
        loop {
            let population = self.population().await?;
            let there: u64 = population.rules.values().map(|count| u64::from(*count)).sum();
            if there >= wanted || (Instant::now() > deadline && there > 0) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the world stayed empty; its loaders plan {wanted} things");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Live counts of the world.
    ///
    /// # Errors
    /// The nexus does not answer.
    pub async fn population(&self) -> anyhow::Result<Population> {
        Ok(self.forge.nexus()?.get(&format!("worlds/{SPAWN}/population")).await?)
    }

    /// Announces players `1..=players` spread over the rooms, with the tokens of their accounts. The last `listeners` of
    /// them listen.
    ///
    /// # Errors
    /// The nexus refuses.
    pub async fn admit(&self, players: usize, listeners: usize) -> anyhow::Result<Vec<Seat>> {
        let nexus = self.forge.nexus()?;
        let mut seats = Vec::with_capacity(players + listeners);
        for nth in 0..players + listeners {
            let listens = nth >= players;
            // Listeners begin at the first room again, one each.
            let room = self.rooms[if listens { nth - players } else { nth } % self.rooms.len()];
            let id = nth as i64 + 1;
            let ticket = Ticket {
                spawn: SPAWN,
                epoch: 1,
                account: Account { id, name: name(id), is_confirmed: true, ..Account::default() },
                character: character(id, room),
                config: PlayerConfig { idle_logout: false, ..PlayerConfig::default() },
                version: self.forge.version(id),
                expires: i64::MAX,
            };
            let _: serde_json::Value = nexus.post("enter", &ticket).await?;
            seats.push(Seat { player: id, token: self.forge.tokens.access(id, 0)?, listens });
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
        self.nexus = spawn(&self.options, self.dir.path(), &self.forge)?;
        self.pid = self.nexus.id().context("the nexus ended at once")?;
        Ok(begun)
    }

    /// Waits until a restarted nexus has registered again and runs the world.
    ///
    /// # Errors
    /// It ends, or takes too long.
    pub async fn wait_again(
        &mut self,
        mut after: tokio::sync::watch::Receiver<Option<realms::world::internal::Register>>,
    ) -> anyhow::Result<()> {
        tokio::time::timeout(START_MAX, after.changed()).await.context("the nexus did not register again")??;
        self.wait_until_it_runs().await
    }

    /// See [`Self::wait_again`]: taken before the restart.
    pub fn registrations(&self) -> tokio::sync::watch::Receiver<Option<realms::world::internal::Register>> {
        let mut registrations = self.forge.registrations();
        registrations.mark_unchanged();
        registrations
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        crate::process::signal(self.pid, rustix::process::Signal::TERM);
        match tokio::time::timeout(STOP_MAX, self.nexus.wait()).await {
            Ok(status) => {
                let status = status?;
                if !status.success() {
                    bail!("the nexus stopped with {status}: {}", last_words(self.dir.path()));
                }
            }
            Err(_) => {
                self.nexus.kill().await?;
                bail!("the nexus did not stop within {STOP_MAX:?}");
            }
        }
        Ok(())
    }

    /// Stops everything; the folder goes with it.
    ///
    /// # Errors
    /// The nexus did not stop cleanly.
    pub async fn close(mut self) -> anyhow::Result<()> {
        let stopped = self.stop().await;
        self.shutdown.cancel();
        stopped
    }
}

fn socket_of(dir: &Path) -> PathBuf {
    dir.join("forge.sock")
}

fn spawn(options: &StageOptions, dir: &Path, forge: &Forge) -> anyhow::Result<Child> {
    let log = std::fs::File::create(dir.join("nexus.log"))?;
    Command::new(std::env::current_exe()?)
        .arg("leashed")
        .arg(&options.nexus)
        .env("REALMS_CONFIG", dir.join("settings.toml"))
        .env("DATA_DIR", dir)
        .env("BIND", "127.0.0.1")
        .env("PORT", "0")
        .env("INTERNAL_ADDR", "127.0.0.1:0")
        .env("FORGE_URL", format!("unix:{}", socket_of(dir).display()))
        .env("SERVICE_TOKEN", forge.token.expose())
        .env("NEXUS_NAME", "stage")
        .env("REDIS_URL", "off")
        .env("DURABILITY", &options.durability)
        .env("LOG", "warn")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}: build it with `cargo build --release`", options.nexus.display()))
}

/// The end of what the nexus logged.
fn last_words(dir: &Path) -> String {
    let log = std::fs::read_to_string(dir.join("nexus.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}

/// A name of letters alone: Bota, Botb, … Botaa.
fn name(mut number: i64) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        letters.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    letters.iter().rev().fold("Bot".to_owned(), |name, letter| name + &letter.to_string())
}

fn character(id: i64, room: RoomId) -> Character {
    Character {
        id,
        name: name(id),
        title: String::new(),
        description: String::new(),
        level: 1,
        archetype: Archetype::Warrior,
        gender: Gender::Female,
        experience: 0,
        health: None,
        mana: None,
        stamina: None,
        gold: 0,
        glory: 0,
        medals: 0,
        currencies: Vec::new(),
        is_immortal: false,
        is_muted: false,
        room: Some(room),
        core_faction: None,
        factions: Vec::new(),
        viewed_rooms: Vec::new(),
        aliases: Vec::new(),
        marks: Vec::new(),
        mute_list: Vec::new(),
        is_initialised: false,
        items: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_letters_and_differ() {
        let names: std::collections::BTreeSet<String> = (1..2000).map(super::name).collect();
        assert_eq!(names.len(), 1999);
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic())));
    }
}
