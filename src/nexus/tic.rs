//! Tic: the slow clock of each world, for loaders and for those who are away. Like Beat, it is a
//! timing of the world's own state; at most one is ever pending.

/// Milliseconds of world time between Tics.
pub const TIC_MILLIS: u64 = 15_000;
