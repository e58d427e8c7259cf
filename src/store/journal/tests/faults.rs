//! Errors at every call and full disks: nothing is acknowledged from a failed file, healing brings everything back.

use super::crashes::append_somehow;
use super::*;
use crate::store::io::crash::Loss;
use crate::store::io::memory::Faults;

const ALL: u64 = u64::MAX;

fn fail(fail_at: u64, fail_count: u64, partial_write: usize) -> Faults {
    Faults { fail_at, fail_count, partial_write, ..Faults::default() }
}

fn turns(from: u64, count: u64) -> Vec<Owned> {
    (from..from + count).map(|seq| turn(1000, seq, 700)).collect()
}

#[test]
fn one_error_at_any_call_loses_nothing_that_was_acknowledged() {
    let session = turns(1, 50);
    let calls = {
        let io = MemoryIo::new();
        let (mut journal, _) = open(&io).unwrap();
        io.set_faults(Faults::default());
        session.iter().for_each(|one| append_somehow(&mut journal, &group(std::slice::from_ref(one)), &session));
        while journal.tend() {}
        io.calls()
    };
    for call in 1..=calls {
        for partial_write in [0, 300, 512, 100_000] {
            let io = MemoryIo::new();
            let (mut journal, _) = open(&io).unwrap();
            io.set_faults(fail(call, 1, partial_write));
            for one in &session {
                append_somehow(&mut journal, &group(std::slice::from_ref(one)), &session);
            }
            while journal.tend() {}
            drop(journal);
            for loss in [Loss::Nothing, Loss::Unsynced, Loss::Torn(call)] {
                let (_, recovered) = open(&io.crash(io.operations(), loss)).unwrap();
                assert_eq!(recovered, session, "call {call}, {partial_write} bytes, {loss:?}");
            }
        }
    }
}

#[test]
fn while_the_disk_fails_nothing_is_acknowledged() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    journal.append(&group(&turns(1, 3))).unwrap();
    io.set_faults(fail(1, ALL, 512));
    assert!(matches!(journal.append(&group(&turns(4, 2))), Err(JournalError::Io { .. })));
    assert!(journal.is_broken());
    for _ in 0..5 {
        assert!(matches!(journal.append(&group(&turns(6, 1))), Err(JournalError::Broken)));
        assert!(journal.heal().is_err());
        assert!(journal.seal().is_err() && !journal.tend());
        assert_eq!(journal.durable(), 1);
    }
    io.set_faults(Faults::default());
    assert_eq!(journal.heal().unwrap(), 2);
    assert_eq!(journal.append(&group(&turns(6, 1))).unwrap(), 3);
    drop(journal);
    assert_eq!(open(&io.crash(io.operations(), Loss::Unsynced)).unwrap().1, turns(1, 6));
}

#[test]
fn after_an_error_the_file_takes_nothing_more() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    journal.append(&group(&turns(1, 1))).unwrap();
    io.set_faults(fail(2, 1, 0));
    assert!(journal.append(&group(&turns(2, 1))).is_err());
    journal.heal().unwrap();
    let files = io.list(Path::new(DIR)).unwrap();
    let first = io.open(&Path::new(DIR).join("00000001.segment")).unwrap();
    let mut before = vec![0; SEGMENT_BYTES as usize];
    first.read_at(&mut before, 0).unwrap();
    turns(3, 5).iter().for_each(|one| append_somehow(&mut journal, &group(std::slice::from_ref(one)), &[]));
    let mut after = vec![0; SEGMENT_BYTES as usize];
    first.read_at(&mut after, 0).unwrap();
    assert!(before == after && files.contains(&"00000002.segment".to_owned()));
}

/// A tainted file goes as soon as no frame in it is needed, and is not used again.
#[test]
fn a_failed_file_is_removed_once_it_is_covered() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    journal.append(&group(&turns(1, 1))).unwrap();
    io.set_faults(fail(2, 1, 0));
    assert!(journal.append(&group(&turns(2, 1))).is_err());
    journal.heal().unwrap();
    journal.covered(1000, 1, 2);
    journal.append(&group(&turns(3, 1))).unwrap();
    assert!(!io.list(Path::new(DIR)).unwrap().contains(&"00000001.segment".to_owned()));
    drop(journal);
    assert_eq!(open(&io).unwrap().1.last(), turns(3, 1).last());
}

#[test]
fn a_full_disk_is_survived_once_by_the_ballast_and_then_by_waiting() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    while journal.tend() {}
    assert!(io.list(Path::new(DIR)).unwrap().contains(&"ballast".to_owned()));
    io.set_faults(Faults { free_bytes: Some(100), ..Faults::default() });
    let mut seq = 0;
    let mut append_until_error = |journal: &mut Journal| loop {
        seq += 1;
        if let Err(error) = journal.append(&group(&turns(seq, 1))) {
            assert!(matches!(error, JournalError::Io { .. }), "{error}");
            return seq;
        }
    };
    append_until_error(&mut journal);
    journal.heal().expect("the ballast has room for one segment");
    let last = append_until_error(&mut journal);
    for _ in 0..3 {
        assert!(journal.heal().is_err());
    }
    assert!(journal.durable() < last);
    io.set_faults(Faults { free_bytes: Some(10 * SEGMENT_BYTES), ..Faults::default() });
    assert_eq!(journal.heal().unwrap(), journal.durable());
    while journal.tend() {}
    assert!(io.list(Path::new(DIR)).unwrap().contains(&"ballast".to_owned()), "space for the next time");
    drop(journal);
    assert_eq!(open(&io.crash(io.operations(), Loss::Unsynced)).unwrap().1, turns(1, last));
}
