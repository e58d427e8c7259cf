//! What a world was at each of its turns, worked out anew from its first cut and all turns that the journal was given;
//! and what a start finds on the disk.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use realms::nexus::pulsar::instruction::{Applied, Instruction, What};
use realms::nexus::pulsar::turn::{self, NoSets, Output};
use realms::nexus::pulsar::world::World;
use realms::nexus::recover;
use realms::nexus::worlds::TemplateSets;
use realms::store::io::RealIo;
use realms::store::journal::{Journal, Past};
use realms::store::state::{Cut, State};
use realms::world::character::PlayerId;

use crate::rig::{self, SPAWN, templates};

/// A world after one turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub hash: [u8; 32],
    /// Messages that each player was sent.
    pub messages: BTreeMap<PlayerId, u64>,
}

impl Moment {
    pub fn of(world: &mut World) -> Self {
        let messages = world.presences.iter().map(|(player, presence)| (player, presence.messages)).collect();
        Self { hash: world.hash(), messages }
    }
}

/// The life of a world.
pub struct Life {
    /// By sequence.
    pub moments: BTreeMap<u64, Moment>,
    pub turns: Vec<(u64, Applied)>,
}

impl Life {
    /// From the cut that it began with, and a journal with a history that has kept everything.
    pub fn of(cut: &Cut, dir: &Path) -> Self {
        let records = cut.changes.iter().map(|(key, value)| (key.as_slice(), value.as_deref().unwrap()));
        let mut world = World::restore(&cut.meta, records, templates()).unwrap();
        let mut life = Self { moments: BTreeMap::new(), turns: Vec::new() };
        life.moments.insert(world.meta.seq, Moment::of(&mut world));
        let history = dir.join("history");
        let mut output = Output::default();
        let past = Past::open(&dir.join("journal"), &history, &RealIo).unwrap();
        let troubles = past.each(
            |_| true,
            |seen| {
                let found = seen.turn;
                let applied = recover::read_turn(found.bytes).unwrap();
                assert_eq!((found.spawn, found.seq), (SPAWN, world.meta.seq + 1), "the journal lacks a turn");
                assert!(turn::replay(&mut world, applied.clone(), &NoSets, &mut output));
                life.moments.insert(found.seq, Moment::of(&mut world));
                life.turns.push((found.seq, applied));
                ControlFlow::Continue(())
            },
        );
        assert_eq!(troubles.unwrap(), Vec::<String>::new());
        life
    }

    /// When somebody's line was applied, in world milliseconds.
    pub fn at(&self, line: &str) -> u64 {
        let is_it =
            |applied: &Applied| matches!(&applied.what, What::Given(Instruction::Text { text, .. }) if text == line);
        let found = self.turns.iter().find(|(_, applied)| is_it(applied));
        found.unwrap_or_else(|| panic!("{line} was never applied")).1.at
    }

    /// A world that a start brought back must be as it was at that turn.
    pub fn check(&self, world: &mut World) -> &Moment {
        let moment = self.moments.get(&world.meta.seq).unwrap_or_else(|| panic!("no turn {}", world.meta.seq));
        assert_eq!(Moment::of(world), *moment, "not as it was at turn {}", world.meta.seq);
        moment
    }
}

/// The world that a start finds in the folder of a nexus, if there is one.
pub fn recovered(dir: &Path) -> Result<Option<World>, String> {
    let state = State::open(&dir.join("state")).map_err(|error| error.to_string())?;
    let (_journal, tail) =
        Journal::open(&dir.join("journal"), Arc::new(RealIo), rig::journal()).map_err(|error| error.to_string())?;
    let found = recover::recover(&state, &tail, &Arc::new(TemplateSets::default()), &dir.join("quarantine"))
        .map_err(|error| error.to_string())?;
    match found.parked.first() {
        Some((_, reason)) => Err(format!("the world did not come back: {reason}")),
        None => Ok(found.worlds.into_iter().next()),
    }
}
