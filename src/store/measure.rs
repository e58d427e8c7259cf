//! Measurements, run by hand: `cargo test --release --lib measure -- --ignored --nocapture --test-threads=1`.
//! Directories are made under `REALMS_MEASURE_DIR`, or the system's temporary directory.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::io::RealIo;
use super::journal::{Group, Journal, JournalOptions};
use super::state::{Cut, State};

fn directory() -> tempfile::TempDir {
    let root = std::env::var_os("REALMS_MEASURE_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    tempfile::tempdir_in(root).expect("a directory to measure in")
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 1000).min(times.len() - 1)];
    println!(
        "{what}: p50 {:?}, p99 {:?}, p99.9 {:?}, max {:?} of {}",
        at(500),
        at(990),
        at(999),
        at(1000),
        times.len()
    );
}

fn filled(seq: &mut u64, turns: usize, bytes: usize) -> Group {
    let mut group = Group::new();
    let content = vec![0x5A; bytes];
    for _ in 0..turns {
        *seq += 1;
        group.push(1000, 1, *seq, &content).expect("a small group");
    }
    group
}

#[test]
#[ignore = "measures"]
fn appends_with_one_sync_each() {
    for (what, turns, bytes) in
        [("1 turn of 100 B", 1, 100), ("16 turns of 200 B", 16, 200), ("64 KiB group", 64, 1008)]
    {
        let dir = directory();
        let (mut journal, _) = Journal::open(dir.path(), Arc::new(RealIo), JournalOptions::default()).expect("opens");
        while journal.tend() {}
        let (mut seq, mut times) = (0, Vec::new());
        for _ in 0..4000 {
            let group = filled(&mut seq, turns, bytes);
            let begin = Instant::now();
            journal.append(&group).expect("appends");
            times.push(begin.elapsed());
            journal.covered(1000, 1, seq.saturating_sub(1000));
            while journal.tend() {}
        }
        show(what, times);
    }
}

#[test]
#[ignore = "measures"]
fn framing_alone() {
    let (mut seq, mut group) = (0u64, Group::new());
    let content = [0x5A; 64];
    let dir = directory();
    let options = JournalOptions { total_bytes: 1 << 30, ..JournalOptions::default() };
    let (mut journal, _) = Journal::open(dir.path(), Arc::new(RealIo), options).expect("opens");
    let (begin, mut appending) = (Instant::now(), Duration::ZERO);
    for _ in 0..2000 {
        group.clear();
        for _ in 0..1000 {
            seq += 1;
            group.push(1000, 1, seq, &content).expect("a small group");
        }
        let start = Instant::now();
        journal.append(&group).expect("appends");
        appending += start.elapsed();
    }
    let pushing = begin.elapsed() - appending;
    println!("2,000,000 turns of 64 B: pushed in {pushing:?}, appended in 2000 groups in {appending:?}");
}

#[test]
#[ignore = "measures"]
fn recovery_of_a_million_turns() {
    for turns in [10, 100] {
        let dir = directory();
        let mut seq = 0;
        {
            let (mut journal, _) =
                Journal::open(dir.path(), Arc::new(RealIo), JournalOptions::default()).expect("opens");
            while seq < 1_000_000 {
                journal.append(&filled(&mut seq, turns, 64)).expect("appends");
            }
        }
        let begin = Instant::now();
        let (_journal, tail) = Journal::open(dir.path(), Arc::new(RealIo), JournalOptions::default()).expect("opens");
        let opened = begin.elapsed();
        let mut count = 0u64;
        tail.each(|turn| count += u64::from(turn.bytes.len() == 64)).expect("reads");
        assert_eq!(count, 1_000_000);
        println!(
            "1,000,000 turns of 64 B in groups of {turns}: opened in {opened:?}, all read in {:?}",
            begin.elapsed()
        );
    }
}

#[test]
#[ignore = "measures"]
fn a_million_records() {
    let dir = directory();
    let mut state = State::open(dir.path()).expect("opens");
    let record = |number: u64, salt: u64| (number.to_be_bytes().to_vec(), Some(vec![(number + salt) as u8; 200]));
    let mut cut = Cut { spawn: 1000, incarnation: 1, seq: 1, full: true, ..Cut::default() };
    cut.changes = (0..1_000_000).map(|number| record(number, 0)).collect();
    let begin = Instant::now();
    state.commit(&cut).expect("commits");
    println!("full cut of 1,000,000 records of 200 B: {:?}", begin.elapsed());
    for round in 0..3 {
        let begin = Instant::now();
        let scanned = state.plain_scan(1000);
        let scan = begin.elapsed();
        let begin = Instant::now();
        let loaded = state.load(1000).expect("loads").expect("is there");
        println!("round {round}: plain scan of {scanned} records {scan:?}, load {:?}", begin.elapsed());
        assert_eq!(loaded.count, 1_000_000);
    }
    state.saved(1000, 1).expect("saves");
    let mut times = Vec::new();
    for seq in 2..30u64 {
        let changes = (0..4000).map(|number| record((number * 7919 + seq * 104_729) % 1_000_000, seq)).collect();
        let cut = Cut { spawn: 1000, incarnation: 1, seq, changes, ..Cut::default() };
        let begin = Instant::now();
        state.commit(&cut).expect("commits");
        times.push(begin.elapsed());
    }
    show("cut of 4000 changed records of 1,000,000", times);
    println!("on disk: {} MiB", state.size_on_disk().expect("has a size") >> 20);
}
