//! Marks: what tells a cut of the live run from any other state, kept so that a replay can say whether it is the same.
//! They are a help and nothing else: a power loss may take the last ones, and no reader misses them.
//!
//! A file is entries of 52 bytes: spawn i64 | incarnation u64 | seq u64 | check u128 | written u64 | crc32 u32, all LE.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::io::{self as store_io, Io, IoFile};

const SUFFIX: &str = ".marks";
const ENTRY_BYTES: usize = 52;
/// A file ends at this many entries.
const FILE_ENTRIES_MAX: u64 = 20_000;

/// One cut of the live run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub spawn: i64,
    pub incarnation: u64,
    pub seq: u64,
    /// As of [`crate::store::state::Loaded::check`].
    pub check: u128,
    /// Wall clock, milliseconds since 1970.
    pub written: u64,
}

pub(super) struct Marks {
    io: Arc<dyn Io>,
    dir: PathBuf,
    /// Complete files: place, size, and the wall clock of the last entry.
    done: Vec<(PathBuf, u64, u64)>,
    current: Option<Current>,
    next: u64,
}

struct Current {
    path: PathBuf,
    file: Box<dyn IoFile>,
    bytes: u64,
    last: u64,
}

impl Marks {
    pub fn open(dir: &Path, io: Arc<dyn Io>) -> io::Result<Self> {
        let mut done = Vec::new();
        let mut next = 1;
        for path in files(&*io, dir)? {
            let bytes = store_io::read(&*io, &path)?;
            let last = entries(&bytes).map(|mark| mark.written).max().unwrap_or(0);
            next = next.max(number_of(&path) + 1);
            done.push((path, bytes.len() as u64, last));
        }
        Ok(Self { io, dir: dir.to_path_buf(), done, current: None, next })
    }

    /// Adds a mark. A start begins a new file: what a crash left at the end of the last one is not written behind.
    pub fn put(&mut self, mark: &Mark) -> io::Result<()> {
        let current = match &mut self.current {
            Some(current) => current,
            None => {
                let path = self.dir.join(format!("{:010}{SUFFIX}", self.next));
                self.next += 1;
                let file = self.io.create(&path)?;
                self.io.sync_dir(&self.dir)?;
                self.current.insert(Current { path, file, bytes: 0, last: 0 })
            }
        };
        current.file.write_at(&entry(mark), current.bytes)?;
        current.bytes += ENTRY_BYTES as u64;
        current.last = mark.written;
        if current.bytes >= FILE_ENTRIES_MAX * ENTRY_BYTES as u64
            && let Some(full) = self.current.take()
        {
            full.file.sync_data()?;
            self.done.push((full.path, full.bytes, full.last));
        }
        Ok(())
    }

    /// Removes files whose marks are all older than this.
    pub fn trim(&mut self, written: u64) {
        let io = &self.io;
        self.done.retain(|(path, _, last)| *last >= written || io.remove(path).is_err());
    }

    pub fn bytes(&self) -> u64 {
        self.done.iter().map(|(_, bytes, _)| bytes).sum::<u64>() + self.current.as_ref().map_or(0, |file| file.bytes)
    }
}

/// The sound marks in a folder, in the order in which they were put.
pub(super) fn read(io: &dyn Io, dir: &Path) -> io::Result<Vec<Mark>> {
    let mut marks = Vec::new();
    for path in files(io, dir)? {
        match store_io::read(io, &path) {
            Ok(bytes) => marks.extend(entries(&bytes)),
            // Trimmed since the folder was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(marks)
}

fn files(io: &dyn Io, dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = io.list(dir)?;
    names.retain(|name| name.ends_with(SUFFIX));
    Ok(names.iter().map(|name| dir.join(name)).collect())
}

fn number_of(path: &Path) -> u64 {
    path.file_stem().and_then(|stem| stem.to_str()?.parse().ok()).unwrap_or(0)
}

fn entry(mark: &Mark) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..8].copy_from_slice(&mark.spawn.to_le_bytes());
    bytes[8..16].copy_from_slice(&mark.incarnation.to_le_bytes());
    bytes[16..24].copy_from_slice(&mark.seq.to_le_bytes());
    bytes[24..40].copy_from_slice(&mark.check.to_le_bytes());
    bytes[40..48].copy_from_slice(&mark.written.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..48]);
    bytes[48..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn entries(bytes: &[u8]) -> impl Iterator<Item = Mark> {
    bytes.chunks_exact(ENTRY_BYTES).filter_map(|entry| {
        let number = |at: usize| entry[at..at + 8].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let sound = crc32fast::hash(&entry[..48]).to_le_bytes() == entry[48..];
        sound.then(|| Mark {
            spawn: number(0).cast_signed(),
            incarnation: number(8),
            seq: number(16),
            check: u128::from(number(24)) | u128::from(number(32)) << 64,
            written: number(40),
        })
    })
}
