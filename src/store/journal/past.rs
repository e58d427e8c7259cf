//! Reads what happened back: kept segments, and then the journal's own, as one unbroken order of frames. Works beside a
//! running nexus: it takes no lock, changes nothing, and looks again where a segment was copied and used anew meanwhile.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::store::io::{self as store_io, Io};
use crate::store::packed::PackedError;

use super::frame::{Frame, Turn, WorldRange};
use super::kept::{self, KeptHead};
use super::recover::{self, Found, Scanned};
use super::segment::number_of;
use super::{JournalError, meta};

/// How often the journal is read again when it seems damaged: it may have been written while it was read.
const READINGS_MAX: usize = 5;

/// The frame that a turn stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameNote {
    pub sequence: u64,
    /// Wall clock when written, in milliseconds since 1970.
    pub written: u64,
}

/// A turn of the past, and where it was found.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub frame: FrameNote,
    pub turn: Turn<'a>,
    pub path: &'a Path,
}

/// The past of one journal.
pub struct Past<'a> {
    io: &'a dyn Io,
    dir: PathBuf,
    kept: PathBuf,
    journal: [u8; 16],
}

/// How far a reading came: the last frame, with its checksum.
#[derive(Clone, Copy, Default)]
struct At {
    sequence: u64,
    checksum: u32,
}

impl<'a> Past<'a> {
    /// The past of the journal in `dir`, with the segments kept in `kept`.
    ///
    /// # Errors
    /// There is no journal.
    pub fn open(dir: &Path, kept: &Path, io: &'a dyn Io) -> Result<Self, JournalError> {
        let journal = meta::load(io, dir)?;
        Ok(Self { io, dir: dir.to_path_buf(), kept: kept.to_path_buf(), journal })
    }

    pub fn journal(&self) -> [u8; 16] {
        self.journal
    }

    /// Calls `visit` with the turns in the order in which they were made durable, until it breaks off. Kept segments
    /// without anything that is `wanted` are left out whole. Files that are damaged are left out and named in what
    /// comes back: whoever misses a turn finds the reason there.
    ///
    /// # Errors
    /// A folder cannot be listed, or the journal cannot be read.
    pub fn each(
        &self,
        wanted: impl Fn(&WorldRange) -> bool,
        mut visit: impl FnMut(Seen<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<String>, JournalError> {
        let mut troubles = Troubles::default();
        let mut at = At::default();
        loop {
            if self.kept_after(&mut at, &wanted, &mut visit, &mut troubles)?.is_break() {
                return Ok(troubles.0);
            }
            let ring = Ring::read(self.io, &self.dir, &self.journal, at)?;
            // A segment that was copied and used again since the kept ones were listed is among those now.
            if ring.begins_after(at) && self.has_kept_after(at)? {
                continue;
            }
            troubles.extend(ring.damage.clone());
            let _ = ring.visit(&self.journal, at, &mut visit);
            return Ok(troubles.0);
        }
    }

    /// Kept segments behind `at`, as often as there are new ones.
    fn kept_after(
        &self,
        at: &mut At,
        wanted: &impl Fn(&WorldRange) -> bool,
        visit: &mut impl FnMut(Seen<'_>) -> ControlFlow<()>,
        troubles: &mut Troubles,
    ) -> Result<ControlFlow<()>, JournalError> {
        loop {
            let before = at.sequence;
            for (path, head) in self.heads(troubles)? {
                if head.last <= at.sequence {
                    continue;
                }
                if at.sequence > 0 && head.first == at.sequence + 1 && head.previous != at.checksum {
                    troubles.extend(Some(format!("{} does not follow the segment before it", path.display())));
                    continue;
                }
                if head.worlds.iter().any(wanted) {
                    match kept::read(self.io, &path) {
                        Ok((_, bytes, frames)) => {
                            if show(&path, &bytes, &self.journal, &frames, at.sequence, visit).is_break() {
                                return Ok(ControlFlow::Break(()));
                            }
                        }
                        Err(error) => troubles.extend(Some(error.to_string())),
                    }
                }
                *at = At { sequence: head.last, checksum: head.checksum };
            }
            if at.sequence == before {
                return Ok(ControlFlow::Continue(()));
            }
        }
    }

    fn has_kept_after(&self, at: At) -> Result<bool, JournalError> {
        Ok(self.heads(&mut Troubles::default())?.iter().any(|(_, head)| head.last > at.sequence))
    }

    /// The heads of the kept segments of this journal, in order.
    fn heads(&self, troubles: &mut Troubles) -> Result<Vec<(PathBuf, KeptHead)>, JournalError> {
        let files = kept::files(self.io, &self.kept).map_err(JournalError::io("list", &self.kept))?;
        let mut heads = Vec::new();
        for path in files {
            match kept::head(self.io, &path) {
                Ok(head) if head.journal == self.journal => heads.push((path, head)),
                Ok(_) => {}
                // Trimmed away since the folder was listed.
                Err(PackedError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                Err(error) => troubles.extend(Some(error.to_string())),
            }
        }
        heads.sort_by_key(|(_, head)| (head.first, std::cmp::Reverse(head.last)));
        Ok(heads)
    }
}

/// What was found to be wrong, each once.
#[derive(Default)]
struct Troubles(Vec<String>);

impl Troubles {
    fn extend(&mut self, more: Option<String>) {
        self.0.extend(more.filter(|text| !self.0.contains(text)));
    }
}

/// The journal's own segments, in memory, as they were at one moment.
struct Ring {
    files: Vec<(PathBuf, Vec<u8>)>,
    /// In order, none twice; `segment` is the place in `files`.
    frames: Vec<Found>,
    damage: Option<String>,
}

impl Ring {
    fn read(io: &dyn Io, dir: &Path, journal: &[u8; 16], at: At) -> Result<Ring, JournalError> {
        let mut ring = Self::read_once(io, dir, journal, at)?;
        for _ in 1..READINGS_MAX {
            if ring.damage.is_none() {
                break;
            }
            ring = Self::read_once(io, dir, journal, at)?;
        }
        Ok(ring)
    }

    fn read_once(io: &dyn Io, dir: &Path, journal: &[u8; 16], at: At) -> Result<Ring, JournalError> {
        let mut files = Vec::new();
        let mut segments: Vec<Scanned> = Vec::new();
        for name in io.list(dir).map_err(JournalError::io("list", dir))? {
            let Some(number) = number_of(&name) else { continue };
            let path = dir.join(&name);
            let mut bytes = match store_io::read(io, &path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(JournalError::io("read", &path)(error)),
            };
            let (frames, worlds) = recover::scan_bytes(&bytes, journal, files.len());
            segments.push(Scanned { number, path: path.clone(), size: bytes.len() as u64, frames, worlds });
            if segments.last().and_then(|s| s.frames.last()).is_none_or(|last| last.sequence <= at.sequence) {
                bytes = Vec::new();
            }
            files.push((path, bytes));
        }
        let (tip, damage) = match recover::chain(&segments) {
            Ok(chain) => (chain.last().map_or(0, |tip| tip.sequence), None),
            Err(damage) => {
                (u64::MAX, Some(format!("the journal in {} is damaged: {}", dir.display(), damage.detail())))
            }
        };
        let all = segments.into_iter().flat_map(|segment| segment.frames);
        let new = all.filter(|frame| frame.sequence <= tip && frame.sequence > at.sequence);
        Ok(Ring { files, frames: in_order(new.collect(), at), damage })
    }

    fn begins_after(&self, at: At) -> bool {
        at.sequence > 0 && self.frames.first().is_some_and(|first| first.sequence > at.sequence + 1)
    }

    fn visit(
        &self,
        journal: &[u8; 16],
        at: At,
        visit: &mut impl FnMut(Seen<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for frames in self.frames.chunk_by(|a, b| a.segment == b.segment) {
            let (path, bytes) = &self.files[frames[0].segment];
            show(path, bytes, journal, frames, at.sequence, visit)?;
        }
        ControlFlow::Continue(())
    }
}

/// Frames by their sequence, each once: of several with one sequence the one that follows the frame before it. The
/// others were cut off by a crash and never acknowledged.
fn in_order(mut frames: Vec<Found>, at: At) -> Vec<Found> {
    frames.sort_by_key(|frame| (frame.sequence, frame.segment));
    let mut chain: Vec<Found> = Vec::with_capacity(frames.len());
    for same in frames.chunk_by(|a, b| a.sequence == b.sequence) {
        let before = match chain.last() {
            Some(last) => At { sequence: last.sequence, checksum: last.checksum },
            None => at,
        };
        let linked =
            same.iter().find(|found| found.sequence == before.sequence + 1 && found.previous == before.checksum);
        // After a gap, or at the begin, there is nothing to hold it against.
        let alone = || same.first().filter(|found| found.sequence != before.sequence + 1);
        chain.extend(linked.or_else(alone));
    }
    chain
}

fn show(
    path: &Path,
    bytes: &[u8],
    journal: &[u8; 16],
    frames: &[Found],
    after: u64,
    visit: &mut impl FnMut(Seen<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for found in frames.iter().filter(|found| found.sequence > after) {
        let Some(frame) = Frame::read(&bytes[found.offset as usize..], journal) else { continue };
        let note = FrameNote { sequence: found.sequence, written: found.written };
        for turn in frame.turns() {
            visit(Seen { frame: note, turn, path })?;
        }
    }
    ControlFlow::Continue(())
}
