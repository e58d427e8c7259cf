//! The folder of history: it stays within its bound, everything in it can be replayed from an image, a crash loses
//! nothing of it, and damage is named.

use std::path::Path;

use super::*;
use crate::store::io::crash::{Chance, Loss};
use crate::store::io::memory::{Faults, MemoryIo};
use crate::store::journal::{Group, Journal, JournalOptions};

const DIR: &str = "/nexus/history";
const JOURNAL: &str = "/nexus/journal";
const SEGMENT_BYTES: u64 = 16 * 1024;
const WORLDS: [i64; 3] = [1000, 1001, 1002];

/// Two worlds and more at play, with a journal and a history.
struct Bench {
    io: MemoryIo,
    journal: Journal,
    history: History,
    chance: Chance,
    /// By world, the last turn.
    seqs: BTreeMap<i64, u64>,
}

fn open_journal(io: &MemoryIo) -> Journal {
    let options = JournalOptions { segment_bytes: SEGMENT_BYTES, total_bytes: 8 * SEGMENT_BYTES, lends: true };
    Journal::open(Path::new(JOURNAL), Arc::new(io.clone()), options).unwrap().0
}

fn open_history(io: &MemoryIo, bytes_max: u64) -> History {
    History::open(Path::new(DIR), Arc::new(io.clone()), [0; 16], bytes_max).unwrap()
}

/// A world of some records that no compressor makes small.
fn loaded(chance: &mut Chance, incarnation: u64, seq: u64, records: usize) -> Loaded {
    let noise = |chance: &mut Chance| (0..8).flat_map(|_| chance.draw().to_le_bytes()).collect::<Vec<u8>>();
    let records: Vec<_> = (0..records).map(|n| (vec![b'I', n as u8], noise(chance))).collect();
    let digest =
        records.iter().fold(0u128, |sum, (key, value)| sum.wrapping_add(crate::store::state::share(key, value)));
    let count = records.len() as u64;
    Loaded { meta: format!("seq {seq}").into_bytes(), incarnation, seq, records, count, digest }
}

fn about(spawn: i64, seq: u64, set: &str) -> About {
    let (name, engine, templates) = ("Mill".to_owned(), "0.1.0".to_owned(), set.to_owned());
    About { spawn, name, now: seq * 10, written: seq * 1000, engine, templates }
}

impl Bench {
    fn new(bytes_max: u64) -> Self {
        let io = MemoryIo::new();
        let journal = open_journal(&io);
        let mut history = open_history(&io, bytes_max);
        history.journal = journal.id();
        Self { io, journal, history, chance: Chance(5), seqs: BTreeMap::new() }
    }

    /// Turns of two worlds, none of which compresses, with cuts right behind; history gets what it is lent.
    fn play(&mut self, turns: usize) {
        for _ in 0..turns {
            self.turn();
            self.keep();
        }
    }

    fn turn(&mut self) {
        let spawn = WORLDS[self.chance.below(2)];
        let seq = self.seqs.entry(spawn).or_default();
        *seq += 1;
        let bytes: Vec<u8> = (0..64).flat_map(|_| self.chance.draw().to_le_bytes()).collect();
        let mut group = Group::new();
        group.push(spawn, 1, *seq, &bytes).unwrap();
        self.journal.append(&group).unwrap();
        self.journal.covered(spawn, 1, *seq);
    }

    fn keep(&mut self) {
        for lent in self.journal.take_lent() {
            if lent.last > self.history.kept_to() {
                self.history.keep_segment(&lent, |_| None).unwrap();
            }
            self.journal.give_back(lent.number);
        }
    }

    fn image(&mut self, spawn: i64, records: usize, set: &str) -> ImageHead {
        let seq = self.seqs.get(&spawn).copied().unwrap_or(0);
        let loaded = loaded(&mut self.chance, 1, seq, records);
        self.history.keep_image(about(spawn, seq, set), &loaded).unwrap()
    }
}

/// What must hold of a folder whenever it was trimmed: every segment holds turns behind an image of their world, and
/// no set is kept or missing without reason.
fn hold(io: &MemoryIo) -> Survey {
    let survey = survey(io, Path::new(DIR)).unwrap();
    assert!(survey.damaged.is_empty(), "{:?}", survey.damaged);
    for (path, segment) in &survey.segments {
        let behind = |image: &ImageHead| {
            segment.worlds.iter().any(|range| is_behind(range, image.about.spawn, image.incarnation, image.seq))
        };
        assert!(survey.images.iter().any(|(_, image)| behind(image)), "{} has no image before it", path.display());
    }
    for (path, image) in &survey.images {
        assert!(survey.sets.contains(&image.about.templates), "{} has no templates", path.display());
    }
    survey
}

#[test]
fn an_image_comes_back_as_it_was_and_every_changed_byte_is_found() {
    let mut bench = Bench::new(1 << 30);
    let before = loaded(&mut Chance(9), 3, 70, 20);
    let head = bench.history.keep_image(about(1000, 70, "aa"), &before).unwrap();
    let path = survey(&bench.io, Path::new(DIR)).unwrap().images[0].0.clone();
    let (read, after) = read_image(&bench.io, &path).unwrap();
    assert_eq!((&read, &after.meta, &after.records), (&head, &before.meta, &before.records));
    let size = bench.io.open(&path).unwrap().size().unwrap() as usize;
    let mut found = 0;
    for at in 0..size {
        let copy = bench.io.crash(bench.io.operations(), Loss::Nothing);
        copy.corrupt(&path, |bytes| bytes[at] ^= 8);
        match read_image(&copy, &path) {
            Ok((_, same)) => assert_eq!(same.records, before.records, "byte {at}"),
            Err(error) => {
                assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
                found += 1;
            }
        }
    }
    assert!(found > size - 10, "{found} of {size}");
}

#[test]
fn the_bound_holds_and_what_is_kept_can_be_replayed() {
    let bound = 8 * SEGMENT_BYTES;
    let mut bench = Bench::new(bound);
    let sets = BTreeSet::from(["used".to_owned()]);
    let mut most = 0;
    for round in 0..40 {
        for spawn in WORLDS {
            let set = format!("set{}", round / 7);
            if !bench.history.has_set(&set) {
                bench.history.keep_set(&set, &[7; 300]).unwrap();
            }
            if round % 3 == spawn % 3 {
                bench.image(spawn, 10 + bench.chance.0 as usize % 20, &set);
            }
        }
        bench.play(20 + round as usize);
        bench.history.trim(&sets);
        let survey = hold(&bench.io);
        assert!(survey.bytes <= bound, "{} bytes in round {round}", survey.bytes);
        assert_eq!(survey.bytes, bench.history.bytes());
        most = most.max(survey.bytes);
    }
    assert!(most > bound / 2, "it does keep something: {most}");
    let survey = hold(&bench.io);
    assert!(survey.segments.len() >= 2 && survey.images.len() >= 2 && survey.sets.len() < 5, "{survey:?}");
    // A start finds the same, and goes on.
    let again = open_history(&bench.io, bound);
    assert_eq!(again.next_image, bench.history.next_image);
}

#[test]
fn a_smaller_bound_takes_hold_at_the_next_start() {
    let mut bench = Bench::new(1 << 30);
    for _ in 0..6 {
        bench.image(1000, 5, "aa");
        bench.play(60);
    }
    bench.history.keep_set("aa", b"templates").unwrap();
    bench.history.trim(&BTreeSet::new());
    let before = hold(&bench.io);
    let id = bench.journal.id();
    let mut again = History::open(Path::new(DIR), Arc::new(bench.io.clone()), id, before.bytes / 2).unwrap();
    again.trim(&BTreeSet::new());
    let after = hold(&bench.io);
    assert!(after.bytes <= before.bytes / 2 && !after.segments.is_empty(), "{} of {}", after.bytes, before.bytes);
    assert_eq!(after.images.last(), before.images.last());
}

#[test]
fn an_image_that_leaves_no_room_for_turns_is_refused() {
    let mut bench = Bench::new(8 * 1024);
    let large = loaded(&mut Chance(1), 1, 1, 60);
    let refused = bench.history.keep_image(about(1000, 1, "aa"), &large);
    assert!(matches!(refused, Err(HistoryError::ImageTooLarge { bytes, max: 8192 }) if bytes > 2048));
    assert!(survey(&bench.io, Path::new(DIR)).unwrap().images.is_empty());
}

#[test]
fn what_belongs_to_another_journal_or_is_damaged_goes_first() {
    let mut bench = Bench::new(1 << 30);
    bench.image(1000, 5, "aa");
    bench.play(200);
    let survey_before = survey(&bench.io, Path::new(DIR)).unwrap();
    bench.io.corrupt(&survey_before.segments[1].0, |bytes| bytes[20] ^= 1);
    let mut other = open_history(&bench.io, survey_before.bytes);
    assert_eq!(other.kept_to(), 0);
    other.keep_image(about(1001, 1, "bb"), &loaded(&mut Chance(2), 1, 1, 5)).unwrap();
    other.trim(&BTreeSet::new());
    let left = survey(&bench.io, Path::new(DIR)).unwrap();
    assert!(left.images.iter().any(|(_, head)| head.about.spawn == 1001));
    assert!(left.bytes <= survey_before.bytes && left.segments.len() < survey_before.segments.len());
}

#[test]
fn a_crash_at_any_moment_leaves_a_history_that_opens_and_holds() {
    let mut bench = Bench::new(6 * SEGMENT_BYTES);
    bench.history.keep_set("aa", b"templates").unwrap();
    let from = bench.io.operations();
    for _ in 0..5 {
        bench.image(1000, 5, "aa");
        bench.play(40);
        bench.history.trim(&BTreeSet::from(["aa".to_owned()]));
    }
    let id = bench.journal.id();
    let step = (bench.io.operations() - from) / 400 + 1;
    for operations in (from..=bench.io.operations()).step_by(step) {
        for loss in [Loss::Nothing, Loss::Unsynced, Loss::Torn(operations as u64)] {
            let after = bench.io.crash(operations, loss);
            let mut history = History::open(Path::new(DIR), Arc::new(after.clone()), id, 6 * SEGMENT_BYTES).unwrap();
            history.trim(&BTreeSet::from(["aa".to_owned()]));
            let survey = hold(&after);
            assert_eq!(check(&after, Path::new(DIR), &survey), Vec::<String>::new(), "{operations} {loss:?}");
            assert!(survey.bytes <= 6 * SEGMENT_BYTES);
        }
    }
}

#[test]
fn errors_of_the_disk_cost_history_only() {
    let mut bench = Bench::new(1 << 30);
    bench.image(1000, 5, "aa");
    for fail_at in 1..12 {
        bench.io.set_faults(Faults { fail_at, fail_count: 1, ..Faults::default() });
        let large = loaded(&mut Chance(fail_at), 1, fail_at, 40);
        let kept = bench.history.keep_image(about(1000, fail_at, "aa"), &large);
        bench.io.set_faults(Faults::default());
        let survey = survey(&bench.io, Path::new(DIR)).unwrap();
        assert!(check(&bench.io, Path::new(DIR), &survey).is_empty());
        let last = survey.images.last().unwrap().1.seq;
        // After a failed sync of the folder its name may be there or not.
        assert!(kept.is_err() || last == fail_at);
    }
}

#[test]
fn sets_are_kept_as_long_as_something_names_them() {
    let mut bench = Bench::new(1 << 30);
    for set in ["a1", "b2", "c3", "d4"] {
        bench.history.keep_set(set, set.as_bytes()).unwrap();
    }
    assert!(matches!(bench.history.keep_set("../x", b""), Err(HistoryError::Name(_))));
    bench.image(1000, 3, "a1");
    // A turn in the segment switches to b2.
    loop {
        bench.turn();
        let Some(lent) = bench.journal.take_lent().pop() else { continue };
        bench.history.keep_segment(&lent, |turn| (turn.seq == 3).then(|| "b2".to_owned())).unwrap();
        bench.journal.give_back(lent.number);
        break;
    }
    bench.history.trim(&BTreeSet::from(["c3".to_owned()]));
    assert_eq!(survey(&bench.io, Path::new(DIR)).unwrap().sets, ["a1", "b2", "c3"]);
    assert_eq!(read_set(&bench.io, Path::new(DIR), "b2").unwrap().unwrap(), b"b2");
    assert_eq!(read_set(&bench.io, Path::new(DIR), "d4").unwrap(), None);
    bench.io.corrupt(&Path::new(DIR).join("b2.set"), |bytes| *bytes.last_mut().unwrap() ^= 1);
    let error = read_set(&bench.io, Path::new(DIR), "b2").unwrap_err().to_string();
    assert!(error.starts_with("/nexus/history/b2.set is damaged"), "{error}");
}

#[test]
fn marks_survive_starts_and_torn_ends_and_go_with_the_images() {
    let mut bench = Bench::new(1 << 30);
    let mark = |seq: u64| Mark { spawn: 1000, incarnation: 1, seq, check: u128::from(seq) << 70, written: seq * 1000 };
    for seq in 1..=5 {
        bench.history.mark(&mark(seq)).unwrap();
    }
    let file = Path::new(DIR).join("0000000001.marks");
    bench.io.corrupt(&file, |bytes| bytes.truncate(4 * 52 + 20));
    let mut again = open_history(&bench.io, 1 << 30);
    again.mark(&mark(6)).unwrap();
    let read = survey(&bench.io, Path::new(DIR)).unwrap().marks;
    assert_eq!(read, [1, 2, 3, 4, 6].map(mark));
    // The oldest image is of later than the first file.
    again.keep_image(about(1000, 5, "aa"), &loaded(&mut Chance(1), 1, 5, 2)).unwrap();
    again.trim(&BTreeSet::new());
    assert_eq!(survey(&bench.io, Path::new(DIR)).unwrap().marks, [mark(6)]);
}
