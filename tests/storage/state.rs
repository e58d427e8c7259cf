//! A session of the state as a nexus would have it, and a model that says what has to be there after every step of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use realms::store::io::crash::Chance;
use realms::store::state::{Cut, State, StateError, VALUE_BYTES_MAX};

use crate::record::{self, Record};

const NOTES: [&str; 3] = ["boot", "data_id", "saved/1000"];
/// Worlds that come, change and go.
const WORLDS: usize = 4;
/// Steps of a session.
const STEPS: usize = 90;

/// Everything that a state can show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    worlds: BTreeMap<i64, World>,
    notes: BTreeMap<&'static str, Arc<[u8]>>,
    blobs: BTreeMap<[u8; 32], Arc<[u8]>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct World {
    incarnation: u64,
    seq: u64,
    meta: Arc<[u8]>,
    records: BTreeMap<Vec<u8>, Arc<[u8]>>,
    whole: u64,
    /// Sequence of the cut that changed a key.
    changed: BTreeMap<Vec<u8>, u64>,
}

/// One step: between these positions of the record the state went from the model before it to this one.
pub struct Step {
    pub begun: usize,
    /// From here on it is acknowledged.
    pub done: usize,
    pub model: Arc<Model>,
    pub what: String,
    /// Nothing was asked for but opening or closing.
    is_quiet: bool,
}

pub struct Session {
    pub record: Record,
    pub steps: Vec<Step>,
}

/// Where the state lies below the folder of a session.
pub fn place(root: &Path) -> PathBuf {
    root.join("nexus/main/state")
}

impl Session {
    /// Plays the session of a seed in an empty folder.
    pub fn play(root: &Path, seed: u64) -> Self {
        record::start(root, 0);
        std::fs::create_dir_all(root.join("nexus/main")).unwrap();
        for dir in ["nexus", ""] {
            std::fs::File::open(root.join(dir)).unwrap().sync_all().unwrap();
        }
        let mut player = Player { chance: Chance(seed), model: Model::default(), number: 0 };
        let mut steps = Vec::new();
        let mut begun = record::position();
        let mut state = Some(State::open(&place(root)).unwrap());
        for number in 0..=STEPS {
            let what = match number {
                0 => "open".to_owned(),
                STEPS => {
                    drop(state.take());
                    "close".to_owned()
                }
                _ if player.chance.below(12) == 0 => {
                    drop(state.take());
                    state = Some(State::open(&place(root)).unwrap());
                    "reopen".to_owned()
                }
                _ => player.step(state.as_mut().unwrap()).unwrap(),
            };
            let done = record::position();
            let is_quiet = steps.last().is_none_or(|last: &Step| *last.model == player.model);
            steps.push(Step { begun, done, model: Arc::new(player.model.clone()), what, is_quiet });
            begun = done;
        }
        Self { record: record::stop(), steps }
    }

    /// A moment at random; more of them than by their length while the state is opened or closed.
    pub fn moment(&self, chance: &mut Chance) -> usize {
        let quiet: Vec<&Step> = self.steps.iter().filter(|step| step.is_quiet).collect();
        let (from, to) = match chance.below(5) {
            0 => {
                let step = quiet[chance.below(quiet.len())];
                (step.begun, step.done)
            }
            _ => (0, self.record.ops.len()),
        };
        from + chance.below(to - from + 1)
    }

    /// The last step that was acknowledged when so many changes were recorded, if one was, and the one in progress then.
    pub fn at(&self, position: usize) -> (Option<&Step>, Option<&Step>) {
        let next = self.steps.partition_point(|step| step.done <= position);
        (next.checked_sub(1).map(|last| &self.steps[last]), self.steps.get(next))
    }
}

struct Player {
    chance: Chance,
    model: Model,
    /// Of the value made last.
    number: u64,
}

impl Player {
    /// Changes state and model alike; gives what was done.
    fn step(&mut self, state: &mut State) -> Result<String, StateError> {
        let spawn = 1000 + self.chance.below(WORLDS) as i64;
        match self.chance.below(40) {
            0..24 => self.cut(state, spawn, 40, 600),
            24..27 => self.cut(state, spawn, 12, 3 * VALUE_BYTES_MAX),
            // More than a segment of sled's file in one batch.
            27 => self.cut(state, spawn, 60, 40_000),
            28..30 => self.full(state, spawn),
            30..33 => self.saved(state, spawn),
            33..36 => self.note(state),
            36..38 => self.blob(state),
            38 => self.drop_blobs(state),
            _ => self.remove(state, spawn),
        }
    }

    fn value(&mut self, most: usize) -> Arc<[u8]> {
        self.number += 1;
        let (number, length) = (self.number, self.chance.below(most + 1));
        // What a torn write left of another value must not look like this one.
        let mut bytes = Chance(number);
        (0..length).map(|_| bytes.draw() as u8).collect()
    }

    fn key(&mut self) -> Vec<u8> {
        let number = self.chance.below(400);
        format!("{}/{number:0width$}", ["item", "mob", "room"][number % 3], width = 3 + number % 5).into_bytes()
    }

    fn cut(&mut self, state: &mut State, spawn: i64, most: usize, length: usize) -> Result<String, StateError> {
        let count = self.chance.below(most + 1);
        let meta = self.value(300);
        let mut world = self.model.worlds.get(&spawn).cloned().unwrap_or_default();
        world.incarnation = world.incarnation.max(1);
        world.seq += 1 + self.chance.below(1000) as u64;
        let mut changes = Vec::new();
        for _ in 0..count {
            let known = self.chance.below(3) > 0 && !world.records.is_empty();
            let key = match self.chance.below(world.records.len().max(1)) {
                at if known => world.records.keys().nth(at).cloned().unwrap(),
                _ => self.key(),
            };
            let value = (self.chance.below(5) > 0).then(|| self.value(length));
            if changes.iter().any(|(other, _)| *other == key) {
                continue;
            }
            if world.records.get(&key) != value.as_ref() {
                world.changed.insert(key.clone(), world.seq);
            }
            match &value {
                Some(value) => drop(world.records.insert(key.clone(), value.clone())),
                None => drop(world.records.remove(&key)),
            }
            changes.push((key, value.map(|value| value.to_vec())));
        }
        let (incarnation, seq) = (world.incarnation, world.seq);
        let what = format!("cut of {spawn} at {seq} with {} changes up to {length}", changes.len());
        world.meta = meta.clone();
        self.model.worlds.insert(spawn, world);
        state.commit(&Cut { spawn, meta: meta.to_vec(), incarnation, seq, changes, full: false })?;
        Ok(what)
    }

    fn full(&mut self, state: &mut State, spawn: i64) -> Result<String, StateError> {
        let before = self.model.worlds.get(&spawn).map_or(0, |world| world.incarnation);
        let mut world = World { incarnation: before + 1, seq: 1 + self.chance.below(50) as u64, ..World::default() };
        world.meta = self.value(9000);
        world.whole = world.seq;
        for _ in 0..self.chance.below(300) {
            let value = self.value(900);
            world.records.insert(self.key(), value);
        }
        let changes = world.records.iter().map(|(key, value)| (key.clone(), Some(value.to_vec()))).collect();
        let (incarnation, seq, meta) = (world.incarnation, world.seq, world.meta.to_vec());
        let what = format!("full cut of {spawn} with {} records", world.records.len());
        self.model.worlds.insert(spawn, world);
        state.commit(&Cut { spawn, meta, incarnation, seq, changes, full: true })?;
        Ok(what)
    }

    fn saved(&mut self, state: &mut State, spawn: i64) -> Result<String, StateError> {
        let seq = match self.model.worlds.get_mut(&spawn) {
            Some(world) => {
                let seq = world.seq.saturating_sub(self.chance.below(600) as u64);
                world.changed.retain(|_, changed| *changed > seq);
                if world.whole <= seq.max(1) {
                    world.whole = 0;
                }
                seq
            }
            None => 1,
        };
        state.saved(spawn, seq)?;
        Ok(format!("save of {spawn} up to {seq}"))
    }

    fn note(&mut self, state: &mut State) -> Result<String, StateError> {
        let name = NOTES[self.chance.below(NOTES.len())];
        let value = self.value(60);
        self.model.notes.insert(name, value.clone());
        state.put_note(name, &value)?;
        Ok(format!("note {name}"))
    }

    fn blob(&mut self, state: &mut State) -> Result<String, StateError> {
        let value = self.value(1_200_000);
        let hash = [self.number as u8; 32];
        self.model.blobs.insert(hash, value.clone());
        state.put_blob(&hash, &value)?;
        Ok(format!("blob of {} bytes", value.len()))
    }

    fn drop_blobs(&mut self, state: &mut State) -> Result<String, StateError> {
        let keep: Vec<[u8; 32]> = self.model.blobs.keys().filter(|_| self.chance.below(2) == 0).copied().collect();
        self.model.blobs.retain(|hash, _| keep.contains(hash));
        state.drop_blobs_except(&keep)?;
        Ok(format!("all blobs but {} gone", keep.len()))
    }

    fn remove(&mut self, state: &mut State, spawn: i64) -> Result<String, StateError> {
        self.model.worlds.remove(&spawn);
        state.remove(spawn)?;
        Ok(format!("{spawn} removed"))
    }
}

impl Model {
    /// What a state shows.
    pub fn of(state: &State) -> Result<Self, StateError> {
        let mut model = Self::default();
        for spawn in state.spawns()? {
            let Some(loaded) = state.load(spawn)? else { continue };
            let changed = state.changed_since_save(spawn)?;
            let world = World {
                incarnation: loaded.incarnation,
                seq: loaded.seq,
                meta: loaded.meta.into(),
                records: loaded.records.into_iter().map(|(key, value)| (key, value.into())).collect(),
                whole: changed.whole.into(),
                changed: changed.keys.into_iter().map(|key| (key, 0)).collect(),
            };
            let head = (world.incarnation, world.seq, loaded.digest);
            assert_eq!(state.head(spawn)?, Some(head));
            model.worlds.insert(spawn, world);
        }
        for name in NOTES {
            if let Some(note) = state.note(name)? {
                model.notes.insert(name, note.into());
            }
        }
        for hash in state.blobs()? {
            if let Some(blob) = state.blob(&hash)? {
                model.blobs.insert(hash, blob.into());
            }
        }
        Ok(model)
    }

    /// As a state shows it: not when something changed, but that it did.
    pub fn shown(&self) -> Self {
        let mut shown = self.clone();
        for world in shown.worlds.values_mut() {
            world.whole = u64::from(world.whole > 0);
            world.changed.values_mut().for_each(|seq| *seq = 0);
        }
        shown
    }

    /// What one has and the other has not, in few words.
    pub fn difference(&self, other: &Self) -> String {
        let mut found = Vec::new();
        let spawns: BTreeSet<&i64> = self.worlds.keys().chain(other.worlds.keys()).collect();
        for spawn in spawns {
            let (a, b) = (self.worlds.get(spawn), other.worlds.get(spawn));
            if a != b {
                let head = |world: Option<&World>| {
                    world.map(|world| (world.incarnation, world.seq, world.records.len(), world.changed.len()))
                };
                found.push(format!("world {spawn}: {:?} and {:?}", head(a), head(b)));
            }
        }
        if self.notes != other.notes {
            found.push("notes".to_owned());
        }
        if self.blobs != other.blobs {
            found.push(format!("{} and {} blobs", self.blobs.len(), other.blobs.len()));
        }
        found.join("; ")
    }

    /// The cut that would follow for a world, so that a state that was recovered goes on.
    pub fn next_cut(&self, spawn: i64) -> Cut {
        let (incarnation, seq) = self.worlds.get(&spawn).map_or((1, 0), |world| (world.incarnation, world.seq));
        let changes = vec![(b"after".to_vec(), Some(b"the loss".to_vec()))];
        Cut { spawn, meta: b"after".to_vec(), incarnation, seq: seq + 1, changes, full: false }
    }
}
