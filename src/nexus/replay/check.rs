//! Is the replayed world the one that was live? Held against what the live run recorded of its cuts, at a cost that
//! grows with what changed.

use std::collections::HashMap;

use crate::store::state::{Loaded, Record, share};

use crate::nexus::pulsar::world::World;

/// What came of the comparisons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Recorded moments at which the replay was the live run.
    pub same: u64,
    /// The last of them: incarnation and sequence.
    pub last_same: Option<(u64, u64)>,
    /// The first moment at which it was not, with what is known about it.
    pub differs: Option<Difference>,
}

/// Where replay and live run are two worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub incarnation: u64,
    pub seq: u64,
    /// Records that differ, where an image of that moment is kept: their keys in words.
    pub records: Vec<String>,
}

/// The digest of a world's records, brought forward with it.
pub(super) struct Check {
    shares: HashMap<Vec<u8>, u128>,
    digest: u128,
}

impl Check {
    pub fn new(records: &[Record]) -> Self {
        let shares: HashMap<_, _> = records.iter().map(|(key, value)| (key.clone(), share(key, value))).collect();
        let digest = shares.values().fold(0, |sum: u128, share| sum.wrapping_add(*share));
        Self { shares, digest }
    }

    /// What a cut of the world would be recorded as now. Begins and ends a cut of the world.
    pub fn of(&mut self, world: &mut World) -> u128 {
        let head = world.begin_cut(false);
        while !world.drain_cut(usize::MAX) {}
        for (key, value) in world.take_cut().iter() {
            let new = value.map(|value| share(key, value));
            let old = match new {
                Some(new) => self.shares.insert(key.to_vec(), new),
                None => self.shares.remove(key),
            };
            self.digest = self.digest.wrapping_sub(old.unwrap_or(0)).wrapping_add(new.unwrap_or(0));
        }
        let count = self.shares.len() as u64;
        let cut = Loaded {
            meta: head.meta,
            incarnation: head.incarnation,
            seq: head.seq,
            records: Vec::new(),
            count,
            digest: self.digest,
        };
        cut.check()
    }
}
