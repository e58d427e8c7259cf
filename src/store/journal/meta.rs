//! The journal's identity: 128 random bits in a small file, and in every frame, so that no frame of another journal,
//! and nothing that a player typed, is ever taken for ours.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;

use crate::store::io::{self as store_io, Io};

use super::JournalError;
use super::segment::{UNFINISHED, forget_file, number_of};

const META_FILE: &str = "journal";
const TITLE: &str = "realms-journal 1";

/// Removes what a crash left half made.
pub(super) fn remove_unfinished(io: &dyn Io, dir: &Path) {
    for name in io.list(dir).unwrap_or_default() {
        if name.ends_with(UNFINISHED) {
            forget_file(io, &dir.join(name));
        }
    }
}

/// The identity of the journal in a directory; a new one where there is none.
pub(super) fn load_or_make(io: &dyn Io, dir: &Path) -> Result<[u8; 16], JournalError> {
    let names = io.list(dir).map_err(JournalError::io("list", dir))?;
    if names.iter().any(|name| name == META_FILE) {
        return load(io, dir);
    }
    if names.iter().any(|name| number_of(name).is_some()) {
        return Err(JournalError::Damaged {
            detail: format!("{} has segments but no file `{META_FILE}`", dir.display()),
        });
    }
    let id = fresh();
    store_io::replace(io, dir, META_FILE, line(&id).as_bytes()).map_err(JournalError::io("write", dir))?;
    Ok(id)
}

/// The identity of an existing journal.
pub(super) fn load(io: &dyn Io, dir: &Path) -> Result<[u8; 16], JournalError> {
    let path = dir.join(META_FILE);
    let bytes = store_io::read(io, &path).map_err(JournalError::io("read", &path))?;
    parse(&bytes).ok_or_else(|| JournalError::Damaged { detail: format!("{} is not readable", path.display()) })
}

fn line(id: &[u8; 16]) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{TITLE} {hex} {:08x}\n", crc32fast::hash(hex.as_bytes()))
}

fn parse(bytes: &[u8]) -> Option<[u8; 16]> {
    let rest = std::str::from_utf8(bytes).ok()?.strip_prefix(TITLE)?.trim();
    let (hex, _) = rest.split_once(' ')?;
    let id = u128::from_str_radix(hex, 16).ok()?.to_be_bytes();
    (line(&id).trim_end().as_bytes() == bytes.trim_ascii_end()).then_some(id)
}

/// The keys of a `RandomState` come from the system's entropy.
fn fresh() -> [u8; 16] {
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    (half() << 64 | half()).to_be_bytes()
}
