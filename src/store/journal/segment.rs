//! Segments: files filled with zeros before use, written from front to back, and used again once nothing in them is
//! needed. Owns their creation, in slices or at once, and the ballast file that keeps space for a segment in hard times.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::io::{Io, IoFile};

use super::frame::WorldRange;

/// Zeros are written and synced in slices of this size, so that no append waits for more.
const SLICE_BYTES: u64 = 1024 * 1024;
const SUFFIX: &str = ".segment";
pub(super) const UNFINISHED: &str = ".new";
const BALLAST: &str = "ballast";

/// One file of the ring. Sequences are 0 while no frame is in it.
pub(super) struct Segment {
    pub number: u64,
    pub file: Box<dyn IoFile>,
    pub size: u64,
    /// Where the first frame of the chain begins; behind the last one goes the next.
    pub start: u64,
    pub written: u64,
    pub last: u64,
    /// The last frame is empty: it proves the one before it.
    pub sealed: bool,
    /// The first frame in it that a recovery needs, while it has holders.
    pub needed_from: u64,
    /// A write or sync on it failed: nothing more goes into it.
    pub tainted: bool,
    /// Per world the last turn in this segment, while no cut covers it.
    pub holders: BTreeMap<i64, (u64, u64)>,
}

impl Segment {
    pub fn open(number: u64, file: Box<dyn IoFile>) -> io::Result<Self> {
        let size = file.size()?;
        Ok(Self {
            number,
            file,
            size,
            start: 0,
            written: 0,
            last: 0,
            sealed: false,
            needed_from: 0,
            tainted: false,
            holders: BTreeMap::new(),
        })
    }

    /// Notes a frame that is durable in this segment.
    pub fn note(&mut self, sequence: u64, bytes: u64, worlds: impl Iterator<Item = WorldRange>) {
        if self.holders.is_empty() {
            self.needed_from = sequence;
        }
        self.last = sequence;
        self.written += bytes;
        self.sealed = true;
        for world in worlds {
            self.sealed = false;
            let last = self.holders.entry(world.spawn).or_default();
            *last = (*last).max((world.incarnation, world.last));
        }
    }

    pub fn reuse(&mut self) {
        self.start = 0;
        self.written = 0;
        self.last = 0;
        self.holders.clear();
    }
}

pub(super) fn file_name(number: u64) -> String {
    format!("{number:08}{SUFFIX}")
}

/// The number in a segment's file name.
pub(super) fn number_of(name: &str) -> Option<u64> {
    name.strip_suffix(SUFFIX)?.parse().ok()
}

/// A file on its way to its full size.
struct Growing {
    number: u64,
    file: Box<dyn IoFile>,
    filled: u64,
}

/// Makes segments and the ballast.
pub(super) struct Mill {
    io: Arc<dyn Io>,
    dir: PathBuf,
    segment_bytes: u64,
    next_number: u64,
    growing: Option<Growing>,
    ballast: Option<Growing>,
    ballast_ready: bool,
}

impl Mill {
    pub fn new(io: Arc<dyn Io>, dir: &Path, segment_bytes: u64, next_number: u64) -> io::Result<Self> {
        let mut mill = Self {
            io,
            dir: dir.to_path_buf(),
            segment_bytes,
            next_number,
            growing: None,
            ballast: None,
            ballast_ready: false,
        };
        if mill.io.list(dir)?.iter().any(|name| name == BALLAST) {
            let size = mill.io.open(&dir.join(BALLAST))?.size()?;
            mill.ballast_ready = size == segment_bytes;
        }
        Ok(mill)
    }

    pub fn path(&self, number: u64) -> PathBuf {
        self.dir.join(file_name(number))
    }

    pub fn is_growing(&self) -> bool {
        self.growing.is_some()
    }

    /// Brings the next segment one slice further; gives it when it is complete and durable.
    pub fn grow(&mut self) -> io::Result<Option<Segment>> {
        let result = self.try_grow();
        if result.is_err() {
            self.abandon();
        }
        result
    }

    /// Makes a segment at once.
    pub fn make(&mut self) -> io::Result<Segment> {
        loop {
            if let Some(segment) = self.grow()? {
                return Ok(segment);
            }
        }
    }

    /// Removes a half-made segment, for its space.
    pub fn abandon(&mut self) {
        if let Some(growing) = self.growing.take() {
            let path = self.unfinished(growing.number);
            drop(growing);
            forget_file(&*self.io, &path);
        }
    }

    fn try_grow(&mut self) -> io::Result<Option<Segment>> {
        let growing = match &mut self.growing {
            Some(growing) => growing,
            None => {
                let number = self.next_number;
                self.next_number += 1;
                let file = self.io.create(&self.unfinished(number))?;
                self.growing.insert(Growing { number, file, filled: 0 })
            }
        };
        fill(growing, self.segment_bytes)?;
        if growing.filled < self.segment_bytes {
            return Ok(None);
        }
        let number = growing.number;
        self.io.rename(&self.unfinished(number), &self.path(number))?;
        self.io.sync_dir(&self.dir)?;
        let Some(done) = self.growing.take() else { return Ok(None) };
        Segment::open(number, done.file).map(Some)
    }

    fn unfinished(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{}{UNFINISHED}", file_name(number)))
    }

    pub fn has_ballast(&self) -> bool {
        self.ballast_ready
    }

    /// Brings the ballast one slice further. Where space is short it is given up again, for a later try.
    pub fn grow_ballast(&mut self) -> io::Result<()> {
        let result = self.try_grow_ballast();
        if result.is_err() {
            self.drop_ballast();
        }
        result
    }

    /// Gives the ballast's space to whoever needs it now.
    pub fn drop_ballast(&mut self) {
        self.ballast = None;
        self.ballast_ready = false;
        forget_file(&*self.io, &self.dir.join(BALLAST));
    }

    fn try_grow_ballast(&mut self) -> io::Result<()> {
        if self.ballast_ready {
            return Ok(());
        }
        let growing = match &mut self.ballast {
            Some(growing) => growing,
            None => {
                let path = self.dir.join(BALLAST);
                forget_file(&*self.io, &path);
                let file = self.io.create(&path)?;
                self.ballast.insert(Growing { number: 0, file, filled: 0 })
            }
        };
        fill(growing, self.segment_bytes)?;
        if growing.filled >= self.segment_bytes {
            self.ballast = None;
            self.ballast_ready = true;
        }
        Ok(())
    }
}

fn fill(growing: &mut Growing, size: u64) -> io::Result<()> {
    static ZEROS: [u8; SLICE_BYTES as usize] = [0; SLICE_BYTES as usize];
    let count = SLICE_BYTES.min(size - growing.filled);
    growing.file.write_at(&ZEROS[..count as usize], growing.filled)?;
    growing.file.sync_data()?;
    growing.filled += count;
    Ok(())
}

/// Removes a file whose presence harms nobody: a failure only costs space.
pub(super) fn forget_file(io: &dyn Io, path: &Path) {
    if let Err(error) = io.remove(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a file that is no longer needed stays");
    }
}
