//! The frame: one group of turns as it lies in a segment, and the builder of groups.
//!
//! All numbers little endian. A frame begins at a multiple of [`FRAME_ALIGN`]; the space to the next one is zero.
//!
//! ```text
//! header   magic "RJF1" | checksum u32 | length u32 | turns u32 | worlds u32 | previous u32 | journal [16]
//!          sequence u64 | durable u64 | oldest u64 | written u64
//! worlds   per world: spawn i64 | incarnation u64 | first seq u64 | last seq u64 | turns u64
//! turns    per turn: world u32 (index into worlds) | length u32 | seq u64 | bytes
//! ```
//!
//! `checksum` is the CRC-32 of everything from `length` to the end; `previous` is the checksum of the frame before.
//! `durable` is the last sequence known to be on disk when this frame was written, `oldest` the first one that a
//! recovery still needed then, `written` wall-clock milliseconds, for people only.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Frames begin at multiples of this, so that no write touches a sector of an older frame.
pub const FRAME_ALIGN: u64 = 512;
/// An instruction has at most 16 KiB (design), and what the engine puts around it stays under another 4.
pub const TURN_BYTES_MAX: usize = 20 * 1024;
/// A group beyond this is sealed and made durable before it grows further.
pub const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(super) const HEADER_BYTES: usize = 72;
const WORLD_BYTES: usize = 40;
const TURN_HEADER_BYTES: usize = 16;
const MAGIC: [u8; 4] = *b"RJF1";
/// Where the part under the checksum begins.
const SUMMED_FROM: usize = 8;

/// One applied instruction. The bytes are the engine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn<'a> {
    pub spawn: i64,
    pub incarnation: u64,
    pub seq: u64,
    pub bytes: &'a [u8],
}

/// What a frame holds of one world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldRange {
    pub spawn: i64,
    pub incarnation: u64,
    pub first: u64,
    pub last: u64,
    pub turns: u64,
}

/// Why a turn was not taken into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    #[error("a turn of {bytes} bytes is over the limit of {TURN_BYTES_MAX}")]
    TurnTooLong { bytes: usize },
    #[error("the group is full: append it first")]
    GroupFull,
}

/// Turns that become durable together. Keeps its memory when cleared.
#[derive(Debug, Default)]
pub struct Group {
    worlds: Vec<WorldRange>,
    places: HashMap<(i64, u64), usize>,
    last: usize,
    turns: u32,
    body: Vec<u8>,
}

impl Group {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a turn. Turns of one world come in order of `(incarnation, seq)`.
    pub fn push(&mut self, spawn: i64, incarnation: u64, seq: u64, bytes: &[u8]) -> Result<(), PushError> {
        if bytes.len() > TURN_BYTES_MAX {
            return Err(PushError::TurnTooLong { bytes: bytes.len() });
        }
        if self.len_bytes() + WORLD_BYTES + TURN_HEADER_BYTES + bytes.len() > GROUP_BYTES_MAX {
            return Err(PushError::GroupFull);
        }
        let place = self.place(spawn, incarnation, seq);
        let world = &mut self.worlds[place];
        world.last = seq;
        world.turns += 1;
        self.turns += 1;
        let mut header = [0; TURN_HEADER_BYTES];
        header[..4].copy_from_slice(&(place as u32).to_le_bytes());
        header[4..8].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        header[8..].copy_from_slice(&seq.to_le_bytes());
        self.body.extend_from_slice(&header);
        self.body.extend_from_slice(bytes);
        Ok(())
    }

    /// Bytes of the frame that this group becomes.
    pub fn len_bytes(&self) -> usize {
        HEADER_BYTES + self.worlds.len() * WORLD_BYTES + self.body.len()
    }

    pub fn turns(&self) -> u32 {
        self.turns
    }

    pub fn is_empty(&self) -> bool {
        self.turns == 0
    }

    pub fn clear(&mut self) {
        self.worlds.clear();
        self.places.clear();
        self.body.clear();
        self.turns = 0;
        self.last = 0;
    }

    fn place(&mut self, spawn: i64, incarnation: u64, seq: u64) -> usize {
        let same = |world: &WorldRange| world.spawn == spawn && world.incarnation == incarnation;
        if !self.worlds.get(self.last).is_some_and(same) {
            self.last = *self.places.entry((spawn, incarnation)).or_insert_with(|| {
                self.worlds.push(WorldRange { spawn, incarnation, first: seq, last: seq, turns: 0 });
                self.worlds.len() - 1
            });
        }
        self.last
    }
}

/// The numbers of a frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub checksum: u32,
    /// Bytes of the frame, without the zeros after it.
    pub length: usize,
    pub turns: u32,
    pub worlds: u32,
    pub previous: u32,
    pub journal: [u8; 16],
    pub sequence: u64,
    pub durable: u64,
    pub oldest: u64,
    /// Wall clock when written, in milliseconds since 1970.
    pub written: u64,
}

/// Appends the group as a frame, with the zeros after it; gives its checksum. Length and checksum of `header` are
/// not read.
pub(super) fn encode(group: &Group, header: &Header, out: &mut Vec<u8>) -> u32 {
    let start = out.len();
    let length = group.len_bytes();
    out.reserve(length + FRAME_ALIGN as usize);
    out.extend_from_slice(&MAGIC);
    for number in [0, length as u32, group.turns, group.worlds.len() as u32, header.previous] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&header.journal);
    for number in [header.sequence, header.durable, header.oldest, header.written] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for world in &group.worlds {
        out.extend_from_slice(&world.spawn.to_le_bytes());
        for number in [world.incarnation, world.first, world.last, world.turns] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
    out.extend_from_slice(&group.body);
    let checksum = crc32fast::hash(&out[start + SUMMED_FROM..]);
    out[start + 4..start + 8].copy_from_slice(&checksum.to_le_bytes());
    out.resize(start + padded(length), 0);
    checksum
}

/// Bytes from the begin of a frame of this length to the begin of the next.
pub(super) fn padded(length: usize) -> usize {
    length.next_multiple_of(FRAME_ALIGN as usize)
}

/// A frame read back: checked against its checksum, so that what is inside can be trusted to be what was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub header: Header,
    bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame of this journal at the begin of `bytes`, if a whole and sound one is there.
    pub fn read(bytes: &'a [u8], journal: &[u8; 16]) -> Option<Frame<'a>> {
        let header = read_header(bytes)?;
        let tables = HEADER_BYTES.checked_add((header.worlds as usize).checked_mul(WORLD_BYTES)?)?;
        let sound = header.journal == *journal && header.length >= tables && header.length <= bytes.len();
        if !sound || crc32fast::hash(&bytes[SUMMED_FROM..header.length]) != header.checksum {
            return None;
        }
        Some(Frame { header, bytes: &bytes[..header.length] })
    }

    pub fn worlds(&self) -> impl Iterator<Item = WorldRange> + 'a {
        let table = &self.bytes[HEADER_BYTES..HEADER_BYTES + self.header.worlds as usize * WORLD_BYTES];
        table.chunks_exact(WORLD_BYTES).map(|entry| WorldRange {
            spawn: u64_at(entry, 0).cast_signed(),
            incarnation: u64_at(entry, 8),
            first: u64_at(entry, 16),
            last: u64_at(entry, 24),
            turns: u64_at(entry, 32),
        })
    }

    /// The turns in the order in which they were pushed. Ends early where the frame contradicts itself, which a sound
    /// checksum rules out.
    pub fn turns(&self) -> impl Iterator<Item = Turn<'a>> + use<'a> {
        let bytes = self.bytes;
        let worlds = self.header.worlds as usize;
        let mut at = HEADER_BYTES + worlds * WORLD_BYTES;
        std::iter::from_fn(move || {
            let header = bytes.get(at..at + TURN_HEADER_BYTES)?;
            let (world, length) = (u32_at(header, 0) as usize, u32_at(header, 4) as usize);
            let start = at + TURN_HEADER_BYTES;
            let content = bytes.get(start..start + length)?;
            let entry = (world < worlds).then(|| &bytes[HEADER_BYTES + world * WORLD_BYTES..])?;
            at = start + length;
            let (spawn, incarnation) = (u64_at(entry, 0).cast_signed(), u64_at(entry, 8));
            Some(Turn { spawn, incarnation, seq: u64_at(header, 8), bytes: content })
        })
    }
}

fn read_header(bytes: &[u8]) -> Option<Header> {
    if bytes.len() < HEADER_BYTES || bytes[..4] != MAGIC {
        return None;
    }
    let mut journal = [0; 16];
    journal.copy_from_slice(&bytes[24..40]);
    Some(Header {
        checksum: u32_at(bytes, 4),
        length: u32_at(bytes, 8) as usize,
        turns: u32_at(bytes, 12),
        worlds: u32_at(bytes, 16),
        previous: u32_at(bytes, 20),
        journal,
        sequence: u64_at(bytes, 40),
        durable: u64_at(bytes, 48),
        oldest: u64_at(bytes, 56),
        written: u64_at(bytes, 64),
    })
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}
