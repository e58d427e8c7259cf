//! Mending: a world whose turn panicked is built anew from its last cut and tail, by the same code as
//! after a crash, on a thread of its own. The turn is kept in quarantine; other worlds run on.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::store::io::RealIo;
use crate::store::quarantine::{self, Label, Quarantine};
use crate::world::template::WorldId;

use super::drive::Arrival;
use super::game::Inward;
use super::journal::JournalJob;
use super::keeper::KeeperJob;
use super::meters::MENDINGS;
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
                self.inward.control(Arrival::Mended { spawn, world: None });
            }
        }
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
        let (done, tail) = crossbeam_channel::bounded(1);
        self.journal.send(JournalJob::Tail { spawn, done }).map_err(|error| error.to_string())?;
        let tail = tail.recv().map_err(|error| error.to_string())?;
        recover::rebuild(&loaded, &tail, &self.sets)
    }
}
