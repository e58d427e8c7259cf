//! What tests need around the platform: servers of their own, on temporary directories.

pub mod forge;
pub mod platform;
pub mod player;
pub mod postgres;
