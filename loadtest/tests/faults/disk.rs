//! What a nexus's disk says, read on a copy of it by the same code as after a crash; and every turn that its journal has.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use realms::nexus::pulsar::world::World;
use realms::nexus::recover;
use realms::nexus::worlds::TemplateSets;
use realms::store::io::RealIo;
use realms::store::journal::{Journal, JournalOptions, Past};
use realms::store::state::State;
use realms::world::character::PlayerId;
use realms::world::template::WorldId;

/// A disk as it was found.
pub struct Disk {
    /// The worlds as a nexus that starts on it has them.
    pub worlds: BTreeMap<WorldId, World>,
    /// Turns that were applied to the cuts for that.
    pub turns: u64,
    /// The number up to which nothing is left of each player's messages.
    pub floors: BTreeMap<PlayerId, u64>,
    /// Every turn that is still in the journal, by world: its number and its bytes.
    pub journal: BTreeMap<WorldId, Vec<(u64, Vec<u8>)>>,
}

impl Disk {
    /// Reads the folder of a nexus that does not run. The folder is not touched: all this happens on a copy in `place`.
    pub fn read(data: &Path, place: &Path) -> Self {
        let copy = tempfile::tempdir_in(place).unwrap();
        for folder in ["state", "journal"] {
            copy_folder(&data.join(folder), &copy.path().join(folder));
        }
        let mut journal: BTreeMap<WorldId, Vec<(u64, Vec<u8>)>> = BTreeMap::new();
        let past = Past::open(&copy.path().join("journal"), &copy.path().join("history"), &RealIo).unwrap();
        let troubles = past.each(
            |_| true,
            |seen| {
                journal.entry(seen.turn.spawn).or_default().push((seen.turn.seq, seen.turn.bytes.to_vec()));
                ControlFlow::Continue(())
            },
        );
        assert_eq!(troubles.unwrap(), Vec::<String>::new());
        let state = State::open(&copy.path().join("state")).unwrap();
        let options = JournalOptions::default();
        let (_, tail) = Journal::open(&copy.path().join("journal"), Arc::new(RealIo), options).unwrap();
        let sets = Arc::new(TemplateSets::default());
        let recovered = recover::recover(&state, &tail, &sets, &copy.path().join("quarantine")).unwrap();
        assert!(recovered.parked.is_empty(), "parked: {:?}", recovered.parked);
        let worlds = recovered.worlds.into_iter().map(|world| (world.meta.spawn, world)).collect();
        let floors = recovered.sent.into_iter().map(|(player, sent)| (player, sent.floor)).collect();
        Self { worlds, floors, turns: recovered.turns, journal }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
