//! The Game router, as two halves. Inward it hands instructions to the Pulsar thread, within bounds:
//! a sender waits, and so its socket is not read. Outward it encodes each frame once and gives it to
//! the outboxes of its recipients, each with their own number; it keeps the last of them for who comes
//! back; it never waits, and a full outbox costs its owner the connection.

use std::collections::HashMap;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::{Semaphore, mpsc};

use crate::world::character::PlayerId;
use crate::world::template::WorldId;

use super::drive::Arrival;
use super::message::{Data, Frame, Message};
use super::meters::{DELIVERIES, ERRANDS_DEFERRED, OUTBOX_FULL};
use super::outbox::{Outbox, Refused};
use super::pulsar::instruction::Instruction;
use super::pulsar::record::OpenErrand;
use super::pulsar::turn::{Audit, Out, Welcome};
use super::resume::{Body, Kept, Pass, Seal, Sent};
use super::trace::{Followed, Stage};

/// Outputs that are routed before the writers of the sockets they are for are woken.
const WAKE_AFTER: usize = 256;

/// What leaves the engine.
#[derive(Debug)]
pub enum Outbound {
    Message(Message),
    /// The player's messages go to this socket from here on, after its welcome.
    Attach {
        session: u64,
        pass: Pass,
        welcome: Welcome,
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
    Audit {
        spawn: WorldId,
        audit: Box<Audit>,
    },
    /// A socket has opened; its messages go here.
    Open {
        session: u64,
        outbox: Arc<Outbox>,
    },
    Closed {
        session: u64,
    },
    /// What a followed command yielded came before this.
    Followed(Box<Followed>),
}

impl Outbound {
    pub fn of(spawn: WorldId, out: Out) -> Self {
        match out {
            Out::Message(message) => Self::Message(message),
            Out::Attach { player, session, account, incarnation, entered, welcome } => {
                Self::Attach { session, pass: Pass { player, spawn, account, incarnation, entered }, welcome }
            }
            Out::Detach { player } => Self::Detach { player },
            Out::Reject { session, frame } => Self::ToSession { session, frame },
            Out::Errand(errand) => Self::Errand { spawn, errand: Box::new(errand) },
            Out::Audit(audit) => Self::Audit { spawn, audit },
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
    /// Permits of the two, when nothing waits.
    most: (usize, usize),
}

impl Inward {
    /// The inlet's two ends, and what gives room back as arrivals are taken: for so many of players, and so many of the
    /// engine's own nodes.
    pub fn new(of_players: usize, of_nodes: usize) -> (Self, Receiver<Arrival>, Taken) {
        // Bounded by the permits; start, stop and questions are few and wait for nobody.
        let (inlet, arrivals) = crossbeam_channel::unbounded();
        let players = Arc::new(Semaphore::new(of_players));
        let internal = Arc::new(Semaphore::new(of_nodes));
        let (p, i) = (players.clone(), internal.clone());
        let taken = move |of_player: bool| if of_player { p.add_permits(1) } else { i.add_permits(1) };
        (Self { inlet, players, internal, most: (of_players, of_nodes) }, arrivals, Arc::new(taken))
    }

    /// From a player's socket: waits while too much waits already.
    pub async fn give(&self, spawn: WorldId, session: u64, instruction: Instruction) {
        self.give_followed(spawn, session, instruction, None).await;
    }

    /// See [`Self::give`]; the command may be followed.
    pub async fn give_followed(
        &self,
        spawn: WorldId,
        session: u64,
        instruction: Instruction,
        mut followed: Option<Box<Followed>>,
    ) {
        if let Ok(permit) = self.players.acquire().await {
            permit.forget();
            if let Some(followed) = &mut followed {
                followed.pass(Stage::Given);
            }
            let _ = self.inlet.send(Arrival::Given { spawn, session, instruction, followed });
        }
    }

    /// From a node of the engine.
    pub async fn internal(&self, spawn: WorldId, instruction: Instruction) {
        if let Ok(permit) = self.internal.acquire().await {
            permit.forget();
            let _ = self.inlet.send(Arrival::Internal { spawn, instruction });
        }
    }

    /// How many instructions of players, and of the engine's own nodes, wait.
    pub fn waiting(&self) -> (usize, usize) {
        let players = self.most.0.saturating_sub(self.players.available_permits());
        (players, self.most.1.saturating_sub(self.internal.available_permits()))
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

/// Close codes of the game socket.
pub const CLOSE_NORMAL: u16 = 1000;
pub const CLOSE_GOING_AWAY: u16 = 1001;
/// Another socket has taken this character over.
pub const CLOSE_SUPERSEDED: u16 = 4000;

/// Errands on their way out, for the nodes that carry them.
pub type ErrandLine = mpsc::Sender<(WorldId, OpenErrand)>;

/// The outward half, on a thread of its own.
pub struct Outward {
    outbounds: Receiver<Vec<Outbound>>,
    background: ErrandLine,
    mob: ErrandLine,
    /// For snapshots of who missed more than is kept.
    inward: Inward,
    seal: Arc<Seal>,
    lines: HashMap<PlayerId, Line>,
    sessions: HashMap<u64, Seat>,
    /// Sessions whose writers are to be woken.
    woken: Woken,
    /// A frame on its way.
    scratch: String,
}

/// What was put into outboxes since their writers were last woken.
#[derive(Default)]
struct Woken {
    sessions: Vec<u64>,
    deliveries: u64,
}

/// An open socket.
struct Seat {
    outbox: Arc<Outbox>,
    player: Option<PlayerId>,
    /// Something was put into its outbox since its writer was woken.
    stirred: bool,
}

/// A player in a world of this nexus, with or without a socket.
#[derive(Default)]
struct Line {
    session: Option<u64>,
    kept: Kept,
    /// A snapshot is on its way; what comes before it is part of it.
    awaits_snapshot: bool,
}

impl Outward {
    /// `kept` is what the players in the recovered worlds were sent before the stop.
    pub fn new(
        outbounds: Receiver<Vec<Outbound>>,
        background: ErrandLine,
        mob: ErrandLine,
        inward: Inward,
        seal: Arc<Seal>,
        kept: HashMap<PlayerId, Sent>,
    ) -> Self {
        let mut me = Self {
            outbounds,
            background,
            mob,
            inward,
            seal,
            lines: HashMap::new(),
            sessions: HashMap::new(),
            woken: Woken::default(),
            scratch: String::new(),
        };
        for (player, sent) in kept {
            let line = me.lines.entry(player).or_default();
            line.kept = Kept::above(sent.floor);
            for (number, frame) in sent.frames {
                encode(&frame, &mut me.scratch);
                line.kept.push(number, &me.scratch.as_bytes().into(), matches!(frame.data, Data::Sync(_)));
            }
        }
        me
    }

    /// Runs until every sender is gone.
    pub fn run(mut self) {
        let deliveries = DELIVERIES.counter();
        while let Ok(outbounds) = self.outbounds.recv() {
            for (nth, outbound) in outbounds.into_iter().enumerate() {
                self.route(outbound);
                if nth % WAKE_AFTER == WAKE_AFTER - 1 {
                    self.wake();
                }
            }
            self.wake();
            deliveries.increment(std::mem::take(&mut self.woken.deliveries));
        }
        for seat in self.sessions.values() {
            seat.outbox.close(CLOSE_GOING_AWAY, RESTARTING);
        }
    }

    /// Wakes the writers of all sockets that got something.
    fn wake(&mut self) {
        for session in self.woken.sessions.drain(..) {
            if let Some(seat) = self.sessions.get_mut(&session) {
                seat.stirred = false;
                seat.outbox.wake();
            }
        }
    }

    fn route(&mut self, outbound: Outbound) {
        match outbound {
            Outbound::Message(message) => self.message(&message),
            Outbound::Attach { session, pass, welcome } => self.attach(session, pass, welcome),
            Outbound::Detach { player } => {
                if let Some(session) = self.lines.remove(&player).and_then(|line| line.session)
                    && let Some(seat) = self.sessions.get_mut(&session)
                {
                    seat.player = None;
                    seat.outbox.close(CLOSE_NORMAL, "Goodbye.");
                }
            }
            Outbound::ToSession { session, frame } => {
                encode(&frame, &mut self.scratch);
                let Self { sessions, woken, scratch, .. } = self;
                put(sessions, woken, session, scratch.as_bytes(), b"}");
            }
            Outbound::Errand { spawn, errand } => self.errand(spawn, *errand),
            Outbound::Audit { spawn, audit } => audited(spawn, &audit),
            Outbound::Open { session, outbox } => {
                self.sessions.insert(session, Seat { outbox, player: None, stirred: false });
            }
            Outbound::Closed { session } => {
                let player = self.sessions.remove(&session).and_then(|seat| seat.player);
                if let Some(line) = player.and_then(|player| self.lines.get_mut(&player))
                    && line.session == Some(session)
                {
                    line.session = None;
                }
            }
            Outbound::Followed(mut followed) => {
                followed.pass(Stage::Delivered);
                if let Some(seat) = self.sessions.get_mut(&followed.session) {
                    seat.outbox.follow(*followed);
                    seat.outbox.wake();
                }
            }
        }
    }

    /// One frame for one or many: encoded once, kept for each, and put out with each one's own number.
    fn message(&mut self, message: &Message) {
        encode(&message.frame, &mut self.scratch);
        let body: Body = self.scratch.as_bytes().into();
        let is_snapshot = matches!(message.frame.data, Data::Sync(_));
        let Self { lines, sessions, woken, .. } = self;
        for (player, number) in &message.to {
            let Some(line) = lines.get_mut(player) else { continue };
            line.kept.push(*number, &body, is_snapshot);
            line.awaits_snapshot &= !is_snapshot;
            if let Some(session) = line.session.filter(|_| !line.awaits_snapshot) {
                put(sessions, woken, session, &body, numbered(*number, &mut [0; 32]));
            }
        }
    }

    fn attach(&mut self, session: u64, pass: Pass, welcome: Welcome) {
        let line = self.lines.entry(pass.player).or_default();
        let old = line.session.replace(session).filter(|old| *old != session);
        if let Some(seat) = old.and_then(|old| self.sessions.get_mut(&old)) {
            seat.player = None;
            seat.outbox.close(CLOSE_SUPERSEDED, "This character is played from another place now.");
        }
        if let Some(seat) = self.sessions.get_mut(&session) {
            seat.player = Some(pass.player);
        }
        let frame = Frame::welcome(self.seal.sign(&pass), &welcome);
        encode(&frame, &mut self.scratch);
        let Self { lines, sessions, woken, inward, scratch, .. } = self;
        put(sessions, woken, session, scratch.as_bytes(), b"}");
        let Some(line) = lines.get_mut(&pass.player) else { return };
        let Some(back) = welcome.back else {
            // A snapshot follows.
            line.kept = Kept::default();
            line.awaits_snapshot = true;
            return;
        };
        line.awaits_snapshot = false;
        match line.kept.after(back.last) {
            Some(missed) => {
                for (number, body) in missed {
                    put(sessions, woken, session, body, numbered(number, &mut [0; 32]));
                }
            }
            None => {
                line.awaits_snapshot = true;
                let (spawn, player) = (pass.spawn, pass.player);
                inward.control(Arrival::Owed { spawn, instruction: Instruction::Sync { player, session } });
            }
        }
    }

    /// A full line loses nothing: the errand stays open in the state and is let out again.
    fn errand(&mut self, spawn: WorldId, errand: OpenErrand) {
        let line = match errand.what {
            super::pulsar::record::Ask::React { .. } => &self.mob,
            _ => &self.background,
        };
        if line.try_send((spawn, errand)).is_err() {
            ERRANDS_DEFERRED.counter().increment(1);
        }
    }
}

/// What clients are told when the nexus stops.
pub const RESTARTING: &str = "The world is restarting.";

/// Puts a message into a session's outbox. Who does not read is cut off: the end comes back as an unlinked character.
fn put(sessions: &mut HashMap<u64, Seat>, woken: &mut Woken, session: u64, head: &[u8], tail: &[u8]) {
    let Some(seat) = sessions.get_mut(&session) else { return };
    match seat.outbox.text(head, tail) {
        Ok(()) => woken.deliveries += 1,
        Err(Refused::Full) => OUTBOX_FULL.counter().increment(1),
        Err(Refused::Ended) => return,
    }
    if !seat.stirred {
        seat.stirred = true;
        woken.sessions.push(session);
    }
}

/// The end of a frame's text that has a number.
fn numbered(number: u64, place: &mut [u8; 32]) -> &[u8] {
    use std::io::Write;
    let mut rest = &mut place[..];
    // Twenty digits fit.
    let _ = write!(rest, ",\"seq\":{number}}}");
    let left = rest.len();
    &place[..32 - left]
}

/// Writes a frame's text but for its closing brace.
fn encode(frame: &Frame, to: &mut String) {
    to.clear();
    frame.encode(to);
    to.pop();
}

/// A command of builders, in the log.
fn audited(spawn: WorldId, audit: &Audit) {
    let Audit { player, name, account, room, line, allowed } = audit;
    tracing::info!(target: "audit", world = spawn, player, name, account, room, line, allowed, "builder command");
}
