//! The journal against a disk in memory: round trips, crashes after every operation, errors at every call, damage.

mod calls;
mod crashes;
mod damage;
mod faults;
mod past;
mod ring;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::store::io::memory::MemoryIo;

pub(super) const DIR: &str = "/nexus/journal";
pub(super) const SEGMENT_BYTES: u64 = 16 * 1024;

/// A turn with its own bytes.
pub(super) type Owned = (i64, u64, u64, Vec<u8>);

pub(super) fn options() -> JournalOptions {
    JournalOptions { segment_bytes: SEGMENT_BYTES, total_bytes: 6 * SEGMENT_BYTES, lends: false }
}

pub(super) fn open(io: &MemoryIo) -> Result<(Journal, Vec<Owned>), JournalError> {
    open_with(io, options())
}

pub(super) fn open_with(io: &MemoryIo, options: JournalOptions) -> Result<(Journal, Vec<Owned>), JournalError> {
    let (journal, tail) = Journal::open(Path::new(DIR), Arc::new(io.clone()), options)?;
    let turns = turns_of(&tail)?;
    Ok((journal, turns))
}

pub(super) fn turns_of(tail: &Tail) -> Result<Vec<Owned>, JournalError> {
    let mut turns = Vec::new();
    tail.each(|turn| turns.push((turn.spawn, turn.incarnation, turn.seq, turn.bytes.to_vec())))?;
    Ok(turns)
}

/// Where the tests keep history.
pub(super) const KEPT: &str = "/nexus/history";

/// Copies what the journal has lent, and gives it back.
pub(super) fn keep_lent(journal: &mut Journal, io: &MemoryIo) -> usize {
    io.create_dir(Path::new(KEPT)).unwrap();
    let lent = journal.take_lent();
    for one in &lent {
        kept::keep(io, Path::new(KEPT), one, &journal.id(), |_| None).unwrap();
        journal.give_back(one.number);
    }
    lent.len()
}

/// Everything that history and journal hold, in order, and what is wrong with them.
pub(super) fn past_of(io: &dyn Io, dir: &Path) -> (Vec<Owned>, Vec<String>) {
    let mut turns = Vec::new();
    let past = Past::open(dir, Path::new(KEPT), io).unwrap();
    let visit = |seen: Seen<'_>| {
        turns.push((seen.turn.spawn, seen.turn.incarnation, seen.turn.seq, seen.turn.bytes.to_vec()));
        ControlFlow::Continue(())
    };
    let troubles = past.each(|_| true, visit).unwrap();
    (turns, troubles)
}

/// A turn whose bytes follow from its numbers.
pub(super) fn turn(spawn: i64, seq: u64, length: usize) -> Owned {
    let bytes = (0..length).map(|at| (at as u64 * 31 + seq * 7 + spawn as u64) as u8).collect();
    (spawn, 1, seq, bytes)
}

pub(super) fn group(turns: &[Owned]) -> Group {
    let mut group = Group::new();
    for (spawn, incarnation, seq, bytes) in turns {
        group.push(*spawn, *incarnation, *seq, bytes).unwrap();
    }
    group
}

#[test]
fn what_was_appended_comes_back_in_order() {
    let io = MemoryIo::new();
    let (mut journal, none) = open(&io).unwrap();
    assert!(none.is_empty());
    let mut all = Vec::new();
    for step in 1..=20 {
        let turns = [turn(1000, step, 100), turn(1001, step * 2, 0), turn(1000, step + 100, 700)];
        assert_eq!(journal.append(&group(&turns)).unwrap(), step);
        all.extend(turns);
    }
    drop(journal);
    let (journal, recovered) = open(&io).unwrap();
    assert_eq!(recovered, all);
    assert_eq!(journal.durable(), 20);
    let of_one: Vec<_> = all.iter().filter(|turn| turn.0 == 1001).cloned().collect();
    assert_eq!(turns_of(&journal.tail_of(1001)).unwrap(), of_one);
}

#[test]
fn a_reopened_journal_goes_on_in_the_same_chain() {
    let io = MemoryIo::new();
    let mut all = Vec::new();
    for step in 1..=10 {
        let (mut journal, recovered) = open(&io).unwrap();
        assert_eq!(recovered, all);
        all.push(turn(1000, step, 10));
        journal.append(&group(&all[all.len() - 1..])).unwrap();
    }
}

#[test]
fn a_second_process_is_turned_away() {
    let io = MemoryIo::new();
    let held = open(&io).unwrap();
    assert!(matches!(open(&io).err(), Some(JournalError::Locked { .. })));
    drop(held);
    assert!(open(&io).is_ok());
}

#[test]
fn groups_refuse_what_is_too_long_and_tell_when_full() {
    let mut group = Group::new();
    let long = vec![0; TURN_BYTES_MAX + 1];
    assert_eq!(group.push(1, 1, 1, &long), Err(PushError::TurnTooLong { bytes: TURN_BYTES_MAX + 1 }));
    let mut seq = 0;
    let full = loop {
        seq += 1;
        if let Err(error) = group.push(1, 1, seq, &long[..TURN_BYTES_MAX]) {
            break error;
        }
    };
    assert_eq!(full, PushError::GroupFull);
    assert!(group.len_bytes() <= GROUP_BYTES_MAX);
    group.clear();
    assert!(group.is_empty() && group.push(1, 1, 1, b"again").is_ok());
}

#[test]
fn a_group_beyond_a_segment_is_refused_and_nothing_breaks() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    let turns = [turn(1, 1, 9000), turn(1, 2, 9000)];
    assert!(matches!(journal.append(&group(&turns)), Err(JournalError::TooLarge { .. })));
    assert_eq!(journal.append(&group(&turns[..1])).unwrap(), 1);
}

#[test]
fn the_real_file_system_serves_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let real: Arc<dyn Io> = Arc::new(crate::store::io::RealIo);
    let turns = [turn(1000, 1, 300), turn(1000, 2, 0)];
    {
        let (mut journal, _) = Journal::open(&path, real.clone(), options()).unwrap();
        journal.append(&group(&turns)).unwrap();
        journal.seal().unwrap();
        while journal.tend() {}
        assert!(matches!(Journal::open(&path, real.clone(), options()).err(), Some(JournalError::Locked { .. })));
    }
    let (_journal, tail) = Journal::open(&path, real.clone(), options()).unwrap();
    assert_eq!(turns_of(&tail).unwrap(), turns);
    let report = verify(&path, &*real).unwrap();
    assert_eq!((report.chain, report.torn, report.damage), (Some((1, 2)), None, None));
    assert_eq!(past_of(&crate::store::io::look::LookIo, &path), (turns.to_vec(), vec![]));
}
