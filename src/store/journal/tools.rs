//! What `realms journal verify` says: a report of a directory without changing it.

use std::path::Path;

use crate::store::io::Io;

use super::frame::WorldRange;
use super::recover::{self, Scanned};
use super::{JournalError, meta};

/// What a journal's directory holds.
#[derive(Clone, Debug)]
pub struct Report {
    pub journal: [u8; 16],
    pub segments: Vec<SegmentReport>,
    /// First and last sequence of the chain that a recovery takes; none when the journal is empty or damaged.
    pub chain: Option<(u64, u64)>,
    /// Turns in that chain, per world and incarnation.
    pub worlds: Vec<WorldRange>,
    /// A sound frame above the chain, which the crash of a write cut off from it.
    pub torn: Option<u64>,
    /// Why a recovery refuses this journal.
    pub damage: Option<String>,
}

#[derive(Clone, Debug)]
pub struct SegmentReport {
    pub number: u64,
    pub bytes: u64,
    pub frames: u64,
    pub turns: u64,
    /// Sequences of the first and the last sound frame.
    pub range: Option<(u64, u64)>,
}

/// Reads the whole directory and says what a recovery would. Takes no lock: run it on a journal at rest, or take a
/// torn end for the moment of the reading.
pub fn verify(dir: &Path, io: &dyn Io) -> Result<Report, JournalError> {
    let journal = meta::load(io, dir)?;
    let segments = recover::scan(io, dir, &journal)?;
    let (chain, damage) = match recover::chain(&segments) {
        Ok(chain) => (chain, None),
        Err(damage) => (Vec::new(), Some(damage.detail())),
    };
    let last = chain.last().map_or(0, |frame| frame.sequence);
    let above = segments.iter().flat_map(|segment| &segment.frames).map(|frame| frame.sequence);
    Ok(Report {
        journal,
        segments: segments.iter().map(summary).collect(),
        chain: chain.first().map(|first| (first.sequence, last)),
        worlds: recover::totals(&segments, &chain).into_values().collect(),
        torn: above.filter(|sequence| *sequence > last).min().filter(|_| damage.is_none()),
        damage,
    })
}

fn summary(segment: &Scanned) -> SegmentReport {
    let ends = segment.frames.first().zip(segment.frames.last());
    SegmentReport {
        number: segment.number,
        bytes: segment.size,
        frames: segment.frames.len() as u64,
        turns: segment.frames.iter().map(|frame| u64::from(frame.turns)).sum(),
        range: ends.map(|(first, last)| (first.sequence, last.sequence)),
    }
}
