//! `loadtest run` and `loadtest compare`: what a user asks for becomes servers, phases and a report.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use crate::bench::{Bench, Phase};
use crate::expect::Expectation;
use crate::machine::Machine;
use crate::page;
use crate::persona::Persona;
use crate::plan::Load;
use crate::remote::Remote;
use crate::report::Report;
use crate::stage::{Stage, StageOptions};
use crate::system::{Server, System};
use crate::world::{self, WorldOptions};

/// Where the engine runs, and in what world.
#[derive(Args, Clone, Debug)]
pub struct Target {
    #[command(flatten)]
    pub world: WorldOptions,
    /// Play this world of manifests instead of a generated one
    #[arg(long, value_name = "FOLDER")]
    pub world_folder: Option<PathBuf>,
    /// The nexus program. Default: the one beside this program
    #[arg(long, value_name = "FILE")]
    pub nexus: Option<PathBuf>,
    /// A folder on a real disk, for the journal
    #[arg(long, value_name = "FOLDER", default_value_os_t = std::env::temp_dir())]
    pub dir: PathBuf,
    /// "strict" or "relaxed"
    #[arg(long, default_value = "strict")]
    pub durability: String,
    /// Play on this server instead of a stage, as http://host:8000
    #[arg(long, requires = "accounts")]
    pub url: Option<String>,
    /// Start another world and stop it again, over and over, each after so many seconds
    #[arg(long, value_name = "SECONDS", conflicts_with = "url")]
    pub churn: Option<f64>,
    /// With --url: a JSON array of {"token", "player", "world"}
    #[arg(long, value_name = "FILE", requires = "url")]
    pub accounts: Option<PathBuf>,
    /// With --url: the process whose CPU time and memory are the server's, where it runs on this machine
    #[arg(long, requires = "url")]
    pub pid: Option<u32>,
}

/// Where the report goes, and what is expected of it.
#[derive(Args, Clone, Debug)]
pub struct Output {
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as one HTML page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// A threshold, as "realms.paced.p99_ms < 8" or "realms.paced.p50_ms - echo.paced.p50_ms < 2"; several are possible
    #[arg(long = "expect", value_name = "WHAT")]
    pub expectations: Vec<Expectation>,
}

/// Put one server under load
#[derive(Args, Clone, Debug)]
pub struct RunCommand {
    #[arg(long, default_value_t = 200)]
    pub players: usize,
    /// Commands a second of each player. Without it, each sends the next as soon as the last is answered
    #[arg(long)]
    pub rate: Option<f64>,
    /// With --rate: wait for each answer before the next command is due
    #[arg(long, requires = "rate")]
    pub closed: bool,
    /// What players do
    #[arg(long, value_enum, default_value = "mixed")]
    pub persona: Persona,
    /// Measured seconds of each round
    #[arg(long, default_value_t = 30)]
    pub seconds: u32,
    /// Seconds of play before that
    #[arg(long, default_value_t = 5)]
    pub warmup: u32,
    /// Seconds over which players come in
    #[arg(long, default_value_t = 1.0)]
    pub ramp: f64,
    /// Processes that play
    #[arg(long, default_value_t = 1)]
    pub processes: usize,
    /// Silent players besides, who check what they hear
    #[arg(long, default_value_t = 10)]
    pub listeners: usize,
    /// Baselines to measure in turn with it: echo, fanout, polling_one, polling_drained
    #[arg(long, value_delimiter = ',', value_parser = baseline)]
    pub beside: Vec<System>,
    /// How often each is measured in turn
    #[arg(long, default_value_t = 1)]
    pub rounds: usize,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub output: Output,
}

/// Measure this engine and every baseline side by side, interleaved
#[derive(Args, Clone, Debug)]
pub struct CompareCommand {
    /// Players of the saturated phase
    #[arg(long, default_value_t = 500)]
    pub players: usize,
    /// Players of the paced phase
    #[arg(long, default_value_t = 1000)]
    pub paced_players: usize,
    /// Commands a second of each player of the paced phase
    #[arg(long, default_value_t = 2.0)]
    pub paced_rate: f64,
    /// Commands a second of the one player of the single phase
    #[arg(long, default_value_t = 5.0)]
    pub single_rate: f64,
    /// Measured seconds of each system in each phase and round
    #[arg(long, default_value_t = 10)]
    pub seconds: u32,
    #[arg(long, default_value_t = 3)]
    pub warmup: u32,
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Processes that play
    #[arg(long, default_value_t = 1)]
    pub processes: usize,
    /// Leave the baselines with Redis out
    #[arg(long)]
    pub without_redis: bool,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub output: Output,
}

fn baseline(text: &str) -> Result<System, String> {
    match text {
        "echo" => Ok(System::Echo),
        "fanout" => Ok(System::Fanout),
        "polling_one" => Ok(System::PollingOne),
        "polling_drained" => Ok(System::PollingDrained),
        _ => Err("echo, fanout, polling_one or polling_drained".into()),
    }
}

impl RunCommand {
    /// Runs and reports; the exit status.
    ///
    /// # Errors
    /// A server or a player could not be started.
    pub async fn run(&self) -> anyhow::Result<u8> {
        let load = Load {
            players: self.players,
            rate: self.rate,
            closed: self.closed,
            persona: self.persona,
            listeners: self.listeners,
            ramp: self.ramp,
            warmup: f64::from(self.warmup),
            seconds: f64::from(self.seconds),
            seed: self.target.world.seed,
            processes: self.processes,
        };
        let name = match self.rate {
            _ if self.persona == Persona::Idle => "idle",
            Some(_) => "paced",
            None => "saturated",
        };
        let systems = std::iter::once(System::Realms).chain(self.beside.iter().copied()).collect();
        let phases = [Phase { name: name.into(), load, systems }];
        run(&self.target, &self.output, &phases, self.rounds).await
    }
}

impl CompareCommand {
    /// Runs and reports; the exit status.
    ///
    /// # Errors
    /// A server or a player could not be started.
    pub async fn run(&self) -> anyhow::Result<u8> {
        let saturated = Load {
            players: self.players,
            rate: None,
            closed: true,
            persona: Persona::Mixed,
            listeners: 10,
            ramp: 1.0,
            warmup: f64::from(self.warmup),
            seconds: f64::from(self.seconds),
            seed: self.target.world.seed,
            processes: self.processes,
        };
        let paced =
            Load { players: self.paced_players, rate: Some(self.paced_rate), closed: false, ..saturated.clone() };
        let single = Load { players: 1, rate: Some(self.single_rate), listeners: 0, ..paced.clone() };
        let bare = vec![System::Realms, System::Fanout, System::Echo];
        let mut all = bare.clone();
        if !self.without_redis {
            all.extend([System::PollingOne, System::PollingDrained]);
        }
        let phases = [
            Phase { name: "saturated".into(), load: saturated, systems: all.clone() },
            Phase { name: "paced".into(), load: paced, systems: bare },
            Phase { name: "single".into(), load: single, systems: all },
        ];
        run(&self.target, &self.output, &phases, self.rounds).await
    }
}

/// The nexus program: named, or beside this one.
///
/// # Errors
/// There is none.
pub fn nexus(named: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    let path = match named {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("nexus"),
    };
    if !path.exists() {
        bail!(
            "there is no {}: build it with `cargo build --release --workspace`, or name it with --nexus",
            path.display()
        );
    }
    Ok(std::path::absolute(path)?)
}

async fn run(target: &Target, output: &Output, phases: &[Phase], rounds: usize) -> anyhow::Result<u8> {
    world::check(&target.world)?;
    let mut machine = Machine::look(&target.dir)?;
    eprintln!("{}", machine.describe());
    let templates = world::templates(&target.world, target.world_folder.as_deref())?;
    let rooms = templates.rooms.len();
    let mut world = format!("{} ({rooms} rooms)", templates.world.config.name);
    let mut durability = target.durability.clone();
    let mut churn = None;
    let scratch = tempfile::tempdir_in(&target.dir)?;
    let subject = match (&target.url, &target.accounts) {
        (Some(url), Some(accounts)) => {
            world = format!("the world at {url}");
            durability = "as that server has it".into();
            // Where its journal is, only it knows.
            machine.is_memory_file_system = false;
            Server::Remote(Box::new(Remote::open(url, accounts, target.pid)?))
        }
        _ => {
            let options = StageOptions {
                durability: target.durability.clone(),
                seed: target.world.seed,
                ..StageOptions::new(std::env::current_exe()?, nexus(target.nexus.as_ref())?, target.dir.clone())
            };
            let stage = Stage::open(options, templates).await?;
            churn = target.churn.map(|seconds| stage.churn(std::time::Duration::from_secs_f64(seconds)));
            Server::Stage(Box::new(stage))
        }
    };
    let mut bench = Bench::new(subject, rooms, scratch.path().to_owned());
    let measured = tokio::select! {
        measured = bench.run(phases, rounds) => measured,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted; nothing is left running")),
    };
    if let Some(churn) = churn {
        if churn.is_finished() {
            churn.await??;
            bail!("the worlds that come and go came to an end");
        }
        churn.abort();
    }
    let closed = bench.close().await;
    let mut report = Report::new(machine, world, durability, phases, measured?);
    closed?;
    report.judge(&output.expectations);
    println!("{}", report.table());
    if let Some(path) = &output.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &output.html {
        std::fs::write(path, page::render(&report)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report.status())
}
