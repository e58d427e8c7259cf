//! What is to be played: the load that a user asks for, and each worker process's part of it.

use serde::{Deserialize, Serialize};

use crate::persona::Persona;

/// A load on one server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    pub players: usize,
    /// Commands a second of each player; without one each sends the next as soon as the last is answered.
    pub rate: Option<f64>,
    /// With a rate: wait for the answer before the next command is due. Otherwise commands are due by the clock alone.
    pub closed: bool,
    pub persona: Persona,
    /// Silent players who check what they hear.
    pub listeners: usize,
    /// Over how many seconds players come in.
    pub ramp: f64,
    /// Seconds of play that are not measured.
    pub warmup: f64,
    /// Seconds that are measured.
    pub seconds: f64,
    pub seed: u64,
    /// Worker processes that play.
    pub processes: usize,
}

/// One character at one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    pub player: i64,
    pub token: String,
    pub listens: bool,
}

impl Load {
    /// Whether who sits here sends nothing.
    pub fn is_silent(&self, seat: &Seat) -> bool {
        seat.listens || self.persona == Persona::Idle
    }
}

/// What one worker plays; the first line of its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub url: String,
    pub load: Load,
    pub seats: Vec<Seat>,
    /// Keep samples of the frames that come, by type.
    pub record: bool,
}

/// What the parent tells a worker after its plan; one word a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Play.
    Go,
    /// Everybody has stopped: report and leave.
    End,
}

/// What a worker tells its parent; one JSON object a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// All its players are in the world.
    In {
        players: usize,
    },
    /// A second of play, counted from the order to go.
    Slice {
        second: u64,
        tally: Box<crate::tally::Tally>,
    },
    /// It sends no more, and waits for no more answers.
    Still {
        unanswered: u64,
    },
    Done(Box<Findings>),
    /// It cannot play.
    Failed {
        text: String,
    },
}

/// What a worker found beside the numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Findings {
    pub heard: crate::oracle::Talk,
    pub samples: crate::samples::Samples,
    /// Connections that ended before their time, with the first reason.
    pub dropped: u64,
    pub reason: String,
    /// Texts of refusals and how often they came.
    pub refusals: std::collections::BTreeMap<String, u64>,
}
