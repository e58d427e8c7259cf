//! One world on the Pulsar thread: the world, its clock, and what its next cut waits for.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::nexus::game::Outbound;
use crate::nexus::journal::Batch;
use crate::nexus::keeper::StoredCut;
use crate::nexus::mend::Broken;
use crate::nexus::message::Frame;
use crate::nexus::meters::Survey;
use crate::nexus::pulsar::image::CutHead;
use crate::nexus::pulsar::instruction::{Applied, CANCELLED, Instruction, What};
use crate::nexus::pulsar::record::Ask;
use crate::nexus::pulsar::turn::{self, Out, Output, Sets};
use crate::nexus::pulsar::world::World;
use crate::nexus::timings::Due;
use crate::nexus::trace::{Followed, TurnReport};
use crate::store::mark::Mark;
use crate::world::internal::Population;
use crate::world::template::RuleId;

use super::Done;

/// What the actor of a turn that panicked is told.
const BROKEN: &str = "Something went wrong with that. It was left out; please try something else.";
/// A late wake advances world time to at most this past what was due; milliseconds.
const LATE_MAX: u64 = 250;
/// Records encoded between two looks at the clock while a cut is drained.
const CUT_RECORDS: usize = 32;
/// Arrivals that wait while a world is mended; more are refused.
const PARKED_MAX: usize = 4096;

/// What a turn needs beside its world.
pub struct Means<'a> {
    pub batch: &'a mut Batch,
    pub sets: &'a dyn Sets,
    pub mark: &'a mut Mark,
}

pub struct Slot {
    pub world: World,
    /// World time is `base.1` at `base.0`, and runs with the clock.
    base: (Instant, u64),
    /// Due time of the last arrival: the next is not due before it.
    last_given: u64,
    output: Output,
    bytes: Vec<u8>,
    last_cut: Instant,
    turns_since: u64,
    bytes_since: u64,
    cutting: Option<Cutting>,
    wanted: Vec<Done<u64>>,
    /// The cut in progress answers these when it is stored.
    waiting: Vec<Done<u64>>,
    want_full: bool,
    stop: Option<Done<u64>>,
    stage: Stage,
    /// When the heap of worlds has this one, if it has.
    armed: Option<Instant>,
    /// What came while the world is mended, in order.
    parked: Vec<Instruction>,
    /// The timing that panicked, if it was one; and whom to tell.
    skip: Option<Option<u64>>,
    /// How many instructions came from outside, and how many of them were taken from the heap.
    given: u64,
    taken: u64,
    /// Of followed commands, by which instruction they are of.
    followed: VecDeque<(u64, Box<Followed>)>,
}

/// A cut that is being written.
struct Cutting {
    head: CutHead,
    /// Live counts by rule at its moment.
    rules: Vec<(RuleId, u32)>,
    full: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    /// Nothing is applied any more; the last cut is wanted, or being written.
    Last,
    /// The last cut is handed over.
    Rest,
    /// Stopped: to be unlinked.
    Gone,
    /// A turn panicked: what comes is parked until the world is mended.
    Mending,
    /// It could not be mended: an operator has to look.
    Parked,
}

impl Slot {
    pub fn new(world: World, now: Instant) -> Self {
        let base = (now, world.meta.now);
        Self {
            last_given: world.meta.now,
            world,
            base,
            output: Output::default(),
            bytes: Vec::new(),
            last_cut: now,
            turns_since: 0,
            bytes_since: 0,
            cutting: None,
            wanted: Vec::new(),
            waiting: Vec::new(),
            want_full: false,
            stop: None,
            stage: Stage::Running,
            armed: None,
            parked: Vec::new(),
            skip: None,
            given: 0,
            taken: 0,
            followed: VecDeque::new(),
        }
    }

    fn world_now(&self, now: Instant) -> u64 {
        self.base.1 + now.saturating_duration_since(self.base.0).as_millis() as u64
    }

    /// World time stands still until the next look.
    pub fn hold(&mut self, now: Instant) {
        let due = self.world.timings.next_due().unwrap_or(self.world.meta.now);
        let world_now = self.world_now(now).min(due.max(self.world.meta.now));
        self.base = (now, world_now);
    }

    /// When something is due next.
    pub fn wake(&self) -> Instant {
        match self.world.timings.next_due() {
            Some(due) => self.base.0 + Duration::from_millis(due.saturating_sub(self.base.1)),
            None => self.base.0 + Duration::from_secs(3600),
        }
    }

    /// When the heap of worlds is to have this one, if it has no earlier time already.
    pub fn arm(&mut self) -> Option<Instant> {
        if self.stage != Stage::Running {
            return None;
        }
        let wake = self.wake();
        if self.armed.is_some_and(|armed| armed <= wake) {
            return None;
        }
        self.armed = Some(wake);
        Some(wake)
    }

    /// Is this the time that counts? Others in the heap are left over from before.
    pub fn fires(&mut self, at: Instant) -> bool {
        let fires = self.armed == Some(at);
        if fires {
            self.armed = None;
        }
        fires
    }

    /// World time now. After a stall, or on a machine that slept, the world does not race to catch up.
    fn tick(&mut self, now: Instant) -> u64 {
        let world_now = self.world_now(now);
        match self.world.timings.next_due() {
            Some(due) if world_now > due + LATE_MAX => {
                self.base = (now, due + LATE_MAX);
                due + LATE_MAX
            }
            _ => world_now,
        }
    }

    pub fn give(&mut self, now: Instant, instruction: Instruction, followed: Option<Box<Followed>>) {
        match self.stage {
            Stage::Mending => return self.parked.push(instruction),
            // Nothing is applied to it any more: errands stay open, and links end with the process.
            Stage::Parked => return,
            _ => {}
        }
        self.followed.extend(followed.map(|followed| (self.given, followed)));
        self.given += 1;
        self.last_given = self.tick(now).max(self.last_given);
        self.world.timings.give(self.last_given, instruction);
    }

    /// Applies up to `most` due instructions; how many it were.
    pub fn turns(&mut self, now: Instant, most: usize, means: &mut Means) -> usize {
        if self.stage != Stage::Running {
            return 0;
        }
        let world_now = self.tick(now).max(self.last_given);
        if let Some(due) = self.world.timings.next_due().filter(|due| *due <= world_now) {
            means.batch.tally.late(world_now - due);
        }
        let mut begun = means.batch.tally.begin();
        for applied in 0..most {
            let Some(due) = self.world.timings.pop(world_now) else { return applied };
            let (due, what, followed) = match due {
                Due::Own { due, arrival } => (due, What::Timer(arrival), None),
                Due::Given { due, instruction } => (due, What::Given(instruction), self.next_followed()),
            };
            let kind = self.kind_of(&what);
            let outs = means.batch.outs.len();
            self.turn(due, what, means);
            let ended = means.batch.tally.turn(kind, begun);
            if let Some(followed) = followed {
                self.report(followed, ended - begun, outs, means.batch);
            }
            begun = ended;
            if self.stage != Stage::Running {
                return applied + 1;
            }
        }
        most
    }

    /// What the last process was torn from, or this one was thrown out of, is left out: before anything else is due.
    pub fn skip(&mut self, timer: Option<u64>, means: &mut Means) {
        self.turn(0, What::Given(Instruction::Skip { timer }), means);
    }

    fn turn(&mut self, due: u64, what: What, means: &mut Means) {
        let Means { batch, sets, mark } = means;
        let at = self.world.meta.now.max(due);
        let applied = Applied { at, what };
        self.bytes.clear();
        // Writing into memory does not fail; were it to, the turn would not be journaled, so it is not applied.
        if !applied.encode(&mut self.bytes) {
            return;
        }
        self.output.outs.clear();
        let timer = match &applied.what {
            What::Timer(arrival) => Some(*arrival),
            What::Given(_) => None,
        };
        let asker = applied.asker();
        let (seq, world, output) = (self.world.meta.seq + 1, &mut self.world, &mut self.output);
        mark.begin(world.meta.spawn, world.meta.incarnation, seq, &self.bytes);
        let outcome = catch_unwind(AssertUnwindSafe(|| turn::apply(world, at, applied.what, *sets, output)));
        mark.end();
        let Ok(effective) = outcome else { return self.broke(seq, timer, asker, batch) };
        if effective {
            let meta = &self.world.meta;
            batch.push(meta.spawn, meta.incarnation, meta.seq, &self.bytes);
            self.turns_since += 1;
            self.bytes_since += self.bytes.len() as u64;
        }
        let spawn = self.world.meta.spawn;
        for out in self.output.outs.drain(..) {
            match out {
                Out::Stopped => {
                    // After a crash in the middle of a stop nobody waits for it any more: the world goes on, empty, until
                    // it is told again.
                    if let Some(done) = self.stop.take() {
                        self.stage = Stage::Last;
                        self.wanted.push(done);
                    }
                }
                out => batch.outs.push(Outbound::of(spawn, out)),
            }
        }
    }

    /// The instruction that was just taken from the heap, if it is followed: they come out as they went in.
    fn next_followed(&mut self) -> Option<Box<Followed>> {
        let nth = self.taken;
        self.taken += 1;
        self.followed.front().is_some_and(|(of, _)| *of == nth).then(|| self.followed.pop_front())?.map(|(_, it)| it)
    }

    /// A followed command was applied; its outputs are those of the batch from `outs` on.
    fn report(&self, mut followed: Box<Followed>, turn: Duration, outs: usize, batch: &mut Batch) {
        if matches!(self.stage, Stage::Mending) {
            return;
        }
        for out in &batch.outs[outs..] {
            if let Outbound::Message(message) = out {
                followed.count(message);
            }
        }
        let meta = &self.world.meta;
        let (spawn, seq, world_ms, micros) = (meta.spawn, meta.seq, meta.now, turn.as_micros() as u64);
        followed.applied(TurnReport { spawn, seq, world_ms, micros });
        batch.outs.push(Outbound::Followed(followed));
        batch.followed += 1;
    }

    fn kind_of(&self, what: &What) -> usize {
        match what {
            What::Timer(arrival) => {
                self.world.waiting.get(*arrival).map_or(CANCELLED, |timing| timing.instruction.kind())
            }
            What::Given(instruction) => instruction.kind(),
        }
    }

    /// A turn panicked: its outputs are dropped, the world is not used any more, and what comes is parked.
    fn broke(&mut self, seq: u64, timer: Option<u64>, asker: Option<u64>, batch: &mut Batch) {
        self.output.outs.clear();
        if let Some(session) = asker {
            let frame = Frame::failure("broken", BROKEN);
            batch.outs.push(Outbound::ToSession { session, frame: frame.into() });
        }
        self.stage = Stage::Mending;
        self.skip = Some(timer);
        self.cutting = None;
        batch.broken.push(Broken {
            spawn: self.world.meta.spawn,
            incarnation: self.world.meta.incarnation,
            seq,
            turn: self.bytes.clone(),
            reason: "the turn panicked; the log has its message".into(),
        });
    }

    /// Stopped and stored: what is left of it goes.
    pub fn free(self) {
        free(self.world);
    }

    /// The world is whole again, or will not be without an operator.
    pub fn mended(&mut self, world: Option<World>, now: Instant, means: &mut Means) {
        let Some(world) = world else {
            self.stage = Stage::Parked;
            self.parked = Vec::new();
            // Whoever waits for a cut, or for the world's stop, waits in vain.
            for done in self.wanted.drain(..).chain(self.waiting.drain(..)).chain(self.stop.take()) {
                let _ = done.send(None);
            }
            return;
        };
        // Arrivals that waited in the old heap come after what is due in the new one.
        while let Some(due) = self.world.timings.pop(u64::MAX) {
            if let Due::Given { instruction, .. } = due {
                self.parked.push(instruction);
            }
        }
        // Followed no further: the heap that they count in is another.
        self.followed.clear();
        (self.given, self.taken) = (0, 0);
        free(std::mem::replace(&mut self.world, world));
        self.base = (now, self.world.meta.now);
        self.last_given = self.world.meta.now;
        self.stage = Stage::Running;
        self.want_full = true;
        self.armed = None;
        if let Some(timer) = self.skip.take() {
            self.skip(timer, means);
        }
        for instruction in std::mem::take(&mut self.parked) {
            self.give(now, instruction, None);
        }
    }

    /// May more arrivals be parked here?
    pub fn has_room(&self) -> bool {
        match self.stage {
            Stage::Parked => false,
            Stage::Mending => self.parked.len() < PARKED_MAX,
            _ => true,
        }
    }

    pub fn population(&self) -> Population {
        Population {
            rules: self.world.index.rules.clone(),
            mobs: self.world.mobs.len() as u64,
            items: self.world.items.len() as u64,
            players: self.world.players.iter().map(|(id, _)| id).collect(),
            linkless: self.world.players.iter().filter(|(_, row)| row.is_linkless).map(|(id, _)| id).collect(),
        }
    }

    /// Adds what this world holds.
    pub fn survey(&self, all: &mut Survey) {
        let World { timings, errands, players, index, mobs, items, .. } = &self.world;
        all.worlds += usize::from(self.stage != Stage::Parked);
        all.parked += usize::from(self.stage == Stage::Parked);
        all.timings += timings.len();
        all.errands += errands.len();
        all.players += players.len();
        all.linkless += index.linkless.len();
        all.mobs += mobs.len();
        all.items += items.len();
    }

    /// The open errands, as if they were opened now.
    pub fn open_errands(&self, outs: &mut Vec<Outbound>) {
        let spawn = self.world.meta.spawn;
        let open = self.world.errands.iter().filter(|(_, open)| !matches!(open.what, Ask::Loading { .. }));
        outs.extend(open.map(|(_, open)| Outbound::of(spawn, Out::Errand(open.clone()))));
    }

    // ---- cuts ----

    pub fn want_cut(&mut self, done: Done<u64>) {
        self.wanted.push(done);
    }

    /// The process ends: one more cut, and then nothing.
    pub fn want_last_cut(&mut self) {
        if self.stage == Stage::Running {
            self.stage = Stage::Last;
        }
    }

    pub fn stop(&mut self, done: Done<u64>) {
        self.stop = Some(done);
    }

    pub fn is_cutting(&self) -> bool {
        self.cutting.is_some()
    }

    pub fn is_at_rest(&self) -> bool {
        matches!(self.stage, Stage::Rest | Stage::Gone | Stage::Parked)
    }

    /// An operator has to look at it: nothing is done in it.
    pub fn is_parked(&self) -> bool {
        self.stage == Stage::Parked
    }

    pub fn is_gone(&self) -> bool {
        self.stage == Stage::Gone
    }

    pub fn cut_is_due(&self, now: Instant, every: Duration, turns: u64, bytes: u64, pressed: bool) -> bool {
        if self.cutting.is_some() || self.is_at_rest() || matches!(self.stage, Stage::Mending | Stage::Parked) {
            return false;
        }
        let aged = now.saturating_duration_since(self.last_cut) >= every && self.turns_since > 0;
        aged || self.turns_since >= turns
            || self.bytes_since >= bytes
            || (pressed && self.turns_since > 0)
            || self.want_full
            || !self.wanted.is_empty()
            || self.stage == Stage::Last
    }

    pub fn begin_cut(&mut self, now: Instant) {
        let full = std::mem::take(&mut self.want_full);
        let head = self.world.begin_cut(full);
        let rules = self.world.index.rules.iter().map(|(rule, count)| (*rule, *count)).collect();
        self.cutting = Some(Cutting { head, rules, full });
        self.waiting.append(&mut self.wanted);
        self.last_cut = now;
        self.turns_since = 0;
        self.bytes_since = 0;
    }

    /// Goes on with a cut for at most `slice`; the cut when it is complete.
    pub fn cut_slice(&mut self, slice: Duration) -> Option<StoredCut> {
        self.cutting.as_ref()?;
        let begun = Instant::now();
        while !self.world.drain_cut(CUT_RECORDS) {
            if begun.elapsed() >= slice && self.stage == Stage::Running {
                return None;
            }
        }
        let Cutting { head, rules, full } = self.cutting.take()?;
        let meta = &self.world.meta;
        if self.stage == Stage::Last && head.seq == meta.seq {
            self.stage = if self.waiting.is_empty() { Stage::Rest } else { Stage::Gone };
        }
        Some(StoredCut {
            spawn: meta.spawn,
            epoch: meta.epoch,
            incarnation: head.incarnation,
            seq: head.seq,
            meta: head.meta,
            changes: self.world.take_cut(),
            full,
            rules,
            done: std::mem::take(&mut self.waiting),
        })
    }
}

/// Gives the memory of a world back, on a thread of its own: a large one takes a while.
fn free(world: World) {
    let freeing = std::thread::Builder::new().name("freeing".into()).spawn(move || drop(world));
    if let Err(error) = freeing {
        tracing::debug!(%error, "no thread to free a world on; it was freed at once");
    }
}
