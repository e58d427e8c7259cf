//! Reads turns back out of segments, in the order in which they were made durable, one segment in memory at a time.
//! Works on any thread while the journal goes on: what it was given is not overwritten as long as no cut covers it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::store::io::Io;

use super::JournalError;
use super::frame::{Frame, Turn};

/// A stretch of consecutive frames in one segment.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub path: PathBuf,
    pub start: u64,
    pub end: u64,
}

/// Turns waiting to be read: all that a recovery found, or those of one world.
pub struct Tail {
    pub(super) io: Arc<dyn Io>,
    pub(super) journal: [u8; 16],
    pub(super) parts: Vec<Part>,
    pub(super) spawn: Option<i64>,
}

impl Tail {
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Bytes that [`Tail::each`] reads.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.end - part.start).sum()
    }

    /// Calls `visit` with every turn, oldest first. Turns that a cut covers already may be among them: the reader
    /// compares `(incarnation, seq)` with its cut's. Fails where a segment cannot be read or changed under us.
    pub fn each(&self, mut visit: impl FnMut(Turn<'_>)) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        for part in &self.parts {
            self.load(part, &mut bytes).map_err(JournalError::io("read", &part.path))?;
            let mut at = 0;
            while at < bytes.len() {
                let frame = Frame::read(&bytes[at..], &self.journal).ok_or_else(|| JournalError::Damaged {
                    detail: format!("{} changed at byte {}", part.path.display(), part.start + at as u64),
                })?;
                if self.spawn.is_none_or(|spawn| frame.worlds().any(|world| world.spawn == spawn)) {
                    frame
                        .turns()
                        .filter(|turn| self.spawn.is_none_or(|spawn| turn.spawn == spawn))
                        .for_each(&mut visit);
                }
                at += super::frame::padded(frame.header.length);
            }
        }
        Ok(())
    }

    fn load(&self, part: &Part, bytes: &mut Vec<u8>) -> io::Result<()> {
        let file = self.io.open(&part.path)?;
        bytes.resize((part.end - part.start) as usize, 0);
        match file.read_at(bytes, part.start)? {
            count if count == bytes.len() => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
