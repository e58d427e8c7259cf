//! Access tokens as both sides see them: the claims, and how to check a signature with public keys.
//! Only the Forge makes tokens (`forge::tokens`); the Nexus checks them with the keys that it got when it registered.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};

pub const ISSUER: &str = "realms";
pub const AUDIENCE: &str = "realms";
/// Clocks of the machines of one platform may differ by this many seconds.
pub const LEEWAY_SECONDS: u64 = 5;
/// Ours have some 500 bytes; nothing longer is looked at.
pub const TOKEN_BYTES_MAX: usize = 2048;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    Access,
    Refresh,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub token_type: TokenType,
    /// Unix seconds.
    pub exp: i64,
    pub iat: i64,
    /// Unique per token.
    pub jti: String,
    pub user_id: i64,
    pub iss: String,
    pub aud: String,
    /// The account's token generation when it was issued; raised to refuse what came before.
    #[serde(default, rename = "gen")]
    pub generation: i32,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not valid")]
    Invalid,
    #[error("the token has expired")]
    Expired,
    #[error("the token is of another type")]
    WrongType,
}

/// Public keys by key id.
#[derive(Clone, Default)]
pub struct Verifier {
    keys: BTreeMap<String, DecodingKey>,
}

impl Verifier {
    /// From key ids and base64 of the 32 raw bytes of Ed25519 public keys. Keys of another form are left out.
    pub fn new<'a>(keys: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut verifier = Self::default();
        for (kid, key) in keys {
            if let Ok(raw) = STANDARD.decode(key)
                && raw.len() == 32
            {
                verifier.keys.insert(kid.to_owned(), DecodingKey::from_ed_der(&raw));
            }
        }
        verifier
    }

    /// Checks signature, times, issuer and audience.
    ///
    /// # Errors
    /// [`TokenError`], which tells a client no more than it must know.
    pub fn check(&self, token: &str, wanted: TokenType) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        let key = header.kid.and_then(|kid| self.keys.get(&kid)).ok_or(TokenError::Invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.leeway = LEEWAY_SECONDS;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)
            .map_err(|e| match e.kind() {
                ErrorKind::ExpiredSignature => TokenError::Expired,
                _ => TokenError::Invalid,
            })?
            .claims;
        if claims.token_type != wanted {
            return Err(TokenError::WrongType);
        }
        Ok(claims)
    }
}

/// The token of an `Authorization` header: scheme `Bearer` or `JWT`, in any case. None where there is no such header value.
pub fn of_header(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("jwt")).then(|| token.trim())
}
