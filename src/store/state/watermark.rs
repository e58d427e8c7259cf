//! The number of the last commit, beside sled and not in it. sled takes a damaged stretch of its log for the log's end
//! and opens with an older, sound state: only somebody else can know that there was more.
//!
//! Two sectors, written in turn, each `commit u64 LE | crc32 u32 LE`, so that a torn write leaves the other one.

use std::io;
use std::path::Path;

use crate::store::io::{Io, IoFile};

pub(super) const FILE: &str = "commits";

const SECTOR_BYTES: u64 = 512;

pub(super) struct Watermark {
    file: Box<dyn IoFile>,
    pub commit: u64,
}

impl Watermark {
    /// Opens the file; one that is missing begins at `commit`.
    pub fn open(dir: &Path, io: &dyn Io, commit: u64) -> io::Result<Self> {
        let path = dir.join(FILE);
        let file = match io.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = io.create(&path)?;
                file.write_at(&[0; 2 * SECTOR_BYTES as usize], 0)?;
                let mut fresh = Self { file, commit };
                fresh.raise(commit)?;
                io.sync_dir(dir)?;
                return Ok(fresh);
            }
            file => file?,
        };
        let mut commit = 0;
        for slot in 0..2 {
            let mut bytes = [0; 12];
            file.read_at(&mut bytes, slot * SECTOR_BYTES)?;
            let (number, sum) = bytes.split_at(8);
            if sum == crc32fast::hash(number).to_le_bytes() {
                commit = commit.max(number.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
            }
        }
        Ok(Self { file, commit })
    }

    /// Notes durably that this commit is durable.
    pub fn raise(&mut self, commit: u64) -> io::Result<()> {
        let mut bytes = commit.to_le_bytes().to_vec();
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        self.file.write_at(&bytes, commit % 2 * SECTOR_BYTES)?;
        self.file.sync_data()?;
        self.commit = commit;
        Ok(())
    }
}
