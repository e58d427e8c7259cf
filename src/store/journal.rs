//! The tail file: makes applied instructions durable in groups, one write and one sync each, and gives back after a
//! crash every group that it ever acknowledged. What a committed cut covers is overwritten in time, nothing else.
//!
//! - A frame is acknowledged when [`Journal::append`] or [`Journal::heal`] returns `Ok`, never earlier.
//! - Frames form a chain by sequence and checksum. Recovery takes the longest unbroken one. A break at or below what
//!   a later sound frame proves durable is damage ([`JournalError::Damaged`]); otherwise it is a torn end.
//! - Sequences of one world grow by `(incarnation, seq)`; a cut at one pair covers all turns up to it.
//! - After a failed write or sync the file takes nothing more. The frames stay in memory; [`Journal::heal`] brings
//!   them into a new file, for which a ballast file keeps space.
//! - A segment is used again only after a durable frame says that nothing before it is needed; with history, only after
//!   it was lent out to be copied ([`Journal::take_lent`]) and came back ([`Journal::give_back`]).
//!
//! It never decides when to cut, and never looks into an instruction. It belongs to one thread.

mod frame;
pub mod kept;
mod meta;
mod past;
mod recover;
mod ring;
mod segment;
mod tail;
mod tools;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::store::io::{Io, Lock};

pub use frame::{FRAME_ALIGN, GROUP_BYTES_MAX, Group, PushError, TURN_BYTES_MAX, Turn, WorldRange};
pub use kept::Lent;
pub use past::{FrameNote, Past, Seen};
pub use tail::Tail;
pub use tools::{Report, SegmentReport, verify};

use frame::{Frame, Header, padded};
use recover::{Found, Scanned};
use segment::{Mill, Segment, forget_file};
use tail::Part;

/// Kept free at the end of each segment for an empty frame that declares older segments free.
const SEAL_BYTES: u64 = FRAME_ALIGN;
/// Writes end at multiples of this where there is room, so that the system need not read a page to change it.
const PAGE_BYTES: u64 = 4096;
const SEGMENTS_MIN: u64 = 4;
const LOCK_FILE: &str = "lock";
/// Segments that are lent out at once while the journal runs: copying is quicker than play, or history loses some.
pub const LENT_SEGMENTS_MAX: usize = 4;

/// Sizes and places.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// Size of a segment; a multiple of 4096.
    pub segment_bytes: u64,
    /// All segments together, at least four.
    pub total_bytes: u64,
    /// Segments are lent out to be kept as history before they are used again; those come on top of `total_bytes`.
    pub lends: bool,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { segment_bytes: 16 * 1024 * 1024, total_bytes: 256 * 1024 * 1024, lends: false }
    }
}

/// How much of the journal's space no cut covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fullness {
    Open,
    /// Half: force a cut of the worlds in [`Journal::oldest_holders`].
    Half,
    /// Seven eighths: internal instructions only.
    Internal,
    /// No room for a large group: wait until a cut frees a segment.
    Full,
}

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal {} is in use by another process", dir.display())]
    Locked { dir: PathBuf },
    #[error("the journal could not {what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("the journal is damaged: {detail}. Nothing was changed; run `realms journal verify` for a report")]
    Damaged { detail: String },
    /// Nothing was taken: append the same group again when a cut has freed space.
    #[error("the journal is full of turns that no cut covers")]
    Full,
    /// An earlier call failed: `heal` first.
    #[error("the journal's file failed and takes nothing more until it is healed")]
    Broken,
    #[error("a group of {bytes} bytes does not fit into a segment of {segment_bytes}")]
    TooLarge { bytes: usize, segment_bytes: u64 },
}

impl JournalError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| JournalError::Io { what, path, source }
    }
}

/// See the module.
pub struct Journal {
    io: Arc<dyn Io>,
    dir: PathBuf,
    options: JournalOptions,
    id: [u8; 16],
    mill: Mill,
    /// In writing order; the last one takes the next frame.
    used: VecDeque<Segment>,
    free: Vec<Segment>,
    /// Out to be copied; and which of them nobody was told of yet.
    lent: Vec<Segment>,
    lend: Vec<Lent>,
    unkept: u64,
    /// Sequence and predecessor of the next frame to be encoded.
    next: u64,
    previous: u32,
    /// The last acknowledged sequence, and the oldest needed as a durable frame declares it.
    durable: u64,
    declared: u64,
    /// Frames encoded and not acknowledged. Empty unless broken, but for the time of a write.
    pending: Vec<u8>,
    broken: bool,
    _lock: Lock,
}

impl Journal {
    /// Locks the directory (made when missing), recovers what is in it, and gives the turns to apply again. Each world
    /// of the tail without a cut must be given to [`Journal::forget`], each with one to [`Journal::covered`].
    pub fn open(dir: &Path, io: Arc<dyn Io>, options: JournalOptions) -> Result<(Journal, Tail), JournalError> {
        io.create_dir(dir).map_err(JournalError::io("make", dir))?;
        let lock = io.lock(&dir.join(LOCK_FILE)).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => JournalError::Locked { dir: dir.to_path_buf() },
            _ => JournalError::io("lock", dir)(error),
        })?;
        meta::remove_unfinished(&*io, dir);
        let id = meta::load_or_make(&*io, dir)?;
        let segments = recover::scan(&*io, dir, &id)?;
        let chain = recover::chain(&segments).map_err(|damage| JournalError::Damaged { detail: damage.detail() })?;
        let next_number = segments.iter().map(|segment| segment.number + 1).max().unwrap_or(1);
        let mill =
            Mill::new(io.clone(), dir, options.segment_bytes, next_number).map_err(JournalError::io("look at", dir))?;
        let tip = chain.last();
        let mut journal = Journal {
            dir: dir.to_path_buf(),
            id,
            mill,
            used: VecDeque::new(),
            free: Vec::new(),
            lent: Vec::new(),
            lend: Vec::new(),
            unkept: 0,
            next: tip.map_or(1, |tip| tip.sequence + 1),
            previous: tip.map_or(0, |tip| tip.checksum),
            durable: tip.map_or(0, |tip| tip.sequence),
            declared: tip.map_or(1, |tip| tip.oldest),
            pending: Vec::new(),
            broken: false,
            options,
            io,
            _lock: lock,
        };
        let tail = journal.adopt(segments, &chain)?;
        Ok((journal, tail))
    }

    /// Makes a group durable: one write, one sync. Gives the frame's sequence. An empty group costs nothing.
    ///
    /// After [`JournalError::Io`] the group is kept here and not acknowledged: [`Journal::heal`] makes it durable.
    /// After any other error nothing was taken.
    pub fn append(&mut self, group: &Group) -> Result<u64, JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        if group.is_empty() {
            return Ok(self.durable);
        }
        let bytes = padded(group.len_bytes()) as u64;
        if bytes + SEAL_BYTES > self.options.segment_bytes {
            return Err(self.too_large(group.len_bytes()));
        }
        match self.make_room(bytes) {
            Ok(()) => {}
            Err(JournalError::Full) => return Err(JournalError::Full),
            Err(error) => {
                self.encode(group);
                self.broken = true;
                return Err(error);
            }
        }
        self.encode(group);
        self.write_pending()
    }

    /// Writes an empty frame, which proves that the last one is durable: damage to that one is then told from a torn
    /// end. For moments without load, and before closing. Does nothing where it would not matter.
    pub fn seal(&mut self) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        let room = self.used.back().is_some_and(|segment| segment.written + 2 * SEAL_BYTES <= segment.size);
        let wanted = self.used.back().is_some_and(|segment| segment.last > 0 && !segment.sealed);
        if room && wanted {
            self.encode(&Group::new());
            self.write_pending()?;
        }
        Ok(())
    }

    /// After an error: brings what is not acknowledged into a new file and syncs it and its directory. `Ok` gives the
    /// last acknowledged sequence; after `Err` call it again later.
    pub fn heal(&mut self) -> Result<u64, JournalError> {
        if !self.broken {
            return Ok(self.durable);
        }
        self.mill.abandon();
        self.mill.drop_ballast();
        if self.used.back().is_some_and(|segment| segment.last == 0)
            && let Some(empty) = self.used.pop_back()
        {
            forget_file(&*self.io, &self.mill.path(empty.number));
        }
        let dir = self.dir.clone();
        let segment = self.mill.make().map_err(JournalError::io("make a segment in", &dir))?;
        self.used.push_back(segment);
        let result = self.write_pending();
        self.broken = result.is_err();
        result
    }

    /// A committed cut of this world covers all its turns up to this one. Calls come in the order of the commits.
    pub fn covered(&mut self, spawn: i64, incarnation: u64, seq: u64) {
        for segment in &mut self.used {
            if segment.holders.get(&spawn).is_some_and(|last| *last <= (incarnation, seq)) {
                segment.holders.remove(&spawn);
            }
        }
    }

    /// Nothing of this world is needed any more: it left this nexus, or its turns are in quarantine.
    pub fn forget(&mut self, spawn: i64) {
        for segment in &mut self.used {
            segment.holders.remove(&spawn);
        }
    }

    /// Worlds with turns that no cut covers.
    pub fn holders(&self) -> BTreeSet<i64> {
        self.used.iter().flat_map(|segment| segment.holders.keys().copied()).collect()
    }

    /// The worlds whose cuts would free the oldest segment that is in use.
    pub fn oldest_holders(&self) -> Vec<i64> {
        let oldest = self.used.iter().find(|segment| !segment.holders.is_empty());
        oldest.map_or_else(Vec::new, |segment| segment.holders.keys().copied().collect())
    }

    /// What the segments hold of one world and no cut covers, up to now, readable on another thread. Until it is read,
    /// no cut of this world may be reported.
    pub fn tail_of(&self, spawn: i64) -> Tail {
        let held = self.used.iter().filter(|segment| segment.holders.contains_key(&spawn));
        let parts: Vec<Part> = held
            .map(|segment| Part { path: self.mill.path(segment.number), start: segment.start, end: segment.written })
            .collect();
        Tail { io: self.io.clone(), journal: self.id, parts, spawn: Some(spawn) }
    }

    /// Segments that were lent out since the last call: whoever copies them gives them back by their number.
    pub fn take_lent(&mut self) -> Vec<Lent> {
        std::mem::take(&mut self.lend)
    }

    /// A lent segment is copied, or will not be: it may be used again. One that was taken back meanwhile is ignored.
    pub fn give_back(&mut self, number: u64) {
        if let Some(place) = self.lent.iter().position(|segment| segment.number == number) {
            let segment = self.lent.remove(place);
            self.recycle(segment);
        }
    }

    /// Segments that history did not get, because play needed them.
    pub fn unkept(&self) -> u64 {
        self.unkept
    }

    /// The identity of this journal, which all its frames carry.
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    pub fn fullness(&self) -> Fullness {
        let (used, total) = (self.used_bytes(), self.total_bytes());
        if self.room() < self.largest_group() {
            Fullness::Full
        } else if used * 8 >= total * 7 {
            Fullness::Internal
        } else if used * 2 >= total {
            Fullness::Half
        } else {
            Fullness::Open
        }
    }

    /// Bytes of segments from the oldest needed frame on.
    pub fn used_bytes(&self) -> u64 {
        let oldest = self.oldest_needed();
        let current = self.used.len().saturating_sub(1);
        let needed =
            self.used.iter().enumerate().filter(|(place, segment)| *place == current || segment.last >= oldest);
        needed.map(|(place, segment)| if place == current { segment.written } else { segment.size }).sum()
    }

    pub fn total_bytes(&self) -> u64 {
        self.segments_max() * self.options.segment_bytes
    }

    /// The last acknowledged frame.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// Frames from the oldest needed one to the last acknowledged.
    pub fn frames(&self) -> u64 {
        (self.durable + 1).saturating_sub(self.oldest_needed())
    }

    /// Segment files: in use, and ready for use.
    pub fn segments(&self) -> (usize, usize) {
        (self.used.len(), self.free.len())
    }

    /// True after an error, until healed.
    pub fn is_broken(&self) -> bool {
        self.broken
    }
}
