//! One call that fails, whichever it is, all calls from one on, and a disk that is full from any byte on: while a journal
//! is opened, and while its ring goes round.

use super::*;
use crate::store::io::crash::Loss;
use crate::store::io::memory::Faults;

const LOSSES: [Loss; 4] = [Loss::Nothing, Loss::Unsynced, Loss::Torn(1), Loss::Torn(2)];

fn history() -> JournalOptions {
    JournalOptions { lends: true, ..options() }
}

/// What was appended, and how much of it the cuts cover. Once round the ring and half again.
#[derive(Clone, Default)]
struct Played {
    turns: Vec<Owned>,
    covered: usize,
    /// Calls to heal that failed.
    refused: usize,
}

const APPENDS: usize = 180;

impl Played {
    /// Appends, cuts and heals as an engine would. Where healing fails, too, the disk is well again after that.
    fn go_on(&mut self, journal: &mut Journal, io: &MemoryIo, appends: usize) {
        for _ in 0..appends {
            self.turns.push(turn(1000, self.turns.len() as u64 + 1, 700));
            let group = group(&self.turns[self.turns.len() - 1..]);
            loop {
                let durable = journal.durable();
                match journal.append(&group) {
                    Ok(_) => break,
                    Err(JournalError::Full) => self.cover(journal),
                    Err(JournalError::Io { .. }) => {
                        // An empty frame may have come before it.
                        assert!(journal.durable() <= durable + 1, "an error acknowledges nothing");
                        let durable = journal.durable();
                        while journal.heal().is_err() {
                            assert_eq!(journal.durable(), durable, "nor does healing that fails");
                            self.refused += 1;
                            io.set_faults(Faults::default());
                        }
                        break;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            match self.turns.len() % 20 {
                0 => self.cover(journal),
                7 => while journal.tend() {},
                // It may be the sealing that fails.
                13 => drop(journal.seal()),
                _ => {}
            }
            if journal.is_broken() {
                while journal.heal().is_err() {
                    self.refused += 1;
                    io.set_faults(Faults::default());
                }
            }
        }
    }

    /// A cut of what was acknowledged, but for the last few turns.
    fn cover(&mut self, journal: &mut Journal) {
        self.covered = self.covered.max(self.turns.len().saturating_sub(4));
        journal.covered(1000, 1, self.covered as u64);
    }

    /// Everything that no cut covers comes back, in order.
    fn check(&self, recovered: &[Owned], what: &str) {
        let start = self.turns.len().checked_sub(recovered.len()).unwrap_or_else(|| panic!("{what}: invented"));
        assert!(recovered == &self.turns[start..], "{what}: not what was appended");
        assert!(start <= self.covered, "{what}: {start} turns are gone, and cuts cover only {}", self.covered);
    }
}

/// A session with this to go wrong, and what every kind of loss leaves of it.
fn survive(options: &JournalOptions, faults: Faults) -> Played {
    let what = format!("{faults:?}");
    let io = MemoryIo::new();
    let (mut journal, _) = open_with(&io, options.clone()).unwrap();
    let mut played = Played::default();
    io.set_faults(faults);
    played.go_on(&mut journal, &io, APPENDS);
    drop(journal);
    for loss in LOSSES {
        let (_, recovered) = open_with(&io.crash(io.operations(), loss), options.clone())
            .unwrap_or_else(|error| panic!("{what}, {loss:?}: {error}"));
        played.check(&recovered, &format!("{what}, {loss:?}"));
    }
    played
}

/// How many calls such a session makes when none fails.
fn calls(options: &JournalOptions, reads: bool) -> u64 {
    let io = MemoryIo::new();
    let (mut journal, _) = open_with(&io, options.clone()).unwrap();
    io.set_faults(Faults { reads, ..Faults::default() });
    Played::default().go_on(&mut journal, &io, APPENDS);
    io.calls()
}

#[test]
fn any_call_may_fail_while_the_ring_goes_round() {
    for options in [options(), history()] {
        for fail_at in 1..=calls(&options, true) {
            let partial_write = [0, 300, 512, 100_000][fail_at as usize % 4];
            survive(&options, Faults { fail_at, fail_count: 1, partial_write, reads: true, ..Faults::default() });
        }
    }
}

#[test]
fn all_calls_may_fail_from_any_on_until_the_disk_is_well_again() {
    let mut refused = 0;
    for fail_at in 1..=calls(&options(), true) {
        let partial_write = [0, 300, 512, 100_000][fail_at as usize % 4];
        let faults = Faults { fail_at, fail_count: u64::MAX, partial_write, reads: true, ..Faults::default() };
        refused += survive(&options(), faults).refused;
    }
    assert!(refused > 100, "{refused}: healing was to fail, too");
}

#[test]
fn the_disk_may_be_full_from_any_byte_on() {
    let mut refused = 0;
    for free in (0..8 * SEGMENT_BYTES).step_by(397) {
        refused += survive(&options(), Faults { free_bytes: Some(free), ..Faults::default() }).refused;
    }
    assert!(refused > 50, "{refused}: the ballast was to be used up");
}

/// Directories as crashes leave them: torn frames, half-made segments, missing and surplus names.
fn left_behind(options: &JournalOptions) -> Vec<(MemoryIo, Played)> {
    let io = MemoryIo::new();
    let (mut journal, _) = open_with(&io, options.clone()).unwrap();
    let mut played = Played::default();
    let mut left = vec![(MemoryIo::new(), Played::default())];
    for step in 0..6 {
        let from = io.operations();
        played.go_on(&mut journal, &io, 23);
        for at in [from + (io.operations() - from) / 2, io.operations() - 1, io.operations()] {
            for loss in LOSSES {
                let crashed = io.crash(at, loss);
                // What is there after the crash is what any later opening has to show.
                let (_, recovered) =
                    open_with(&crashed.crash(crashed.operations(), Loss::Nothing), options.clone()).unwrap();
                if at == io.operations() {
                    played.check(&recovered, &format!("step {step}, {loss:?}"));
                }
                left.push((crashed, Played { turns: recovered, covered: 0, refused: 0 }));
            }
        }
    }
    left
}

/// An opening that fails is an error and no loss, also when power fails right after it; and the next one works.
#[test]
fn any_call_may_fail_while_the_journal_is_opened() {
    let mut failed = 0;
    for options in [options(), history()] {
        for (image, known) in left_behind(&options) {
            let copy = || image.crash(image.operations(), Loss::Nothing);
            let counted = copy();
            counted.set_faults(Faults { reads: true, ..Faults::default() });
            drop(open_with(&counted, options.clone()).unwrap());
            for fail_at in 1..=counted.calls() {
                for fail_count in [1, u64::MAX] {
                    let what = format!("call {fail_at} of {}, {fail_count} of them", counted.calls());
                    let io = copy();
                    io.set_faults(Faults { fail_at, fail_count, partial_write: 300, reads: true, ..Faults::default() });
                    match open_with(&io, options.clone()) {
                        Ok((_, recovered)) => assert!(recovered == known.turns, "{what}"),
                        Err(JournalError::Io { .. }) => failed += 1,
                        Err(error) => panic!("{what}: {error}"),
                    }
                    io.set_faults(Faults::default());
                    for loss in LOSSES {
                        let later = io.crash(io.operations(), loss);
                        let (_, recovered) = open_with(&later, options.clone())
                            .unwrap_or_else(|error| panic!("{what}, {loss:?}: {error}"));
                        assert!(recovered == known.turns, "{what}, {loss:?}");
                    }
                    assert!(open_with(&io, options.clone()).unwrap().1 == known.turns, "{what}");
                }
            }
        }
    }
    assert!(failed > 500, "{failed}");
}
