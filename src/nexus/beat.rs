//! Beat: the pulse of each world, by its own clock. What a Beat does is Pulsar's (`pulsar/beat.rs`);
//! here is how often it comes. It is a timing of the world's state, so that it survives with it, and
//! the next one is set when one is applied: at most one is ever pending.

/// Milliseconds of world time between Beats.
pub const BEAT_MILLIS: u64 = 2_000;
