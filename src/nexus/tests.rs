//! The engine as a whole, in this process: its real threads on a real folder, with players with and without sockets.

mod engine;
mod hostile;
mod mending;
mod port;
mod queues;
mod slow;
