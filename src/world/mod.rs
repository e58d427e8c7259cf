//! The vocabulary that Forge and Nexus share: what builders write, what the engine reads,
//! and the pure functions between them. No I/O, no clock, no chance.

pub mod by_id;
pub mod character;
pub mod check;
pub mod circle;
pub mod compile;
pub mod condition;
pub mod diff;
#[cfg(test)]
pub mod fixture;
pub mod formulas;
pub mod internal;
pub mod kept;
pub mod keywords;
pub mod kinds;
pub mod lint;
pub mod manifest;
pub mod matcher;
pub mod script;
pub mod set;
pub mod skill;
pub mod spec;
pub mod template;
pub mod watch;
