//! Text that must not be told: passwords, tokens, addresses with a password in them.
//! A [`Secret`] shows its content to nobody but a caller of [`Secret::expose`]; comparing two takes a time
//! that does not depend on where they differ.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// Bytes of chance in a generated secret.
const GENERATED_BYTES: usize = 32;
/// A file given as `*_FILE` may be this long.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// A piece of text that never reaches a log: neither `Debug` nor an error shows it, and there is no `Display`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A new random secret of 256 bits, in characters that are safe in URLs and headers.
    pub fn generate() -> Self {
        let mut bytes = [0u8; GENERATED_BYTES];
        SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The content of a file without the white space around it.
    ///
    /// # Errors
    /// The file cannot be read, is longer than 16 KiB, is no UTF-8 or is empty.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let length = std::fs::metadata(path).map_err(|error| format!("cannot read {name}: {error}"))?.len();
        if length > FILE_BYTES_MAX {
            return Err(format!("{name} is too long for a secret: {length} bytes, at most {FILE_BYTES_MAX}"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        match text.trim() {
            "" => Err(format!("{name} is empty")),
            text => Ok(Self(text.to_owned())),
        }
    }

    /// The content, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `text` is this secret, in a time that only depends on the lengths.
    pub fn matches(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_told() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:?}", Some(&secret)), "Some(Secret(…))");
        assert!(secret.matches("hunter2") && !secret.matches("hunter3") && !secret.matches(""));
    }

    #[test]
    fn generated_secrets_differ() {
        let (a, b) = (Secret::generate(), Secret::generate());
        assert!(a != b && a.expose().len() == 43);
    }

    #[test]
    fn a_file_gives_its_trimmed_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "  abc\n").unwrap();
        assert!(Secret::read(&path).unwrap().matches("abc"));
        std::fs::write(&path, "\n").unwrap();
        assert!(Secret::read(&path).unwrap_err().ends_with("is empty"));
        assert!(Secret::read(&dir.path().join("none")).unwrap_err().starts_with("cannot read"));
    }
}
