//! What a nexus's files hold of its worlds' past, and the runs through it. It works from the files of history and of the
//! journal alone: beside a running nexus nobody else can open the state.
//!
//! A run begins at an image. Where turns are missing, or were applied by another engine, it stops; a run through all
//! that is kept goes on at the next image behind that and says so.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::history::{self, HistoryError, ImageHead, Survey};
use crate::store::io::Io;
use crate::store::journal::{JournalError, Past, Seen, WorldRange};
use crate::store::packed::PackedError;
use crate::store::quarantine::Quarantine;
use crate::store::state::Record;
use crate::world::template::{Templates, WorldId};

use crate::nexus::pulsar::turn::Sets;
use crate::nexus::pulsar::world::World;
use crate::nexus::worlds::ENGINE;

use super::check::{Check, Compared, Difference};
use super::story::Story;
use super::until::{Until, wall};
use super::{Rerun, RerunError};

/// Records that a difference names at the most.
const DIFFERENCES_NAMED_MAX: usize = 8;

/// Why a past cannot be replayed; each says where.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("{0}")]
    Journal(#[from] JournalError),
    #[error("{0}")]
    History(#[from] HistoryError),
    #[error("{0}")]
    File(#[from] PackedError),
    #[error(
        "no image of a world is kept in {}: HISTORY_MIB is what history may have (0 keeps none), and the first images \
         come some seconds after the nexus has started with it", .0.display()
    )]
    Nothing(PathBuf),
    #[error("no image of world {world} is kept here; history has {known}")]
    UnknownWorld { world: String, known: String },
    #[error("world {spawn} has no incarnation {incarnation} in history; it has {known}")]
    UnknownIncarnation { spawn: WorldId, incarnation: u64, known: String },
    #[error("history of world {spawn} begins at {first}: what was before is not kept any more")]
    Before { spawn: WorldId, first: String },
    #[error("history of world {spawn} ends at {last}")]
    After { spawn: WorldId, last: String },
    #[error("turns {from} to {to} of world {spawn} are missing{reason}")]
    Missing { spawn: WorldId, from: u64, to: u64, reason: String },
    #[error(
        "world {spawn} from {first} on was run by engine {engine}: replay it with that version of realms, this is {ENGINE}"
    )]
    Engine { spawn: WorldId, first: String, engine: String },
    #[error(
        "world {spawn} began again as incarnation {incarnation} at {at}, and no image of it is kept from before that"
    )]
    Begun { spawn: WorldId, incarnation: u64, at: String },
    #[error("world {spawn} at {at}: {source}")]
    Turn { spawn: WorldId, at: String, source: RerunError },
}

/// What to replay.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub spawn: WorldId,
    pub until: Until,
    /// From the first image that is kept on, not from the last one before the moment.
    pub whole: bool,
}

/// A world as it was.
#[derive(Debug)]
pub struct Replayed {
    pub world: World,
    /// Where the run, or its last stretch, began.
    pub image: ImageHead,
    /// Wall clock of the last turn, milliseconds since 1970; of the image where no turn came after it.
    pub written: u64,
    /// Turns applied.
    pub turns: u64,
    pub compared: Compared,
    /// What could not be replayed on the way, and why.
    pub gaps: Vec<String>,
}

/// See the module.
pub struct KeptPast<'a> {
    io: &'a dyn Io,
    folder: PathBuf,
    past: Past<'a>,
    survey: Survey,
    sets: KeptSets<'a>,
}

impl<'a> KeptPast<'a> {
    /// The past in a nexus's folder. Takes no lock.
    ///
    /// # Errors
    /// There is no journal, or nothing in history.
    pub fn open(nexus: &Path, io: &'a dyn Io) -> Result<Self, ReplayError> {
        let (journal, folder) = (nexus.join("journal"), nexus.join("history"));
        let past = Past::open(&journal, &folder, io)?;
        let mut survey = history::survey(io, &folder)?;
        survey.images.retain(|(_, head)| head.journal == past.journal());
        if survey.images.is_empty() {
            return Err(ReplayError::Nothing(folder));
        }
        let sets = KeptSets { io, dir: folder.clone(), read: RefCell::default() };
        Ok(Self { io, folder, past, survey, sets })
    }

    /// The world that an operator means: by its number, as `world.N` or N, or by its name.
    ///
    /// # Errors
    /// History has no such world, or several of that name.
    pub fn world(&self, text: &str) -> Result<WorldId, ReplayError> {
        let heads = self.survey.images.iter().map(|(_, head)| &head.about);
        let names: BTreeMap<WorldId, &str> = heads.map(|about| (about.spawn, about.name.as_str())).collect();
        let number = text.strip_prefix("world.").unwrap_or(text).parse().ok();
        let named: Vec<WorldId> =
            names.iter().filter(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(spawn, _)| *spawn).collect();
        match (number.filter(|spawn| names.contains_key(spawn)), &named[..]) {
            (Some(spawn), _) | (None, &[spawn]) => Ok(spawn),
            _ => Err(self.unknown(text)),
        }
    }

    fn unknown(&self, world: &str) -> ReplayError {
        let heads = self.survey.images.iter().map(|(_, head)| &head.about);
        let known: BTreeSet<String> = heads.map(|about| format!("{} ({})", about.spawn, about.name)).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        ReplayError::UnknownWorld { world: world.to_owned(), known }
    }

    /// Replays a world; a story is told on the way.
    ///
    /// # Errors
    /// The moment is not kept, or what leads up to it is missing, damaged, or another engine's. A whole run does not end
    /// with what is missing on its way; see [`Replayed::gaps`].
    pub fn replay(&self, request: Request, mut story: Option<&mut Story<'_>>) -> Result<Replayed, ReplayError> {
        let Request { spawn, until, whole } = request;
        let images: Vec<_> = self.survey.images.iter().filter(|(_, head)| head.about.spawn == spawn).collect();
        let heads: Vec<&ImageHead> = images.iter().map(|(_, head)| head).collect();
        let Some(last) = heads.last() else { return Err(self.unknown(&spawn.to_string())) };
        let stop = Stop::of(until, last.incarnation);
        let fitting = stop.fitting(spawn, &heads)?;
        let mut run = Run {
            kept: self,
            spawn,
            stop,
            live: self.live(spawn, &heads),
            skipped: self.skipped(spawn),
            compared: Compared::default(),
            turns: 0,
            gaps: Vec::new(),
        };
        let mut ahead = if whole { &fitting[..] } else { &fitting[fitting.len() - 1..] };
        while let Some((&place, rest)) = ahead.split_first() {
            let (path, head) = images[place];
            let stretch = run.stretch(path, head, story.as_deref_mut());
            // Images within what was replayed are passed by.
            let at = stretch.at.unwrap_or((head.incarnation, head.seq));
            let passed = rest.iter().take_while(|next| (heads[**next].incarnation, heads[**next].seq) <= at).count();
            ahead = &rest[passed..];
            if !stretch.reached && !ahead.is_empty() {
                run.gaps.extend(stretch.failure.map(|error| error.to_string()));
                continue;
            }
            return match (stretch.failure, stretch.done) {
                (None, Some((world, written))) => run.end(world, head.clone(), written),
                (Some(error), Some((world, written))) if whole && !run.stop.is_behind(at) => {
                    run.gaps.push(error.to_string());
                    run.end(world, head.clone(), written)
                }
                (Some(error), _) => Err(error),
                (None, None) => Err(ReplayError::Nothing(self.folder.clone())),
            };
        }
        Err(ReplayError::Nothing(self.folder.clone()))
    }

    /// What the live run recorded of this world: checks by incarnation and sequence, with the image where one is kept.
    fn live(&self, spawn: WorldId, heads: &[&ImageHead]) -> BTreeMap<(u64, u64), u128> {
        let marks = self.survey.marks.iter().filter(|mark| mark.spawn == spawn);
        let marks = marks.map(|mark| ((mark.incarnation, mark.seq), mark.check));
        marks.chain(heads.iter().map(|head| ((head.incarnation, head.seq), head.check))).collect()
    }

    /// Turns of this world that panicked, with what quarantine says of them.
    pub(super) fn skipped(&self, spawn: WorldId) -> BTreeMap<(u64, u64), String> {
        let dir = self.folder.with_file_name("quarantine");
        let Ok(quarantine) = Quarantine::open(&dir, Arc::new(crate::store::io::look::LookIo)) else {
            return BTreeMap::new();
        };
        let mut skipped = BTreeMap::new();
        for name in quarantine.files().unwrap_or_default() {
            if let Ok((label, _)) = quarantine.read(&name)
                && label.spawn == spawn
                && label.kind == "turn"
            {
                skipped.insert(
                    (label.incarnation, label.seq),
                    format!("it is in quarantine, in {name}: {}", label.reason),
                );
            }
        }
        skipped
    }

    #[cfg(test)]
    pub(super) fn survey_images(&self) -> Vec<u64> {
        self.survey.images.iter().map(|(_, head)| head.seq).collect()
    }

    /// Keys of records in which a world is not the one of an image.
    fn differing(&self, world: &mut World, at: (u64, u64)) -> Vec<String> {
        let of_moment = |head: &ImageHead| head.about.spawn == world.meta.spawn && (head.incarnation, head.seq) == at;
        let Some((path, _)) = self.survey.images.iter().find(|(_, head)| of_moment(head)) else { return Vec::new() };
        let Ok((_, live)) = history::read_image(self.io, path) else { return Vec::new() };
        let (meta, records) = world.records();
        let again: BTreeSet<Record> = records.into_iter().collect();
        let live_records: BTreeSet<Record> = live.records.into_iter().collect();
        let mut keys: Vec<String> = again.symmetric_difference(&live_records).map(|(key, _)| key_words(key)).collect();
        keys.dedup();
        keys.extend((meta != live.meta).then(|| "the world's own numbers".to_owned()));
        keys.truncate(DIFFERENCES_NAMED_MAX);
        keys
    }
}

/// A run under way, over one stretch or several.
struct Run<'k, 'a> {
    kept: &'k KeptPast<'a>,
    spawn: WorldId,
    stop: Stop,
    live: BTreeMap<(u64, u64), u128>,
    skipped: BTreeMap<(u64, u64), String>,
    compared: Compared,
    turns: u64,
    gaps: Vec<String>,
}

/// What came of one stretch.
#[derive(Default)]
struct Stretch {
    /// Incarnation and sequence that were reached.
    at: Option<(u64, u64)>,
    /// The moment was reached.
    reached: bool,
    failure: Option<ReplayError>,
    /// The world where it ended, sound, with the wall clock of its last turn.
    done: Option<(World, u64)>,
}

impl Run<'_, '_> {
    fn stretch(&mut self, path: &Path, head: &ImageHead, mut story: Option<&mut Story<'_>>) -> Stretch {
        let (mut rerun, mut check) = match self.begin(path, head) {
            Ok(begun) => begun,
            Err(error) => return Stretch { failure: Some(error), ..Stretch::default() },
        };
        if let Some(story) = story.as_deref_mut() {
            story.begin(&rerun.world, head.about.written);
        }
        let mut stretch = Stretch::default();
        let mut written = head.about.written;
        let (spawn, incarnation, seq) = (self.spawn, head.incarnation, head.seq);
        let wanted = |range: &WorldRange| range.spawn == spawn && (range.incarnation, range.last) > (incarnation, seq);
        let visited = self.kept.past.each(wanted, |seen| match self.turn(&mut rerun, &mut check, &seen, &mut story) {
            Ok(Step::Other) => ControlFlow::Continue(()),
            Ok(Step::Applied) => {
                written = seen.frame.written;
                ControlFlow::Continue(())
            }
            Ok(Step::Over) => ControlFlow::Break(()),
            Ok(Step::Reached) => {
                stretch.reached = true;
                ControlFlow::Break(())
            }
            Err(error) => {
                stretch.failure = Some(error);
                ControlFlow::Break(())
            }
        });
        let troubles = visited.unwrap_or_else(|error| vec![error.to_string()]);
        match &mut stretch.failure {
            Some(ReplayError::Missing { reason, .. }) if !troubles.is_empty() => {
                *reason = format!(": {}", troubles.join("; "));
            }
            Some(_) => {}
            // Nothing is known to be missing, but something may be.
            None if !stretch.reached => self.gaps.extend(troubles),
            None => {}
        }
        stretch.at = Some((rerun.world.meta.incarnation, rerun.world.meta.seq));
        let panicked = matches!(&stretch.failure, Some(ReplayError::Turn { source, .. }) if is_spoiled(source));
        stretch.done = (!panicked).then_some((rerun.world, written));
        stretch
    }

    fn begin(&self, path: &Path, head: &ImageHead) -> Result<(Rerun, Check), ReplayError> {
        let spawn = self.spawn;
        if head.about.engine != ENGINE {
            return Err(ReplayError::Engine { spawn, first: place(head), engine: head.about.engine.clone() });
        }
        let (_, loaded) = history::read_image(self.kept.io, path)?;
        let rerun = Rerun::of(&loaded, &self.kept.sets);
        let mut rerun = rerun.map_err(|source| ReplayError::Turn { spawn, at: place(head), source })?;
        // A cut of another engine, from which this one went on.
        rerun.world.meta.engine = ENGINE.into();
        Ok((rerun, Check::new(&loaded.records)))
    }

    fn turn(
        &mut self,
        rerun: &mut Rerun,
        check: &mut Check,
        seen: &Seen<'_>,
        story: &mut Option<&mut Story<'_>>,
    ) -> Result<Step, ReplayError> {
        let (spawn, written) = (self.spawn, seen.frame.written);
        let before = (rerun.world.meta.incarnation, rerun.world.meta.seq);
        if seen.turn.spawn == spawn && matches!(self.stop, Stop::Seq(incarnation, seq) if (incarnation, seq) <= before)
        {
            return Ok(Step::Reached);
        }
        let place = || format!("{}, frame {}, {}", wall(written), seen.frame.sequence, seen.path.display());
        let applied = match rerun.read(&seen.turn) {
            Ok(Some(applied)) => applied,
            Ok(None) => return Ok(Step::Other),
            Err(RerunError::Gap { after, seq }) => {
                let reason = format!(": turn {seq} comes next, at {}", place());
                return Err(ReplayError::Missing { spawn, from: after + 1, to: seq - 1, reason });
            }
            Err(RerunError::Incarnation { incarnation, seq }) => {
                // The end of this one, and nothing missing, if an image has the next one's begin.
                let mut images = self.kept.survey.images.iter().map(|(_, head)| head);
                let begin =
                    |head: &ImageHead| head.about.spawn == spawn && head.incarnation == incarnation && head.seq < seq;
                return match images.any(begin) {
                    true => Ok(Step::Over),
                    false => Err(ReplayError::Begun { spawn, incarnation, at: place() }),
                };
            }
            Err(source) => return Err(ReplayError::Turn { spawn, at: place(), source }),
        };
        let over = match self.stop {
            Stop::Wall(until) => written > until,
            Stop::World(incarnation, until) => incarnation == before.0 && applied.at > until,
            Stop::End | Stop::Seq(..) => false,
        };
        if over {
            return Ok(Step::Reached);
        }
        if let Some(story) = story {
            story.before(&rerun.world, &applied);
        }
        let outs = rerun.apply(applied, &self.kept.sets);
        outs.map_err(|source| ReplayError::Turn { spawn, at: place(), source })?;
        self.turns += 1;
        let at = (rerun.world.meta.incarnation, rerun.world.meta.seq);
        if let Some(story) = story {
            story.after(&rerun.world, written, self.skipped.get(&at).map(String::as_str));
        }
        self.compare(rerun, check, at);
        Ok(Step::Applied)
    }

    fn compare(&mut self, rerun: &mut Rerun, check: &mut Check, at: (u64, u64)) {
        let Some(live) = self.live.get(&at) else { return };
        if check.of(&mut rerun.world) == *live {
            self.compared.same += 1;
            self.compared.last_same = Some(at);
        } else if self.compared.differs.is_none() {
            let (incarnation, seq) = at;
            let records = self.kept.differing(&mut rerun.world, at);
            self.compared.differs = Some(Difference { incarnation, seq, records });
        }
    }

    fn end(self, world: World, image: ImageHead, written: u64) -> Result<Replayed, ReplayError> {
        let (incarnation, at) = (world.meta.incarnation, world.meta.seq);
        if self.stop.is_behind((incarnation, at)) {
            let last = format!("{incarnation}/{at} ({})", wall(written));
            return Err(ReplayError::After { spawn: self.spawn, last });
        }
        let Run { turns, compared, gaps, .. } = self;
        Ok(Replayed { world, image, written, turns, compared, gaps })
    }
}

enum Step {
    /// Another world's, or one that the image contains.
    Other,
    Applied,
    /// Of the next incarnation.
    Over,
    /// This turn lies behind the moment.
    Reached,
}

/// Is the world unusable after this error?
fn is_spoiled(error: &RerunError) -> bool {
    matches!(error, RerunError::NoEffect { .. } | RerunError::Panicked { .. })
}

/// The moment at which a run stops, with its incarnation.
#[derive(Clone, Copy)]
enum Stop {
    End,
    Seq(u64, u64),
    Wall(u64),
    World(u64, u64),
}

impl Stop {
    fn of(until: Until, last: u64) -> Self {
        match until {
            Until::End => Self::End,
            Until::Seq { incarnation, seq } => Self::Seq(incarnation.unwrap_or(last), seq),
            Until::Wall(written) => Self::Wall(written),
            Until::World(now) => Self::World(last, now),
        }
    }

    /// Is the moment a turn that comes later than this one?
    fn is_behind(self, at: (u64, u64)) -> bool {
        matches!(self, Self::Seq(incarnation, seq) if (incarnation, seq) > at)
    }

    /// The images from which the moment can be reached, oldest first: the last one is the nearest. Never empty.
    fn fitting(self, spawn: WorldId, heads: &[&ImageHead]) -> Result<Vec<usize>, ReplayError> {
        let wanted = match self {
            Self::Seq(incarnation, _) | Self::World(incarnation, _) => Some(incarnation),
            Self::End | Self::Wall(_) => None,
        };
        let mut of_wanted = heads.iter().filter(|head| wanted.is_none_or(|wanted| head.incarnation == wanted));
        let Some(first) = of_wanted.next() else {
            let known: BTreeSet<String> = heads.iter().map(|head| head.incarnation.to_string()).collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(ReplayError::UnknownIncarnation { spawn, incarnation: wanted.unwrap_or(0), known });
        };
        let fits = |head: &ImageHead| match self {
            Self::End => true,
            Self::Seq(incarnation, seq) => (head.incarnation, head.seq) <= (incarnation, seq),
            Self::Wall(written) => head.about.written <= written,
            Self::World(incarnation, now) => (head.incarnation, head.about.now) <= (incarnation, now),
        };
        let fitting: Vec<usize> = (0..heads.len()).filter(|place| fits(heads[*place])).collect();
        match fitting.last() {
            Some(nearest) if wanted.is_none_or(|wanted| heads[*nearest].incarnation == wanted) => Ok(fitting),
            _ => Err(ReplayError::Before { spawn, first: place(first) }),
        }
    }
}

/// Where an image stands in its world's past.
fn place(head: &ImageHead) -> String {
    let ImageHead { incarnation, seq, about, .. } = head;
    format!("{incarnation}/{seq} ({}, {} ms of its time)", wall(about.written), about.now)
}

/// A record's key in words: `I` and a number is an item.
fn key_words(key: &[u8]) -> String {
    let kind = match key.first() {
        Some(b'R') => "room",
        Some(b'M') => "mob",
        Some(b'I') => "item",
        Some(b'P') => "player",
        Some(b'p') => "presence of player",
        Some(b'V') => "rooms seen by player",
        Some(b'T') => "timing",
        Some(b'E') => "errand",
        _ => "record",
    };
    match key.get(1..9).map(<[u8; 8]>::try_from) {
        Some(Ok(bytes)) if matches!(key.first(), Some(b'R' | b'M' | b'I' | b'P' | b'p' | b'V')) => {
            format!("{kind} {}", (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())
        }
        _ => format!("{kind} {}", key.iter().skip(1).map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

/// The template sets of history, each read once.
struct KeptSets<'a> {
    io: &'a dyn Io,
    dir: PathBuf,
    read: RefCell<BTreeMap<String, Arc<Templates>>>,
}

impl Sets for KeptSets<'_> {
    fn set(&self, hash: &str) -> Option<Arc<Templates>> {
        if let Some(set) = self.read.borrow().get(hash) {
            return Some(set.clone());
        }
        let bytes = history::read_set(self.io, &self.dir, hash).inspect_err(|error| tracing::error!(%error)).ok()??;
        if crate::world::set::hash(&bytes) != hash {
            return None;
        }
        let set = Arc::new(Templates::decode(&bytes).ok()?);
        self.read.borrow_mut().insert(hash.to_owned(), set.clone());
        Some(set)
    }
}
