//! The History node: keeps what was before, on a thread of its own. It copies the segments that the journal has lent
//! out, and now and then writes a world's last cut as an image, from which a replay can begin. Nobody waits for it:
//! what it does not manage is missing from history, and then worlds get new images.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use crate::store::history::{About, History, HistoryError, ImageHead, Mark};
use crate::store::io::RealIo;
use crate::store::journal::{Journal, Lent, Past, Turn};
use crate::store::quarantine;
use crate::store::state::{State, StateError};
use crate::world::template::WorldId;

use super::journal::JournalJob;
use super::keeper::KeeperJob;
use super::meters::{HISTORY_BYTES, HISTORY_KEEP, HISTORY_LOST};
use super::pulsar::image;
use super::pulsar::instruction::{Applied, Instruction, What};
use super::worlds::{ENGINE, unhex};

/// Kept segments after which a world gets a new image at the latest, so that a replay does not take long.
const IMAGE_EVERY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The same as a part of the bound: history holds at least so many stretches.
const IMAGE_EVERY_PART: u64 = 16;
/// Segments between two images of all worlds are at least so many times the images.
const SEGMENTS_PER_IMAGES: u64 = 4;
/// A world's cuts are marked at the most so often.
const MARK_EVERY: Duration = Duration::from_secs(60);
/// Between two tries to write an image on a disk that fails.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// How far behind the threads of play this one stands in line for a core.
const NICE: i32 = 10;

/// What the node does, in order.
#[derive(Debug)]
enum HistoryJob {
    Lent(Lent),
    Cut(CutNote),
    /// A template set became durable here.
    Set(String),
    Gone(WorldId),
}

/// A cut that is stored.
#[derive(Clone, Debug)]
pub struct CutNote {
    pub spawn: WorldId,
    pub incarnation: u64,
    pub seq: u64,
    pub check: u128,
    /// The world's header.
    pub meta: Vec<u8>,
}

impl CutNote {
    fn mark(&self) -> Mark {
        let Self { spawn, incarnation, seq, check, .. } = *self;
        Mark { spawn, incarnation, seq, check, written: quarantine::now() }
    }
}

/// The end of the line that journal and keeper have.
#[derive(Clone)]
pub struct HistoryFeed {
    line: Option<Sender<HistoryJob>>,
    gaps: Arc<AtomicU64>,
    is_ending: Arc<AtomicBool>,
}

/// The node's end.
struct HistoryLine {
    jobs: Receiver<HistoryJob>,
    gaps: Arc<AtomicU64>,
    is_ending: Arc<AtomicBool>,
}

impl HistoryFeed {
    /// A feed that nobody reads: no history is kept.
    pub fn none() -> Self {
        Self { line: None, gaps: Arc::default(), is_ending: Arc::default() }
    }

    /// For so many jobs that wait: cuts beyond it are not noted, segments beyond it go back to play.
    fn new(most: usize) -> (Self, HistoryLine) {
        let (line, jobs) = crossbeam_channel::bounded(most);
        let feed = Self { line: Some(line), gaps: Arc::default(), is_ending: Arc::default() };
        let end = HistoryLine { jobs, gaps: feed.gaps.clone(), is_ending: feed.is_ending.clone() };
        (feed, end)
    }

    /// A segment to be copied. False if it is not: then it is missing there, and may be used again.
    pub fn lent(&self, lent: Lent) -> bool {
        let taken = self.put(HistoryJob::Lent(lent));
        if !taken {
            self.gaps.fetch_add(1, Ordering::Release);
        }
        taken
    }

    /// Segments that the journal took back, or did not lend, because play needed them.
    pub fn unkept(&self, segments: u64) {
        if segments > 0 {
            HISTORY_LOST.counter().increment(segments);
            self.gaps.fetch_add(segments, Ordering::Release);
        }
    }

    pub fn cut(&self, note: CutNote) {
        self.put(HistoryJob::Cut(note));
    }

    pub fn set(&self, hash: &[u8; 32]) {
        self.put(HistoryJob::Set(hash.iter().map(|byte| format!("{byte:02x}")).collect()));
    }

    pub fn gone(&self, spawn: WorldId) {
        self.put(HistoryJob::Gone(spawn));
    }

    /// The nexus stops: what waits and takes long is left for the next start.
    pub fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
    }

    fn put(&self, job: HistoryJob) -> bool {
        self.line.as_ref().is_some_and(|line| line.try_send(job).is_ok())
    }
}

/// See the module.
pub struct HistoryNode {
    history: History,
    line: HistoryLine,
    keeper: Sender<KeeperJob>,
    journal: Sender<JournalJob>,
    journal_dir: PathBuf,
    history_dir: PathBuf,
    /// The worlds as they were on the disk at the start.
    worlds: Vec<CutNote>,
}

struct Running {
    history: History,
    line: HistoryLine,
    keeper: Sender<KeeperJob>,
    journal: Sender<JournalJob>,
    worlds: BTreeMap<WorldId, Known>,
    /// Sets that turns in the journal's own segments may name.
    sets: BTreeSet<String>,
    /// Bytes of segments kept so far.
    kept: u64,
    gaps: u64,
}

/// A world that runs here.
#[derive(Default)]
struct Known {
    incarnation: u64,
    templates: String,
    /// It has no image that a replay could go on from until now.
    wants_image: bool,
    /// Bytes kept when it got its last image, or could not get one.
    kept_then: u64,
    not_before: Option<Instant>,
    marked: Option<Instant>,
    /// A cut after the last marked one.
    unmarked: Option<Mark>,
}

impl Known {
    /// One that nothing is kept of.
    fn fresh() -> Self {
        Self { wants_image: true, ..Self::default() }
    }
}

impl HistoryNode {
    /// Opens the folder of history below the nexus's own. One that cannot be used keeps nobody from playing.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(
        dir: &Path,
        bytes_max: u64,
        queue: usize,
        journal: &Journal,
        state: &State,
        (keeper, journal_jobs): (Sender<KeeperJob>, Sender<JournalJob>),
    ) -> Result<(Option<Self>, HistoryFeed), StateError> {
        let history_dir = dir.join("history");
        let history = match History::open(&history_dir, Arc::new(RealIo), journal.id(), bytes_max) {
            Ok(history) => history,
            Err(error) => {
                tracing::error!(%error, "no history is kept");
                return Ok((None, HistoryFeed::none()));
            }
        };
        let mut worlds = Vec::new();
        for spawn in state.spawns()? {
            if let (Some((incarnation, seq, check)), Some(meta)) = (state.mark(spawn)?, state.meta(spawn)?) {
                worlds.push(CutNote { spawn, incarnation, seq, check, meta });
            }
        }
        let (feed, line) = HistoryFeed::new(queue);
        let journal_dir = dir.join("journal");
        let node = Self { history, line, keeper, journal: journal_jobs, journal_dir, history_dir, worlds };
        Ok((Some(node), feed))
    }

    /// Runs until journal and keeper have ended.
    pub fn run(self) {
        // A refusal costs nothing but the good manners.
        let _ = rustix::process::setpriority_process(None, NICE);
        let Self { history, line, keeper, journal, journal_dir, history_dir, worlds } = self;
        let kept = history.bytes();
        let mut running =
            Running { history, line, keeper, journal, worlds: BTreeMap::new(), sets: BTreeSet::new(), kept, gaps: 0 };
        let journal = running.look_at_journal(&journal_dir, &history_dir);
        for note in worlds {
            running.begin(&note, &journal);
            running.mark(&note.mark());
            running.cut(&note);
        }
        running.trim();
        running.run();
    }
}

/// First and last turn of a world and incarnation in the journal's own segments, without a gap between them.
type Held = BTreeMap<(WorldId, u64), (u64, u64)>;

impl Running {
    fn run(&mut self) {
        while let Ok(job) = self.line.jobs.recv() {
            self.heed_gaps();
            match job {
                // What takes long is left for the next start; the last cuts are not.
                HistoryJob::Cut(note) if self.line.is_ending.load(Ordering::Acquire) => self.mark_now_and_then(&note),
                _ if self.line.is_ending.load(Ordering::Acquire) => {}
                HistoryJob::Lent(lent) => self.lent(&lent),
                HistoryJob::Cut(note) => {
                    self.mark_now_and_then(&note);
                    self.cut(&note);
                }
                HistoryJob::Set(hash) => {
                    self.need_set(&hash);
                    self.sets.insert(hash);
                }
                HistoryJob::Gone(spawn) => drop(self.worlds.remove(&spawn)),
            }
            HISTORY_BYTES.gauge().set(self.history.bytes() as f64);
        }
        // The live run as it stopped.
        let last: Vec<Mark> = self.worlds.values_mut().filter_map(|known| known.unmarked.take()).collect();
        last.iter().for_each(|mark| self.mark(mark));
    }

    /// What the journal's own segments hold; and the sets that turns in them name are needed.
    fn look_at_journal(&mut self, journal: &Path, history: &Path) -> Held {
        let mut held = Held::new();
        let mut sets = BTreeSet::new();
        let looked = Past::open(journal, history, &RealIo).and_then(|past| {
            past.each(
                |_| false,
                |seen| {
                    let Turn { spawn, incarnation, seq, .. } = seen.turn;
                    sets.extend(set_named(&seen.turn));
                    let stretch = held.entry((spawn, incarnation)).or_insert((seq, seq));
                    *stretch = if seq <= stretch.1 + 1 { (stretch.0, seq) } else { (seq, seq) };
                    ControlFlow::Continue(())
                },
            )
        });
        if let Err(error) = looked {
            tracing::warn!(%error, "the journal could not be looked at for its history");
        }
        sets.iter().for_each(|set| self.need_set(set));
        self.sets = sets;
        held
    }

    /// A world as it was on the disk at the start: does its last image still lead up to it?
    fn begin(&mut self, note: &CutNote, journal: &Held) {
        let CutNote { spawn, incarnation, seq, .. } = *note;
        let known = match self.history.last_image(spawn) {
            Some((head, _)) if head.about.engine == ENGINE && head.incarnation == incarnation => {
                let to = self.history.unbroken_to(spawn, incarnation, head.seq);
                let on = journal.get(&(spawn, incarnation)).filter(|(first, _)| *first <= to + 1);
                let leads_up = seq <= on.map_or(to, |(_, last)| to.max(*last));
                let since = self.history.bytes_after(spawn, incarnation, head.seq);
                Known { wants_image: !leads_up, kept_then: self.kept - since, ..Known::default() }
            }
            _ => Known::fresh(),
        };
        self.worlds.insert(spawn, Known { incarnation, ..known });
    }

    /// Turns are missing from history: no image leads up to now any more.
    fn heed_gaps(&mut self) {
        let gaps = self.line.gaps.load(Ordering::Acquire);
        if gaps > self.gaps {
            tracing::error!(
                segments = gaps - self.gaps,
                "history has a gap: play needed segments before they were kept"
            );
            self.gaps = gaps;
            self.worlds.values_mut().for_each(|known| known.wants_image = true);
        }
    }

    fn lent(&mut self, lent: &Lent) {
        let begun = Instant::now();
        let mut sets = Vec::new();
        if lent.last > self.history.kept_to() {
            match self.history.keep_segment(lent, set_named) {
                Ok((head, bytes)) => {
                    self.kept += bytes;
                    sets = head.names;
                    HISTORY_KEEP.histogram().record(begun.elapsed());
                }
                Err(error) => {
                    tracing::error!(%error, "a segment of the journal could not be kept: history has a gap");
                    self.worlds.values_mut().for_each(|known| known.wants_image = true);
                }
            }
        }
        let _ = self.journal.send(JournalJob::Kept { number: lent.number });
        sets.iter().for_each(|set| self.need_set(set));
        self.trim();
    }

    fn mark_now_and_then(&mut self, note: &CutNote) {
        let known = self.worlds.entry(note.spawn).or_insert_with(Known::fresh);
        if known.marked.is_some_and(|last| last.elapsed() < MARK_EVERY) {
            known.unmarked = Some(note.mark());
            return;
        }
        known.marked = Some(Instant::now());
        known.unmarked = None;
        self.mark(&note.mark());
    }

    fn mark(&mut self, mark: &Mark) {
        if let Err(error) = self.history.mark(mark) {
            tracing::warn!(spawn = mark.spawn, %error, "a cut was not marked in history");
        }
    }

    fn cut(&mut self, note: &CutNote) {
        let CutNote { spawn, incarnation, .. } = *note;
        let Ok(meta) = image::read_meta(&note.meta) else { return };
        let every = self.image_every();
        let known = self.worlds.entry(spawn).or_insert_with(Known::fresh);
        known.wants_image |= known.incarnation != incarnation;
        known.incarnation = incarnation;
        let is_new_set = known.templates != meta.templates;
        known.templates.clone_from(&meta.templates);
        let due = known.wants_image || self.kept - known.kept_then >= every;
        let wanted = due && known.not_before.is_none_or(|time| time <= Instant::now());
        if is_new_set {
            self.need_set(&meta.templates);
        }
        if wanted {
            let made = self.make_image(spawn);
            self.made_image(spawn, made);
            self.trim();
        }
    }

    /// Kept bytes after which a world gets a new image. Images of all worlds together stay a small part of history,
    /// and two generations of them fit into it with the segments between.
    fn image_every(&self) -> u64 {
        let bound = self.history.bytes_max();
        let images: u64 = self.worlds.keys().filter_map(|spawn| self.history.last_image(*spawn)).map(|(_, b)| b).sum();
        let least = bound / IMAGE_EVERY_PART;
        let wanted = least.min(IMAGE_EVERY_BYTES_MAX).max(images.saturating_mul(SEGMENTS_PER_IMAGES));
        wanted.min(bound.saturating_sub(2 * images) / 2).max(least.min(IMAGE_EVERY_BYTES_MAX))
    }

    /// Writes a world's last cut as an image; None where the world has left meanwhile.
    fn make_image(&mut self, spawn: WorldId) -> Result<Option<ImageHead>, String> {
        let (done, loaded) = crossbeam_channel::bounded(1);
        self.keeper.send(KeeperJob::Load { spawn, done }).map_err(|error| error.to_string())?;
        let loaded = loaded.recv().map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let Some(loaded) = loaded else { return Ok(None) };
        let meta = image::read_meta(&loaded.meta).map_err(|error| error.to_string())?;
        self.need_set(&meta.templates);
        if !self.history.has_set(&meta.templates) {
            return Err(format!("its template set {} is not at hand", meta.templates));
        }
        let about = About {
            spawn,
            name: meta.name,
            now: meta.now,
            written: quarantine::now(),
            engine: ENGINE.into(),
            templates: meta.templates,
        };
        match self.history.keep_image(about, &loaded) {
            Ok(head) => Ok(Some(head)),
            Err(error @ HistoryError::ImageTooLarge { .. }) => {
                tracing::error!(spawn, %error, "a world is too large for history: raise HISTORY_MIB to replay it");
                Ok(None)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn made_image(&mut self, spawn: WorldId, made: Result<Option<ImageHead>, String>) {
        let Some(known) = self.worlds.get_mut(&spawn) else { return };
        match made {
            Ok(head) => {
                known.wants_image = head.is_some_and(|head| head.incarnation != known.incarnation);
                known.kept_then = self.kept;
                known.not_before = None;
            }
            Err(reason) => {
                tracing::error!(spawn, reason, "no image of a world could be kept; trying again");
                known.not_before = Some(Instant::now() + RETRY_AFTER);
            }
        }
    }

    /// Sees to it that a template set is kept.
    fn need_set(&mut self, hash: &str) {
        let Some(key) = unhex(hash).filter(|_| !self.history.has_set(hash)) else { return };
        let (done, blob) = crossbeam_channel::bounded(1);
        if self.keeper.send(KeeperJob::Blob { hash: key, done }).is_err() {
            return;
        }
        let kept = match blob.recv() {
            Ok(Ok(Some(bytes))) => self.history.keep_set(hash, &bytes).map_err(|error| error.to_string()),
            Ok(Ok(None)) => Err("it is not on this disk".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => return,
        };
        if let Err(reason) = kept {
            tracing::error!(hash, reason, "a template set could not be kept for history");
        }
    }

    fn trim(&mut self) {
        let mut sets = self.sets.clone();
        sets.extend(self.worlds.values().map(|known| known.templates.clone()));
        let lost = self.history.trim(&sets);
        for spawn in lost.iter().filter(|spawn| self.worlds.contains_key(*spawn)) {
            if self.history.last_image(*spawn).is_none() {
                tracing::warn!(spawn, "history is too small to hold an image of this world: raise HISTORY_MIB");
            }
        }
    }
}

/// The template set that a turn switches to.
fn set_named(turn: &Turn<'_>) -> Option<String> {
    match postcard::from_bytes::<Applied>(turn.bytes).ok()?.what {
        What::Given(Instruction::Templates { hash }) => Some(hash),
        _ => None,
    }
}
