//! The mixed load: 70 % moves, 20 % looks, 10 % says, as the harness's players have it. They know the exits of
//! their room, so that hardly a command is refused.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use realms::nexus::game::Outbound;
use realms::nexus::meters::Tally;
use realms::nexus::pulsar::instruction::{Applied, Instruction, What};
use realms::nexus::pulsar::record::Who;
use realms::nexus::pulsar::turn::{self, NoSets};
use realms::nexus::timings::Due;
use realms::store::journal::{Group, Journal, JournalOptions};
use realms::store::mark::Mark;
use realms::world::character::PlayerId;
use realms::world::kinds::Direction;
use realms::world::template::RoomId;

use super::nowhere::Nowhere;
use super::stage::{Bench, cpu_time};

/// The kind of a typed line among the turns' meters.
const TEXT: usize = 2;
/// Turns of one group, as when five hundred players wait for their answers.
const GROUP_TURNS: u32 = 128;

/// What the players do next, laid out before the clock runs.
pub struct Plan {
    places: Vec<RoomId>,
    dice: u64,
}

pub type Deed = (PlayerId, &'static str);

impl Plan {
    pub fn new(bench: &Bench) -> Self {
        let room = |id| bench.world.room_of(Who::Player(id)).expect("everyone is somewhere");
        Self { places: (1..=bench.people).map(room).collect(), dice: 1 }
    }

    fn roll(&mut self, below: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.dice >> 33) as usize * below) >> 31
    }

    pub fn next(&mut self, bench: &Bench, turns: usize) -> Vec<Deed> {
        (0..turns).map(|_| self.deed(bench)).collect()
    }

    fn deed(&mut self, bench: &Bench) -> Deed {
        let at = self.roll(self.places.len());
        let text = match self.roll(10) {
            0..7 => {
                let room = &bench.world.templates.rooms[&self.places[at]];
                let ways: Vec<Direction> = Direction::ALL.iter().copied().filter(|d| room.exit(*d).is_some()).collect();
                let way = ways[self.roll(ways.len())];
                self.places[at] = room.exit(way).expect("it was just seen").to;
                way.as_str()
            }
            7 | 8 => "look",
            _ => "say good evening to all of you",
        };
        (at as PlayerId + 1, text)
    }
}

/// What the Pulsar thread does with commands, and the journal with the group, but for the write.
pub struct Line {
    pub bench: Bench,
    group: Group,
    journal: Journal,
    bytes: Vec<u8>,
    outs: Vec<Outbound>,
    mark: Mark,
    tally: Tally,
    begun: Instant,
    _dir: tempfile::TempDir,
    number: u64,
    pub messages: u64,
    pub recipients: u64,
    pub refusals: u64,
    pub turns: u64,
    pub journaled: u64,
    /// CPU time of each block, in nanoseconds a turn.
    pub cpu: Vec<f64>,
}

impl Line {
    pub fn new(bench: Bench) -> Self {
        let (journal, _) = Journal::open(Path::new("/nowhere"), Arc::new(Nowhere), JournalOptions::default())
            .expect("a new journal opens");
        let (group, bytes, outs) = (Group::new(), Vec::new(), Vec::new());
        let dir = tempfile::tempdir().expect("a folder");
        let (mark, _) = Mark::open(&dir.path().join("turn")).expect("a new mark");
        let mut tally = Tally::default();
        let begun = tally.begin();
        Self {
            bench,
            group,
            journal,
            bytes,
            outs,
            mark,
            tally,
            begun,
            _dir: dir,
            number: 0,
            messages: 0,
            recipients: 0,
            refusals: 0,
            turns: 0,
            journaled: 0,
            cpu: Vec::new(),
        }
    }

    pub fn run(&mut self, deeds: &[Deed]) {
        let begun = cpu_time();
        for (player, text) in deeds {
            self.command(*player, text);
        }
        self.cpu.push((cpu_time() - begun).as_secs_f64() * 1e9 / deeds.len() as f64);
    }

    /// As a socket's frame comes out of the inlet: into the heap, out of it, noted down, applied, into the group.
    fn command(&mut self, player: PlayerId, text: &str) {
        self.number += 1;
        let (n, text) = (Some(self.number), text.to_owned());
        let world = &mut self.bench.world;
        let now = world.meta.now;
        world.timings.give(now, Instruction::Text { player, session: player as u64, n, text });
        let Some(due) = world.timings.pop(now) else { return };
        let (at, what) = match due {
            Due::Own { due, arrival } => (due, What::Timer(arrival)),
            Due::Given { due, instruction } => (due, What::Given(instruction)),
        };
        let applied = Applied { at: now.max(at), what };
        self.bytes.clear();
        assert!(applied.encode(&mut self.bytes));
        let out = &mut self.bench.out;
        out.outs.clear();
        let (spawn, incarnation, seq) = (world.meta.spawn, world.meta.incarnation, world.meta.seq + 1);
        self.mark.begin(spawn, incarnation, seq, &self.bytes);
        let applied = catch_unwind(AssertUnwindSafe(|| turn::apply(world, applied.at, applied.what, &NoSets, out)));
        self.mark.end();
        if applied.expect("no turn panics") {
            self.group.push(spawn, incarnation, seq, &self.bytes).expect("there is room");
        }
        self.outs.extend(out.outs.drain(..).map(|out| Outbound::of(spawn, out)));
        self.begun = self.tally.turn(TEXT, self.begun);
        if self.group.turns() >= GROUP_TURNS {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let meta = &self.bench.world.meta;
        self.journaled += self.group.len_bytes() as u64;
        self.turns += u64::from(self.group.turns());
        self.journal.append(&self.group).expect("it takes everything");
        self.journal.covered(meta.spawn, meta.incarnation, meta.seq);
        self.group.clear();
        for out in self.outs.drain(..) {
            if let Outbound::Message(message) = out {
                self.messages += 1;
                self.recipients += message.to.len() as u64;
                self.refusals += u64::from(message.frame.kind.ends_with(".error"));
            }
        }
    }
}
