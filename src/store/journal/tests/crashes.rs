//! Power fails after any operation of a recorded session: every acknowledged turn is there, in order, none invented.

use super::*;
use crate::store::io::crash::{Chance, Loss};
use crate::store::io::memory::Faults;

/// What was true of a session when this many operations had been recorded.
#[derive(Clone, Copy, Debug)]
struct Mark {
    operations: usize,
    /// Turns handed to the journal, acknowledged, and covered by a cut, as counts from the first turn on.
    submitted: usize,
    acknowledged: usize,
    covered: usize,
}

struct Session {
    io: MemoryIo,
    turns: Vec<Owned>,
    marks: Vec<Mark>,
}

/// Two worlds that take turns, cuts that lag, an idle moment now and then, a sync that fails here and there.
fn session(seed: u64, appends: u64, options: JournalOptions) -> Session {
    let io = MemoryIo::new();
    let mut chance = Chance(seed);
    let (mut journal, _) = open_with(&io, options).unwrap();
    let (mut turns, mut marks) = (Vec::new(), Vec::new());
    let mut mark = Mark { operations: io.operations(), submitted: 0, acknowledged: 0, covered: 0 };
    for step in 1..=appends {
        let count = 1 + chance.below(3);
        let from = turns.len();
        for _ in 0..count {
            turns.push(turn(1000 + chance.below(2) as i64, turns.len() as u64 + 1, chance.below(1500)));
        }
        mark.submitted = turns.len();
        marks.push(mark);
        if chance.below(12) == 0 {
            let partial_write = chance.below(2000);
            let fail_at = 1 + chance.below(2) as u64;
            io.set_faults(Faults { fail_at, fail_count: 1, partial_write, ..Faults::default() });
        }
        append_somehow(&mut journal, &group(&turns[from..]), &turns);
        io.set_faults(Faults::default());
        mark = Mark { operations: io.operations(), acknowledged: turns.len(), ..mark };
        if journal.fullness() >= Fullness::Half || chance.below(20) == 0 {
            mark.covered = mark.covered.max(turns.len() - chance.below(4.min(turns.len())));
            cover(&mut journal, &turns[..mark.covered]);
        }
        marks.push(mark);
        match step % 7 {
            0 => journal.seal().unwrap(),
            3 => while journal.tend() {},
            _ => {}
        }
    }
    marks.push(Mark { operations: io.operations(), ..mark });
    Session { io, turns, marks }
}

/// Appends, healing and cutting as an engine would.
pub(super) fn append_somehow(journal: &mut Journal, group: &Group, turns: &[Owned]) {
    let mut result = journal.append(group);
    if matches!(result, Err(JournalError::Full)) {
        cover(journal, &turns[..turns.len() - group.turns() as usize]);
        result = journal.append(group);
    }
    for _ in 0..10 {
        match result {
            Ok(_) => return,
            Err(JournalError::Io { .. }) => result = journal.heal(),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never healed");
}

fn cover(journal: &mut Journal, turns: &[Owned]) {
    for spawn in [1000, 1001] {
        if let Some(last) = turns.iter().rfind(|turn| turn.0 == spawn) {
            journal.covered(spawn, last.1, last.2);
        }
    }
}

impl Session {
    /// Crashes after so many operations, recovers, and holds the result against what was promised then.
    fn hold(&self, operations: usize, loss: Loss, options: &JournalOptions) {
        let what = format!("{operations} operations, {loss:?}");
        let before = self.marks.iter().rfind(|mark| mark.operations <= operations);
        // A turn may be on disk as soon as it is handed over, which is before the next operation.
        let submitted = self.marks.iter().filter(|mark| mark.operations <= operations).map(|mark| mark.submitted).max();
        let (acknowledged, covered) = before.map_or((0, 0), |mark| (mark.acknowledged, mark.covered));
        let crashed = self.io.crash(operations, loss);
        let (mut journal, recovered) =
            open_with(&crashed, options.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
        self.check(&recovered, covered, acknowledged, submitted.unwrap_or(0), &what);
        // The journal goes on, and what it then promises outlives another loss.
        let more = turn(1000, 1_000_000, 40);
        append_somehow(&mut journal, &group(std::slice::from_ref(&more)), &recovered);
        drop(journal);
        let (_, again) = open_with(&crashed.crash(crashed.operations(), Loss::Unsynced), options.clone())
            .unwrap_or_else(|error| panic!("{what}, then unsynced: {error}"));
        assert_eq!(again.last(), Some(&more), "{what}");
        let missing = recovered.iter().filter(|turn| !again.contains(turn)).count();
        assert_eq!(missing, 0, "{what}: a turn that was recovered once is gone");
    }

    fn check(&self, recovered: &[Owned], covered: usize, acknowledged: usize, submitted: usize, what: &str) {
        let Some(first) = recovered.first() else {
            assert!(acknowledged <= covered, "{what}: nothing recovered of {covered}..{acknowledged}");
            return;
        };
        let start = self.turns.iter().position(|turn| turn == first).unwrap_or_else(|| panic!("{what}: invented"));
        let end = start + recovered.len();
        assert_eq!(recovered, &self.turns[start..end], "{what}: not the order of the session");
        assert!(start <= covered, "{what}: begins at {start}, but cuts cover only {covered}");
        assert!(
            (acknowledged..=submitted).contains(&end),
            "{what}: ends at {end}, not in {acknowledged}..={submitted}"
        );
    }
}

#[test]
fn after_every_operation_every_acknowledged_turn_is_there() {
    let session = session(1, 60, options());
    for operations in session.marks[0].operations..=session.io.operations() {
        for loss in [Loss::Nothing, Loss::Unsynced, Loss::Torn(operations as u64)] {
            session.hold(operations, loss, &options());
        }
    }
}

#[test]
fn crashes_while_the_journal_is_made_leave_an_empty_one() {
    let session = session(2, 1, options());
    for operations in 0..session.marks[0].operations {
        for loss in [Loss::Nothing, Loss::Unsynced, Loss::Torn(operations as u64)] {
            let (_, recovered) = open(&session.io.crash(operations, loss)).unwrap();
            assert!(recovered.is_empty());
        }
    }
}

#[test]
fn sessions_of_many_seeds_survive_sampled_crashes() {
    for seed in 10..22 {
        let session = session(seed, 120, options());
        let mut chance = Chance(seed);
        let from = session.marks[0].operations;
        for _ in 0..30 {
            let operations = from + chance.below(session.io.operations() - from + 1);
            session.hold(operations, Loss::Torn(chance.draw()), &options());
        }
    }
}

/// A cut frees the oldest segment of a full journal; the frame that overwrites it may be torn. What was before it must
/// still be a whole chain then, of what no cut covers.
#[test]
fn a_segment_is_overwritten_only_when_a_durable_frame_declares_it_free() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    let mut turns = Vec::new();
    loop {
        turns.push(turn(1000, turns.len() as u64 + 1, 700));
        if journal.append(&group(&turns[turns.len() - 1..])).is_err() {
            break;
        }
    }
    let (last, covered) = (turns.len(), turns.len() / 2);
    cover(&mut journal, &turns[..covered]);
    let from = io.operations();
    journal.append(&group(&turns[last - 1..])).unwrap();
    for operations in from..=io.operations() {
        for seed in 0..40 {
            let (_, recovered) = open(&io.crash(operations, Loss::Torn(seed))).unwrap();
            let start = recovered[0].2 as usize - 1;
            assert!(start <= covered && recovered[..] == turns[start..start + recovered.len()]);
            assert!(start + recovered.len() + 1 >= last);
        }
    }
}

/// The process dies between write and sync, or after a sync that failed; the system lives and shows the frame. What the
/// next process takes from it, and acts on, must be on the disk.
#[test]
fn what_a_restart_recovered_outlives_a_power_loss_right_after() {
    for fail_at in [0, 2] {
        let io = MemoryIo::new();
        let (mut journal, _) = open(&io).unwrap();
        journal.append(&group(&[turn(1000, 1, 100)])).unwrap();
        let last = [turn(1000, 2, 5000)];
        io.set_faults(Faults { fail_at, fail_count: 1, ..Faults::default() });
        assert_eq!(journal.append(&group(&last)).is_err(), fail_at > 0);
        drop(journal);
        let (_journal, recovered) = open(&io).unwrap();
        assert_eq!(recovered.last(), Some(&last[0]));
        assert_eq!(open(&io.crash(io.operations(), Loss::Unsynced)).unwrap().1, recovered);
    }
}

/// The protections are what holds: without the sync the same session loses turns.
#[test]
fn a_frame_that_was_not_synced_is_lost_by_the_simulated_crash() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    journal.append(&group(&[turn(1000, 1, 100)])).unwrap();
    let synced = io.operations();
    assert_eq!(open(&io.crash(synced, Loss::Unsynced)).unwrap().1.len(), 1);
    assert_eq!(open(&io.crash(synced - 1, Loss::Unsynced)).unwrap().1.len(), 0);
}
