//! A whole world at one of its cuts, as a file: where a replay begins. What a reader gets has been held against the
//! number and digest of the records and the check of the cut.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::io::Io;
use crate::store::packed::{self, PackedError};
use crate::store::state::{Loaded, Record, share};

const MAGIC: [u8; 4] = *b"RJI1";
const SUFFIX: &str = ".image";

/// What an image says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageHead {
    /// The journal that has the turns after it.
    pub journal: [u8; 16],
    /// Images are numbered as they are made.
    pub number: u64,
    pub about: About,
    pub incarnation: u64,
    /// The last turn that it contains.
    pub seq: u64,
    pub count: u64,
    pub digest: u128,
    pub check: u128,
}

/// What the engine says of a world's image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub spawn: i64,
    /// The world's name.
    pub name: String,
    /// World time, milliseconds.
    pub now: u64,
    /// Wall clock when it was made, milliseconds since 1970: all that it contains was before.
    pub written: u64,
    /// The version of the engine that applied the turns after it.
    pub engine: String,
    /// The template set in use.
    pub templates: String,
}

pub(super) fn write(io: &dyn Io, dir: &Path, head: &ImageHead, loaded: &Loaded) -> io::Result<(PathBuf, u64)> {
    let name = format!("{:010}-{}{SUFFIX}", head.number, head.about.spawn);
    let size = packed::write(io, dir, &name, MAGIC, head, |out| {
        put(out, &loaded.meta)?;
        for (key, value) in &loaded.records {
            put(out, key)?;
            put(out, value)?;
        }
        Ok(())
    })?;
    Ok((dir.join(name), size))
}

/// The images in a folder, oldest first.
///
/// # Errors
/// The folder cannot be listed.
pub fn files(io: &dyn Io, dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = io.list(dir)?;
    names.retain(|name| name.ends_with(SUFFIX));
    Ok(names.iter().map(|name| dir.join(name)).collect())
}

/// What an image says of itself.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn head(io: &dyn Io, path: &Path) -> Result<ImageHead, PackedError> {
    packed::head(io, path, MAGIC)
}

/// The world of an image, proven against what its head says.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn read(io: &dyn Io, path: &Path) -> Result<(ImageHead, Loaded), PackedError> {
    let (head, mut body): (ImageHead, _) = packed::open(io, path, MAGIC)?;
    let broken = |error: io::Error| packed::broken(path, &error);
    let meta = get(&mut body).map_err(broken)?;
    let mut records: Vec<Record> = Vec::new();
    let mut digest = 0u128;
    for _ in 0..head.count {
        let (key, value) = (get(&mut body).map_err(broken)?, get(&mut body).map_err(broken)?);
        digest = digest.wrapping_add(share(&key, &value));
        records.push((key, value));
    }
    // The checksum stands behind the last byte.
    if body.read(&mut [0]).map_err(broken)? != 0 {
        return Err(PackedError::damaged(path, "it is longer than its head says"));
    }
    let ImageHead { incarnation, seq, count, .. } = head;
    let loaded = Loaded { meta, incarnation, seq, records, count, digest };
    if digest != head.digest || loaded.check() != head.check {
        return Err(PackedError::damaged(path, "its content is not what its head says"));
    }
    Ok((head, loaded))
}

fn put(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&(bytes.len() as u32).to_le_bytes())?;
    out.write_all(bytes)
}

fn get(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    // The length is not proven yet: memory grows with what is really there.
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
