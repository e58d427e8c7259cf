//! Runs the platform on one machine: the data directory, the private servers, and Forge, Nexus and Herald behind one port.
//! It starts what others wrote, in order, and stops it in the reverse order; it decides nothing about worlds or accounts.

mod child;
pub mod door;
mod first;
pub mod manifests;
pub mod options;
mod places;
mod platform;
mod postgres;
mod programs;
mod redis;

pub use first::FirstRun;
pub use options::Limits;
pub use places::{DataLock, Places};
pub use platform::{Platform, Servers};
pub use postgres::{Postgres, running};
pub use programs::{PostgresPrograms, postgres_tool};
pub use redis::Redis;

/// Why the platform does not start: one line that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlayError(String);

impl PlayError {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<crate::forge::ForgeError> for PlayError {
    fn from(error: crate::forge::ForgeError) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::nexus::NexusError> for PlayError {
    fn from(error: crate::nexus::NexusError) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::serve::ListenError> for PlayError {
    fn from(error: crate::serve::ListenError) -> Self {
        Self(error.to_string())
    }
}

/// The operator reads what the log would say.
impl From<crate::forge::AppError> for PlayError {
    fn from(error: crate::forge::AppError) -> Self {
        use crate::forge::AppError;
        Self(match error {
            AppError::Fields(fields) => {
                fields.iter().map(|(field, text)| format!("{field}: {text}")).collect::<Vec<_>>().join("; ")
            }
            AppError::NotFound => "there is no such thing".to_owned(),
            AppError::TooLarge { limit_bytes } => format!("more than {limit_bytes} bytes"),
            AppError::List(text)
            | AppError::Unauthorized(text, _)
            | AppError::Forbidden(text)
            | AppError::Conflict(text)
            | AppError::Gone(text)
            | AppError::Throttled { text, .. }
            | AppError::Unavailable(text)
            | AppError::Internal(text) => text,
        })
    }
}

impl From<crate::forge::worlds::WorldsError> for PlayError {
    fn from(error: crate::forge::worlds::WorldsError) -> Self {
        use crate::forge::worlds::WorldsError;
        match error {
            WorldsError::Problems(problems) => manifests::refused(&problems),
            error => Self(error.to_string()),
        }
    }
}
