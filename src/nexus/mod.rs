//! The Nexus: the real-time engine. Data goes one way round: websocket, game, timings, Pulsar,
//! journal, game, websocket.

pub mod beat;
pub mod message;
pub mod pulsar;
pub mod tic;
pub mod timings;
