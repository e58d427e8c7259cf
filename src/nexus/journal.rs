//! The Journal node: makes groups of turns durable, one write and one sync each, and then lets their
//! messages out. Cuts follow the groups that they came after, so that a cut is stored only once the
//! journal is durable past it. After a failure nothing is acknowledged until the journal is sound again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::config::Durability;
use crate::store::journal::{Fullness, Group, Journal, JournalError, Tail};
use crate::world::template::WorldId;

use super::background::lock;
use super::drive::{Condition, Health};
use super::game::Outbound;
use super::history::HistoryFeed;
use super::keeper::{KeeperJob, StoredCut};
use super::mend::{Broken, Mender};
use super::meters::{self, GroupMeters, Tally};
use super::trace::Stage;

/// Between two tries to heal a failing journal.
const HEAL_EVERY: Duration = Duration::from_millis(500);
/// Without a job for so long the journal prepares space, and then proves its last frame.
const IDLE_AFTER: Duration = Duration::from_millis(50);
/// Between two looks for space to prepare, when there was nothing to do.
const TEND_EVERY: Duration = Duration::from_secs(2);

/// Turns that become durable together, with what they yielded.
#[derive(Default)]
pub struct Batch {
    pub group: Group,
    pub outs: Vec<Outbound>,
    pub cuts: Vec<StoredCut>,
    /// Worlds whose next turn panicked: they are mended once all of this is durable.
    pub broken: Vec<Broken>,
    /// How long its turns took.
    pub tally: Box<Tally>,
    /// How many followed commands are among its outputs.
    pub followed: usize,
    after: Vec<Box<dyn FnOnce() + Send>>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.group.is_empty()
            && self.outs.is_empty()
            && self.cuts.is_empty()
            && self.broken.is_empty()
            && self.after.is_empty()
    }

    /// A turn of a world. Its size was bounded when its instruction was made.
    pub fn push(&mut self, spawn: WorldId, incarnation: u64, seq: u64, bytes: &[u8]) {
        if let Err(error) = self.group.push(spawn, incarnation, seq, bytes) {
            // Limits upstream keep this from happening; if it does, going on would lose the turn.
            panic!("a turn of world {spawn} does not fit into the journal: {error}");
        }
    }

    /// Something to be done once all of this is durable.
    pub fn after(&mut self, act: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(act));
    }
}

/// What the journal's thread does, in order.
pub enum JournalJob {
    Batch(Batch),
    /// The keeper has stored something: see [`Stored`]. Only a wake-up, and superfluous while others come.
    Stored,
    /// The turns of a world that no cut covers. None of its cuts may be on the way.
    Tail {
        spawn: WorldId,
        done: Sender<Tail>,
    },
    /// What the journal has of this world is somewhere else.
    Forget {
        spawn: WorldId,
    },
    /// A segment that was lent to history is copied, or will not be.
    Kept {
        number: u64,
    },
    End,
}

/// What the keeper has stored since the journal's thread last looked. The keeper never waits for the journal, which may
/// be waiting for the keeper: so this has no bound of its own, but there is one entry for each job of the keeper's queue
/// at the most, and the journal's thread looks before each of its own jobs.
#[derive(Clone, Debug, Default)]
pub struct Stored(Arc<Mutex<Vec<StoredNote>>>);

/// One thing that the keeper has stored.
#[derive(Clone, Copy, Debug)]
pub enum StoredNote {
    /// A cut: what it covers needs no journal any more.
    Cut { spawn: WorldId, incarnation: u64, seq: u64 },
    /// The world left this nexus.
    Gone { spawn: WorldId },
}

impl Stored {
    pub fn put(&self, note: StoredNote) {
        lock(&self.0).push(note);
    }

    /// Tells the journal all of it, in order. True if there was something.
    pub fn tell(&self, journal: &mut Journal) -> bool {
        let notes = std::mem::take(&mut *lock(&self.0));
        for note in &notes {
            match *note {
                StoredNote::Cut { spawn, incarnation, seq } => journal.covered(spawn, incarnation, seq),
                StoredNote::Gone { spawn } => journal.forget(spawn),
            }
        }
        !notes.is_empty()
    }
}

pub struct JournalNode {
    pub journal: Journal,
    pub durability: Durability,
    pub jobs: Receiver<JournalJob>,
    pub stored: Stored,
    pub idle: Sender<Batch>,
    pub outward: Sender<Vec<Outbound>>,
    pub keeper: Sender<KeeperJob>,
    pub health: Arc<Health>,
    pub mender: Mender,
    pub meters: GroupMeters,
    pub history: HistoryFeed,
    /// Segments that history did not get, as far as it was told.
    pub unkept: u64,
}

impl JournalNode {
    /// Runs until the Pulsar thread has ended and everything is durable.
    pub fn run(mut self) {
        self.lend();
        while let Some(job) = self.next() {
            if self.stored.tell(&mut self.journal) {
                self.show_fullness();
            }
            match job {
                JournalJob::Batch(batch) => {
                    self.batch(batch);
                    // One slice, so that under load, too, the next segment is ready before this one is full.
                    self.journal.tend();
                }
                JournalJob::Stored => {}
                JournalJob::Tail { spawn, done } => {
                    let _ = done.send(self.journal.tail_of(spawn));
                }
                JournalJob::Forget { spawn } => self.journal.forget(spawn),
                JournalJob::Kept { number } => self.journal.give_back(number),
                JournalJob::End => break,
            }
            self.lend();
        }
        if let Err(error) = self.journal.seal() {
            tracing::warn!(%error, "the journal was not sealed");
        }
        let _ = self.keeper.send(KeeperJob::End);
    }

    /// Waits for a job, and uses the wait.
    fn next(&mut self) -> Option<JournalJob> {
        let mut wait = IDLE_AFTER;
        loop {
            match self.jobs.recv_timeout(wait) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => wait = self.idle(),
            }
        }
    }

    /// One piece of what can be done without load; gives the time until the next.
    fn idle(&mut self) -> Duration {
        if self.journal.tend() {
            return Duration::ZERO;
        }
        if let Err(error) = self.journal.seal() {
            tracing::error!(%error, "the journal failed without load");
            self.health.set(Condition::Failing);
            self.heal();
            self.show_fullness();
        }
        TEND_EVERY
    }

    fn batch(&mut self, mut batch: Batch) {
        // Relaxed releases first, and still writes everything in order before the next group.
        if self.durability == Durability::Relaxed {
            self.release(&mut batch);
        }
        if !batch.group.is_empty() {
            self.append(&batch);
        }
        self.release(&mut batch);
        for cut in batch.cuts.drain(..) {
            // The keeper's queue is bounded; it is emptied by a thread that waits for nobody but the disk.
            let _ = self.keeper.send(KeeperJob::Commit(cut));
        }
        for broken in batch.broken.drain(..) {
            meters::PANICS.counter().increment(1);
            self.mender.mend(broken);
        }
        batch.group.clear();
        self.meters.used.set(self.journal.used_bytes() as f64);
        let _ = self.idle.send(batch);
        self.show_fullness();
    }

    fn release(&mut self, batch: &mut Batch) {
        self.meters.released(&mut batch.tally);
        self.follow(batch);
        if !batch.outs.is_empty() {
            let _ = self.outward.send(std::mem::take(&mut batch.outs));
        }
        for act in batch.after.drain(..) {
            act();
        }
    }

    fn follow(&self, batch: &mut Batch) {
        if std::mem::take(&mut batch.followed) == 0 {
            return;
        }
        let stage = match self.durability {
            Durability::Strict => Stage::Durable,
            Durability::Relaxed => Stage::Released,
        };
        for out in &mut batch.outs {
            if let Outbound::Followed(followed) = out {
                followed.pass(stage);
            }
        }
    }

    /// Appends the group, however long it takes for the disk to be sound again.
    fn append(&mut self, batch: &Batch) {
        self.meters.group(batch.group.turns(), batch.group.len_bytes());
        loop {
            let begun = std::time::Instant::now();
            match self.journal.append(&batch.group) {
                Ok(_) => {
                    self.meters.append.record(begun.elapsed());
                    return;
                }
                Err(JournalError::Full) => {
                    self.health.set(Condition::Failing);
                    self.wait_for_space();
                }
                Err(error) => {
                    tracing::error!(%error, "the journal failed; nothing is acknowledged until it is sound again");
                    self.health.set(Condition::Failing);
                    self.heal();
                    self.health.set(Condition::Sound);
                    // A group that failed in writing was kept, and healing wrote it; any other was not taken.
                    if matches!(error, JournalError::Io { .. }) {
                        return;
                    }
                }
            }
        }
    }

    fn heal(&mut self) {
        while let Err(error) = self.journal.heal() {
            tracing::error!(%error, "the journal could not be healed yet");
            self.covered_meanwhile(HEAL_EVERY);
        }
        tracing::warn!("the journal is sound again");
    }

    fn wait_for_space(&mut self) {
        tracing::error!("the journal is full; waiting for a cut to free space");
        self.covered_meanwhile(HEAL_EVERY);
        if self.journal.fullness() < Fullness::Full {
            self.health.set(Condition::Sound);
        }
    }

    /// Hears of stored cuts for a while; nothing else can come while a batch is out.
    fn covered_meanwhile(&mut self, most: Duration) {
        match self.jobs.recv_timeout(most) {
            Ok(JournalJob::Forget { spawn }) => self.journal.forget(spawn),
            Ok(JournalJob::Kept { number }) => self.journal.give_back(number),
            Ok(JournalJob::Tail { spawn, done }) => {
                let _ = done.send(self.journal.tail_of(spawn));
            }
            _ => {}
        }
        self.stored.tell(&mut self.journal);
    }

    /// Lends out to history what it has not copied yet; never waits for it.
    fn lend(&mut self) {
        for lent in self.journal.take_lent() {
            let number = lent.number;
            if !self.history.lent(lent) {
                self.journal.give_back(number);
            }
        }
        let unkept = self.journal.unkept();
        self.history.unkept(unkept - self.unkept);
        self.unkept = unkept;
    }

    fn show_fullness(&self) {
        self.health.set(match self.journal.fullness() {
            Fullness::Open => Condition::Sound,
            Fullness::Half => Condition::Half,
            Fullness::Internal | Fullness::Full => Condition::Internal,
        });
    }
}
