//! The Nexus: the real-time engine. Data goes one way round: websocket, game, timings, Pulsar,
//! journal, game, websocket. This module opens the nodes in the order in which data flows, keeps the
//! nexus registered with the Forge, and closes everything in order.

pub mod background;
pub mod beat;
pub mod drive;
pub mod ending;
pub mod game;
pub mod history;
pub mod internal;
pub mod journal;
pub mod keeper;
pub mod limits;
pub mod mend;
pub mod message;
pub mod meters;
pub mod mirror;
pub mod mob;
pub mod outbox;
pub mod park;
pub mod pipe;
pub mod pulsar;
mod queues;
pub mod recover;
pub mod registration;
pub mod replay;
pub mod resume;
pub mod session;
pub mod tic;
pub mod timings;
pub mod trace;
pub mod wall;
pub mod websocket;
pub mod worlds;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use crossbeam_channel::Sender;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::address::{Places, TrustedProxies};
use crate::config::{Durability, Secret};
use crate::link::{Link, LinkError};
use crate::store::io::{Io, Lock, RealIo};
use crate::store::journal::{Journal, JournalError, JournalOptions};
use crate::store::mark::Mark;
use crate::store::mirror::Mirror;
use crate::store::state::{State, StateError};

use background::{Background, Epochs, lock};
use drive::{Arrival, Condition, Drive, Health};
pub use limits::Limits;
pub use queues::Queues;

use game::{ErrandLine, Inward, Outbound, Outward};
use history::{HistoryFeed, HistoryNode};
use journal::{Batch, JournalJob, JournalNode, Stored};
use keeper::{Keeper, KeeperJob};
use meters::{GroupMeters, Line};
use mirror::MirrorFeed;
use park::Parked;
use pulsar::instruction::Instruction;
use resume::Seal;
use session::Sessions;
use trace::Tracer;
use worlds::{TemplateSets, WorldError, Worlds};

/// Batches of turns: one is filled while the other is made durable.
const BATCHES: usize = 2;
/// Sockets get this long to hear that the server stops.
const FAREWELL_MAX: Duration = Duration::from_secs(3);

/// How to open a Nexus.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it is called; what it holds is bound to this name.
    pub name: String,
    /// Its own folder.
    pub data_dir: PathBuf,
    /// The Forge's internal address: `unix:/path` or `http://host:port`.
    pub forge_url: String,
    /// Where the Forge reaches this nexus.
    pub own_url: String,
    /// Where clients reach its game socket; empty takes the platform's own address.
    pub ws_uri: String,
    pub service_token: Secret,
    /// A Redis for the mirror; without one the Forge asks over HTTP.
    pub redis: Option<Secret>,
    pub durability: Durability,
    /// How much of the past is kept; 0 keeps none.
    pub history_bytes: u64,
    pub limits: Limits,
    pub trusted_proxies: TrustedProxies,
}

/// What a Nexus keeps its folder on, and how much room the journal gets there.
pub struct Disk {
    pub io: Arc<dyn Io>,
    pub journal: JournalOptions,
}

impl Default for Disk {
    fn default() -> Self {
        Self { io: Arc::new(RealIo), journal: JournalOptions::default() }
    }
}

/// Why a Nexus could not be opened; one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NexusError {
    #[error("the folder {0} cannot be used: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error("the folder {0} is in use by another nexus: stop that one, or choose another NEXUS_NAME or DATA_DIR")]
    InUse(PathBuf),
    #[error("{0}")]
    Journal(#[from] JournalError),
    #[error("{0}")]
    State(#[from] StateError),
    #[error("{0}")]
    World(#[from] WorldError),
    #[error("the Forge's address cannot be used: {0}")]
    Link(#[from] LinkError),
    #[error("the Redis address cannot be used: {0}")]
    Mirror(String),
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
}

/// What the sockets and the internal endpoints share.
pub struct Shared {
    pub sessions: Sessions,
    pub inward: Inward,
    pub outward: Sender<Vec<Outbound>>,
    pub limits: Limits,
    pub places: Arc<Places>,
    pub proxies: TrustedProxies,
    pub sockets: TaskTracker,
    pub shutdown: CancellationToken,
    pub worlds: Worlds,
    pub tracer: Tracer,
}

/// An open Nexus: its worlds run.
pub struct Nexus {
    options: Options,
    shared: Arc<Shared>,
    boot: u64,
    data_id: String,
    background: (Background, mpsc::Receiver<(i64, pulsar::record::OpenErrand)>),
    mob: mpsc::Receiver<(i64, pulsar::record::OpenErrand)>,
    mirror: Option<(mirror::MirrorLine, Mirror, Sender<KeeperJob>)>,
    reports: mpsc::Receiver<trace::Report>,
    /// What the meters look at.
    lines: Vec<Line>,
    /// How many worlds could not be brought back.
    lost: usize,
    threads: Vec<JoinHandle<()>>,
    health: Arc<Health>,
    _lock: Lock,
}

impl Nexus {
    /// Opens the disk, brings back what is on it, and starts the nodes. The worlds run from here on.
    ///
    /// # Errors
    /// The folder, the journal or the state cannot be used; one line each.
    pub async fn open(options: Options) -> Result<Self, NexusError> {
        Self::open_on(options, Disk::default(), Queues::default()).await
    }

    /// As [`Nexus::open`], on another disk than the system's, one that fails; or with other queues; for tests.
    ///
    /// # Errors
    /// As those of [`Nexus::open`].
    pub async fn open_on(options: Options, disk: Disk, queues: Queues) -> Result<Self, NexusError> {
        tokio::task::spawn_blocking(move || Self::open_blocking(options, disk, queues))
            .await
            .map_err(|error| NexusError::Thread(std::io::Error::other(error.to_string())))?
    }

    fn open_blocking(options: Options, disk: Disk, queues: Queues) -> Result<Self, NexusError> {
        let begun = Instant::now();
        meters::describe();
        let dir = options.data_dir.clone();
        let Disk { io, journal: sizes } = disk;
        io.create_dir(&dir).map_err(|error| NexusError::Folder(dir.clone(), error))?;
        let lock_file = io.lock(&dir.join("lock")).map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => NexusError::InUse(dir.clone()),
            _ => NexusError::Folder(dir.clone(), error),
        })?;
        let mut state = State::open_with(&dir.join("state"), io.clone())?;
        let (boot, data_id) = identify(&mut state)?;
        let seal = Arc::new(seal(&mut state)?);
        let sizes = JournalOptions { lends: options.history_bytes > 0, ..sizes };
        let (mut journal, tail) = Journal::open(&dir.join("journal"), io, sizes)?;
        let sets = Arc::new(TemplateSets::default());
        let quarantine = dir.join("quarantine");
        let mut recovered = recover::recover(&state, &tail, &sets, &quarantine)?;
        for world in recovered.worlds.iter_mut().filter(|world| recovered.unparked.contains(&world.meta.spawn)) {
            park::settle(&mut state, world)?;
        }
        let parked: Parked = Arc::new(Mutex::new(recovered.parked.iter().cloned().collect()));
        for (spawn, reason) in &recovered.parked {
            if let Err(error) = park::at_start(&mut state, &tail, &quarantine, *spawn, reason) {
                tracing::error!(spawn, error, "the turns of a parked world stay in the journal");
            } else {
                journal.forget(*spawn);
            }
        }
        let (mark, torn) = Mark::open(&dir.join("turn")).map_err(|error| NexusError::Folder(dir.clone(), error))?;
        let skip = match torn {
            Some(torn) => mend::after_torn(&mut state, &quarantine, &torn, &recovered.worlds)?,
            None => None,
        };
        for spawn in journal.holders() {
            match state.cut_of(spawn)? {
                Some((incarnation, seq)) => journal.covered(spawn, incarnation, seq),
                // It left this nexus before the crash.
                None => journal.forget(spawn),
            }
        }
        meters::RECOVERY.gauge().set(begun.elapsed().as_secs_f64());
        meters::RECOVERY_TURNS.gauge().set(recovered.turns as f64);
        tracing::info!(
            worlds = recovered.worlds.len(),
            turns = recovered.turns,
            millis = begun.elapsed().as_millis() as u64,
            "the nexus has its worlds back"
        );

        let (inward, inlet, taken) = Inward::new(queues.players, queues.internal);
        let (outward_tx, outward_rx) = crossbeam_channel::bounded(queues.outward);
        let (journal_tx, journal_rx) = crossbeam_channel::bounded(queues.journal);
        let (idle_tx, idle_rx) = crossbeam_channel::bounded(BATCHES);
        let (keeper_tx, keeper_rx) = crossbeam_channel::bounded(queues.keeper);
        let (background_tx, background_rx) = mpsc::channel(queues.errands);
        let (mob_tx, mob_rx) = mpsc::channel(queues.errands);
        for _ in 0..BATCHES {
            let _ = idle_tx.send(Batch::default());
        }
        let health = Arc::new(Health::default());
        let mut lines = lines(&queues, &inward, &outward_tx, &journal_tx, &keeper_tx, &background_tx, &mob_tx);
        let (feed, mirror) = match &options.redis {
            Some(url) => {
                let mirror = Mirror::open(url.expose()).map_err(|error| NexusError::Mirror(error.to_string()))?;
                let (feed, line) = MirrorFeed::new(queues.mirror);
                lines.extend(feed.depth().map(|depth| line_of("mirror", queues.mirror, depth)));
                (feed, Some((line, mirror, keeper_tx.clone())))
            }
            None => (MirrorFeed::none(), None),
        };

        let mut threads = Vec::new();
        let history = if options.history_bytes > 0 {
            let lines = (keeper_tx.clone(), journal_tx.clone());
            let (node, feed) = HistoryNode::open(&dir, options.history_bytes, queues.history, &journal, &state, lines)?;
            if let Some(node) = node {
                threads.push(thread("history", move || node.run())?);
            }
            feed
        } else {
            HistoryFeed::none()
        };
        let stored = Stored::default();
        let keeper = Keeper {
            state,
            jobs: keeper_rx,
            journal: journal_tx.clone(),
            stored: stored.clone(),
            mirror: feed,
            history: history.clone(),
        };
        let node = JournalNode {
            journal,
            durability: options.durability,
            jobs: journal_rx,
            stored,
            idle: idle_tx,
            outward: outward_tx.clone(),
            keeper: keeper_tx.clone(),
            health: health.clone(),
            mender: mend::Mender {
                dir: quarantine,
                parked: parked.clone(),
                keeper: keeper_tx.clone(),
                journal: journal_tx.clone(),
                inward: inward.clone(),
                sets: sets.clone(),
            },
            meters: GroupMeters::default(),
            history,
            unkept: 0,
        };
        let drive = Drive {
            inlet,
            idle: idle_rx,
            journal: journal_tx,
            outward: outward_tx.clone(),
            health: health.clone(),
            sets: sets.clone(),
            taken,
            mark,
        };
        let outward = Outward::new(outward_rx, background_tx, mob_tx, inward.clone(), seal.clone(), recovered.sent);
        threads.extend([
            thread("keeper", move || keeper.run())?,
            thread("journal", move || node.run())?,
            thread("pulsar", move || drive.run())?,
        ]);
        // It ends with its last sender, which is not among these.
        thread("outward", move || outward.run())?;

        let lost = recovered.parked.len();
        let epochs = Epochs::default();
        for world in recovered.worlds {
            let (spawn, epoch) = (world.meta.spawn, world.meta.epoch);
            lock(&epochs).insert(spawn, epoch);
            let lost = recover::lost_links(&world);
            let (done, _) = tokio::sync::oneshot::channel();
            let skip = skip.filter(|(of, _)| *of == spawn).map(|(_, timer)| timer);
            inward.control(Arrival::Start { world: Box::new(world), skip, done });
            for (player, session) in lost {
                inward.control(Arrival::Owed { spawn, instruction: Instruction::Unlink { player, session } });
            }
        }
        let link = Link::new(&options.forge_url, &options.service_token)?;
        let worlds = Worlds {
            nexus: options.name.clone(),
            link: link.clone(),
            inward: inward.clone(),
            keeper: keeper_tx,
            sets,
            epochs: epochs.clone(),
            parked,
        };
        let background = Background { nexus: options.name.clone(), link, inward: inward.clone(), epochs };
        let (tracer, reports) = Tracer::new();
        let shared = Arc::new(Shared {
            sessions: Sessions::new(boot, seal),
            inward,
            outward: outward_tx,
            limits: options.limits,
            places: Arc::new(Places::new(options.limits.sockets_per_address)),
            proxies: options.trusted_proxies.clone(),
            sockets: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            worlds,
            tracer,
        });
        Ok(Self {
            options,
            shared,
            boot,
            data_id,
            background: (background, background_rx),
            mob: mob_rx,
            mirror,
            reports,
            lines,
            lost,
            threads,
            health,
            _lock: lock_file,
        })
    }

    /// The game socket, also under the name of this nexus: so one host can lead to many nexuses by their paths.
    pub fn public(&self) -> Router {
        Router::new()
            .route("/ws/game/cmd", get(websocket::upgrade))
            .route("/ws/game/cmd/", get(websocket::upgrade))
            .route("/ws/game/cmd/{nexus}", get(websocket::upgrade_by_name))
            .route("/ws/game/cmd/{nexus}/", get(websocket::upgrade_by_name))
            .with_state(self.shared.clone())
    }

    /// What the Forge asks and orders, behind the service token.
    pub fn internal(&self) -> Router {
        internal::router(self.shared.clone(), self.options.service_token.clone())
    }

    /// Answers whether players can come in now: the Forge knows this nexus, and the journal takes what they do.
    pub fn readiness(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let (shared, health) = (Arc::downgrade(&self.shared), self.health.clone());
        move || {
            let registered = shared.upgrade().is_some_and(|shared| shared.sessions.has_keys());
            registered && health.get() < Condition::Internal
        }
    }

    /// The shared part, for tools that run in the same process.
    pub fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// Runs until the shutdown; then every socket is told, every world is cut, and everything is on the disk.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self {
            options,
            shared,
            boot,
            data_id,
            background,
            mob,
            mirror,
            reports,
            lines,
            lost,
            threads,
            health,
            _lock,
        } = self;
        let tasks = TaskTracker::new();
        let (background, background_line) = background;
        tasks.spawn(background.run(background_line));
        tasks.spawn(mob::run(mob, shared.inward.clone()));
        tasks.spawn(wall::run(shared.inward.clone(), shared.worlds.epochs.clone(), shutdown.clone()));
        if let Some((line, mirror, keeper)) = mirror {
            tasks.spawn(mirror::run(line, mirror, options.name.clone(), boot, keeper));
        }
        tasks.spawn(trace::write_down(shared.tracer.clone(), reports));
        tasks.spawn(watch(shared.clone(), health, lines, lost, shutdown.clone()));
        let registration = registration::Registration { options, boot, data_id, shared: shared.clone() };
        let saves = tokio::spawn(registration::save_regularly(shared.clone(), shutdown.clone()));
        let registered = tokio::spawn(registration.run(shutdown.clone()));

        shutdown.cancelled().await;
        registered.abort();
        saves.abort();
        shared.shutdown.cancel();
        shared.sockets.close();
        let _ = tokio::time::timeout(FAREWELL_MAX, shared.sockets.wait()).await;
        shared.inward.control(Arrival::Shutdown);
        drop(shared);
        let joined = tokio::task::spawn_blocking(move || {
            // Pulsar ends the journal, the journal the keeper, and these two history.
            for thread in threads {
                let _ = thread.join();
            }
        });
        let _ = joined.await;
        tasks.close();
        tracing::info!("the nexus has stopped; its worlds are safe");
    }
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, NexusError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(NexusError::Thread)
}

/// The queues between the nodes. The lines hold senders, so they have to be dropped for the outward thread to end.
fn lines(
    queues: &Queues,
    inward: &Inward,
    outward: &Sender<Vec<Outbound>>,
    journal: &Sender<JournalJob>,
    keeper: &Sender<KeeperJob>,
    background: &ErrandLine,
    mob: &ErrandLine,
) -> Vec<Line> {
    let (players, internal) = (inward.clone(), inward.clone());
    let (outward, journal, keeper) = (outward.clone(), journal.clone(), keeper.clone());
    let (background, mob) = (background.clone(), mob.clone());
    vec![
        line_of("inlet_players", queues.players, move || players.waiting().0),
        line_of("inlet_internal", queues.internal, move || internal.waiting().1),
        line_of("journal", queues.journal, move || journal.len()),
        line_of("outward", queues.outward, move || outward.len()),
        line_of("keeper", queues.keeper, move || keeper.len()),
        line_of("background", queues.errands, move || background.max_capacity() - background.capacity()),
        line_of("mob", queues.errands, move || mob.max_capacity() - mob.capacity()),
    ]
}

fn line_of(name: &'static str, limit: usize, depth: impl Fn() -> usize + Send + Sync + 'static) -> Line {
    Line { name, limit, depth: Box::new(depth) }
}

/// Shows the meters what is as it is, once a second; `lost` worlds could not be brought back.
async fn watch(shared: Arc<Shared>, health: Arc<Health>, lines: Vec<Line>, lost: usize, shutdown: CancellationToken) {
    let survey = || {
        let inward = shared.inward.clone();
        async move {
            let survey = inward.ask(|done| Arrival::Survey { done }).await?;
            Some(meters::Survey { parked: survey.parked + lost, ..survey })
        }
    };
    meters::sample(lines, || health.get() as u8, survey, shutdown).await;
}

/// How often this directory was opened, and its name for life.
fn identify(state: &mut State) -> Result<(u64, String), StateError> {
    let boot = state.note("boot")?.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes) + 1;
    state.put_note("boot", &boot.to_be_bytes())?;
    let known = state.note("data_id")?.and_then(|bytes| String::from_utf8(bytes).ok());
    let data_id = match known {
        Some(id) => id,
        None => {
            let id = entropy::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            state.put_note("data_id", id.as_bytes())?;
            id
        }
    };
    Ok((boot, data_id))
}

/// What signs the passes of who comes back. It stays with the data, so that a crash does not take the ways back away.
fn seal(state: &mut State) -> Result<Seal, StateError> {
    let known = state.note("resume_key")?.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let key = match known {
        Some(key) => key,
        None => {
            let key = entropy::<32>()?;
            state.put_note("resume_key", &key)?;
            key
        }
    };
    Ok(Seal::new(&key))
}

fn entropy<const BYTES: usize>() -> Result<[u8; BYTES], StateError> {
    let mut bytes = [0; BYTES];
    // The system's source of chance does not fail on a system that runs.
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| StateError::Write("no entropy for a new data directory".into()))?;
    Ok(bytes)
}
