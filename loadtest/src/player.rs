//! One player at one connection: says hello, plays by its persona, and notes what comes back. Commands are answered in
//! order, so the oldest open command is the one that an answer belongs to. In an open loop a command that is due goes
//! out even while earlier ones wait, and its latency counts from when it was due: a slow server gets no pause.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::oracle::Listener;
use crate::persona::{Deed, Dice, Mind};
use crate::plan::{Findings, Load, Seat};
use crate::tally::Tally;
use crate::wire::{self, Class, Room};

/// A player who is not in the world after this gives up.
const ENTER_MAX: Duration = Duration::from_secs(30);
/// Bytes read at once.
const READ_BUFFER_BYTES: usize = 16 * 1024;
/// Open commands of one player; in an open loop a server that answers nothing gets no more than this.
const OPEN_COMMANDS_MAX: usize = 10_000;

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What all players of a worker share; it has one thread.
pub struct Common {
    pub load: Load,
    pub record: bool,
    pub tally: RefCell<Tally>,
    pub findings: RefCell<Findings>,
    pub rooms: RefCell<HashMap<String, Rc<Room>>>,
    pub dice: RefCell<Dice>,
    /// Commands that wait for answers, of all players.
    pub open: std::cell::Cell<u64>,
}

/// How far the play is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Waiting,
    Playing,
    /// No more commands; what is on its way still comes.
    Still,
    Over,
}

pub struct Player {
    common: Rc<Common>,
    seat: Seat,
    socket: Socket,
    mind: Mind,
    room: Option<Rc<Room>>,
    /// When each open command was due, and what it was.
    waiting: VecDeque<(Instant, Deed)>,
    listener: Listener,
}

impl Player {
    /// Connects and enters.
    ///
    /// # Errors
    /// What the server said, or that it said nothing.
    pub async fn enter(common: Rc<Common>, url: &str, seat: Seat) -> Result<Self, String> {
        let entering = async {
            let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES).write_buffer_size(0);
            let (socket, _) = tokio_tungstenite::connect_async_with_config(url, Some(config), true)
                .await
                .map_err(|error| format!("{url}: {error}"))?;
            let mind = Mind::new(common.load.persona, common.load.seed, seat.player);
            let listener = Listener { player: seat.player, ..Listener::default() };
            let mut player = Self { common, seat, socket, mind, room: None, waiting: VecDeque::new(), listener };
            player.greet().await?;
            Ok(player)
        };
        tokio::time::timeout(ENTER_MAX, entering).await.unwrap_or_else(|_| Err("no answer to system.connect".into()))
    }

    async fn greet(&mut self) -> Result<(), String> {
        let hello = serde_json::json!({
            "type": "system.connect",
            "data": {"player_key": format!("player.{}", self.seat.player)},
            "token": self.seat.token,
        });
        self.socket.send(Message::text(hello.to_string())).await.map_err(|error| error.to_string())?;
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(frame))) => match wire::kind(&frame).as_deref().map(wire::class) {
                    Some(Class::Entered) => {
                        self.arrive(&frame);
                        self.listener.room = self.room.as_ref().map(|room| room.key.clone()).unwrap_or_default();
                        return Ok(());
                    }
                    Some(Class::Denied) => return Err(frame.chars().take(300).collect()),
                    _ => {}
                },
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("the server closed the connection".into()),
            }
        }
    }

    /// Plays until it is over. Turns of an open loop come over `turns`.
    pub async fn play(mut self, mut turns: mpsc::UnboundedReceiver<Instant>, mut stage: watch::Receiver<Stage>) {
        let common = self.common.clone();
        let ended = self.run(&mut turns, &mut stage).await;
        let mut findings = common.findings.borrow_mut();
        if let Err(reason) = ended {
            findings.dropped += 1;
            if findings.reason.is_empty() {
                findings.reason = reason;
            }
        }
        let open = self.waiting.iter().filter_map(|(_, deed)| match deed {
            Deed::Say(number) => Some(*number),
            _ => None,
        });
        let open: Vec<u32> = open.collect();
        if !open.is_empty() {
            findings.heard.open.insert(self.seat.player, open);
        }
        // Where no room is known, as at a baseline, there is nothing to check.
        if self.seat.listens && !self.listener.room.is_empty() {
            findings.heard.listeners.push(std::mem::take(&mut self.listener));
        }
    }

    async fn run(
        &mut self,
        turns: &mut mpsc::UnboundedReceiver<Instant>,
        stage: &mut watch::Receiver<Stage>,
    ) -> Result<(), String> {
        // The play may have begun before this task ran for the first time: what it says now is news as well.
        stage.mark_changed();
        let mut now = Stage::Waiting;
        let pause = self.common.load.rate.map(|rate| Duration::from_secs_f64(1.0 / rate.max(1e-6)));
        let self_paced = !self.common.load.is_silent(&self.seat) && (pause.is_none() || self.common.load.closed);
        let mut next: Option<Instant> = None;
        loop {
            let wake = next;
            let due = async move {
                match wake {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = stage.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    now = *stage.borrow_and_update();
                    match now {
                        Stage::Playing if self_paced => {
                            // Spread over the first period, so that players do not march in step.
                            let share = self.common.dice.borrow_mut().share();
                            next = Some(Instant::now() + pause.unwrap_or(Duration::from_millis(50)).mul_f64(share));
                        }
                        Stage::Still => next = None,
                        Stage::Over => {
                            let _ = tokio::time::timeout(Duration::from_secs(1), self.socket.close(None)).await;
                            return Ok(());
                        }
                        _ => {}
                    }
                }
                frame = self.socket.next() => {
                    let answered = match frame {
                        Some(Ok(Message::Text(frame))) => self.read(&frame),
                        Some(Ok(Message::Close(frame))) => return Err(format!("closed by the server: {frame:?}")),
                        Some(Ok(_)) => false,
                        Some(Err(error)) => return Err(error.to_string()),
                        None => return Err("the server closed the connection".into()),
                    };
                    if answered && now == Stage::Playing && self_paced && self.waiting.is_empty() {
                        match pause {
                            None => self.act(Instant::now()).await?,
                            Some(pause) => next = Some(Instant::now() + pause),
                        }
                    }
                }
                Some(at) = turns.recv(), if now == Stage::Playing => self.act(at).await?,
                () = due => {
                    let at = next.take().unwrap_or_else(Instant::now);
                    self.act(at).await?;
                }
            }
        }
    }

    /// Sends the next command, which was due `at`.
    async fn act(&mut self, at: Instant) -> Result<(), String> {
        if self.waiting.len() >= OPEN_COMMANDS_MAX {
            return Err(format!("{OPEN_COMMANDS_MAX} commands wait for their answers"));
        }
        let (deed, line) = self.mind.next(self.room.as_ref().map(|room| room.exits.as_slice()));
        // Lines are made of words without quotes: nothing in them needs escaping.
        let frame = format!("{{\"type\":\"cmd.text\",\"text\":\"{line}\"}}");
        {
            let mut tally = self.common.tally.borrow_mut();
            tally.sent += 1;
            tally.lateness.record(at.elapsed());
        }
        self.waiting.push_back((at, deed));
        self.common.open.set(self.common.open.get() + 1);
        self.socket.send(Message::Text(Utf8Bytes::from(frame))).await.map_err(|error| error.to_string())
    }

    /// Notes a frame; true when it answered a command.
    fn read(&mut self, frame: &str) -> bool {
        let Some(kind) = wire::kind(frame) else { return false };
        {
            let mut tally = self.common.tally.borrow_mut();
            tally.deliveries += 1;
            tally.bytes += frame.len() as u64;
        }
        if self.common.record {
            let mut dice = self.common.dice.borrow_mut();
            self.common.findings.borrow_mut().samples.offer(&kind, frame, &mut dice);
        }
        match wire::class(&kind) {
            Class::Answer { refused } => self.answered(frame, &kind, refused),
            Class::Heard => {
                if self.seat.listens
                    && let Some((speaker, number)) = wire::tag(frame)
                {
                    self.listener.heard.entry(speaker).or_default().push(number);
                }
                false
            }
            _ => false,
        }
    }

    fn answered(&mut self, frame: &str, kind: &str, refused: bool) -> bool {
        let Some((at, deed)) = self.waiting.pop_front() else { return false };
        self.common.open.set(self.common.open.get() - 1);
        {
            let mut tally = self.common.tally.borrow_mut();
            tally.answered += 1;
            tally.refused += u64::from(refused);
            tally.latencies.record(at.elapsed());
        }
        match deed {
            _ if refused => {
                let text: String = frame.chars().take(160).collect();
                let mut findings = self.common.findings.borrow_mut();
                // A bounded number of different texts.
                if findings.refusals.len() < 20 || findings.refusals.contains_key(kind) {
                    *findings.refusals.entry(kind.to_owned()).or_default() += 1;
                }
                if findings.reason.is_empty() {
                    findings.reason = format!("refused: {text}");
                }
            }
            Deed::Move => self.arrive(frame),
            Deed::Say(number) => {
                if let Some(room) = &self.room {
                    let mut findings = self.common.findings.borrow_mut();
                    findings.heard.acknowledged(&room.key, self.seat.player, number);
                }
            }
            Deed::Look | Deed::Carry => {}
        }
        true
    }

    /// Takes over the room of a frame. Rooms that are known are not read again: ways do not change under a load.
    fn arrive(&mut self, frame: &str) {
        let known = wire::room_key(frame).and_then(|key| self.common.rooms.borrow().get(key).cloned());
        self.room = known.or_else(|| {
            let room = Rc::new(wire::room(frame)?);
            self.common.rooms.borrow_mut().insert(room.key.clone(), room.clone());
            Some(room)
        });
    }
}
