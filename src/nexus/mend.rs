//! Mending: a world whose turn panicked is built anew from its last cut and tail, by the same code as
//! after a crash, on a thread of its own. The turn is kept in quarantine; other worlds run on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::store::io::RealIo;
use crate::store::journal::Tail;
use crate::store::mark::Torn;
use crate::store::quarantine::{self, Label, Quarantine};
use crate::store::state::{State, StateError};
use crate::world::template::WorldId;

use super::background::lock;
use super::drive::Arrival;
use super::game::Inward;
use super::journal::JournalJob;
use super::keeper::KeeperJob;
use super::meters::MENDINGS;
use super::park::{self, Parked};
use super::pulsar::instruction::{Applied, What};
use super::pulsar::world::World;
use super::recover;
use super::worlds::{ENGINE, TemplateSets};

/// A turn that panicked, and where.
#[derive(Clone, Debug)]
pub struct Broken {
    pub spawn: WorldId,
    pub incarnation: u64,
    /// The sequence that the turn would have had.
    pub seq: u64,
    /// The turn as it would have been journaled.
    pub turn: Vec<u8>,
    pub reason: String,
}

/// What mending needs.
#[derive(Clone)]
pub struct Mender {
    pub dir: PathBuf,
    pub keeper: Sender<KeeperJob>,
    pub journal: Sender<JournalJob>,
    pub inward: Inward,
    pub sets: Arc<TemplateSets>,
    pub parked: Parked,
}

impl Mender {
    /// Mends on a thread of its own; everything that the world did before is durable by now.
    pub fn mend(&self, broken: Broken) {
        let me = self.clone();
        let spawn = broken.spawn;
        let started = std::thread::Builder::new().name("mender".into()).spawn(move || me.work(&broken));
        if let Err(error) = started {
            tracing::error!(spawn, %error, "no thread to mend a world with; it stays parked");
        }
    }

    fn work(&self, broken: &Broken) {
        let spawn = broken.spawn;
        self.keep(broken);
        let world = self.rebuild(spawn);
        match world {
            Ok(world) => {
                MENDINGS.counter_of("mended").increment(1);
                tracing::warn!(spawn, seq = broken.seq, "a world was mended after a turn that panicked");
                self.inward.control(Arrival::Mended { spawn, world: Some(Box::new(world)) });
            }
            Err(reason) => {
                MENDINGS.counter_of("parked").increment(1);
                tracing::error!(spawn, reason, "a world could not be mended and is parked");
                lock(&self.parked).insert(spawn, reason.clone());
                self.inward.control(Arrival::Mended { spawn, world: None });
                if let Err(error) = self.park(spawn, &reason) {
                    tracing::error!(spawn, error, "the turns of a parked world stay in the journal");
                }
            }
        }
    }

    /// What the journal holds of a parked world goes into quarantine, so that the others have its space.
    fn park(&self, spawn: WorldId, reason: &str) -> Result<(), String> {
        let turns = park::turns_of(&self.tail(spawn)?, spawn)?;
        let note = park::hold(&self.dir, spawn, &turns, reason).map_err(|error| error.to_string())?;
        let bytes = postcard::to_stdvec(&note).map_err(|error| error.to_string())?;
        let (done, stored) = tokio::sync::oneshot::channel();
        let job = KeeperJob::Note { name: park::name_of(spawn), bytes, done };
        self.keeper.send(job).map_err(|error| error.to_string())?;
        stored.blocking_recv().map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        self.journal.send(JournalJob::Forget { spawn }).map_err(|error| error.to_string())
    }

    fn tail(&self, spawn: WorldId) -> Result<Tail, String> {
        let (done, tail) = crossbeam_channel::bounded(1);
        self.journal.send(JournalJob::Tail { spawn, done }).map_err(|error| error.to_string())?;
        tail.recv().map_err(|error| error.to_string())
    }

    fn keep(&self, broken: &Broken) {
        let label = Label {
            kind: "turn".into(),
            spawn: broken.spawn,
            incarnation: broken.incarnation,
            seq: broken.seq,
            at: quarantine::now(),
            engine: ENGINE.into(),
            reason: broken.reason.clone(),
        };
        let kept = Quarantine::open(&self.dir, Arc::new(RealIo)).and_then(|q| q.keep(&label, &broken.turn));
        match kept {
            Ok(path) => {
                tracing::error!(spawn = broken.spawn, path = %path.display(), "a turn panicked; it is in quarantine")
            }
            Err(error) => tracing::error!(spawn = broken.spawn, %error, "a turn panicked, and could not be kept"),
        }
    }

    fn rebuild(&self, spawn: WorldId) -> Result<super::pulsar::world::World, String> {
        // The cut first, then the tail: cuts that were on their way are stored by then.
        let (done, loaded) = crossbeam_channel::bounded(1);
        self.keeper.send(KeeperJob::Load { spawn, done }).map_err(|error| error.to_string())?;
        let loaded = loaded.recv().map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let loaded = loaded.ok_or("it has no cut")?;
        recover::rebuild(&loaded, &self.tail(spawn)?, &self.sets)
    }
}

/// The last process was torn from the middle of a turn: by a kill, or by the turn itself. The turn is kept. What came from
/// outside is not in the journal and happens no more; a timing of the world's own would happen again, so one from which a
/// second process was torn is to be left out: its world and number are given.
///
/// # Errors
/// The state cannot be read or written.
pub fn after_torn(
    state: &mut State,
    quarantine: &Path,
    torn: &Torn,
    worlds: &[World],
) -> Result<Option<(WorldId, u64)>, StateError> {
    let Torn { spawn, incarnation, seq, turn } = torn;
    let (spawn, incarnation, seq) = (*spawn, *incarnation, *seq);
    let label = Label {
        kind: "torn".into(),
        spawn,
        incarnation,
        seq,
        at: quarantine::now(),
        engine: ENGINE.into(),
        reason: "the process ended in the middle of this turn".into(),
    };
    let kept = Quarantine::open(quarantine, Arc::new(RealIo)).and_then(|q| q.keep(&label, turn));
    tracing::warn!(spawn, seq, kept = ?kept.ok(), "the last process ended in the middle of a turn");
    let Ok(Applied { what: What::Timer(timer), .. }) = recover::read_turn(turn) else { return Ok(None) };
    let world = worlds.iter().find(|world| world.meta.spawn == spawn && world.meta.incarnation == incarnation);
    if !world.is_some_and(|world| world.waiting.contains(timer)) {
        return Ok(None);
    }
    let name = format!("torn/{spawn}");
    let before = state.note(&name)?.and_then(|bytes| postcard::from_bytes::<(u64, u64)>(&bytes).ok());
    state.put_note(&name, &postcard::to_stdvec(&(incarnation, timer)).unwrap_or_default())?;
    if before != Some((incarnation, timer)) {
        return Ok(None);
    }
    tracing::error!(spawn, timer, "a second process was torn from the same timing; it is left out");
    Ok(Some((spawn, timer)))
}
