//! Realms, a platform for real-time text worlds.
//!
//! - [`config`]: the settings of a program. [`telemetry`], [`probe`], [`shutdown`], [`serve`]: what every program does.
//! - [`play`]: the platform on one machine, with its private servers. [`cli`]: the operator's tools.
//! - [`herald`]: serves the web client's files.
//! - [`folder`]: worlds as folders of text on disk.
//! - [`world`]: the vocabulary of worlds, shared by Forge and Nexus. Pure.
//! - [`nexus`]: the real-time engine.
//! - [`store`]: the journal's tail file, sled, the Redis mirror, Postgres.
//! - [`link`]: internal HTTP between Forge and Nexus.
//! - [`forge`]: accounts, templates, saves; REST and the Forge socket.

pub mod address;
pub mod cli;
pub mod config;
pub mod folder;
pub mod forge;
pub mod herald;
pub mod link;
pub mod nexus;
pub mod play;
pub mod probe;
pub mod program;
pub mod serve;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod world;
