//! The load harness: players made of code, baselines to hold the engine against, and reports. A library, so that the
//! tests of faults put the same stage up.

pub mod accounts;
pub mod baseline;
pub mod bench;
pub mod crew;
pub mod expect;
pub mod machine;
pub mod metronome;
pub mod oracle;
pub mod page;
pub mod persona;
pub mod plan;
pub mod player;
pub mod process;
pub mod remote;
pub mod report;
pub mod run;
pub mod samples;
pub mod stage;
pub mod start;
pub mod system;
pub mod tally;
pub mod turns;
pub mod wire;
pub mod worker;
pub mod world;
