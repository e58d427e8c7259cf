//! Runs the platform on one machine: the data directory, the private servers, and Forge, Nexus and Herald behind one port.
//! It starts what others wrote, in order, and stops it in the reverse order; it decides nothing about worlds or accounts.

mod child;
pub mod door;
pub mod options;
mod places;
mod platform;
mod postgres;
mod programs;
mod redis;

pub use options::Limits;
pub use places::{DataLock, Places};
pub use platform::{Platform, Servers};
pub use postgres::{Postgres, running};
pub use programs::postgres_tool;
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

impl From<crate::serve::ListenError> for PlayError {
    fn from(error: crate::serve::ListenError) -> Self {
        Self(error.to_string())
    }
}
