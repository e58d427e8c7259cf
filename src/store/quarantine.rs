//! Quarantine: what a bug or damage forced out of the way is written to a file of its own and synced before anybody
//! acts as if it were gone. Files are read by people and tools; the engine reads the tails of parked worlds only.
//!
//! A file begins with one line of JSON (what, when, why); after it come entries, each
//! `length u32 LE | crc32 u32 LE | bytes`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::io::{self as store_io, Io, IoFile};

/// Beyond this the oldest files go, so that a bug that repeats cannot fill the disk.
pub const QUARANTINE_FILES_MAX: usize = 200;

/// The kind of a file that has the turns of a parked world.
pub const TAIL: &str = "tail";
const SUFFIX: &str = ".quarantine";

/// The first line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// `turn`, `tail`, `record` ...
    pub kind: String,
    pub spawn: i64,
    pub incarnation: u64,
    pub seq: u64,
    /// Wall clock, milliseconds since 1970.
    pub at: u64,
    /// Version of the engine that wrote it.
    pub engine: String,
    /// The panic's message, the refusal, the command and its actor: whatever helps to understand.
    pub reason: String,
}

/// A directory of such files.
pub struct Quarantine {
    dir: PathBuf,
    io: Arc<dyn Io>,
}

impl Quarantine {
    /// Makes the directory when missing.
    pub fn open(dir: &Path, io: Arc<dyn Io>) -> io::Result<Self> {
        io.create_dir(dir)?;
        Ok(Self { dir: dir.to_path_buf(), io })
    }

    /// Begins a file; it counts only once [`Writer::finish`] has returned.
    pub fn begin(&self, label: &Label) -> io::Result<Writer> {
        let number = self.files()?.iter().filter_map(|name| number_of(name)).max().map_or(1, |last| last + 1);
        let name = format!("{number:08}-{}-{}{SUFFIX}", label.spawn, label.kind);
        let place = self.dir.join(&name);
        let fresh = self.dir.join(format!("{name}.new"));
        match self.io.remove(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.io.create(&fresh)?;
        let mut line = serde_json::to_vec(label)?;
        line.push(b'\n');
        file.write_at(&line, 0)?;
        let (dir, io) = (self.dir.clone(), self.io.clone());
        Ok(Writer { io, dir, fresh, place, file, written: line.len() as u64 })
    }

    /// Writes a whole file of one entry.
    pub fn keep(&self, label: &Label, bytes: &[u8]) -> io::Result<PathBuf> {
        let mut writer = self.begin(label)?;
        writer.push(bytes)?;
        let place = writer.finish()?;
        self.trim()?;
        Ok(place)
    }

    /// Names of the files, oldest first.
    pub fn files(&self) -> io::Result<Vec<String>> {
        let mut names = self.io.list(&self.dir)?;
        names.retain(|name| name.ends_with(SUFFIX));
        Ok(names)
    }

    /// A file's label and entries; an entry that does not match its checksum ends them with an error.
    pub fn read(&self, name: &str) -> io::Result<(Label, Vec<Vec<u8>>)> {
        let bytes = store_io::read(&*self.io, &self.dir.join(name))?;
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(io::ErrorKind::InvalidData)?;
        let label = serde_json::from_slice(&bytes[..end])?;
        let mut entries = Vec::new();
        let mut rest = &bytes[end + 1..];
        while !rest.is_empty() {
            let (entry, after) = split_entry(rest).ok_or(io::ErrorKind::InvalidData)?;
            entries.push(entry.to_vec());
            rest = after;
        }
        Ok((label, entries))
    }

    fn trim(&self) -> io::Result<()> {
        let mut names = self.files()?;
        // A parked world's turns are nowhere else.
        names.retain(|name| !name.ends_with(&format!("-{TAIL}{SUFFIX}")));
        let surplus = names.len().saturating_sub(QUARANTINE_FILES_MAX);
        names[..surplus].iter().try_for_each(|name| self.io.remove(&self.dir.join(name)))
    }
}

/// A file that is being written.
pub struct Writer {
    io: Arc<dyn Io>,
    dir: PathBuf,
    fresh: PathBuf,
    place: PathBuf,
    file: Box<dyn IoFile>,
    written: u64,
}

impl Writer {
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut entry = length.to_le_bytes().to_vec();
        entry.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
        entry.extend_from_slice(bytes);
        self.file.write_at(&entry, self.written)?;
        self.written += entry.len() as u64;
        Ok(())
    }

    /// Makes file and name durable.
    pub fn finish(self) -> io::Result<PathBuf> {
        self.file.sync_data()?;
        self.io.rename(&self.fresh, &self.place)?;
        self.io.sync_dir(&self.dir)?;
        Ok(self.place)
    }
}

/// Now, for [`Label::at`].
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn number_of(name: &str) -> Option<u64> {
    name.split('-').next()?.parse().ok()
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let sum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let entry = bytes.get(8..8 + length)?;
    (crc32fast::hash(entry) == sum).then_some((entry, &bytes[8 + length..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::io::crash::Loss;
    use crate::store::io::memory::MemoryIo;

    fn label(seq: u64) -> Label {
        let (kind, engine, reason) = ("turn".to_owned(), "0.1.0".to_owned(), "index out of bounds\nin say".to_owned());
        Label { kind, spawn: 1000, incarnation: 1, seq, at: 5, engine, reason }
    }

    fn open(io: &MemoryIo) -> Quarantine {
        Quarantine::open(Path::new("/nexus/quarantine"), Arc::new(io.clone())).unwrap()
    }

    #[test]
    fn what_is_kept_can_be_read_after_a_power_loss() {
        let io = MemoryIo::new();
        open(&io).keep(&label(1), b"one").unwrap();
        let mut writer = open(&io).begin(&label(2)).unwrap();
        writer.push(b"a").unwrap();
        writer.push(b"").unwrap();
        writer.finish().unwrap();
        let after = open(&io.crash(io.operations(), Loss::Unsynced));
        let names = after.files().unwrap();
        assert_eq!(names, ["00000001-1000-turn.quarantine", "00000002-1000-turn.quarantine"]);
        assert_eq!(after.read(&names[0]).unwrap(), (label(1), vec![b"one".to_vec()]));
        assert_eq!(after.read(&names[1]).unwrap().1, [b"a".to_vec(), Vec::new()]);
    }

    #[test]
    fn the_oldest_files_go_beyond_the_limit() {
        let io = MemoryIo::new();
        let quarantine = open(&io);
        for seq in 1..=QUARANTINE_FILES_MAX as u64 + 3 {
            quarantine.keep(&label(seq), b"x").unwrap();
        }
        let names = quarantine.files().unwrap();
        assert_eq!(names.len(), QUARANTINE_FILES_MAX);
        assert_eq!(quarantine.read(&names[0]).unwrap().0.seq, 4);
    }

    #[test]
    fn a_changed_entry_is_an_error() {
        let io = MemoryIo::new();
        let quarantine = open(&io);
        let place = quarantine.keep(&label(1), b"content").unwrap();
        io.corrupt(&place, |bytes| *bytes.last_mut().unwrap() ^= 1);
        assert!(quarantine.read(&quarantine.files().unwrap()[0]).is_err());
    }
}
