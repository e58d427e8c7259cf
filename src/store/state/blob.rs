//! Blobs: content under its hash, such as sets of templates. Written once, in pieces, checked when read.

use sha2::{Digest, Sha256};

use super::{State, StateError, VALUE_BYTES_MAX, keys, within};

/// A blob is one batch in memory.
pub const BLOB_BYTES_MAX: usize = 256 * 1024 * 1024;

const HASH_BYTES: usize = 32;
const HEAD_BYTES: usize = 8 + HASH_BYTES;

impl State {
    /// Stores a blob durably under the hash that names it; one that is there stays as it is.
    pub fn put_blob(&mut self, hash: &[u8; 32], bytes: &[u8]) -> Result<(), StateError> {
        within("a blob", bytes.len(), BLOB_BYTES_MAX)?;
        if matches!(self.blob(hash), Ok(Some(stored)) if stored == bytes) {
            return Ok(());
        }
        let mut batch = sled::Batch::default();
        let mut head = (bytes.len() as u64).to_le_bytes().to_vec();
        head.extend_from_slice(&Sha256::digest(bytes));
        batch.insert(keys::blob(hash), head);
        for (index, piece) in (0..).zip(bytes.chunks(VALUE_BYTES_MAX)) {
            batch.insert(keys::blob_piece(hash, index), piece);
        }
        self.apply(batch)
    }

    /// A blob, checked against what was stored.
    pub fn blob(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StateError> {
        let place = keys::blob(hash);
        let Some(head) = self.get(&place)? else { return Ok(None) };
        let damaged = |what: &str| StateError::DamagedBlob { detail: format!("{} {what}", name(hash)) };
        let head: [u8; HEAD_BYTES] = head.as_ref().try_into().map_err(|_| damaged("has an unreadable head"))?;
        let mut bytes = Vec::new();
        for entry in self.scan(&place)? {
            let (key, piece) = entry?;
            if key.len() > place.len() {
                bytes.extend_from_slice(&piece);
            }
        }
        if head[..8] != (bytes.len() as u64).to_le_bytes() || head[8..] != *Sha256::digest(&bytes) {
            return Err(damaged("does not have the content that was stored"));
        }
        Ok(Some(bytes))
    }

    /// The hashes of all blobs.
    pub fn blobs(&self) -> Result<Vec<[u8; 32]>, StateError> {
        let mut hashes = Vec::new();
        for entry in self.scan(b"b")? {
            let (key, _) = entry?;
            hashes.extend(<[u8; HASH_BYTES]>::try_from(&key[1..]).ok());
        }
        Ok(hashes)
    }

    /// Removes every blob that is not named.
    pub fn drop_blobs_except(&mut self, keep: &[[u8; 32]]) -> Result<(), StateError> {
        let mut batch = sled::Batch::default();
        let mut any = false;
        for entry in self.scan(b"b")? {
            let (key, _) = entry?;
            if !keep.iter().any(|hash| key[1..].starts_with(hash)) {
                batch.remove(key);
                any = true;
            }
        }
        if any { self.apply(batch) } else { Ok(()) }
    }
}

fn name(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
