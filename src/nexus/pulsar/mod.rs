//! The pure heart: `apply(world, at, instruction)` gives messages, timings and errands. It does no
//! I/O, reads no clock, draws no entropy of its own and iterates no hash map.

pub mod beat;
pub mod changes;
pub mod combat;
pub mod command;
pub mod condition;
pub mod connect;
pub mod equip;
pub mod image;
pub mod instruction;
pub mod leave;
pub mod load;
pub mod order;
pub mod react;
pub mod record;
mod rows;
pub mod schedule;
pub mod script;
pub mod see;
pub mod skill;
pub mod sound;
pub mod table;
pub mod transport;
pub mod trigger;
pub mod turn;
pub mod world;

#[cfg(test)]
pub mod tests;
