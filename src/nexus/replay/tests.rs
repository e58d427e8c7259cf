//! Worlds that are played on a real disk, with journal, cuts and history, and then replayed beside the open journal.

mod explain;
mod moments;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::nexus::pulsar::instruction::{Applied, Instruction, Reply};
use crate::nexus::pulsar::record::Ask;
use crate::nexus::pulsar::tests::loads;
use crate::nexus::pulsar::tests::rig::{self, Rig};
use crate::nexus::worlds::ENGINE;
use crate::store::history::{About, History, ImageHead, Mark};
use crate::store::io::RealIo;
use crate::store::io::crash::Chance;
use crate::store::io::look::LookIo;
use crate::store::journal::{Group, Journal, JournalOptions};
use crate::store::quarantine;
use crate::store::state::{Cut, State};
use crate::world::internal::{Answer, Errand};
use crate::world::set;
use crate::world::template::Templates;

use super::*;

const SPAWN: i64 = 1001;
const SEGMENT_BYTES: u64 = 16 * 1024;

/// A world at play, and the part of a nexus that keeps it.
struct Live {
    dir: tempfile::TempDir,
    rig: Rig,
    journal: Journal,
    state: State,
    history: History,
    /// How much of the rig's log is in the journal, and the sequence of its first entry.
    journaled: usize,
    first: u64,
    /// By incarnation and sequence: the state's hash, and what the turn yielded.
    lived: BTreeMap<(u64, u64), ([u8; 32], Vec<String>)>,
}

fn hash_of(templates: &Templates) -> (String, Vec<u8>) {
    let bytes = templates.encode().unwrap();
    (set::hash(&bytes), bytes)
}

impl Live {
    fn new() -> Self {
        Self::with(1 << 30)
    }

    /// `history_bytes` is the bound of history.
    fn with(history_bytes: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = JournalOptions { segment_bytes: SEGMENT_BYTES, total_bytes: 8 * SEGMENT_BYTES, lends: true };
        let (journal, _) = Journal::open(&dir.path().join("journal"), Arc::new(RealIo), options).unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        let history =
            History::open(&dir.path().join("history"), Arc::new(RealIo), journal.id(), history_bytes).unwrap();
        let mut rig = Rig::new();
        rig.logs = true;
        rig.world.meta.engine = ENGINE.into();
        rig.world.meta.facts.insert("season".into(), "summer".into());
        let mut live = Self { dir, rig, journal, state, history, journaled: 0, first: 1, lived: BTreeMap::new() };
        let templates = rig::templates();
        let hash = live.add_set(&templates);
        live.rig.world.meta.templates = hash;
        live
    }

    fn add_set(&mut self, templates: &Arc<Templates>) -> String {
        let (hash, bytes) = hash_of(templates);
        self.rig.sets.0.insert(hash.clone(), templates.clone());
        self.history.keep_set(&hash, &bytes).unwrap();
        hash
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn at(&self) -> (u64, u64) {
        (self.rig.world.meta.incarnation, self.rig.world.meta.seq)
    }

    /// What happened since the last time becomes durable, as one group.
    fn flush(&mut self) {
        let mut group = Group::new();
        for logged in &self.rig.log[self.journaled..] {
            let seq = self.first + self.journaled as u64;
            self.journaled += 1;
            let applied = Applied { at: logged.at, what: logged.what.clone() };
            group.push(SPAWN, self.at().0, seq, &postcard::to_stdvec(&applied).unwrap()).unwrap();
            self.lived.insert((self.at().0, seq), (logged.hash, logged.outs.clone()));
        }
        self.journal.append(&group).unwrap();
        for lent in self.journal.take_lent() {
            if lent.last > self.history.kept_to() {
                let named = |turn: &Turn<'_>| match postcard::from_bytes::<Applied>(turn.bytes).unwrap().what {
                    What::Given(Instruction::Templates { hash }) => Some(hash),
                    _ => None,
                };
                self.history.keep_segment(&lent, named).unwrap();
            }
            self.journal.give_back(lent.number);
        }
        self.history.trim(&BTreeSet::from([self.rig.world.meta.templates.clone()]));
    }

    /// A cut, stored and marked as the keeper does it.
    fn cut(&mut self, full: bool) {
        self.flush();
        let head = self.rig.world.begin_cut(full);
        while !self.rig.world.drain_cut(3) {}
        let (incarnation, seq) = (head.incarnation, head.seq);
        let changes = self.rig.world.take_cut().owned();
        self.state.commit(&Cut { spawn: SPAWN, meta: head.meta, incarnation, seq, changes, full }).unwrap();
        self.journal.covered(SPAWN, incarnation, seq);
        let (_, _, check) = self.state.mark(SPAWN).unwrap().unwrap();
        self.history.mark(&Mark { spawn: SPAWN, incarnation, seq, check, written: quarantine::now() }).unwrap();
    }

    /// An image of the last cut.
    fn image(&mut self) -> ImageHead {
        let loaded = self.state.load(SPAWN).unwrap().unwrap();
        let meta = image::read_meta(&loaded.meta).unwrap();
        let about = About {
            spawn: SPAWN,
            name: meta.name,
            now: meta.now,
            written: quarantine::now(),
            engine: ENGINE.into(),
            templates: meta.templates,
        };
        self.history.keep_image(about, &loaded).unwrap()
    }

    /// The first cut and the first image.
    fn begin(&mut self) -> ImageHead {
        self.first = self.rig.world.meta.seq + 1;
        self.rig.log.clear();
        self.journaled = 0;
        self.cut(true);
        self.image()
    }

    /// A new incarnation, as after a start from an image of the Forge.
    fn begin_anew(&mut self) {
        self.flush();
        self.rig.world.meta.incarnation += 1;
        self.begin();
    }

    fn type_in(&mut self, player: i64, text: &str) {
        self.rig.text(player, text);
        self.flush();
    }

    /// Three people and the Forge do what chance has them do.
    fn play(&mut self, steps: usize, chance: &mut Chance) {
        const SAID: [&str; 20] = [
            "north",
            "south",
            "east",
            "west",
            "get all",
            "get pebble",
            "drop all",
            "give pebble bob",
            "give 3 gold mara",
            "wear all",
            "remove cap",
            "eat loaf",
            "put pebble sack",
            "get all sack",
            "say hello",
            "roll",
            "rest",
            "stand",
            "look",
            "open gate",
        ];
        for _ in 0..steps {
            let player = 1 + chance.below(3) as i64;
            match chance.below(12) {
                0 => self.rig.wait(chance.below(4000) as u64),
                1 => self.forge(),
                2 if self.rig.world.players.contains(player) => drop(self.rig.unlink(player)),
                3 if self.rig.world.players.contains(player) => self.rig.link(player, chance.below(2) == 0),
                _ if !self.rig.world.players.contains(player) => {
                    self.rig.enter_new(player, ["Mara", "Bob", "Carl"][player as usize - 1]);
                    self.rig.text(player, "wear all");
                }
                _ => drop(self.rig.text(player, SAID[chance.below(SAID.len())])),
            }
            self.flush();
        }
    }

    /// The Forge answers what is open.
    fn forge(&mut self) {
        loads::answer(&mut self.rig);
        let open: Vec<_> = self.rig.world.errands.iter().map(|(id, open)| (id, open.what.clone())).collect();
        for (errand, what) in open {
            if let Ask::Forge(Errand::SaveCharacter { release: true, .. }) = what {
                let answer = Reply::Forge(Answer::Saved { version: 0 });
                self.rig.give(Instruction::Answered { errand, answer });
            }
        }
    }

    fn past(&self) -> KeptPast<'static> {
        KeptPast::open(self.path(), &LookIo).unwrap()
    }

    fn replay(&self, until: &str) -> Result<Replayed, ReplayError> {
        self.past().replay(Request { spawn: SPAWN, until: until.parse().unwrap(), whole: false }, None)
    }

    fn whole(&self) -> Result<Replayed, ReplayError> {
        self.past().replay(Request { spawn: SPAWN, until: Until::End, whole: true }, None)
    }

    /// The story of a thing over all that is kept, as lines.
    fn story(&self, thing: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let mut tell = |event: Event| lines.push(format!("{}: {}", event.cause, event.what.join("; ")));
        let mut story = Story::new(thing.parse().unwrap(), &mut tell);
        let request = Request { spawn: SPAWN, until: Until::End, whole: true };
        let replayed = self.past().replay(request, Some(&mut story)).unwrap();
        assert_eq!((replayed.gaps, replayed.compared.differs), (vec![], None));
        lines
    }

    /// Files of history with this ending.
    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let names = std::fs::read_dir(self.path().join("history")).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<PathBuf> = names.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
        paths.sort();
        paths
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}
