//! Passwords: argon2id, one hash at a time. A hash takes some 50 ms and 19 MiB, so a storm of logins waits in line
//! here and never takes the machine from the games on it.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use super::AppError;

/// Characters.
pub const PASSWORD_MIN: usize = 8;
pub const PASSWORD_MAX: usize = 200;
/// Hashes at once.
const HASHES_MAX: usize = 1;

pub struct Passwords {
    turn: Arc<Semaphore>,
    /// Of no password: checked where there is none, so that the time does not tell which accounts exist.
    decoy: String,
}

impl Passwords {
    /// # Errors
    /// The system gives no random bytes.
    pub fn new() -> Result<Self, AppError> {
        Ok(Self { turn: Arc::new(Semaphore::new(HASHES_MAX)), decoy: hash(&super::tokens::random_secret())? })
    }

    /// The hash of a new password, in PHC form.
    ///
    /// # Errors
    /// 400 for one that is too short, too long or the account's own address.
    pub async fn hash(&self, password: &str, email: &str) -> Result<String, AppError> {
        let length = password.chars().count();
        if length < PASSWORD_MIN {
            let text = format!("A password has at least {PASSWORD_MIN} characters.");
            return Err(AppError::field("password", text));
        }
        if length > PASSWORD_MAX {
            return Err(AppError::field("password", format!("A password has at most {PASSWORD_MAX} characters.")));
        }
        if password.eq_ignore_ascii_case(email) {
            return Err(AppError::field("password", "Your mail address is too easy to guess."));
        }
        let password = password.to_owned();
        self.in_turn(move || hash(&password)).await?
    }

    /// Whether a password is the one of the hash; never, where there is no hash, in the same time.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, AppError> {
        let known = hash.is_some();
        if password.chars().count() > PASSWORD_MAX {
            return Ok(false);
        }
        let hash = hash.unwrap_or(&self.decoy).to_owned();
        let password = password.to_owned();
        let fits = self.in_turn(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(fits.await? && known)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
        let closed = |_| AppError::Internal("the hashing of passwords has ended".into());
        let turn = self.turn.clone().acquire_owned().await.map_err(closed)?;
        // The turn goes along: a request that is given up meanwhile does not let the next one in early.
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|e| AppError::Internal(format!("hashing a password: {e}")))
    }
}

fn hash(password: &str) -> Result<String, AppError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|e| AppError::Internal(format!("hashing a password: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_and_no_hash_fits_nothing() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("a tide comes in", "me@example.org").await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(passwords.verify("a tide comes in", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("a tide goes out", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("a tide comes in", None).await.unwrap());
        assert!(!passwords.verify("a tide comes in", Some("not a hash")).await.unwrap());
    }

    #[tokio::test]
    async fn bad_passwords_are_refused_with_a_reason() {
        let passwords = Passwords::new().unwrap();
        for bad in ["short", &"x".repeat(PASSWORD_MAX + 1), "Me@Example.org"] {
            let AppError::Fields(fields) = passwords.hash(bad, "me@example.org").await.unwrap_err() else { panic!() };
            assert_eq!(fields[0].0, "password");
        }
    }
}
