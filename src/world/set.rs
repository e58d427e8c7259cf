//! A template set as bytes: one canonical encoding, named by its hash. The same documents and
//! ids give the same bytes on every machine.

use sha2::{Digest, Sha256};

use super::template::Templates;

/// First byte of an encoded set; raised when the layout of [`Templates`] changes.
pub const SET_VERSION: u8 = 3;

#[derive(Debug, thiserror::Error)]
pub enum SetError {
    #[error("a template set of version {0}; this engine reads version {SET_VERSION}")]
    Version(u8),
    #[error("a template set that cannot be read: {0}")]
    Damaged(#[from] postcard::Error),
    #[error("an empty template set")]
    Empty,
}

impl Templates {
    pub fn encode(&self) -> Result<Vec<u8>, SetError> {
        Ok(postcard::to_extend(self, vec![SET_VERSION])?)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, SetError> {
        match bytes.split_first() {
            None => Err(SetError::Empty),
            Some((&SET_VERSION, set)) => {
                let (set, rest) = postcard::take_from_bytes(set)?;
                if rest.is_empty() { Ok(set) } else { Err(postcard::Error::DeserializeBadEncoding.into()) }
            }
            Some((other, _)) => Err(SetError::Version(*other)),
        }
    }
}

/// The name of an encoded set: the SHA-256 of its bytes in hex.
pub fn hash(encoded: &[u8]) -> String {
    Sha256::digest(encoded).iter().map(|byte| format!("{byte:02x}")).collect()
}
