//! What stays: the last cut of every world, blobs and small notes, in sled behind these few functions.
//!
//! - One cut is one batch, durable when [`State::commit`] returns: `apply_batch`, `flush`, then `sync_data` on our own
//!   handle of sled's file. Nothing else of sled is used: anything else lost or tore data when power failed.
//! - sled writes when it is read, too: it merges leaves that have become small, and then uses the space of the old ones
//!   again, whether or not the new ones are on the disk. So each read is settled like a write before the next.
//! - sled does not notice damage. Each cut stores the number and a digest of all live records; [`State::load`]
//!   computes both again and refuses what differs.
//! - sled takes damage in its log for the log's end: the number of the last commit stands in a file of our own, and a
//!   state that ends before it is not opened.
//! - After any failed write or sync the state is poisoned until [`State::reopen`]. What was committed is there then,
//!   what failed may be or not.
//!
//! Keys of records are the engine's, and opaque. One `State` lives in a process, on one thread.

mod blob;
mod commit;
mod keys;
mod load;
mod open;
mod segments;
mod watermark;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::io::{Io, IoFile, RealIo};

pub use keys::share;
pub use load::{Changed, CutHead, Loaded, Record};

use watermark::Watermark;

/// sled keeps a leaf apart, in a file that it does not sync, when it passes 128 KiB. A leaf has up to sixteen values before
/// it is split, and three more when it takes in a neighbour: with their keys they stay below.
pub const VALUE_BYTES_MAX: usize = 6 * 1024;
/// A key of a record, without what the state puts before it.
pub const KEY_BYTES_MAX: usize = 256;
/// sled's page cache.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Batches of a fifth of a segment and more, of which one segment is certainly filled.
const FILLERS_MAX: u8 = 16;

/// One world at one turn boundary.
#[derive(Clone, Debug, Default)]
pub struct Cut {
    pub spawn: i64,
    /// The engine's world header, opaque here.
    pub meta: Vec<u8>,
    pub incarnation: u64,
    /// The last instruction that the cut contains.
    pub seq: u64,
    /// Records written (`Some`) and removed (`None`) since the cut before. Of a key that is given twice the last counts.
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// `changes` are all records that the world has: whatever else was stored of it goes.
    pub full: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("the state in {} cannot be opened: {reason}", dir.display())]
    Open { dir: PathBuf, reason: String },
    #[error(
        "the stored state of world {spawn} is damaged: {detail}. Run `realms state verify`, and restore the world from its last image"
    )]
    Damaged { spawn: i64, detail: String },
    #[error("a stored blob is damaged: {detail}")]
    DamagedBlob { detail: String },
    #[error("the state could not be written: {0}")]
    Write(String),
    #[error("the state could not be read: {0}")]
    Read(String),
    /// The state is older than what was committed: its file is damaged.
    #[error(
        "the state in {} ends at commit {found}, but {wanted} were durable: its file is damaged. Run `realms state verify`",
        dir.display()
    )]
    Lost { dir: PathBuf, found: u64, wanted: u64 },
    #[error("an earlier write to the state failed: it must be opened again")]
    Poisoned,
    #[error("{what} of {bytes} bytes is over the limit of {max}")]
    TooLarge { what: &'static str, bytes: usize, max: usize },
    #[error("a cut of world {spawn} at {incarnation}/{seq} comes after one at {stored_incarnation}/{stored_seq}")]
    Order { spawn: i64, incarnation: u64, seq: u64, stored_incarnation: u64, stored_seq: u64 },
}

/// See the module.
pub struct State {
    dir: PathBuf,
    io: Arc<dyn Io>,
    /// None after a failure: sled is closed then.
    open: Option<Open>,
    /// What a read changed could not be made durable.
    failed: Cell<bool>,
}

struct Open {
    db: sled::Db,
    /// Our own handle of sled's file, for the sync that sled's `flush` is not.
    file: Box<dyn IoFile>,
    watermark: Watermark,
}

impl State {
    /// Opens or makes the state in a directory that the caller has locked.
    pub fn open(dir: &Path) -> Result<State, StateError> {
        Self::open_with(dir, Arc::new(RealIo))
    }

    /// As [`State::open`], with the layer through which the file is synced.
    pub fn open_with(dir: &Path, io: Arc<dyn Io>) -> Result<State, StateError> {
        let open = Open::new(dir, &*io)?;
        Ok(State { dir: dir.to_path_buf(), io, open: Some(open), failed: Cell::new(false) })
    }

    /// After a failure: closes what is left, writes the file once more, and opens it again. After an error the state
    /// stays poisoned, and this may be tried again.
    pub fn reopen(&mut self) -> Result<(), StateError> {
        self.open = None;
        open::write_again(&self.dir, &*self.io).map_err(open_error(&self.dir))?;
        self.open = Some(Open::new(&self.dir, &*self.io)?);
        self.failed.set(false);
        Ok(())
    }

    /// Keeps a small fact under a name, durably.
    pub fn put_note(&mut self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        within("a note's name", name.len(), KEY_BYTES_MAX)?;
        within("a note", bytes.len(), VALUE_BYTES_MAX)?;
        let mut batch = sled::Batch::default();
        batch.insert(keys::note(name), bytes);
        self.apply(batch)
    }

    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.get(&keys::note(name))?.map(|value| value.to_vec()))
    }

    /// Bytes of the state's files.
    pub fn size_on_disk(&self) -> Result<u64, StateError> {
        self.opened()?.db.size_on_disk().map_err(read_error)
    }

    /// The only way in which anything is written. Whatever fails closes sled.
    fn apply(&mut self, batch: sled::Batch) -> Result<(), StateError> {
        let mut open = self.open.take().filter(|_| !self.failed.get()).ok_or(StateError::Poisoned)?;
        let written = catch_unwind(AssertUnwindSafe(|| {
            open.commit(batch)?;
            open::refuse_blobs(&self.dir)?;
            Ok(open)
        }));
        let written = written.unwrap_or_else(|_| Err("sled panicked".to_owned()));
        self.open = Some(written.map_err(StateError::Write)?);
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, StateError> {
        let open = self.opened()?;
        let value = open.db.get(key).map_err(read_error)?;
        self.settle(open)?;
        Ok(value)
    }

    fn scan(&self, prefix: &[u8]) -> Result<impl Iterator<Item = Result<Entry, StateError>>, StateError> {
        let open = self.opened()?;
        Ok(open.db.scan_prefix(prefix).map(|entry| {
            self.settle(open)?;
            entry.map_err(read_error)
        }))
    }

    /// The first entry from this key on.
    fn first_from(&self, key: &[u8]) -> Result<Option<Entry>, StateError> {
        let open = self.opened()?;
        let entry = open.db.range(key..).next().transpose().map_err(read_error)?;
        self.settle(open)?;
        Ok(entry)
    }

    fn settle(&self, open: &Open) -> Result<(), StateError> {
        open.settle().inspect_err(|_| self.failed.set(true)).map_err(StateError::Write)
    }

    fn opened(&self) -> Result<&Open, StateError> {
        self.open.as_ref().filter(|_| !self.failed.get()).ok_or(StateError::Poisoned)
    }
}

/// Key and value, as sled has them.
type Entry = (sled::IVec, sled::IVec);

impl Open {
    fn new(dir: &Path, io: &dyn Io) -> Result<Self, StateError> {
        let (db, file) = open::open(dir, io)?;
        let found = db.get(keys::COMMIT).map_err(read_error)?.map_or(0, |value| keys::number(&value));
        let mut watermark = Watermark::open(dir, io, found).map_err(open_error(dir))?;
        if found < watermark.commit {
            return Err(StateError::Lost { dir: dir.to_path_buf(), found, wanted: watermark.commit });
        }
        // A crash between the two syncs leaves it one behind.
        watermark.commit = found;
        let open = Self { db, file, watermark };
        open.settle().map_err(StateError::Write)?;
        Ok(open)
    }

    /// Makes durable what a read changed, if it did: sled needs half a megabyte of such changes to come round to space
    /// that it took for free too early, and no single read makes as many.
    fn settle(&self) -> Result<(), String> {
        match self.db.flush() {
            Ok(0) => Ok(()),
            Ok(_) => self.file.sync_data().map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn commit(&mut self, mut batch: sled::Batch) -> Result<(), String> {
        // What a batch replaces is free for use from its end on, what came before it at once: that must be durable.
        self.db.flush().map_err(|error| error.to_string())?;
        self.file.sync_data().map_err(|error| error.to_string())?;
        let commit = self.watermark.commit + 1;
        batch.insert(keys::COMMIT, &commit.to_le_bytes());
        self.write(batch)?;
        self.draw_level(commit)?;
        self.watermark.raise(commit).map_err(|error| error.to_string())
    }

    fn write(&self, batch: sled::Batch) -> Result<(), String> {
        self.db.apply_batch(batch).map_err(|error| error.to_string())?;
        self.db.flush().map_err(|error| error.to_string())?;
        self.file.sync_data().map_err(|error| error.to_string())
    }

    /// After a long batch: brings sled's file to where a loss of power does no harm to it, by filling a segment.
    fn draw_level(&self, commit: u64) -> Result<(), String> {
        for round in 0..FILLERS_MAX {
            if segments::is_level(&*self.file).map_err(|error| error.to_string())? {
                return Ok(());
            }
            let mut batch = sled::Batch::default();
            // sled does not write what is there already.
            let mut value = [&commit.to_le_bytes()[..], &[round]].concat();
            value.resize(VALUE_BYTES_MAX, 0);
            keys::fillers().for_each(|key| batch.insert(&key, value.as_slice()));
            self.write(batch)?;
        }
        Err("sled's file does not go on as it should".to_owned())
    }
}

fn read_error(error: sled::Error) -> StateError {
    StateError::Read(error.to_string())
}

fn within(what: &'static str, bytes: usize, max: usize) -> Result<(), StateError> {
    if bytes > max { Err(StateError::TooLarge { what, bytes, max }) } else { Ok(()) }
}

fn open_error(dir: &Path) -> impl FnOnce(io::Error) -> StateError {
    let dir = dir.to_path_buf();
    move |error| StateError::Open { dir, reason: error.to_string() }
}
