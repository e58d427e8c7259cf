//! The nexus of a stage as a process: started on the stage's folder, stopped, killed, and started again.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::Signal;
use tokio::process::{Child, Command};

use super::forge::Forge;
use crate::process;

/// The name that the nexus has.
pub const NAME: &str = "stage";
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
    /// The harness's own program: it keeps the nexus on a leash.
    pub harness: PathBuf,
    /// The nexus program.
    pub nexus: PathBuf,
    /// A folder on the disk that is to be measured; the stage makes its own below it.
    pub dir: PathBuf,
    /// "strict" or "relaxed".
    pub durability: String,
    pub seed: u64,
    /// How many worlds of the same templates it runs.
    pub worlds: usize,
    /// The mirror's Redis; "off" goes without.
    pub redis: String,
    /// What it logs, as the setting `LOG` has it.
    pub log: String,
    /// More of its environment.
    pub env: Vec<(String, OsString)>,
}

impl StageOptions {
    /// The usual: one world, strict, without Redis.
    pub fn new(harness: PathBuf, nexus: PathBuf, dir: PathBuf) -> Self {
        let (durability, redis, log) = ("strict".into(), "off".into(), "warn".into());
        Self { harness, nexus, dir, durability, seed: 1, worlds: 1, redis, log, env: Vec::new() }
    }
}

/// A nexus that was started on a stage.
pub struct Nexus {
    child: Child,
    pub pid: u32,
}

impl Nexus {
    /// Starts one in the folder of a stage.
    ///
    /// # Errors
    /// The program is not there.
    pub fn start(options: &StageOptions, dir: &Path, forge: &Forge) -> anyhow::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(log_of(dir))?;
        let child =
            command(options, dir, forge).stdout(log.try_clone()?).stderr(log).spawn().with_context(|| {
                format!("cannot start {}: build it with `cargo build --bins`", options.nexus.display())
            })?;
        let pid = child.id().context("the nexus ended at once")?;
        Ok(Self { child, pid })
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// The system's.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// Asks it to stop, as an operator does, and waits.
    ///
    /// # Errors
    /// It does not stop in time; then it is killed.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM);
        match tokio::time::timeout(STOP_MAX, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => {
                self.child.kill().await?;
                bail!("the nexus did not stop within {STOP_MAX:?}");
            }
        }
    }

    /// Ends it with no chance to do anything about it.
    ///
    /// # Errors
    /// The system's.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    pub fn signal(&self, signal: Signal) {
        process::signal(self.pid, signal);
    }
}

/// The program with all that it needs to run on a stage.
pub fn command(options: &StageOptions, dir: &Path, forge: &Forge) -> Command {
    let mut command = Command::new(&options.harness);
    command
        .arg("leashed")
        .arg(&options.nexus)
        .env("REALMS_CONFIG", settings_of(dir))
        .env("DATA_DIR", dir)
        .env("BIND", "127.0.0.1")
        .env("PORT", "0")
        .env("INTERNAL_ADDR", "127.0.0.1:0")
        .env("FORGE_URL", format!("unix:{}", socket_of(dir).display()))
        .env("SERVICE_TOKEN", forge.token.expose())
        .env("NEXUS_NAME", NAME)
        .env("REDIS_URL", &options.redis)
        .env("DURABILITY", &options.durability)
        .env("LOG", &options.log)
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Writes the settings that every nexus of a stage has.
///
/// # Errors
/// The disk's.
pub fn settle(dir: &Path) -> anyhow::Result<()> {
    Ok(std::fs::write(settings_of(dir), SETTINGS)?)
}

pub fn socket_of(dir: &Path) -> PathBuf {
    dir.join("forge.sock")
}

fn settings_of(dir: &Path) -> PathBuf {
    dir.join("settings.toml")
}

/// Everything that the nexuses of a stage have said is appended here.
pub fn log_of(dir: &Path) -> PathBuf {
    dir.join("nexus.log")
}

/// The end of what was logged.
pub fn last_words(dir: &Path) -> String {
    let log = std::fs::read_to_string(log_of(dir)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}
