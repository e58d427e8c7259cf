//! The heart at work on the small world. `rig` brings people into it without sockets; `script` plays
//! the texts of `tests/script/`; `wire` holds the frames' shapes; `same` plays whatever comes, twice.

pub mod bombs;
pub mod rig;

mod away;
mod fights;
mod generated;
mod large;
mod limits;
pub mod loads;
mod low_water;
mod papers;
mod same;
mod script;
mod scripting;
mod types;
mod wire;
