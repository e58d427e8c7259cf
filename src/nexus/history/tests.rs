//! The node beside a real keeper and a real journal: when it makes images, what it keeps, and what gaps do.

use std::time::{Duration, Instant};

use super::*;
use crate::nexus::journal::Stored;
use crate::nexus::keeper::{Keeper, StoredCut};
use crate::nexus::mirror::MirrorFeed;
use crate::nexus::pulsar::tests::rig;
use crate::nexus::pulsar::world::World;
use crate::store::history::{Survey, survey};
use crate::store::io::crash::Chance;
use crate::store::journal::{Group, JournalOptions, WorldRange};
use crate::world::set;

const PATIENCE: Duration = Duration::from_secs(60);
const SEGMENT_BYTES: u64 = 32 * 1024;
const MIB: u64 = 1024 * 1024;

/// A journal, and the threads of keeper and history.
struct Bench {
    dir: tempfile::TempDir,
    journal: Journal,
    jobs: Receiver<JournalJob>,
    stored: Stored,
    keeper: Sender<KeeperJob>,
    feed: HistoryFeed,
    threads: Vec<std::thread::JoinHandle<()>>,
    worlds: BTreeMap<WorldId, World>,
    chance: Chance,
    /// Segments that are lent to history at this moment.
    out: usize,
}

impl Bench {
    fn new(bytes_max: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::open(dir, BTreeMap::new(), bytes_max)
    }

    fn open(dir: tempfile::TempDir, worlds: BTreeMap<WorldId, World>, bytes_max: u64) -> Self {
        let options = JournalOptions { segment_bytes: SEGMENT_BYTES, total_bytes: 8 * SEGMENT_BYTES, lends: true };
        let (mut journal, _) = Journal::open(&dir.path().join("journal"), Arc::new(RealIo), options).unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        for spawn in journal.holders() {
            let (incarnation, seq) = state.cut_of(spawn).unwrap().unwrap();
            journal.covered(spawn, incarnation, seq);
        }
        let (keeper, keeper_jobs) = crossbeam_channel::bounded(64);
        let (journal_jobs, jobs) = crossbeam_channel::bounded(4096);
        let lines = (keeper.clone(), journal_jobs.clone());
        let (node, feed) = HistoryNode::open(dir.path(), bytes_max, 256, &journal, &state, lines).unwrap();
        let mirror = MirrorFeed::none();
        let history = feed.clone();
        let stored = Stored::default();
        let keeper_node =
            Keeper { state, jobs: keeper_jobs, journal: journal_jobs, stored: stored.clone(), mirror, history };
        let threads =
            vec![std::thread::spawn(move || keeper_node.run()), std::thread::spawn(move || node.unwrap().run())];
        Self { dir, journal, jobs, stored, keeper, feed, threads, worlds, chance: Chance(1), out: 0 }
    }

    /// Ends the threads, and opens everything again.
    fn again(self, bytes_max: u64, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { dir, journal, jobs, keeper, feed, threads, worlds, .. } = self;
        keeper.send(KeeperJob::End).unwrap();
        drop((feed, keeper));
        for thread in threads {
            thread.join().unwrap();
        }
        drop((journal, jobs));
        meanwhile(&dir.path().join("history"));
        Self::open(dir, worlds, bytes_max)
    }

    /// A world that begins, with its template set on the disk.
    fn begin(&mut self, spawn: WorldId, incarnation: u64) {
        let bytes = rig::templates().encode().unwrap();
        let hash = set::hash(&bytes);
        let (done, stored) = tokio::sync::oneshot::channel();
        self.keeper.send(KeeperJob::PutBlob { hash: unhex(&hash).unwrap(), bytes, done }).unwrap();
        stored.blocking_recv().unwrap().unwrap();
        let mut world = rig::world();
        world.meta.spawn = spawn;
        world.meta.incarnation = incarnation;
        world.meta.templates = hash;
        self.worlds.insert(spawn, world);
        self.cut(spawn, true);
    }

    fn cut(&mut self, spawn: WorldId, full: bool) {
        let world = self.worlds.get_mut(&spawn).unwrap();
        let head = world.begin_cut(full);
        while !world.drain_cut(usize::MAX) {}
        let (done, stored) = tokio::sync::oneshot::channel();
        let cut = StoredCut {
            spawn,
            epoch: 1,
            incarnation: head.incarnation,
            seq: head.seq,
            meta: head.meta,
            changes: world.take_cut(),
            full,
            rules: vec![],
            done: vec![done],
        };
        self.keeper.send(KeeperJob::Commit(cut)).unwrap();
        stored.blocking_recv().unwrap().unwrap();
    }

    /// Turns of a world that no compressor makes small; what they would do to it is not the point here.
    fn play(&mut self, spawn: WorldId, turns: usize) {
        for _ in 0..turns {
            let world = self.worlds.get_mut(&spawn).unwrap();
            world.meta.seq += 1;
            let bytes: Vec<u8> = (0..100).flat_map(|_| self.chance.draw().to_le_bytes()).collect();
            let mut group = Group::new();
            group.push(spawn, world.meta.incarnation, world.meta.seq, &bytes).unwrap();
            self.journal.append(&group).unwrap();
            if world.meta.seq.is_multiple_of(8) {
                self.cut(spawn, false);
            }
            self.lend();
            // History that does not keep up loses turns, which is counted; how fast this machine is is not the point.
            let begun = Instant::now();
            while self.out > 0 {
                assert!(begun.elapsed() < PATIENCE, "history gives no segment back");
                std::thread::yield_now();
                self.lend();
            }
        }
    }

    /// The journal node's part.
    fn lend(&mut self) {
        for lent in self.journal.take_lent() {
            assert!(self.feed.lent(lent));
            self.out += 1;
        }
        self.stored.tell(&mut self.journal);
        while let Ok(job) = self.jobs.try_recv() {
            match job {
                JournalJob::Stored => {}
                JournalJob::Kept { number } => {
                    self.journal.give_back(number);
                    self.out -= 1;
                }
                _ => panic!("not a job of these"),
            }
        }
    }

    fn survey(&self) -> Survey {
        survey(&RealIo, &self.dir.path().join("history")).unwrap()
    }

    /// Incarnation and sequence of a world's images.
    fn images(&self, spawn: WorldId) -> Vec<(u64, u64)> {
        let survey = self.survey();
        let heads = survey.images.iter().map(|(_, head)| head).filter(|head| head.about.spawn == spawn);
        heads.map(|head| (head.incarnation, head.seq)).collect()
    }

    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < end, "never: {what}; {:?}", self.survey());
            self.lend();
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until everything that was told so far is dealt with: another world gets its first image in turn.
    fn settle(&mut self, spawn: WorldId) {
        self.begin(spawn, 1);
        self.until("another world has an image", |bench| !bench.images(spawn).is_empty());
    }
}

#[test]
fn worlds_get_images_at_their_first_cut_in_a_new_incarnation_and_after_a_gap() {
    let mut bench = Bench::new(64 * MIB);
    bench.begin(1001, 5);
    bench.until("a first image", |bench| bench.images(1001) == [(5, 0)]);
    assert_eq!(bench.survey().sets, [bench.worlds[&1001].meta.templates.clone()]);
    bench.worlds.get_mut(&1001).unwrap().meta.seq = 10;
    bench.cut(1001, false);
    bench.settle(2001);
    assert_eq!(bench.images(1001), [(5, 0)], "one is enough");

    bench.begin(1001, 6);
    bench.until("an image of the new incarnation", |bench| bench.images(1001) == [(5, 0), (6, 0)]);
    bench.feed.unkept(1);
    bench.worlds.get_mut(&1001).unwrap().meta.seq = 20;
    bench.cut(1001, false);
    bench.until("an image after the gap", |bench| bench.images(1001) == [(5, 0), (6, 0), (6, 20)]);
    // Each world's first cut is marked, and then not more often than so.
    let marks = bench.survey().marks;
    assert_eq!(
        marks.iter().map(|mark| (mark.spawn, mark.incarnation, mark.seq)).collect::<Vec<_>>(),
        [(1001, 5, 0), (2001, 1, 0)]
    );
    // The last cut of a stop is marked, and what a start finds.
    bench.worlds.get_mut(&1001).unwrap().meta.seq = 30;
    bench.cut(1001, false);
    bench.again(64 * MIB, |history| {
        let marks = survey(&RealIo, history).unwrap().marks;
        assert!(marks.iter().any(|mark| (mark.spawn, mark.seq) == (1001, 30)), "{marks:?}");
    });
}

#[test]
fn images_come_as_history_grows_and_the_bound_holds() {
    // Images are due each 64 KiB of segments.
    let bound = MIB;
    let mut bench = Bench::new(bound);
    bench.begin(1001, 1);
    bench.begin(1002, 1);
    bench.until("first images", |bench| !bench.images(1001).is_empty() && !bench.images(1002).is_empty());
    for round in 0..24 {
        bench.play(1001, 64);
        if round % 2 == 0 {
            bench.play(1002, 8);
        }
        let frames = (round + 1) * 64;
        bench.until("segments are kept", |bench| {
            bench.survey().segments.last().is_some_and(|(_, head)| head.last + 100 > frames)
        });
    }
    let images = bench.images(1001);
    assert!(images.len() > 4, "{images:?}");
    assert!(images[0].1 > 0, "the first ones are trimmed away");
    let survey = bench.survey();
    assert!(survey.bytes <= bound + 64 * 1024, "{} bytes, and what is being written", survey.bytes);
    assert!(survey.bytes > bound / 2, "{} bytes", survey.bytes);
    // Each image is followed by all turns up to the next, the last of which may still be in the journal alone. What is
    // being written and trimmed at this moment is looked at again.
    assert_eq!(bench.journal.unkept(), 0, "history kept up");
    bench.until("all turns between the images", |bench| {
        let (images, survey) = (bench.images(1001), bench.survey());
        let ranges = survey.segments.iter().flat_map(|(_, head)| &head.worlds).filter(|range| range.spawn == 1001);
        let last = ranges.clone().map(|range| range.last).max().unwrap();
        images.windows(2).all(|pair| {
            let reach = |to, range: &WorldRange| if range.first <= to + 1 { range.last.max(to) } else { to };
            ranges.clone().fold(pair[0].1, reach) >= pair[1].1.min(last)
        })
    });
}

#[test]
fn a_start_makes_images_only_where_the_last_one_does_not_lead_up_to_it() {
    let mut bench = Bench::new(64 * MIB);
    bench.begin(1001, 1);
    bench.until("a first image", |bench| bench.images(1001) == [(1, 0)]);
    bench.play(1001, 128);
    bench.until("segments are kept", |bench| bench.survey().segments.len() >= 2);
    bench.cut(1001, false);

    let mut bench = bench.again(64 * MIB, |_| {});
    bench.settle(2001);
    assert_eq!(bench.images(1001), [(1, 0)]);
    // A segment is gone.
    let mut bench = bench.again(64 * MIB, |history| {
        let survey = survey(&RealIo, history).unwrap();
        std::fs::remove_file(&survey.segments[0].0).unwrap();
    });
    bench.until("an image behind the gap", |bench| bench.images(1001).contains(&(1, 128)));
    // Another engine ran it last.
    let mut bench = bench.again(64 * MIB, |history| {
        let survey = survey(&RealIo, history).unwrap();
        let (path, mut head) = survey.images.into_iter().rfind(|(_, head)| head.about.spawn == 1001).unwrap();
        let (_, loaded) = crate::store::history::read_image(&RealIo, &path).unwrap();
        head.about.engine = "0.0.9".into();
        let mut history = History::open(history, Arc::new(RealIo), head.journal, 64 * MIB).unwrap();
        history.keep_image(head.about, &loaded).unwrap();
    });
    let of_now =
        |bench: &Bench| bench.survey().images.into_iter().rfind(|(_, head)| head.about.spawn == 1001).unwrap().1;
    bench.until("an image for this engine", |bench| of_now(bench).about.engine == ENGINE);
    bench.settle(2002);
    assert_eq!(of_now(&bench).seq, 128);
}

#[test]
fn without_a_reader_segments_go_back_at_once() {
    let feed = HistoryFeed::none();
    let lent = Lent { number: 1, path: "/nowhere".into(), bytes: 1, last: 1 };
    assert!(!feed.lent(lent.clone()));
    let (feed, line) = HistoryFeed::new(3);
    for _ in 0..3 {
        assert!(feed.lent(lent.clone()));
    }
    assert!(!feed.lent(lent), "the line is full: it is bounded");
    assert_eq!(line.gaps.load(Ordering::Acquire), 1);
}
