//! Reading a journal's directory back: every sound frame is found, and of these the longest unbroken chain that ends
//! where durability is proven. Tells a torn end, which a crash leaves, from damage, which nothing may hide.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::store::io::{self as store_io, Io};

use super::JournalError;
use super::frame::{FRAME_ALIGN, Frame, Header, WorldRange, padded};
use super::segment::number_of;

/// Where a sound frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub segment: usize,
    pub offset: u64,
    /// Bytes to the begin of the next frame.
    pub bytes: u64,
    pub sequence: u64,
    pub durable: u64,
    pub oldest: u64,
    pub written: u64,
    pub turns: u32,
    pub checksum: u32,
    pub previous: u32,
}

impl Found {
    /// Is this the next frame after that one?
    pub fn follows(&self, before: &Found) -> bool {
        self.sequence == before.sequence + 1 && self.previous == before.checksum
    }
}

/// One segment file and what was found in it.
pub(super) struct Scanned {
    pub number: u64,
    pub path: PathBuf,
    pub size: u64,
    pub frames: Vec<Found>,
    /// What each frame holds of each world, by the frame's sequence.
    pub worlds: Vec<(u64, WorldRange)>,
}

/// Reads all segments of a directory.
pub(super) fn scan(io: &dyn Io, dir: &Path, journal: &[u8; 16]) -> Result<Vec<Scanned>, JournalError> {
    let names = io.list(dir).map_err(JournalError::io("list", dir))?;
    let mut segments = Vec::new();
    for name in names {
        if let Some(number) = number_of(&name) {
            let path = dir.join(&name);
            let bytes = store_io::read(io, &path).map_err(JournalError::io("read", &path))?;
            let (frames, worlds) = scan_bytes(&bytes, journal, segments.len());
            segments.push(Scanned { number, path, size: bytes.len() as u64, frames, worlds });
        }
    }
    Ok(segments)
}

/// Finds every sound frame whose sequence is above those before it. Behind a break these can prove that what broke was
/// durable; older ones are left from an earlier use of the segment.
pub(super) fn scan_bytes(bytes: &[u8], journal: &[u8; 16], segment: usize) -> (Vec<Found>, Vec<(u64, WorldRange)>) {
    let (mut frames, mut worlds) = (Vec::new(), Vec::new());
    let mut at = 0;
    let mut last = 0;
    while at < bytes.len() {
        let frame = Frame::read(&bytes[at..], journal).filter(|frame| frame.header.sequence > last);
        let Some(frame) = frame else {
            at += FRAME_ALIGN as usize;
            continue;
        };
        let Header { sequence, durable, oldest, written, turns, checksum, previous, length, .. } = frame.header;
        let (offset, bytes) = (at as u64, padded(length) as u64);
        frames.push(Found { segment, offset, bytes, sequence, durable, oldest, written, turns, checksum, previous });
        worlds.extend(frame.worlds().map(|world| (sequence, world)));
        last = sequence;
        at += padded(length);
    }
    (frames, worlds)
}

/// The chain, oldest frame first. An error names the sequence that is missing although it was durable.
pub(super) fn chain(segments: &[Scanned]) -> Result<Vec<Found>, Damage> {
    let mut frames: Vec<Found> = segments.iter().flat_map(|segment| segment.frames.iter().copied()).collect();
    frames.sort_by_key(|frame| (frame.sequence, frame.segment));
    let durable = frames.iter().map(|frame| frame.durable).max().unwrap_or(0);
    let mut failed = None;
    for tip in frames.iter().rev() {
        if tip.sequence < durable {
            return Err(Damage { sequence: failed.unwrap_or(tip.sequence + 1), durable });
        }
        match walk_back(&frames, tip) {
            Ok(chain) => return Ok(chain),
            Err(missing) if missing <= durable => failed = Some(missing),
            Err(_) => {}
        }
    }
    match failed {
        Some(sequence) => Err(Damage { sequence, durable }),
        None => Ok(Vec::new()),
    }
}

/// From a frame back to the oldest that it needs; an error names the first one missing on the way.
fn walk_back(frames: &[Found], tip: &Found) -> Result<Vec<Found>, u64> {
    let mut chain = vec![*tip];
    let mut frame = tip;
    while frame.sequence > tip.oldest {
        let wanted = frame.sequence - 1;
        let from = frames.partition_point(|candidate| candidate.sequence < wanted);
        let mut same = frames[from..].iter().take_while(|candidate| candidate.sequence == wanted);
        frame = same.find(|candidate| candidate.checksum == frame.previous).ok_or(wanted)?;
        chain.push(*frame);
    }
    chain.reverse();
    Ok(chain)
}

/// A frame that was durable and cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub sequence: u64,
    /// The last sequence that a sound frame proves to have been durable.
    pub durable: u64,
}

impl Damage {
    pub fn detail(&self) -> String {
        let Damage { sequence, durable } = self;
        format!("frame {sequence} cannot be read, although a later frame proves that all up to {durable} were durable")
    }
}

/// How much of a segment, from its begin, is one chain of frames before `end`: bytes, and the last sequence. What does
/// not follow the frame before it was never acknowledged: a crash cut it off.
pub(super) fn linked(frames: &[Found], end: u64) -> (u64, u64) {
    let breaks = frames.windows(2).position(|pair| !pair[1].follows(&pair[0]));
    let chain = &frames[..breaks.map_or(frames.len(), |at| at + 1)];
    let last = chain.iter().rfind(|frame| frame.sequence < end);
    last.map_or((0, 0), |frame| (frame.offset + frame.bytes, frame.sequence))
}

/// The chain by segment, in writing order: index of the segment and its frames.
pub(super) fn by_segment(chain: &[Found]) -> Vec<(usize, &[Found])> {
    chain.chunk_by(|a, b| a.segment == b.segment).map(|frames| (frames[0].segment, frames)).collect()
}

/// Everything that sound frames say of the worlds, per world and incarnation.
pub(super) fn totals(segments: &[Scanned], chain: &[Found]) -> BTreeMap<(i64, u64), WorldRange> {
    let parts = by_segment(chain).into_iter().flat_map(|(segment, frames)| {
        let wanted = frames[0].sequence..=frames[frames.len() - 1].sequence;
        segments[segment].worlds.iter().filter(move |(sequence, _)| wanted.contains(sequence))
    });
    sums(parts.map(|(_, range)| range))
}

/// Ranges in order of their frames, added up per world and incarnation.
pub(super) fn sums<'a>(ranges: impl Iterator<Item = &'a WorldRange>) -> BTreeMap<(i64, u64), WorldRange> {
    let mut totals: BTreeMap<(i64, u64), WorldRange> = BTreeMap::new();
    for world in ranges {
        totals
            .entry((world.spawn, world.incarnation))
            .and_modify(|total| {
                total.last = world.last;
                total.turns += world.turns;
            })
            .or_insert(*world);
    }
    totals
}
