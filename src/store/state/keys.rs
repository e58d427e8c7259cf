//! How keys and values lie in the one tree, and the digest over the records of a world.
//!
//! ```text
//! s                                           number of the last commit
//! f number                                    nothing: it fills sled's file
//! n name                                      note
//! b hash                                      blob: length u64, sha-256 of the content
//! b hash index(u32 BE)                        a piece of it
//! w spawn(i64 BE) h                           what the last cut says of itself
//! w spawn m | w spawn r key                   the cut's meta; a record
//! w spawn c region length(u16 BE) key index   a piece of a meta or record that is longer than a value may be
//! w spawn d key                               changed since the last save: seq of the cut
//! ```
//!
//! A meta or record begins with a byte: 0, then the content follows; 1, then its length as u32 LE, and the content
//! stands in pieces.

use sha2::{Digest, Sha256};

use super::VALUE_BYTES_MAX;

pub(super) const COMMIT: &[u8] = b"s";

pub(super) const HEADER: u8 = b'h';
pub(super) const META: u8 = b'm';
pub(super) const RECORD: u8 = b'r';
pub(super) const PIECE: u8 = b'c';
pub(super) const CHANGED: u8 = b'd';

const INLINE: u8 = 0;
const PIECES: u8 = 1;

/// As many as are written at once, to fill space. No leaf of them is too large.
pub(super) fn fillers() -> impl Iterator<Item = [u8; 2]> {
    (0..16).map(|number| [b'f', number])
}

pub(super) fn note(name: &str) -> Vec<u8> {
    [b"n", name.as_bytes()].concat()
}

pub(super) fn blob(hash: &[u8; 32]) -> Vec<u8> {
    [&b"b"[..], hash].concat()
}

pub(super) fn blob_piece(hash: &[u8; 32], index: u32) -> Vec<u8> {
    [&b"b"[..], hash, &index.to_be_bytes()].concat()
}

pub(super) fn world(spawn: i64) -> [u8; 9] {
    let mut key = [b'w'; 9];
    key[1..].copy_from_slice(&spawn.to_be_bytes());
    key
}

/// A world's region, and within it a key.
pub(super) fn region(spawn: i64, region: u8, key: &[u8]) -> Vec<u8> {
    [&world(spawn)[..], &[region], key].concat()
}

pub(super) fn piece(spawn: i64, region: u8, key: &[u8], index: u16) -> Vec<u8> {
    [&pieces(spawn, region, key)[..], &index.to_be_bytes()].concat()
}

/// What all pieces of a meta or record begin with.
pub(super) fn pieces(spawn: i64, region: u8, key: &[u8]) -> Vec<u8> {
    let length = (key.len() as u16).to_be_bytes();
    [&world(spawn)[..], &[PIECE, region], &length, key].concat()
}

/// The world that a key belongs to.
pub(super) fn spawn_of(key: &[u8]) -> Option<i64> {
    let bytes = key.strip_prefix(b"w")?.get(..8)?;
    Some(i64::from_be_bytes(bytes.try_into().ok()?))
}

/// The value at a record's own key, and the pieces that go elsewhere.
pub(super) fn split(content: &[u8]) -> (Vec<u8>, impl Iterator<Item = &[u8]>) {
    if content.len() < VALUE_BYTES_MAX {
        return ([&[INLINE], content].concat(), [].chunks(VALUE_BYTES_MAX));
    }
    let head = [&[PIECES], &(content.len() as u32).to_le_bytes()[..]].concat();
    (head, content.chunks(VALUE_BYTES_MAX))
}

/// What a record's own value says of its content.
pub(super) enum Head<'a> {
    Inline(&'a [u8]),
    Pieces { length: usize },
    Unreadable,
}

pub(super) fn head(value: &[u8]) -> Head<'_> {
    match value.split_first() {
        Some((&INLINE, content)) => Head::Inline(content),
        Some((&PIECES, length)) => match <[u8; 4]>::try_from(length) {
            Ok(length) => Head::Pieces { length: u32::from_le_bytes(length) as usize },
            Err(_) => Head::Unreadable,
        },
        _ => Head::Unreadable,
    }
}

/// A record's share of the digest; the digest of a world is their sum, whatever the order.
pub fn share(key: &[u8], content: &[u8]) -> u128 {
    let mut hash = Sha256::new();
    hash.update((key.len() as u32).to_le_bytes());
    hash.update(key);
    hash.update(content);
    first_half(hash)
}

/// What a cut says of itself, as stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub incarnation: u64,
    pub seq: u64,
    pub count: u64,
    pub digest: u128,
    /// The seq of a full cut that no save followed, or 0.
    pub whole: u64,
    /// Over the other numbers but `whole`, and the meta: a header beside another cut's meta is found out.
    pub check: u128,
}

const HEADER_BYTES: usize = 64;

impl Header {
    pub fn checked(mut self, meta: &[u8]) -> Self {
        self.check = self.check_of(meta);
        self
    }

    pub fn check_of(&self, meta: &[u8]) -> u128 {
        let mut hash = Sha256::new();
        for number in [self.incarnation, self.seq, self.count] {
            hash.update(number.to_le_bytes());
        }
        hash.update(self.digest.to_le_bytes());
        hash.update(meta);
        first_half(hash)
    }

    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        for number in [self.incarnation, self.seq, self.count, self.whole] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.digest.to_le_bytes());
        bytes.extend_from_slice(&self.check.to_le_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.try_into().ok()?;
        let number = |at: usize| bytes[at..at + 8].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let long = |at: usize| u128::from(number(at)) | u128::from(number(at + 8)) << 64;
        let (incarnation, seq, count, whole) = (number(0), number(8), number(16), number(24));
        Some(Self { incarnation, seq, count, whole, digest: long(32), check: long(48) })
    }
}

/// A number as a value; 0 for what is none.
pub(super) fn number(value: &[u8]) -> u64 {
    value.try_into().map_or(0, u64::from_le_bytes)
}

fn first_half(hash: Sha256) -> u128 {
    let bytes: [u8; 32] = hash.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&bytes[..16]);
    u128::from_le_bytes(half)
}
