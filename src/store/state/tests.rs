//! The state against real directories: round trips, saves, pieces, hygiene, damage, a sync that fails.

mod hygiene;

use std::collections::BTreeMap;

use super::*;

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

fn cut(seq: u64, changes: &[(&str, Option<&[u8]>)]) -> Cut {
    Cut {
        spawn: 1000,
        meta: format!("meta {seq}").into_bytes(),
        incarnation: 1,
        seq,
        changes: changes.iter().map(|(key, value)| (key.as_bytes().to_vec(), value.map(<[u8]>::to_vec))).collect(),
        full: false,
    }
}

fn stored(state: &State, spawn: i64) -> Records {
    state.load(spawn).unwrap().unwrap().records.into_iter().collect()
}

#[test]
fn cuts_come_back_whole_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    {
        let mut state = State::open(dir.path()).unwrap();
        assert!(state.load(1000).unwrap().is_none());
        state.commit(&cut(5, &[("a", Some(b"1")), ("b", Some(b"2")), ("ab", Some(b""))])).unwrap();
        state.commit(&cut(9, &[("a", Some(b"3")), ("b", None), ("gone", None)])).unwrap();
        state.commit(&Cut { spawn: -7, ..cut(1, &[("x", Some(b"y"))]) }).unwrap();
    }
    let state = State::open(dir.path()).unwrap();
    let loaded = state.load(1000).unwrap().unwrap();
    assert_eq!((loaded.meta.as_slice(), loaded.seq, loaded.incarnation, loaded.count), (&b"meta 9"[..], 9, 1, 2));
    assert_eq!(loaded.records, [(b"a".to_vec(), b"3".to_vec()), (b"ab".to_vec(), Vec::new())]);
    assert_eq!(state.record(1000, b"a").unwrap().as_deref(), Some(&b"3"[..]));
    assert_eq!(state.record(1000, b"b").unwrap(), None);
    let mut spawns = state.spawns().unwrap();
    spawns.sort_unstable();
    assert_eq!(spawns, [-7, 1000]);
}

#[test]
fn the_digest_depends_on_the_records_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.commit(&cut(1, &[("a", Some(b"1")), ("b", Some(b"2"))])).unwrap();
    state.commit(&cut(2, &[("a", Some(b"9")), ("c", Some(b"3"))])).unwrap();
    state.commit(&cut(3, &[("a", Some(b"1")), ("c", None)])).unwrap();
    let direct = Cut { spawn: 1, full: true, ..cut(7, &[("b", Some(b"2")), ("a", Some(b"1"))]) };
    state.commit(&direct).unwrap();
    assert_eq!(state.load(1000).unwrap().unwrap().digest, state.load(1).unwrap().unwrap().digest);
}

#[test]
fn of_a_key_given_twice_the_last_counts() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.commit(&cut(1, &[("a", Some(b"1")), ("a", Some(b"2")), ("b", Some(b"1")), ("b", None)])).unwrap();
    assert_eq!(stored(&state, 1000), Records::from([(b"a".to_vec(), b"2".to_vec())]));
}

#[test]
fn long_values_go_in_pieces_and_leave_none_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    let lengths = [VALUE_BYTES_MAX - 1, VALUE_BYTES_MAX, VALUE_BYTES_MAX + 1, 3 * VALUE_BYTES_MAX, 100_000];
    let values: Vec<Vec<u8>> = lengths.iter().map(|length| (0..*length).map(|at| at as u8).collect()).collect();
    for (seq, value) in (1..).zip(&values) {
        let long = Cut { meta: value.clone(), ..cut(seq, &[("long", Some(value)), ("longer", Some(b"x"))]) };
        state.commit(&long).unwrap();
        let loaded = state.load(1000).unwrap().unwrap();
        assert_eq!((&loaded.meta, &loaded.records[0].1), (value, value));
    }
    state.commit(&cut(9, &[("long", None)])).unwrap();
    assert_eq!(stored(&state, 1000).len(), 1);
    let pieces = state.scan(&keys::region(1000, keys::PIECE, &[])).unwrap().count();
    assert_eq!(pieces, 0);
    assert!(open::refuse_blobs(dir.path()).is_ok());
}

#[test]
fn a_full_cut_replaces_everything() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    let long = vec![7; 20_000];
    state.commit(&cut(9, &[("a", Some(b"1")), ("long", Some(&long))])).unwrap();
    let full = Cut { full: true, incarnation: 2, ..cut(1, &[("c", Some(b"3"))]) };
    state.commit(&full).unwrap();
    let loaded = state.load(1000).unwrap().unwrap();
    assert_eq!((loaded.incarnation, loaded.seq, loaded.count), (2, 1, 1));
    assert_eq!(state.record(1000, b"long").unwrap(), None);
    assert!(state.changed_since_save(1000).unwrap().whole);
}

#[test]
fn an_older_cut_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.commit(&cut(9, &[("a", Some(b"1"))])).unwrap();
    assert!(matches!(state.commit(&cut(8, &[("a", Some(b"0"))])), Err(StateError::Order { .. })));
    assert_eq!(state.record(1000, b"a").unwrap().as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_save_takes_away_what_it_carried_and_keeps_what_came_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.commit(&Cut { full: true, ..cut(1, &[("a", Some(b"1")), ("b", Some(b"1"))]) }).unwrap();
    assert_eq!(state.changed_since_save(1000).unwrap(), Changed { whole: true, keys: Vec::new() });
    state.saved(1000, 1).unwrap();
    assert_eq!(state.changed_since_save(1000).unwrap(), Changed::default());
    state.commit(&cut(5, &[("a", Some(b"2")), ("b", None), ("c", Some(b"1"))])).unwrap();
    state.commit(&cut(7, &[("a", Some(b"3")), ("c", Some(b"1"))])).unwrap();
    state.saved(1000, 5).unwrap();
    let changed = state.changed_since_save(1000).unwrap();
    assert_eq!(changed, Changed { whole: false, keys: vec![b"a".to_vec()] });
    assert!(state.load(1000).is_ok());
}

#[test]
fn a_removed_world_is_gone_and_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.commit(&cut(1, &[("a", Some(&vec![1; 9000]))])).unwrap();
    state.commit(&Cut { spawn: 1001, ..cut(1, &[("a", Some(b"2"))]) }).unwrap();
    state.remove(1000).unwrap();
    assert!(state.load(1000).unwrap().is_none());
    assert_eq!(state.spawns().unwrap(), [1001]);
    assert!(state.load(1001).unwrap().is_some());
}

#[test]
fn blobs_and_notes_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let big: Vec<u8> = (0..50_000u32).map(|at| (at % 251) as u8).collect();
    {
        let mut state = State::open(dir.path()).unwrap();
        state.put_blob(&[1; 32], &big).unwrap();
        state.put_blob(&[2; 32], b"").unwrap();
        state.put_blob(&[3; 32], b"small").unwrap();
        state.put_note("boot", b"7").unwrap();
    }
    let mut state = State::open(dir.path()).unwrap();
    assert_eq!(state.blob(&[1; 32]).unwrap().as_deref(), Some(big.as_slice()));
    assert_eq!(state.blob(&[2; 32]).unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(state.note("boot").unwrap().as_deref(), Some(&b"7"[..]));
    assert_eq!(state.note("other").unwrap(), None);
    assert_eq!(state.blobs().unwrap(), [[1; 32], [2; 32], [3; 32]]);
    state.drop_blobs_except(&[[3; 32]]).unwrap();
    assert_eq!(state.blobs().unwrap(), [[3; 32]]);
    assert_eq!(state.blob(&[1; 32]).unwrap(), None);
    assert!(matches!(state.put_note("boot", &vec![0; VALUE_BYTES_MAX + 1]), Err(StateError::TooLarge { .. })));
}
