//! What a crash, a bad disk or an older sled leaves behind, and a model that every history of cuts is held against.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::store::io::Lock;

/// Real files whose sync fails while told so.
#[derive(Clone, Default)]
struct Failing(Arc<AtomicBool>);

struct FailingFile(Box<dyn IoFile>, Failing);

impl Io for Failing {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealIo.create_dir(dir)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        Ok(Box::new(FailingFile(RealIo.create(path)?, self.clone())))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        Ok(Box::new(FailingFile(RealIo.open(path)?, self.clone())))
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealIo.list(dir)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealIo.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealIo.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealIo.sync_dir(dir)
    }
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        RealIo.lock(path)
    }
}

impl IoFile for FailingFile {
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(bytes, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.truncate(size)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.1.0.load(Ordering::Relaxed) {
            return Err(io::Error::other("injected"));
        }
        self.0.sync_data()
    }
}

#[test]
fn a_failed_sync_poisons_until_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let failing = Failing::default();
    let mut state = State::open_with(dir.path(), Arc::new(failing.clone())).unwrap();
    state.commit(&cut(1, &[("a", Some(b"1"))])).unwrap();
    failing.0.store(true, Ordering::Relaxed);
    assert!(matches!(state.commit(&cut(2, &[("a", Some(b"2"))])), Err(StateError::Write(_))));
    assert!(state.reopen().is_err());
    failing.0.store(false, Ordering::Relaxed);
    assert!(matches!(state.commit(&cut(3, &[("a", Some(b"3"))])), Err(StateError::Poisoned)));
    assert!(matches!(state.load(1000), Err(StateError::Poisoned)));
    assert!(matches!(state.put_note("a", b""), Err(StateError::Poisoned)));
    state.reopen().unwrap();
    let seq = state.load(1000).unwrap().unwrap().seq;
    assert!(seq == 1 || seq == 2, "the failed cut is there whole or not at all");
    state.commit(&cut(3, &[("a", Some(b"3"))])).unwrap();
}

#[test]
fn an_unfinished_snapshot_is_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    State::open(dir.path()).unwrap().commit(&cut(1, &[("a", Some(b"1"))])).unwrap();
    let left = dir.path().join("snap.00000000000003F2.generating");
    fs::write(&left, b"half").unwrap();
    let state = State::open(dir.path()).unwrap();
    assert!(!left.exists() && state.load(1000).unwrap().is_some());
}

#[test]
fn values_apart_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(State::open(dir.path()).unwrap());
    fs::create_dir_all(dir.path().join("blobs")).unwrap();
    fs::write(dir.path().join("blobs").join("17"), b"x").unwrap();
    let error = State::open(dir.path()).err().unwrap().to_string();
    assert!(error.contains("blobs"), "{error}");
}

#[test]
fn a_second_opening_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let _held = State::open(dir.path()).unwrap();
    assert!(matches!(State::open(dir.path()), Err(StateError::Open { .. })));
}

/// Whatever sled makes of a changed record: the digest tells.
#[test]
fn records_that_do_not_match_the_digest_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    let changes = [("a", Some(&b"1"[..])), ("b", Some(&[5; 9000])), ("c", Some(b"3"))];
    let damages: [(Vec<u8>, Option<&[u8]>); 6] = [
        (keys::region(1000, keys::RECORD, b"a"), Some(b"\x002")),
        (keys::region(1000, keys::RECORD, b"c"), None),
        (keys::region(1000, keys::RECORD, b"d"), Some(b"\x00new")),
        (keys::region(1000, keys::META, b""), Some(b"\x00meta 0")),
        (keys::piece(1000, keys::RECORD, b"b", 1), None),
        (keys::region(1000, keys::HEADER, b""), Some(b"short")),
    ];
    for (key, value) in damages {
        state.commit(&Cut { full: true, ..cut(1, &changes) }).unwrap();
        let mut batch = sled::Batch::default();
        match value {
            Some(value) => batch.insert(key.clone(), value),
            None => batch.remove(key.clone()),
        }
        state.apply(batch).unwrap();
        let error = state.load(1000).err().unwrap_or_else(|| panic!("{key:?} was not noticed"));
        assert!(matches!(error, StateError::Damaged { spawn: 1000, .. }) && error.to_string().contains("realms state"));
        state.remove(1000).unwrap();
    }
    state.put_blob(&[4; 32], &[9; 20_000]).unwrap();
    let mut batch = sled::Batch::default();
    batch.insert(keys::blob_piece(&[4; 32], 1), vec![8; VALUE_BYTES_MAX]);
    state.apply(batch).unwrap();
    assert!(matches!(state.blob(&[4; 32]), Err(StateError::DamagedBlob { .. })));
}

/// A byte that the disk turned gives the records as they were, or an error; never other records.
#[test]
fn flipped_bytes_never_give_other_records() {
    let dir = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..300).map(|number| format!("k{number:03}")).collect();
    let original = {
        let mut state = State::open(dir.path()).unwrap();
        for seq in 1..=6u64 {
            let value = [seq as u8; 150];
            let changes: Vec<_> =
                keys.iter().skip(seq as usize * 20).map(|key| (key.as_str(), Some(&value[..]))).collect();
            state.commit(&cut(seq, &changes)).unwrap();
        }
        stored(&state, 1000)
    };
    let bytes = fs::read(dir.path().join("db")).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let mut refused = 0;
    for at in (0..used).step_by(used / 40) {
        let copy = tempfile::tempdir().unwrap();
        for name in fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap()) {
            if name.file_type().unwrap().is_file() {
                fs::copy(name.path(), copy.path().join(name.file_name())).unwrap();
            }
        }
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        fs::write(copy.path().join("db"), damaged).unwrap();
        let loaded = State::open(copy.path()).and_then(|state| state.load(1000));
        match loaded {
            Ok(loaded) => {
                let loaded = loaded.unwrap_or_else(|| panic!("byte {at}: the world is gone"));
                assert_eq!(loaded.seq, 6, "byte {at}: an older cut");
                assert_eq!(loaded.records.into_iter().collect::<Records>(), original, "byte {at}");
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0, "no flip hit anything");
}

#[derive(Clone, Debug)]
enum Step {
    Cut { full: bool, changes: Vec<(u8, Option<usize>)> },
    Saved,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![4 => 0usize..40, 1 => 7100usize..7300, 1 => 14_000usize..30_000];
    let change = (0u8..12, proptest::option::weighted(0.7, length));
    let step = prop_oneof![
        6 => (proptest::bool::weighted(0.1), proptest::collection::vec(change, 0..8))
            .prop_map(|(full, changes)| Step::Cut { full, changes }),
        1 => Just(Step::Saved),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..15)
}

fn value(seq: u64, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u64 * 13 + seq) as u8).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_of_cuts_loads_as_the_model_says(steps in steps()) {
        // The directory outlives the state, whatever fails.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock();
        let dir = tempfile::tempdir().unwrap();
        let mut state = State::open(dir.path()).unwrap();
        let mut model = Records::new();
        let mut image: Option<Records> = None;
        for (seq, step) in (1..).zip(steps) {
            match step {
                Step::Cut { full, changes } => {
                    if full {
                        model.clear();
                        image = None;
                    }
                    let changes: Vec<_> = changes
                        .into_iter()
                        .map(|(key, length)| (vec![key; 1 + usize::from(key % 3)], length.map(|length| value(seq, length))))
                        .collect();
                    for (key, value) in &changes {
                        match value {
                            Some(value) => model.insert(key.clone(), value.clone()),
                            None => model.remove(key),
                        };
                    }
                    let meta = value(seq, changes.len() * 3000);
                    state.commit(&Cut { spawn: 1000, meta: meta.clone(), incarnation: 1, seq, changes, full }).unwrap();
                    prop_assert_eq!(state.load(1000).unwrap().unwrap().meta, meta);
                }
                Step::Saved => {
                    state.saved(1000, seq).unwrap();
                    image = Some(model.clone());
                }
                Step::Reopen => {
                    drop(state);
                    state = State::open(dir.path()).unwrap();
                }
            }
            if let Some(loaded) = state.load(1000).unwrap() {
                prop_assert_eq!(loaded.records.into_iter().collect::<Records>(), model.clone());
                let changed = state.changed_since_save(1000).unwrap();
                if let Some(image) = &image && !changed.whole {
                    // An image brought forward by what changed is the world.
                    let mut forward = image.clone();
                    for key in &changed.keys {
                        match state.record(1000, key).unwrap() {
                            Some(value) => forward.insert(key.clone(), value),
                            None => forward.remove(key),
                        };
                    }
                    prop_assert_eq!(forward, model.clone());
                }
            }
        }
    }
}
