//! The Pulsar thread: the one place where clock, inlet, heaps, Pulsar and journal meet. It applies
//! what is due in order, hands turns over in groups, and cuts worlds between turns. It does no I/O
//! of its own; what it yields is let out by the journal once it is durable.

mod slot;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};

use crate::store::mark::Mark;
use crate::world::internal::Population;
use crate::world::template::WorldId;

use super::game::{Outbound, Taken};
use super::journal::{Batch, JournalJob};
use super::message::Frame;
use super::meters::Survey;
use super::pulsar::instruction::Instruction;
use super::pulsar::turn::Sets;
use super::pulsar::world::World;
use super::trace::{self, Followed};
use slot::{Means, Slot};

/// Turns of one world in a row while others wait.
const TURNS_IN_A_ROW: usize = 64;
/// Arrivals taken from the inlet in a row.
const ARRIVALS_IN_A_ROW: usize = 256;
/// Between two cuts of a world at the most, while it changes.
const CUT_EVERY: Duration = Duration::from_secs(12);
/// Turns after which a world is cut.
const CUT_TURNS: u64 = 200_000;
/// Bytes of turns after which a world is cut.
const CUT_BYTES: u64 = 64 * 1024 * 1024;
/// A cut is written in slices of at most this, between turns.
const CUT_SLICE: Duration = Duration::from_micros(200);
/// Bytes of a group beyond which no more turns are applied until the journal takes it.
const BATCH_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What comes to the Pulsar thread.
pub enum Arrival {
    /// From a player's socket.
    Given { spawn: WorldId, session: u64, instruction: Instruction, followed: Option<Box<Followed>> },
    /// From a node of the engine or from the Forge.
    Internal { spawn: WorldId, instruction: Instruction },
    /// As `Internal`, from who cannot wait: at most one for each socket or recovered player.
    Owed { spawn: WorldId, instruction: Instruction },
    /// A world that was built elsewhere is linked in.
    Start {
        world: Box<World>,
        /// A timing that two processes in a row were torn from.
        skip: Option<u64>,
        done: Done<()>,
    },
    /// A world stops, or moves to another nexus: everyone leaves, a last cut is written, it is unlinked.
    Stop { spawn: WorldId, moves: bool, done: Done<u64> },
    /// A cut of a world as it is, now; `done` with its sequence when it is stored.
    Cut { spawn: WorldId, done: Done<u64> },
    /// Live counts.
    Population { spawn: WorldId, done: Done<Population> },
    /// Incarnation and sequence.
    Head { spawn: WorldId, done: Done<(u64, u64)> },
    /// The hash of a world's state, with its sequence.
    Hash { spawn: WorldId, done: Done<(u64, [u8; 32])> },
    /// What all worlds hold, for the meters.
    Survey { done: Done<Survey> },
    /// A world is whole again after a turn that panicked; without one it stays parked.
    Mended { spawn: WorldId, world: Option<Box<World>> },
    /// Open errands are let out again.
    Resend { spawn: WorldId },
    /// Cut everything, then end.
    Shutdown,
}

/// Where an answer goes. None where the world is not here.
pub type Done<T> = tokio::sync::oneshot::Sender<Option<T>>;

/// How the journal is; shared between the threads.
#[derive(Debug, Default)]
pub struct Health(AtomicU8);

/// See [`Health`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    Sound = 0,
    /// More than half full of what no cut covers: worlds are cut.
    Half = 1,
    /// Seven eighths: players are refused.
    Internal = 2,
    /// Failing: nothing is applied until it is sound again.
    Failing = 3,
}

impl Health {
    pub fn get(&self) -> Condition {
        match self.0.load(Ordering::Acquire) {
            0 => Condition::Sound,
            1 => Condition::Half,
            2 => Condition::Internal,
            _ => Condition::Failing,
        }
    }

    pub fn set(&self, condition: Condition) {
        self.0.store(condition as u8, Ordering::Release);
    }
}

/// Everything the thread holds.
pub struct Drive {
    pub inlet: Receiver<Arrival>,
    /// Emptied batches come back here.
    pub idle: Receiver<Batch>,
    pub journal: Sender<JournalJob>,
    /// Straight to the outward game, which never waits, for refusals that belong to no world.
    pub outward: Sender<Vec<Outbound>>,
    pub health: Arc<Health>,
    pub sets: Arc<dyn Sets + Send + Sync>,
    /// Given back to senders as arrivals are taken.
    pub taken: Taken,
    /// Has the turn that is being applied.
    pub mark: Mark,
}

struct Running {
    drive: Drive,
    slots: BTreeMap<WorldId, Slot>,
    wakes: BinaryHeap<Reverse<(Instant, WorldId)>>,
    batch: Batch,
    stopping: bool,
}

impl Drive {
    /// Runs until a shutdown has cut everything.
    pub fn run(self) {
        let batch = self.idle.recv().unwrap_or_default();
        let mut running =
            Running { drive: self, slots: BTreeMap::new(), wakes: BinaryHeap::new(), batch, stopping: false };
        running.run();
    }
}

impl Running {
    fn run(&mut self) {
        loop {
            self.receive();
            let failing = self.drive.health.get() == Condition::Failing;
            let mut busy = false;
            if failing {
                self.pause();
            } else {
                busy |= self.turns();
                busy |= self.cuts();
            }
            busy |= self.hand_over();
            if self.stopping && self.slots.values().all(Slot::is_at_rest) && self.batch.is_empty() {
                break;
            }
            if !busy {
                self.sleep();
            }
        }
        let _ = self.drive.journal.send(JournalJob::End);
    }

    /// Sleeps until the next due time, an arrival, or the journal's return.
    fn sleep(&mut self) {
        let wake = match self.wakes.peek() {
            Some(Reverse((at, _))) => *at,
            None => Instant::now() + Duration::from_secs(1),
        };
        // With turns in hand, or a cut or failure in progress, the journal may change things at any moment.
        let waits_for_journal = !self.batch.is_empty();
        if waits_for_journal {
            crossbeam_channel::select! {
                recv(self.drive.idle) -> batch => if let Ok(batch) = batch { self.send(batch) },
                recv(self.drive.inlet) -> arrival => if let Ok(arrival) = arrival { self.take(arrival) },
                default(wake.saturating_duration_since(Instant::now()).min(Duration::from_millis(50))) => {}
            }
            return;
        }
        let most = if self.drive.health.get() == Condition::Sound {
            Duration::from_secs(1)
        } else {
            Duration::from_millis(50)
        };
        match self.drive.inlet.recv_deadline(wake.min(Instant::now() + most)) {
            Ok(arrival) => self.take(arrival),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.stopping = true,
        }
    }

    fn receive(&mut self) {
        for _ in 0..ARRIVALS_IN_A_ROW {
            match self.drive.inlet.try_recv() {
                Ok(arrival) => self.take(arrival),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.stopping = true;
                    return;
                }
            }
        }
    }

    fn take(&mut self, arrival: Arrival) {
        let now = Instant::now();
        match arrival {
            Arrival::Given { spawn, session, instruction, mut followed } => {
                (self.drive.taken)(true);
                if let Some(followed) = &mut followed {
                    followed.pass(trace::Stage::Taken);
                }
                let room = self.slots.get(&spawn).map(Slot::has_room);
                let refusal = match (self.drive.health.get(), room) {
                    (Condition::Failing, _) => Some(PAUSED),
                    (Condition::Internal, _) if !matches!(instruction, Instruction::Unlink { .. }) => Some(PAUSED),
                    (_, Some(false)) => Some(MENDING),
                    (_, None) => Some("This world is not running here. Please enter again."),
                    _ => None,
                };
                // The end of a link is never refused: it waits until the world can take it.
                match refusal {
                    Some(text) if !matches!(instruction, Instruction::Unlink { .. }) => self.refuse(session, text),
                    _ => self.give_followed(spawn, instruction, followed, now),
                }
            }
            Arrival::Internal { spawn, instruction } => {
                (self.drive.taken)(false);
                self.give(spawn, instruction, now);
            }
            Arrival::Owed { spawn, instruction } => self.give(spawn, instruction, now),
            Arrival::Start { world, skip, done } => {
                let spawn = world.meta.spawn;
                let mut slot = Slot::new(*world, now);
                if skip.is_some() {
                    slot.skip(skip, &mut self.means());
                }
                self.slots.insert(spawn, slot);
                self.arm(spawn);
                self.let_errands_out(spawn);
                self.batch.after(move || answer(done, Some(())));
            }
            Arrival::Stop { spawn, moves, done } => match self.slots.get_mut(&spawn).filter(|slot| !slot.is_parked()) {
                Some(slot) => {
                    slot.stop(done);
                    self.give(spawn, if moves { Instruction::Move } else { Instruction::Stop }, now);
                }
                None => answer(done, None),
            },
            Arrival::Cut { spawn, done } => match self.slots.get_mut(&spawn).filter(|slot| !slot.is_parked()) {
                Some(slot) => slot.want_cut(done),
                None => answer(done, None),
            },
            Arrival::Population { spawn, done } => {
                let population = self.slots.get(&spawn).map(|slot| slot.population());
                self.batch.after(move || answer(done, population));
            }
            Arrival::Head { spawn, done } => {
                let head = self.slots.get(&spawn).map(|slot| (slot.world.meta.incarnation, slot.world.meta.seq));
                self.batch.after(move || answer(done, head));
            }
            Arrival::Hash { spawn, done } => {
                let hash = self.slots.get_mut(&spawn).map(|slot| (slot.world.meta.seq, slot.world.hash()));
                self.batch.after(move || answer(done, hash));
            }
            Arrival::Survey { done } => {
                let mut survey = Survey::default();
                self.slots.values().for_each(|slot| slot.survey(&mut survey));
                answer(done, Some(survey));
            }
            Arrival::Mended { spawn, world } => {
                if let Some(mut slot) = self.slots.remove(&spawn) {
                    slot.mended(world.map(|world| *world), now, &mut self.means());
                    if self.stopping {
                        slot.want_last_cut();
                    }
                    self.slots.insert(spawn, slot);
                }
                self.arm(spawn);
                self.let_errands_out(spawn);
            }
            Arrival::Resend { spawn } => self.let_errands_out(spawn),
            Arrival::Shutdown => {
                self.stopping = true;
                for slot in self.slots.values_mut() {
                    slot.want_last_cut();
                }
            }
        }
    }

    fn means(&mut self) -> Means<'_> {
        let Drive { sets, mark, .. } = &mut self.drive;
        Means { batch: &mut self.batch, sets: &**sets, mark }
    }

    fn give(&mut self, spawn: WorldId, instruction: Instruction, now: Instant) {
        self.give_followed(spawn, instruction, None, now);
    }

    fn give_followed(
        &mut self,
        spawn: WorldId,
        instruction: Instruction,
        followed: Option<Box<Followed>>,
        now: Instant,
    ) {
        let Some(slot) = self.slots.get_mut(&spawn) else { return };
        slot.give(now, instruction, followed);
        self.arm(spawn);
    }

    /// Sees to it that the heap of worlds has the world's next due time.
    fn arm(&mut self, spawn: WorldId) {
        if let Some(wake) = self.slots.get_mut(&spawn).and_then(Slot::arm) {
            self.wakes.push(Reverse((wake, spawn)));
        }
    }

    fn refuse(&mut self, session: u64, text: &str) {
        let frame = Frame::failure("unavailable", text);
        let _ = self.drive.outward.send(vec![Outbound::ToSession { session, frame: Arc::new(frame) }]);
    }

    fn let_errands_out(&mut self, spawn: WorldId) {
        if let Some(slot) = self.slots.get(&spawn) {
            slot.open_errands(&mut self.batch.outs);
        }
    }

    /// Applies what is due. True while more is due than was applied.
    fn turns(&mut self) -> bool {
        let mut more = false;
        let now = Instant::now();
        while let Some(Reverse((at, spawn))) = self.wakes.peek().copied() {
            if at > now {
                break;
            }
            if self.batch.group.len_bytes() >= BATCH_BYTES_MAX {
                return more;
            }
            self.wakes.pop();
            let Some(slot) = self.slots.get_mut(&spawn) else { continue };
            if !slot.fires(at) {
                continue;
            }
            let Drive { sets, mark, .. } = &mut self.drive;
            let mut means = Means { batch: &mut self.batch, sets: &**sets, mark };
            let applied = slot.turns(now, TURNS_IN_A_ROW, &mut means);
            more |= applied == TURNS_IN_A_ROW;
            self.arm(spawn);
            if more {
                // Arrivals and the journal get their turn between worlds.
                return true;
            }
        }
        more
    }

    /// Begins and goes on with cuts. True while one is in progress.
    fn cuts(&mut self) -> bool {
        let now = Instant::now();
        let pressed = self.drive.health.get() >= Condition::Half;
        let mut busy = false;
        let mut gone = Vec::new();
        for (spawn, slot) in &mut self.slots {
            if slot.cut_is_due(now, CUT_EVERY, CUT_TURNS, CUT_BYTES, pressed) {
                slot.begin_cut(now);
            }
            self.batch.cuts.extend(slot.cut_slice(CUT_SLICE));
            busy |= slot.is_cutting();
            if slot.is_gone() {
                gone.push(*spawn);
            }
        }
        for spawn in gone {
            if let Some(slot) = self.slots.remove(&spawn) {
                slot.free();
            }
        }
        busy
    }

    /// The journal fails: the worlds' clocks stand still.
    fn pause(&mut self) {
        let now = Instant::now();
        let spawns: Vec<WorldId> = self.slots.keys().copied().collect();
        for spawn in spawns {
            if let Some(slot) = self.slots.get_mut(&spawn) {
                slot.hold(now);
            }
            self.arm(spawn);
        }
    }

    /// Gives the batch to the journal if it is free. True if it did.
    fn hand_over(&mut self) -> bool {
        if self.batch.is_empty() {
            return false;
        }
        match self.drive.idle.try_recv() {
            Ok(batch) => {
                self.send(batch);
                true
            }
            Err(_) => false,
        }
    }

    fn send(&mut self, idle: Batch) {
        let full = std::mem::replace(&mut self.batch, idle);
        // The journal ends only after this thread does.
        let _ = self.drive.journal.send(JournalJob::Batch(full));
    }
}

/// Whoever asked may have stopped waiting.
fn answer<T>(done: Done<T>, value: Option<T>) {
    let _ = done.send(value);
}

const MENDING: &str = "Something went wrong in this world. It is being mended; please try again in a moment.";
const PAUSED: &str =
    "The world is holding its breath: nothing can be kept safe at the moment. Please try again shortly.";
