//! What `realms journal verify` and `dump` say: a report of a directory without changing it, and every readable turn
//! of history and tail in order, damaged or not.

use std::collections::BTreeMap;
use std::path::Path;

use crate::store::io::{self as store_io, Io};

use super::frame::{Frame, Turn, WorldRange};
use super::recover::{self, Found, Scanned};
use super::{JournalError, history, meta};

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

/// The frame that a dumped turn stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameNote {
    pub sequence: u64,
    pub durable: u64,
    pub oldest: u64,
    /// Wall clock when written, in milliseconds since 1970.
    pub written: u64,
    pub turns: u32,
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

/// Calls `visit` with every turn of every sound frame, history first, in order of the frames. Frames that are gone
/// leave a gap in [`FrameNote::sequence`].
pub fn dump(
    dir: &Path,
    kept: Option<&Path>,
    io: &dyn Io,
    mut visit: impl FnMut(FrameNote, Turn<'_>),
) -> Result<(), JournalError> {
    let journal = meta::load(io, dir)?;
    let mut last = 0;
    if let Some(kept) = kept {
        for name in history::files(io, kept).map_err(JournalError::io("list", kept))? {
            let path = kept.join(name);
            let bytes = store_io::read(io, &path).map_err(JournalError::io("read", &path))?;
            for found in recover::scan_bytes(&bytes, &journal, 0).0 {
                last = show(&bytes, &journal, &found, last, &mut visit);
            }
        }
    }
    let segments = recover::scan(io, dir, &journal)?;
    let mut loaded: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for found in frames_in_order(&segments) {
        if !loaded.contains_key(&found.segment) {
            let path = &segments[found.segment].path;
            loaded.clear();
            loaded.insert(found.segment, store_io::read(io, path).map_err(JournalError::io("read", path))?);
        }
        last = show(&loaded[&found.segment], &journal, &found, last, &mut visit);
    }
    Ok(())
}

fn frames_in_order(segments: &[Scanned]) -> Vec<Found> {
    let mut frames: Vec<Found> = segments.iter().flat_map(|segment| segment.frames.iter().copied()).collect();
    frames.sort_by_key(|frame| frame.sequence);
    frames
}

/// Visits a frame unless an equal or later one was shown; gives the last sequence shown.
fn show(
    bytes: &[u8],
    journal: &[u8; 16],
    found: &Found,
    last: u64,
    visit: &mut impl FnMut(FrameNote, Turn<'_>),
) -> u64 {
    let frame = Frame::read(&bytes[found.offset as usize..], journal);
    let Some(frame) = frame.filter(|frame| frame.header.sequence > last) else { return last };
    let Found { sequence, durable, oldest, written, turns, .. } = *found;
    frame.turns().for_each(|turn| visit(FrameNote { sequence, durable, oldest, written, turns }, turn));
    sequence
}
