//! A client of a test: plays a character by its own dice, and keeps what it sent and everything that it was shown.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{SinkExt, StreamExt};
use loadtest::persona::Dice;
use loadtest::player::Socket;
use loadtest::stage::forge::Forge;
use loadtest::wire::{self, Class};
use realms::link::LinkError;
use realms::world::character::PlayerId;
use realms::world::template::{RoomId, WorldId};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

use crate::PATIENCE;
use crate::view::View;

/// Commands of one client that wait for their answers.
const OPEN_MAX: usize = 4;

/// Counts what happens to all clients, so that a test can act in the middle of it.
#[derive(Default)]
pub struct Pulse {
    frames: AtomicU64,
    more: Notify,
}

impl Pulse {
    fn beat(&self) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.more.notify_waiters();
    }

    /// Waits until so many more frames have come to clients.
    pub async fn wait(&self, frames: u64) {
        let until = self.frames.load(Ordering::Relaxed) + frames;
        let waiting = async {
            loop {
                let more = self.more.notified();
                if self.frames.load(Ordering::Relaxed) >= until {
                    return;
                }
                more.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the clients play");
    }
}

/// Where clients come in.
#[derive(Clone)]
pub struct Door {
    pub forge: Arc<Forge>,
    pub socket: String,
    pub pulse: Arc<Pulse>,
}

/// Who gets something: by name, and by number where it is a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    pub name: String,
    pub player: Option<PlayerId>,
}

/// A command, as its answer is understood by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Look,
    Say(String),
    Move(&'static str),
    Get(i64),
    Drop(i64),
    Eat(i64),
    Put(i64, i64),
    Give(i64, Receiver),
    Pay(i64, Receiver),
    Quit,
}

impl Deed {
    fn line(&self) -> String {
        match self {
            Self::Look => "look".into(),
            Self::Say(words) => format!("say {words}"),
            Self::Move(direction) => (*direction).into(),
            Self::Get(item) => format!("get item.{item}"),
            Self::Drop(item) => format!("drop item.{item}"),
            Self::Eat(item) => format!("eat item.{item}"),
            Self::Put(item, basket) => format!("put item.{item} item.{basket}"),
            Self::Give(item, to) => format!("give item.{item} {}", to.name),
            Self::Pay(amount, to) => format!("give {amount} gold {}", to.name),
            Self::Quit => "quit".into(),
        }
    }

    /// The word that the type of its answer has.
    fn word(&self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Say(_) => "say",
            Self::Move(_) => "move",
            Self::Get(_) => "get",
            Self::Drop(_) => "drop",
            Self::Eat(_) => "eat",
            Self::Put(..) => "put",
            Self::Give(..) | Self::Pay(..) => "give",
            Self::Quit => "quit",
        }
    }
}

/// A command that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub n: u64,
    pub deed: Deed,
}

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The character left the world.
    Left,
    /// The client lost its connection, or its entry has to be tried again.
    Again,
    /// The nexus is gone.
    Gone,
}

pub struct Client {
    pub spawn: WorldId,
    pub player: PlayerId,
    pub name: String,
    pub view: View,
    /// Commands without an answer, oldest first.
    pub open: VecDeque<Sent>,
    /// The number of the last command that was answered.
    pub answered: u64,
    /// Number of the last command.
    pub n: u64,
    /// An entry is under way that nothing was heard of yet.
    pub entering: bool,
    // Of this round:
    /// What each connection was shown, in order.
    pub shown: Vec<Vec<String>>,
    pub gave: Vec<(i64, PlayerId)>,
    pub paid: Vec<(i64, PlayerId)>,
    pub ate: Vec<i64>,
    /// Money that came, and from whom.
    pub received: Vec<(i64, String)>,
    /// The code with which the server closed the last connection, if it did.
    pub closed: Option<u16>,
    pub answers: u64,
    pub refusals: u64,
    /// What cannot be, at first sight.
    pub problems: Vec<String>,
    start: RoomId,
    dice: Dice,
    /// It quits at one command in so many, and loses its connection now and then.
    pub leaves: Option<usize>,
}

impl Client {
    pub fn new(spawn: WorldId, player: PlayerId, start: RoomId, seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ player.cast_unsigned().wrapping_mul(0x2545_f491_4f6c_dd1d));
        dice.next();
        Self {
            spawn,
            player,
            name: loadtest::stage::people::name(player),
            view: View::default(),
            open: VecDeque::new(),
            answered: 0,
            n: 0,
            entering: false,
            shown: Vec::new(),
            gave: Vec::new(),
            paid: Vec::new(),
            ate: Vec::new(),
            received: Vec::new(),
            closed: None,
            answers: 0,
            refusals: 0,
            problems: Vec::new(),
            start,
            dice,
            leaves: Some(80),
        }
    }

    /// Plays until the nexus is gone, entering and leaving on the way.
    pub async fn play(mut self, door: Door) -> Self {
        self.shown.clear();
        self.gave.clear();
        self.paid.clear();
        self.ate.clear();
        self.received.clear();
        while self.visit(&door).await != End::Gone {}
        self
    }

    async fn visit(&mut self, door: &Door) -> End {
        let seat = match door.forge.announce(self.spawn, self.player, self.start).await {
            Ok(seat) => seat,
            Err(LinkError::Unreachable(_)) => return End::Gone,
            Err(error) => panic!("player {} is not announced: {error}", self.player),
        };
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(&door.socket).await else { return End::Gone };
        self.shown.push(Vec::new());
        self.entering = true;
        let hello = json!({
            "type": "system.connect",
            "token": seat.token,
            "data": {"player_key": format!("player.{}", self.player), "resume": "yes"},
        });
        if socket.send(Message::text(hello.to_string())).await.is_err() {
            return End::Gone;
        }
        let mut most = 0;
        loop {
            let Some(frame) = self.next(&mut socket).await else { return End::Gone };
            door.pulse.beat();
            let Ok(value) = serde_json::from_str::<Value>(&frame) else {
                panic!("player {} got no frame: {frame}", self.player)
            };
            let kind = value["type"].as_str().unwrap_or_default().to_owned();
            // These belong to the connection, not to the character: no number, no turn.
            match kind.as_str() {
                "system.connect.error" => {
                    // Its save is on its way. The ticket is used up, so it comes again with another.
                    self.entering = false;
                    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
                    return End::Again;
                }
                "error" => panic!("player {} is refused: {frame}", self.player),
                "system.pong" => continue,
                _ => {}
            }
            if let Some(shown) = self.shown.last_mut() {
                shown.push(frame);
            }
            match kind.as_str() {
                "system.connect.success" => {
                    self.entering = false;
                    most = 1 + self.dice.below(OPEN_MAX);
                    self.come_back(&value["data"]);
                    for sent in self.open.clone() {
                        if send(&mut socket, &sent).await.is_err() {
                            return End::Gone;
                        }
                    }
                }
                "system.disconnect.success" => self.answer(&kind, false),
                _ => {}
            }
            self.view.read(&kind, &value);
            if kind == "notification.cmd.give.success" {
                self.receive(&value);
            }
            if let Class::Answer { refused } = wire::class(&kind) {
                self.answer(&kind, refused);
            }
            if !self.view.in_world {
                if most > 0 && kind == "system.disconnect.success" {
                    // The server closes it; whatever else comes until then would be too much.
                    while let Some(frame) = self.next(&mut socket).await {
                        self.problems.push(format!("after its end the connection was sent {frame}"));
                    }
                    return End::Left;
                }
                continue;
            }
            if self.leaves.is_some_and(|one| self.dice.below(one * 40) == 0) {
                return End::Again;
            }
            while self.open.len() < most && !self.open.iter().any(|sent| sent.deed == Deed::Quit) {
                self.n += 1;
                let sent = Sent { n: self.n, deed: self.choose() };
                self.open.push_back(sent.clone());
                if send(&mut socket, &sent).await.is_err() {
                    // What was sent before may still be answered.
                    break;
                }
            }
        }
    }

    /// The next frame; none at the end of the connection.
    async fn next(&mut self, socket: &mut Socket) -> Option<String> {
        self.closed = None;
        loop {
            match tokio::time::timeout(PATIENCE, socket.next()).await.expect("a frame, or the end") {
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    self.closed = frame.map(|frame| frame.code.into());
                    return None;
                }
                Some(Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The server says how far this character's commands got.
    fn come_back(&mut self, data: &Value) {
        if data["resumed"] != true {
            self.open.clear();
            self.answered = 0;
            return;
        }
        let last = data["last_n"].as_u64().unwrap_or_default();
        if last < self.answered || last > self.n {
            let (answered, n) = (self.answered, self.n);
            self.problems.push(format!("command {last} is said to be the last; {answered} was answered, {n} sent"));
        }
        self.open.retain(|sent| sent.n > last);
    }

    fn answer(&mut self, kind: &str, refused: bool) {
        let Some(sent) = self.open.pop_front() else {
            self.problems.push(format!("{kind} answers nothing"));
            return;
        };
        let fits = match kind {
            "system.disconnect.success" => sent.deed == Deed::Quit,
            _ => kind.split('.').nth(1) == Some(sent.deed.word()),
        };
        if !fits {
            self.problems.push(format!("{kind} answers command {} {:?}", sent.n, sent.deed));
        }
        self.answered = sent.n;
        self.answers += 1;
        self.refusals += u64::from(refused);
        match sent.deed {
            _ if refused => {}
            Deed::Give(item, Receiver { player: Some(to), .. }) => self.gave.push((item, to)),
            Deed::Pay(amount, Receiver { player: Some(to), .. }) => self.paid.push((amount, to)),
            Deed::Eat(item) => self.ate.push(item),
            _ => {}
        }
    }

    /// "Bota gives you 3 gold."
    fn receive(&mut self, frame: &Value) {
        let text = frame["text"].as_str().unwrap_or_default();
        if let Some((from, rest)) = text.split_once(" gives you ")
            && let Some(amount) = rest.strip_suffix(" gold.").and_then(|amount| amount.parse().ok())
        {
            self.received.push((amount, from.to_owned()));
        }
    }

    fn choose(&mut self) -> Deed {
        // Not before a first answer: so a count of nothing means that the character came in anew.
        if self.leaves.is_some_and(|one| self.dice.below(one) == 0) && self.answered > 0 {
            return Deed::Quit;
        }
        let roll = self.dice.below(100);
        let view = &self.view;
        let to = self.dice.pick(&view.others).map(|(name, player)| Receiver { name: name.clone(), player: *player });
        let held = self.dice.pick(&view.carried).cloned();
        let deed = match (roll, held, to) {
            (0..15, ..) => {
                self.n.is_multiple_of(5).then(|| Deed::Say(format!("is there bread, for {}", self.n))).unwrap_or_else(
                    || Deed::Say(format!("{}:{} good evening to all of you", self.player, self.n)),
                )
            }
            (15..35, ..) => match self.dice.pick(&view.lying) {
                Some(item) => Deed::Get(*item),
                None => Deed::Look,
            },
            (35..43, Some(held), _) => Deed::Drop(held.id),
            (43..53, Some(held), Some(to)) => Deed::Give(held.id, to),
            (53..63, _, Some(to)) => Deed::Pay(1 + self.dice.below(5) as i64, to),
            (63..66, Some(held), _) if held.is_food => Deed::Eat(held.id),
            (66..72, Some(held), _) => match view.carried.iter().find(|thing| thing.is_basket && thing.id != held.id) {
                Some(basket) => Deed::Put(held.id, basket.id),
                None => Deed::Look,
            },
            _ => match self.dice.pick(&view.exits) {
                Some(direction) => Deed::Move(direction),
                None => Deed::Look,
            },
        };
        deed
    }
}

async fn send(socket: &mut Socket, sent: &Sent) -> Result<(), ()> {
    let frame = json!({"type": "cmd.text", "text": sent.deed.line(), "n": sent.n}).to_string();
    socket.send(Message::text(frame)).await.map_err(drop)
}
