//! History and journal together are the whole past, whenever power fails, however slowly segments are copied, and
//! whatever else goes on while somebody reads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::crashes::append_somehow;
use super::*;
use crate::store::io::crash::{Chance, Loss};
use crate::store::io::memory::Faults;
use crate::store::io::{IoFile, Lock};

fn lending() -> JournalOptions {
    JournalOptions { lends: true, ..options() }
}

/// A journal with cuts close behind, whose lent segments are copied now and then, on a disk that fails here and there.
/// With each turn the operations that were recorded when it was acknowledged.
fn session(seed: u64, appends: u64) -> (MemoryIo, Vec<Owned>, Vec<usize>) {
    let io = MemoryIo::new();
    let mut chance = Chance(seed);
    let (mut journal, _) = open_with(&io, lending()).unwrap();
    io.create_dir(Path::new(KEPT)).unwrap();
    let (mut turns, mut acknowledged) = (Vec::new(), Vec::new());
    for seq in 1..=appends {
        turns.push(turn(1000 + chance.below(2) as i64, seq, chance.below(1500)));
        if chance.below(15) == 0 {
            let (fail_at, partial_write) = (1 + chance.below(2) as u64, chance.below(2000));
            io.set_faults(Faults { fail_at, fail_count: 1, partial_write, free_bytes: None, reads: false });
        }
        append_somehow(&mut journal, &group(&turns[turns.len() - 1..]), &turns);
        io.set_faults(Faults::default());
        acknowledged.push(io.operations());
        for spawn in [1000, 1001] {
            journal.covered(spawn, 1, seq.saturating_sub(3));
        }
        if chance.below(4) == 0 || journal.lend.len() > 2 {
            keep_lent(&mut journal, &io);
        }
        if chance.below(40) == 0 {
            drop(journal);
            journal = open_with(&io, lending()).unwrap().0;
        }
        while seq % 7 == 0 && journal.tend() {}
    }
    assert_eq!(journal.unkept(), 0, "copying kept up");
    (io, turns, acknowledged)
}

/// Power fails after so many operations: whatever was acknowledged is in history or journal, in order and once; also
/// after a start has taken over what it found.
fn hold(io: &MemoryIo, turns: &[Owned], acknowledged: &[usize], operations: usize, loss: Loss) {
    let promised = acknowledged.iter().filter(|at| **at <= operations).count();
    let crashed = io.crash(operations, loss);
    for again in [false, true] {
        let (past, troubles) = past_of(&crashed, Path::new(DIR));
        let what = format!("{operations} {loss:?}, opened again: {again}: {troubles:?}");
        assert!(past.len() >= promised && past[..] == turns[..past.len()], "{what}");
        keep_lent(&mut open_with(&crashed, lending()).unwrap().0, &crashed);
    }
}

#[test]
fn every_turn_is_in_history_or_journal_after_every_operation() {
    let (io, turns, acknowledged) = session(1, 70);
    assert!(io.list(Path::new(KEPT)).unwrap().len() > 2);
    for operations in acknowledged[0]..=io.operations() {
        for loss in [Loss::Nothing, Loss::Unsynced, Loss::Torn(operations as u64)] {
            hold(&io, &turns, &acknowledged, operations, loss);
        }
    }
}

#[test]
fn sessions_of_many_seeds_keep_their_past_through_sampled_crashes() {
    for seed in 30..42 {
        let (io, turns, acknowledged) = session(seed, 120);
        let mut chance = Chance(seed);
        for _ in 0..25 {
            let operations = acknowledged[0] + chance.below(io.operations() - acknowledged[0] + 1);
            hold(&io, &turns, &acknowledged, operations, Loss::Torn(chance.draw()));
        }
    }
}

#[test]
fn a_journal_that_needs_its_segments_takes_them_back_and_says_so() {
    let io = MemoryIo::new();
    let (mut journal, _) = open_with(&io, lending()).unwrap();
    let mut seq = 0;
    let mut play = |journal: &mut Journal, count: u64| {
        for _ in 0..count {
            seq += 1;
            journal.append(&group(&[turn(1000, seq, 700)])).unwrap();
            journal.covered(1000, 1, seq);
        }
    };
    // Nobody copies: only so many are out at once, play goes on, and the disk does not fill.
    play(&mut journal, 300);
    let lent = journal.take_lent();
    assert_eq!(lent.len(), LENT_SEGMENTS_MAX);
    assert!(journal.unkept() > 3);
    let files = io.list(Path::new(DIR)).unwrap().iter().filter(|name| name.ends_with(".segment")).count();
    assert!(files <= 6 + LENT_SEGMENTS_MAX, "{files} files");
    // All segments full of what no cut covers: those that are out are needed more than history needs them.
    let unkept = journal.unkept();
    loop {
        seq += 1;
        if journal.append(&group(&[turn(1001, seq, 700)])).is_err() {
            break;
        }
    }
    assert!(journal.unkept() >= unkept + LENT_SEGMENTS_MAX as u64);
    io.create_dir(Path::new(KEPT)).unwrap();
    for one in &lent {
        let error = kept::keep(&io, Path::new(KEPT), one, &journal.id(), |_| None).unwrap_err().to_string();
        assert!(error.contains("is damaged") || error.contains("cannot be read"), "{error}");
        journal.give_back(one.number);
    }
    assert!(io.list(Path::new(KEPT)).unwrap().is_empty());
}

#[test]
fn a_kept_segment_says_what_is_in_it() {
    let (io, turns, _) = session(2, 150);
    let mut next = 1;
    for path in kept::files(&io, Path::new(KEPT)).unwrap() {
        let head = kept::check(&io, &path).unwrap();
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), kept::file_name(head.first, head.last));
        assert!(head.first <= head.last && head.frames == head.last - head.first + 1);
        let count: u64 = head.worlds.iter().map(|world| world.turns).sum();
        let here = &turns[next as usize - 1..(next + count) as usize - 1];
        for world in &head.worlds {
            let its: Vec<u64> = here.iter().filter(|turn| turn.0 == world.spawn).map(|turn| turn.2).collect();
            assert_eq!((its.first(), its.last()), (Some(&world.first), Some(&world.last)));
        }
        next += count;
    }
    assert!(next > 60);
}

#[test]
fn a_damaged_or_missing_segment_is_named_and_the_rest_is_shown() {
    let (io, turns, _) = session(3, 150);
    let files = kept::files(&io, Path::new(KEPT)).unwrap();
    let head = kept::head(&io, &files[1]).unwrap();
    let seqs = |past: &[Owned]| past.iter().map(|turn| turn.2).collect::<Vec<_>>();
    let gone = (head.worlds.iter().map(|w| w.first).min().unwrap(), head.worlds.iter().map(|w| w.last).max().unwrap());
    let left: Vec<u64> = (1..=turns.len() as u64).filter(|seq| *seq < gone.0 || *seq > gone.1).collect();

    for at in [6, 40, 300, 1000] {
        let copy = io.crash(io.operations(), Loss::Nothing);
        copy.corrupt(&files[1], |bytes| bytes[at] ^= 0x20);
        let (past, troubles) = past_of(&copy, Path::new(DIR));
        assert_eq!(seqs(&past), left, "byte {at}");
        assert!(troubles.len() == 1 && troubles[0].starts_with(files[1].to_str().unwrap()), "{troubles:?}");
    }
    let copy = io.crash(io.operations(), Loss::Nothing);
    copy.remove(&files[1]).unwrap();
    let (past, troubles) = past_of(&copy, Path::new(DIR));
    assert_eq!((seqs(&past), troubles), (left, vec![]));
}

/// A disk on which something happens when the journal's folder is listed, as it may beside a running nexus.
struct Busy<'a> {
    io: &'a MemoryIo,
    listed: &'a (dyn Fn() + Sync),
}

impl Io for Busy<'_> {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.io.create_dir(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        self.io.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        self.io.open(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        if dir == Path::new(DIR) {
            (self.listed)();
        }
        self.io.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.io.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.io.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.io.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.io.lock(path)
    }
}

#[test]
fn a_segment_that_is_copied_and_used_again_while_somebody_reads_is_not_missed() {
    let io = MemoryIo::new();
    let journal = Mutex::new((open_with(&io, lending()).unwrap().0, 0));
    let play = |count: u64| {
        for _ in 0..count {
            let (journal, seq) = &mut *journal.lock().unwrap();
            *seq += 1;
            journal.append(&group(&[turn(1000, *seq, 700)])).unwrap();
            journal.covered(1000, 1, *seq);
            keep_lent(journal, &io);
        }
    };
    play(100);
    let times = AtomicU64::new(0);
    // Between the look at history and the look at the journal, play goes once through all of the journal's segments.
    let listed = || {
        if times.fetch_add(1, Ordering::Relaxed) < 2 {
            play(150);
        }
    };
    let (past, troubles) = past_of(&Busy { io: &io, listed: &listed }, Path::new(DIR));
    let times = times.load(Ordering::Relaxed);
    assert!(times >= 3 && troubles.is_empty(), "{times} {troubles:?}");
    assert_eq!(past.iter().map(|turn| turn.2).collect::<Vec<_>>(), (1..=400).collect::<Vec<_>>());
}
