//! The journal's tail file and sled, on this disk: what a group costs, what a cut costs, how long reading takes, and why
//! the tail is a plain file. `cargo bench --bench stores`, or some of it: `groups`, `frames`, `tail`, `cuts`, `beside`
//! after `--`. Folders are made under `REALMS_MEASURE_DIR`, or in the target folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use realms::store::io::RealIo;
use realms::store::journal::{Group, Journal, JournalOptions};
use realms::store::state::{Cut, State};

const SPAWN: i64 = 5000;
const MILLION: u64 = 1_000_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.trim());
    if wanted("groups") {
        groups();
    }
    if wanted("frames") {
        frames();
    }
    if wanted("tail") {
        tail();
    }
    if wanted("cuts") {
        cuts();
    }
    if wanted("beside") {
        beside();
    }
}

fn folder() -> tempfile::TempDir {
    let root = std::env::var_os("REALMS_MEASURE_DIR").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    tempfile::tempdir_in(root).expect("a folder to measure in")
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 1000).min(times.len() - 1)];
    let (p50, p99, most) = (at(500), at(990), at(1000));
    println!("  {what:<48} p50 {p50:>9.1?}  p99 {p99:>9.1?}  max {most:>9.1?}  of {}", times.len());
}

fn journal(dir: &tempfile::TempDir) -> Journal {
    let (mut journal, _) =
        Journal::open(dir.path(), Arc::new(RealIo), JournalOptions::default()).expect("a new journal opens");
    while journal.tend() {}
    journal
}

fn filled(seq: &mut u64, turns: usize, bytes: usize) -> Group {
    let mut group = Group::new();
    let content = vec![0x5A; bytes];
    for _ in 0..turns {
        *seq += 1;
        group.push(SPAWN, 1, *seq, &content).expect("a small group");
    }
    group
}

/// One write and one sync each: what strict durability costs a group, whatever is in it.
fn groups() {
    println!("\ngroups, written and synced one by one");
    for (what, turns, bytes) in [("1 turn of 100 bytes", 1, 100), ("16 turns of 200", 16, 200), ("64 KiB", 64, 1008)] {
        let dir = folder();
        let mut journal = journal(&dir);
        let (mut seq, mut times) = (0, Vec::new());
        for _ in 0..4000 {
            let group = filled(&mut seq, turns, bytes);
            let begun = Instant::now();
            journal.append(&group).expect("the disk takes it");
            times.push(begun.elapsed());
            journal.covered(SPAWN, 1, seq.saturating_sub(1000));
            while journal.tend() {}
        }
        show(what, times);
    }
}

/// Framing and checksumming beside the writes.
fn frames() {
    println!("\nframes: 2,000,000 turns of 64 bytes in 2,000 groups");
    let dir = folder();
    let mut journal = journal(&dir);
    let (mut seq, mut group, content) = (0u64, Group::new(), [0x5A; 64]);
    let (begun, mut appending) = (Instant::now(), Duration::ZERO);
    for _ in 0..2000 {
        group.clear();
        for _ in 0..1000 {
            seq += 1;
            group.push(SPAWN, 1, seq, &content).expect("a small group");
        }
        let start = Instant::now();
        journal.append(&group).expect("the disk takes it");
        appending += start.elapsed();
        journal.covered(SPAWN, 1, seq);
        while journal.tend() {}
    }
    println!("  put into groups in {:.1?}, appended and synced in {appending:.1?}", begun.elapsed() - appending);
}

/// How long a start reads a long tail.
fn tail() {
    println!("\ntail of 1,000,000 turns of 64 bytes");
    for turns in [10, 100] {
        let dir = folder();
        let mut seq = 0;
        {
            let mut journal = journal(&dir);
            while seq < MILLION {
                journal.append(&filled(&mut seq, turns, 64)).expect("the disk takes it");
            }
        }
        let begun = Instant::now();
        let opened = Journal::open(dir.path(), Arc::new(RealIo), JournalOptions::default());
        let (_journal, tail) = opened.expect("it opens");
        let open = begun.elapsed();
        let mut count = 0u64;
        tail.each(|turn| count += u64::from(turn.bytes.len() == 64)).expect("it can be read");
        assert_eq!(count, MILLION);
        println!("  in groups of {turns}: opened in {open:.1?}, all read after {:.1?}", begun.elapsed());
    }
}

fn record(number: u64, salt: u64) -> (Vec<u8>, Option<Vec<u8>>) {
    (number.to_be_bytes().to_vec(), Some(vec![(number + salt) as u8; 200]))
}

/// Cuts of a world with a million records.
fn cuts() {
    println!("\ncuts of 1,000,000 records of 200 bytes");
    let dir = folder();
    let mut state = State::open(dir.path()).expect("a new state");
    let changes = (0..MILLION).map(|number| record(number, 0)).collect();
    let begun = Instant::now();
    let cut = Cut { spawn: SPAWN, incarnation: 1, seq: 1, full: true, changes, ..Cut::default() };
    state.commit(&cut).expect("it is stored");
    println!("  a full cut: {:.1?}", begun.elapsed());
    drop(cut);
    for _ in 0..3 {
        let begun = Instant::now();
        let mut count = 0;
        state.read(SPAWN, |_, _| count += 1).expect("it is sound");
        println!("  read and proven in {:.2?}", begun.elapsed());
        assert_eq!(count, MILLION);
    }
    state.saved(SPAWN, 1).expect("it is stored");
    let mut times = Vec::new();
    for seq in 2..30u64 {
        let changes = (0..4000).map(|nth| record((nth * 7919 + seq * 104_729) % MILLION, seq)).collect();
        let cut = Cut { spawn: SPAWN, incarnation: 1, seq, changes, ..Cut::default() };
        let begun = Instant::now();
        state.commit(&cut).expect("it is stored");
        times.push(begun.elapsed());
    }
    show("4,000 changed records", times);
    println!("  {} MiB on disk", state.size_on_disk().expect("it has a size") >> 20);
}

/// A group each 2 ms, in which 8 of 20,000 entities changed: durable in sled each time, or in the tail file while
/// another thread brings cuts into sled.
fn beside() {
    const GROUPS: u64 = 5_000;
    const EVERY: Duration = Duration::from_millis(2);
    const CHANGED: u64 = 8;
    const ENTITIES: u64 = 20_000;
    println!("\nbeside each other: {GROUPS} groups, one each 2 ms, with 8 changed entities each; from due to durable");
    let changed = |seq: u64| (0..CHANGED).map(move |nth| record((seq * 7919 + nth * 1543) % ENTITIES, seq));
    let paced = |mut make_durable: Box<dyn FnMut(u64) + '_>| {
        let begun = Instant::now();
        let mut times = Vec::new();
        for seq in 1..=GROUPS {
            let due = begun + EVERY * seq as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            make_durable(seq);
            times.push(due.elapsed());
        }
        times
    };
    let dir = folder();
    let mut state = State::open(dir.path()).expect("a new state");
    let times = paced(Box::new(|seq| {
        let cut = Cut { spawn: SPAWN, incarnation: 1, seq, changes: changed(seq).collect(), ..Cut::default() };
        state.commit(&cut).expect("it is stored");
    }));
    show("all of it in sled", times);
    let (dir, state_dir) = (folder(), folder());
    let mut journal = journal(&dir);
    let done = Arc::new(AtomicBool::new(false));
    let cutting = {
        let done = done.clone();
        let mut state = State::open(state_dir.path()).expect("a new state");
        // A second's changes each, as a thread of its own stores them.
        std::thread::spawn(move || {
            let mut seq = 0;
            while !done.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_secs(1));
                let changes = (seq..seq + 500).flat_map(changed).collect();
                seq += 500;
                let cut = Cut { spawn: SPAWN, incarnation: 1, seq, changes, ..Cut::default() };
                state.commit(&cut).expect("it is stored");
            }
        })
    };
    let (mut turns, mut group) = (0, Group::new());
    let times = paced(Box::new(|seq| {
        group.clear();
        for _ in 0..CHANGED {
            turns += 1;
            group.push(SPAWN, 1, turns, &[0x5A; 60]).expect("a small group");
        }
        journal.append(&group).expect("the disk takes it");
        journal.covered(SPAWN, 1, turns.saturating_sub(10_000));
        journal.tend();
        std::hint::black_box(seq);
    }));
    done.store(true, Ordering::Release);
    cutting.join().expect("the cuts are stored");
    show("the tail in a file, cuts in sled by another thread", times);
}
