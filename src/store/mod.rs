//! Where things are kept: the journal's tail file and sled for the Nexus, Postgres for the Forge, Redis for the mirror.

pub mod mirror;
pub mod postgres;
