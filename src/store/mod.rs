//! Where things are kept: for the Forge Postgres, for the mirror Redis, and on a nexus's own disk the journal's tail
//! file for what just happened, sled for what stays, history for what was before, quarantine for what went wrong.
//!
//! The parts of a nexus's disk are synchronous and belong to threads that may block. Keys and instructions are opaque
//! bytes there; what they mean is the engine's.

pub mod history;
pub mod io;
pub mod journal;
pub mod mark;
pub mod mirror;
pub mod packed;
pub mod postgres;
pub mod quarantine;
pub mod state;
