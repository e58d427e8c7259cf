//! Makes access and refresh tokens: Ed25519 keys in a directory of PEM files, made there when it is empty.
//! Every key in the directory is accepted; the one whose file name sorts last signs. So a key is rotated by
//! adding a file, and retired by removing the old one when its last refresh token has expired.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::token::{AUDIENCE, Claims, ISSUER, TokenError, TokenType, Verifier};

pub const ACCESS_LIFETIME: Duration = Duration::days(7);
pub const REFRESH_LIFETIME: Duration = Duration::days(14);

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("the directory of signing keys {path} cannot be used: {cause}")]
    Directory { path: PathBuf, cause: std::io::Error },
    #[error("the signing key {0} is no Ed25519 private key in PEM (PKCS#8)")]
    Format(PathBuf),
    #[error("a signing key could not be made")]
    Generation,
}

/// Signs tokens and checks them.
pub struct Tokens {
    signing: EncodingKey,
    kid: String,
    /// Key id and base64 of the raw public key.
    public: Vec<(String, String)>,
    verifier: Verifier,
}

impl Tokens {
    /// Reads the keys of a directory, making directory and key where there are none.
    ///
    /// # Errors
    /// The directory or a file in it cannot be read, written, or understood.
    pub fn open(dir: &Path) -> Result<Self, KeysError> {
        let denied = |cause| KeysError::Directory { path: dir.to_owned(), cause };
        fs::create_dir_all(dir).map_err(denied)?;
        if key_files(dir).map_err(denied)?.is_empty() {
            make_key(dir)?;
        }
        let mut public = Vec::new();
        let mut signing = None;
        for path in key_files(dir).map_err(denied)? {
            let text = fs::read_to_string(&path).map_err(denied)?;
            let key = read_pem(&text).ok_or_else(|| KeysError::Format(path.clone()))?;
            let raw = key.public_key().as_ref();
            let kid = Sha256::digest(raw).iter().take(8).map(|b| format!("{b:02x}")).collect::<String>();
            public.push((kid.clone(), STANDARD.encode(raw)));
            let der = key.to_pkcs8().map_err(|_| KeysError::Format(path.clone()))?;
            signing = Some((EncodingKey::from_ed_der(der.as_ref()), kid));
        }
        let (signing, kid) = signing.ok_or(KeysError::Generation)?;
        let verifier = Verifier::new(public.iter().map(|(kid, key)| (kid.as_str(), key.as_str())));
        Ok(Self { signing, kid, public, verifier })
    }

    /// For the nexuses: key id to base64 of the 32 raw bytes.
    pub fn public_keys(&self) -> Vec<(String, String)> {
        self.public.clone()
    }

    pub fn check(&self, token: &str, wanted: TokenType) -> Result<Claims, TokenError> {
        self.verifier.check(token, wanted)
    }

    /// An access token of an account, for [`ACCESS_LIFETIME`].
    pub fn access(&self, user_id: i64, generation: i32) -> Result<String, KeysError> {
        self.sign(TokenType::Access, user_id, generation, random_id(), ACCESS_LIFETIME)
    }

    /// A refresh token under an id that the caller records.
    pub fn refresh(&self, user_id: i64, generation: i32, jti: &str) -> Result<String, KeysError> {
        self.sign(TokenType::Refresh, user_id, generation, jti.to_owned(), REFRESH_LIFETIME)
    }

    fn sign(
        &self,
        token_type: TokenType,
        user_id: i64,
        generation: i32,
        jti: String,
        lifetime: Duration,
    ) -> Result<String, KeysError> {
        let now = OffsetDateTime::now_utc();
        let claims = Claims {
            token_type,
            exp: (now + lifetime).unix_timestamp(),
            iat: now.unix_timestamp(),
            jti,
            user_id,
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            generation,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(|_| KeysError::Generation)
    }
}

/// 128 bits of chance, safe in URLs.
pub fn random_id() -> String {
    random_text::<16>()
}

/// A token for a login link: 256 bits of chance, safe in URLs.
pub fn random_secret() -> String {
    random_text::<32>()
}

fn random_text<const BYTES: usize>() -> String {
    let mut bytes = [0u8; BYTES];
    // The system's generator has no failure that a program could survive sensibly.
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random generator works");
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key_files(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "pem") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn make_key(dir: &Path) -> Result<(), KeysError> {
    let denied = |cause| KeysError::Directory { path: dir.to_owned(), cause };
    let key = Ed25519KeyPair::generate().map_err(|_| KeysError::Generation)?;
    let der = key.to_pkcs8().map_err(|_| KeysError::Generation)?;
    let body = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let text = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    let path = dir.join(format!("{}.pem", OffsetDateTime::now_utc().unix_timestamp()));
    // Written whole under another name first: two processes that start at once read whole files only.
    let fresh = dir.join(format!("{}.new", random_id()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).map_err(denied)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(denied)?;
    fs::rename(&fresh, &path).map_err(denied)
}

fn read_pem(text: &str) -> Option<Ed25519KeyPair> {
    let body = text.split("-----BEGIN PRIVATE KEY-----").nth(1)?.split("-----END PRIVATE KEY-----").next()?;
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(body).ok()?;
    // Keys made by openssl carry no public half.
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_made_key_is_private_signs_and_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(dir.path()).unwrap();
        let access = tokens.access(7, 3).unwrap();
        let again = Tokens::open(dir.path()).unwrap();
        let claims = again.check(&access, TokenType::Access).unwrap();
        assert_eq!((claims.user_id, claims.generation), (7, 3));
        assert_eq!(claims.exp - claims.iat, 7 * 24 * 3600);
        assert_eq!(again.check(&access, TokenType::Refresh), Err(TokenError::WrongType));
        let mode = fs::metadata(&key_files(dir.path()).unwrap()[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn tokens_of_other_keys_other_types_or_with_changes_are_refused() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (a, b) = (Tokens::open(a.path()).unwrap(), Tokens::open(b.path()).unwrap());
        let access = a.access(7, 0).unwrap();
        assert_eq!(b.check(&access, TokenType::Access), Err(TokenError::Invalid));
        let mut forged: Vec<String> = access.split('.').map(str::to_owned).collect();
        forged[1] = URL_SAFE_NO_PAD.encode(r#"{"user_id":1}"#);
        assert_eq!(a.check(&forged.join("."), TokenType::Access), Err(TokenError::Invalid));
        let none = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#), forged[1]);
        for bad in [none.as_str(), "", "a.b.c", &"x".repeat(100_000)] {
            assert_eq!(a.check(bad, TokenType::Access), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn an_expired_token_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(dir.path()).unwrap();
        let old = tokens.sign(TokenType::Access, 1, 0, random_id(), Duration::minutes(-1)).unwrap();
        assert_eq!(tokens.check(&old, TokenType::Access), Err(TokenError::Expired));
    }

    #[test]
    fn the_newest_key_signs_and_older_ones_still_count() {
        let dir = tempfile::tempdir().unwrap();
        let old = Tokens::open(dir.path()).unwrap();
        let before = old.access(1, 0).unwrap();
        let first = key_files(dir.path()).unwrap().remove(0);
        fs::rename(&first, dir.path().join("0.pem")).unwrap();
        make_key(dir.path()).unwrap();
        let new = Tokens::open(dir.path()).unwrap();
        assert_eq!(new.public_keys().len(), 2);
        assert_ne!(new.kid, old.kid);
        new.check(&before, TokenType::Access).unwrap();
        assert!(old.check(&new.access(1, 0).unwrap(), TokenType::Access).is_err());
    }
}
