//! The queues between the nodes, and how much each holds. A cycle of nodes that wait for each other would show at size
//! one, where a test runs the engine: only the inward side waits, and its waiting ends in not reading a socket.

/// How much each queue holds; none may be 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queues {
    /// Instructions of players that wait for the Pulsar thread, of all of them together. A socket whose instruction does
    /// not fit is not read meanwhile.
    pub players: usize,
    /// Instructions of the engine's own nodes that wait. Their reserve: players cannot use it up.
    pub internal: usize,
    /// Jobs that wait for the journal: two batches, and wake-ups.
    pub journal: usize,
    /// Jobs that wait for the keeper.
    pub keeper: usize,
    /// Messages' way out: lists of what one group yielded.
    pub outward: usize,
    /// Errands on their way to each of the nodes that carry them; what does not fit is let out again later.
    pub errands: usize,
    /// Cuts that wait to be mirrored; with one more the mirror is written anew.
    pub mirror: usize,
    /// Segments, cuts and sets that wait to be kept as history; what does not fit is missing there, and counted.
    pub history: usize,
}

impl Default for Queues {
    fn default() -> Self {
        Self {
            players: 4096,
            internal: 1024,
            journal: 4096,
            keeper: 256,
            outward: 256,
            errands: 1024,
            mirror: 64,
            history: 256,
        }
    }
}

impl Queues {
    /// Each as short as can be.
    pub const ONE: Self =
        Self { players: 1, internal: 1, journal: 1, keeper: 1, outward: 1, errands: 1, mirror: 1, history: 1 };
}
