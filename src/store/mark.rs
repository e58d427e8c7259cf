//! The mark: a page of memory, shared with a file, that holds the turn which is being applied. A process that is torn from
//! the middle of a turn leaves it there, and the next one knows what the world was at. It costs a copy of the turn, no call
//! of the system; it need not survive a loss of power, in which no turn is to blame.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::atomic::{Ordering, fence};

use memmap2::MmapMut;

use super::journal::TURN_BYTES_MAX;

const BUSY: usize = 0;
const LENGTH: usize = 8;
const SPAWN: usize = 16;
const INCARNATION: usize = 24;
const SEQ: usize = 32;
const TURN: usize = 40;

/// See the module.
pub struct Mark {
    page: MmapMut,
}

/// A turn that was never finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    pub spawn: i64,
    pub incarnation: u64,
    /// The sequence that the turn would have had.
    pub seq: u64,
    /// The turn as it would have been journaled.
    pub turn: Vec<u8>,
}

impl Mark {
    /// Opens the file, made when missing, and takes out what an earlier process left.
    ///
    /// # Errors
    /// The file cannot be made, sized or mapped.
    pub fn open(path: &Path) -> io::Result<(Self, Option<Torn>)> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.set_len((TURN + TURN_BYTES_MAX) as u64)?;
        // SAFETY: the folder is locked by this process, so that no other one changes the file while it is mapped.
        let page = unsafe { MmapMut::map_mut(&file)? };
        let mut mark = Self { page };
        let torn = mark.torn();
        mark.end();
        Ok((mark, torn))
    }

    /// This turn begins. One that is too long for a journal is too long for the mark, and leaves none.
    pub fn begin(&mut self, spawn: i64, incarnation: u64, seq: u64, turn: &[u8]) {
        let Some(place) = self.page.get_mut(TURN..TURN + turn.len()) else { return };
        place.copy_from_slice(turn);
        self.put(LENGTH, turn.len() as u64);
        self.put(SPAWN, spawn as u64);
        self.put(INCARNATION, incarnation);
        self.put(SEQ, seq);
        fence(Ordering::Release);
        self.put(BUSY, 1);
    }

    /// It is done.
    pub fn end(&mut self) {
        fence(Ordering::Release);
        self.put(BUSY, 0);
    }

    fn torn(&self) -> Option<Torn> {
        let length = usize::try_from(self.get(LENGTH)?).ok()?;
        let turn = self.page.get(TURN..TURN.checked_add(length)?)?.to_vec();
        let (spawn, incarnation, seq) = (self.get(SPAWN)? as i64, self.get(INCARNATION)?, self.get(SEQ)?);
        (self.get(BUSY)? == 1).then_some(Torn { spawn, incarnation, seq, turn })
    }

    fn put(&mut self, at: usize, value: u64) {
        if let Some(place) = self.page.get_mut(at..at + 8) {
            place.copy_from_slice(&value.to_le_bytes());
        }
    }

    fn get(&self, at: usize) -> Option<u64> {
        Some(u64::from_le_bytes(self.page.get(at..at + 8)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_was_not_finished_is_found_once_and_a_finished_one_never() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("turn");
        let (mut mark, torn) = Mark::open(&path).unwrap();
        assert_eq!(torn, None);
        mark.begin(1001, 7, 41, b"one");
        mark.end();
        mark.begin(1002, 8, 42, b"two of them");
        drop(mark);
        let (mut mark, torn) = Mark::open(&path).unwrap();
        assert_eq!(torn, Some(Torn { spawn: 1002, incarnation: 8, seq: 42, turn: b"two of them".to_vec() }));
        mark.begin(1001, 7, 43, b"x");
        mark.end();
        drop(mark);
        assert_eq!(Mark::open(&path).unwrap().1, None);
    }

    #[test]
    fn a_file_of_nonsense_is_no_turn() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("turn");
        std::fs::write(&path, [0xff; 100]).unwrap();
        assert_eq!(Mark::open(&path).unwrap().1, None);
    }
}
