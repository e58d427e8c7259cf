//! The Game router, as two halves. Inward it hands instructions to the Pulsar thread, within bounds:
//! a sender waits, and so its socket is not read. Outward it encodes each frame once and gives it to
//! the outboxes of its recipients; it never waits, and a full outbox costs its owner the connection.

use std::collections::HashMap;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use crate::world::character::PlayerId;
use crate::world::template::WorldId;

use super::drive::Arrival;
use super::message::Frame;
use super::pulsar::instruction::Instruction;
use super::pulsar::record::OpenErrand;
use super::pulsar::turn::Out;

/// Instructions of players that wait for the Pulsar thread, of all of them together.
pub const INLET_PLAYERS_MAX: usize = 4096;
/// Instructions of the engine's own nodes that wait. Their reserve: players cannot use it up.
pub const INLET_INTERNAL_MAX: usize = 1024;
/// Messages that wait for one socket; one more and it is closed.
pub const OUTBOX_MESSAGES_MAX: usize = 256;

/// What leaves the engine.
#[derive(Clone, Debug)]
pub enum Outbound {
    Message(super::message::Message),
    Attach {
        player: PlayerId,
        session: u64,
    },
    Detach {
        player: PlayerId,
    },
    ToSession {
        session: u64,
        frame: Arc<Frame>,
    },
    Errand {
        spawn: WorldId,
        errand: Box<OpenErrand>,
    },
    /// A socket has opened; its messages go here.
    Open {
        session: u64,
        outbox: Outbox,
    },
    Closed {
        session: u64,
    },
}

impl Outbound {
    pub fn of(spawn: WorldId, out: Out) -> Self {
        match out {
            Out::Message(message) => Self::Message(message),
            Out::Attach { player, session } => Self::Attach { player, session },
            Out::Detach { player } => Self::Detach { player },
            Out::Reject { session, frame } => Self::ToSession { session, frame },
            Out::Errand(errand) => Self::Errand { spawn, errand: Box::new(errand) },
            // Stopping is between the drive and whoever asked for it.
            Out::Stopped => Self::Closed { session: 0 },
        }
    }
}

/// Told of each arrival that was taken, and whether it was a player's.
pub type Taken = Arc<dyn Fn(bool) + Send + Sync>;

/// The way into the engine. Clones share the bounds.
#[derive(Clone)]
pub struct Inward {
    inlet: Sender<Arrival>,
    players: Arc<Semaphore>,
    internal: Arc<Semaphore>,
}

impl Inward {
    /// The inlet's two ends, and what gives room back as arrivals are taken.
    pub fn new() -> (Self, Receiver<Arrival>, Taken) {
        // Bounded by the permits; start, stop and questions are few and wait for nobody.
        let (inlet, arrivals) = crossbeam_channel::unbounded();
        let players = Arc::new(Semaphore::new(INLET_PLAYERS_MAX));
        let internal = Arc::new(Semaphore::new(INLET_INTERNAL_MAX));
        let (p, i) = (players.clone(), internal.clone());
        let taken = move |of_player: bool| if of_player { p.add_permits(1) } else { i.add_permits(1) };
        (Self { inlet, players, internal }, arrivals, Arc::new(taken))
    }

    /// From a player's socket: waits while too much waits already.
    pub async fn give(&self, spawn: WorldId, session: u64, instruction: Instruction) {
        if let Ok(permit) = self.players.acquire().await {
            permit.forget();
            let _ = self.inlet.send(Arrival::Given { spawn, session, instruction });
        }
    }

    /// From a node of the engine.
    pub async fn internal(&self, spawn: WorldId, instruction: Instruction) {
        if let Ok(permit) = self.internal.acquire().await {
            permit.forget();
            let _ = self.inlet.send(Arrival::Internal { spawn, instruction });
        }
    }

    /// A question or an order to the Pulsar thread itself.
    pub fn control(&self, arrival: Arrival) {
        let _ = self.inlet.send(arrival);
    }

    /// Asks the Pulsar thread something; None where the world is not here or the engine has ended.
    pub async fn ask<T>(&self, ask: impl FnOnce(super::drive::Done<T>) -> Arrival) -> Option<T> {
        let (done, answer) = tokio::sync::oneshot::channel();
        self.control(ask(done));
        answer.await.ok().flatten()
    }
}

/// Where a socket's messages wait.
#[derive(Clone, Debug)]
pub struct Outbox {
    pub frames: mpsc::Sender<Parcel>,
    /// Cancelled when the socket has to go at once: it does not read.
    pub cut: CancellationToken,
}

/// What a socket is to send.
#[derive(Clone, Debug)]
pub enum Parcel {
    Text(Utf8Bytes),
    /// Whom this socket plays from here on.
    Attached(PlayerId),
    /// Send what came before, then close, with this code and reason.
    Close(u16, &'static str),
}

/// Close codes of the game socket.
pub const CLOSE_NORMAL: u16 = 1000;
pub const CLOSE_GOING_AWAY: u16 = 1001;
/// Another socket has taken this character over.
pub const CLOSE_SUPERSEDED: u16 = 4000;

/// Errands on their way out, for the nodes that carry them.
pub type ErrandLine = mpsc::Sender<(WorldId, OpenErrand)>;

/// The outward half, on a thread of its own.
pub struct Outward {
    pub outbounds: Receiver<Vec<Outbound>>,
    pub background: ErrandLine,
    pub mob: ErrandLine,
    sessions: HashMap<u64, Seat>,
    players: HashMap<PlayerId, u64>,
}

struct Seat {
    outbox: Outbox,
    player: Option<PlayerId>,
}

impl Outward {
    pub fn new(outbounds: Receiver<Vec<Outbound>>, background: ErrandLine, mob: ErrandLine) -> Self {
        Self { outbounds, background, mob, sessions: HashMap::new(), players: HashMap::new() }
    }

    /// Runs until every sender is gone.
    pub fn run(mut self) {
        while let Ok(outbounds) = self.outbounds.recv() {
            for outbound in outbounds {
                self.route(outbound);
            }
        }
        for seat in self.sessions.values() {
            let _ = seat.outbox.frames.try_send(Parcel::Close(CLOSE_GOING_AWAY, "The world is restarting."));
        }
    }

    fn route(&mut self, outbound: Outbound) {
        match outbound {
            Outbound::Message(message) => {
                let text = Utf8Bytes::from(message.frame.json());
                for (player, _) in &message.to {
                    if let Some(session) = self.players.get(player).copied() {
                        self.put(session, Parcel::Text(text.clone()));
                    }
                }
            }
            Outbound::Attach { player, session } => self.attach(player, session),
            Outbound::Detach { player } => {
                if let Some(session) = self.players.remove(&player) {
                    self.put(session, Parcel::Close(CLOSE_NORMAL, "Goodbye."));
                    if let Some(seat) = self.sessions.get_mut(&session) {
                        seat.player = None;
                    }
                }
            }
            Outbound::ToSession { session, frame } => {
                self.put(session, Parcel::Text(frame.json().into()));
            }
            Outbound::Errand { spawn, errand } => self.errand(spawn, *errand),
            Outbound::Open { session, outbox } => {
                self.sessions.insert(session, Seat { outbox, player: None });
            }
            Outbound::Closed { session } => {
                let player = self.sessions.remove(&session).and_then(|seat| seat.player);
                if let Some(player) = player
                    && self.players.get(&player) == Some(&session)
                {
                    self.players.remove(&player);
                }
            }
        }
    }

    fn attach(&mut self, player: PlayerId, session: u64) {
        if let Some(old) = self.players.insert(player, session).filter(|old| *old != session) {
            self.put(old, Parcel::Close(CLOSE_SUPERSEDED, "This character is played from another place now."));
        }
        if let Some(seat) = self.sessions.get_mut(&session) {
            seat.player = Some(player);
        }
        self.put(session, Parcel::Attached(player));
    }

    fn put(&mut self, session: u64, parcel: Parcel) {
        let Some(seat) = self.sessions.get(&session) else { return };
        metrics::counter!("deliveries_total").increment(1);
        if let Err(mpsc::error::TrySendError::Full(_)) = seat.outbox.frames.try_send(parcel) {
            metrics::counter!("outbox_full_total").increment(1);
            // Its end comes back as an unlinked character and a closed session.
            seat.outbox.cut.cancel();
        }
    }

    /// A full line loses nothing: the errand stays open in the state and is let out again.
    fn errand(&mut self, spawn: WorldId, errand: OpenErrand) {
        let line = match errand.what {
            super::pulsar::record::Ask::React { .. } => &self.mob,
            _ => &self.background,
        };
        if line.try_send((spawn, errand)).is_err() {
            metrics::counter!("errands_deferred_total").increment(1);
        }
    }
}
