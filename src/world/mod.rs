//! The vocabulary that Forge and Nexus share: what builders write, what the engine reads,
//! and the pure functions between them. No I/O, no clock, no chance.

pub mod character;
pub mod formulas;
pub mod internal;
pub mod keywords;
pub mod kinds;
pub mod spec;
pub mod template;
