//! The engine as a whole, in this process: its real threads on a real folder, with players who have no sockets.

mod engine;
mod mending;
