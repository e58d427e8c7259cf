//! Segments that are no longer needed, kept as history: copied and compressed, with a head that says what is in them.
//! The journal lends a segment out until it is copied, and uses it again then; a crash in between finds it where it was.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::io::Io;
use crate::store::packed::{self, PackedError};

use super::frame::{Frame, Turn, WorldRange};
use super::recover::{self, Found};

const MAGIC: [u8; 4] = *b"RJH1";
const SUFFIX: &str = ".segment";

/// A segment that the journal has lent out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lent {
    pub number: u64,
    pub path: PathBuf,
    /// So much of it, from its begin, is frames.
    pub bytes: u64,
    /// Sequence of its last frame.
    pub last: u64,
}

/// What a kept segment says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptHead {
    pub journal: [u8; 16],
    /// Sequences of its first and its last frame.
    pub first: u64,
    pub last: u64,
    /// Checksums of the frame before the first, and of the last.
    pub previous: u32,
    pub checksum: u32,
    /// Wall clock of the first and the last frame, milliseconds since 1970.
    pub since: u64,
    pub until: u64,
    pub frames: u64,
    /// Bytes of the frames.
    pub bytes: u64,
    /// What it holds of each world and incarnation.
    pub worlds: Vec<WorldRange>,
    /// Names that its turns need beside the world, as whoever kept it said: of template sets.
    pub names: Vec<String>,
}

/// Copies a lent segment into the folder of history, durably. `named` is asked of every turn for a name that it needs.
/// Gives the head and the size of the file.
///
/// # Errors
/// It cannot be read or written, or is no longer what was lent.
pub fn keep(
    io: &dyn Io,
    dir: &Path,
    lent: &Lent,
    journal: &[u8; 16],
    mut named: impl FnMut(&Turn<'_>) -> Option<String>,
) -> Result<(KeptHead, u64), PackedError> {
    let failed = |source| PackedError::Io { path: lent.path.clone(), source };
    let mut bytes = vec![0; lent.bytes as usize];
    let got = io.open(&lent.path).and_then(|file| file.read_at(&mut bytes, 0)).map_err(failed)?;
    bytes.truncate(got);
    let (frames, ranges) = recover::scan_bytes(&bytes, journal, 0);
    let broken = frames.windows(2).find(|pair| !pair[1].follows(&pair[0]));
    let (Some(first), Some(last)) = (frames.first(), frames.last()) else {
        return Err(PackedError::damaged(&lent.path, "no frame in it can be read"));
    };
    if broken.is_some() || last.sequence != lent.last {
        let after = broken.map_or(last.sequence, |pair| pair[0].sequence);
        return Err(PackedError::damaged(&lent.path, format!("the frame after {after} cannot be read")));
    }
    let mut names = Vec::new();
    for found in &frames {
        let turns = Frame::read(&bytes[found.offset as usize..], journal).into_iter().flat_map(|frame| frame.turns());
        names.extend(turns.filter_map(|turn| named(&turn)));
    }
    names.sort();
    names.dedup();
    let head = KeptHead {
        journal: *journal,
        first: first.sequence,
        last: last.sequence,
        previous: first.previous,
        checksum: last.checksum,
        since: first.written,
        until: last.written,
        frames: frames.len() as u64,
        bytes: bytes.len() as u64,
        worlds: recover::sums(ranges.iter().map(|(_, range)| range)).into_values().collect(),
        names,
    };
    let size = packed::write(io, dir, &file_name(head.first, head.last), MAGIC, &head, |out| out.write_all(&bytes))
        .map_err(|source| PackedError::Io { path: dir.join(file_name(head.first, head.last)), source })?;
    Ok((head, size))
}

/// The kept segments in a folder, oldest first.
pub fn files(io: &dyn Io, dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = io.list(dir)?;
    names.retain(|name| name.ends_with(SUFFIX));
    Ok(names.iter().map(|name| dir.join(name)).collect())
}

/// What a kept segment says of itself.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn head(io: &dyn Io, path: &Path) -> Result<KeptHead, PackedError> {
    packed::head(io, path, MAGIC)
}

/// Head and frames of a kept segment.
///
/// # Errors
/// As of [`head`].
pub(super) fn read(io: &dyn Io, path: &Path) -> Result<(KeptHead, Vec<u8>, Vec<Found>), PackedError> {
    let (head, body): (KeptHead, _) = packed::open(io, path, MAGIC)?;
    let mut bytes = Vec::new();
    body.take(head.bytes + 1).read_to_end(&mut bytes).map_err(|error| packed::broken(path, &error))?;
    if bytes.len() as u64 != head.bytes {
        return Err(PackedError::damaged(path, format!("{} bytes instead of {}", bytes.len(), head.bytes)));
    }
    let (frames, _) = recover::scan_bytes(&bytes, &head.journal, 0);
    if frames.len() as u64 != head.frames {
        return Err(PackedError::damaged(path, format!("{} frames instead of {}", frames.len(), head.frames)));
    }
    Ok((head, bytes, frames))
}

/// Reads a kept segment to its end.
///
/// # Errors
/// It cannot be read, or is damaged.
pub fn check(io: &dyn Io, path: &Path) -> Result<KeptHead, PackedError> {
    read(io, path).map(|(head, _, _)| head)
}

pub fn file_name(first: u64, last: u64) -> String {
    format!("{first:020}-{last:020}{SUFFIX}")
}
