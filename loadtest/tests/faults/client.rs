//! A client of a test: plays a character by its own dice, and keeps what it sent and everything that it was shown.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use loadtest::persona::Dice;
use loadtest::player::Socket;
use loadtest::stage::forge::Forge;
use loadtest::wire::{self, Class};
use realms::link::LinkError;
use realms::nexus::resume::Pass;
use realms::world::character::PlayerId;
use realms::world::template::{RoomId, WorldId};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

use crate::PATIENCE;
use crate::view::View;

/// Commands of one client that wait for their answers.
const OPEN_MAX: usize = 4;
/// Answered commands that it remembers.
const DONE_KEPT: usize = 3;

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

/// A stay in the world: from coming in to leaving.
#[derive(Clone, Debug)]
pub struct Stay {
    /// The way back, as the server gave it.
    pass: String,
    /// The turn by which the character came in, as the pass has it.
    pub entered: u64,
    /// The number of the last message.
    pub last: u64,
}

/// A message as it was shown: the stay that it belongs to, its number, its text.
pub struct Shown {
    pub entered: u64,
    pub number: u64,
    pub frame: String,
}

/// A snapshot that came in the place of what was missed: above `last`, up to `newest`.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    pub entered: u64,
    pub last: u64,
    pub newest: u64,
}

pub struct Client {
    pub spawn: WorldId,
    pub player: PlayerId,
    pub name: String,
    pub view: View,
    /// Commands without an answer, oldest first.
    pub open: VecDeque<Sent>,
    /// The last ones that were answered, the newest last.
    done: VecDeque<Sent>,
    /// The number of the last command that was answered.
    pub answered: u64,
    /// Number of the last command.
    pub n: u64,
    pub stay: Option<Stay>,
    /// A new entry is under way that nothing was heard of yet.
    pub entering: bool,
    /// What was shown since somebody looked at it, in order; and the gaps in it.
    pub shown: Vec<Shown>,
    pub gaps: Vec<Gap>,
    /// How often it came back and caught up.
    pub returns: u64,
    // What changed hands:
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
    /// A connection that was given up and not closed.
    forgotten: Option<Socket>,
    /// It quits at one command in so many, and loses its connection now and then.
    pub leaves: Option<usize>,
    /// How long it thinks before each command.
    pub pause: Duration,
}

/// How far a connection is with taking up where the client was.
struct Return {
    /// The number of the newest message, up to which it catches up.
    newest: u64,
    /// The number of the last command that was applied.
    last_n: u64,
}

impl Client {
    pub fn new(spawn: WorldId, player: PlayerId, start: RoomId, seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ player.cast_unsigned().wrapping_mul(0x2545_f491_4f6c_dd1d));
        dice.draw();
        Self {
            spawn,
            player,
            name: loadtest::stage::people::name(player),
            view: View::default(),
            open: VecDeque::new(),
            done: VecDeque::new(),
            answered: 0,
            n: 0,
            stay: None,
            entering: false,
            shown: Vec::new(),
            gaps: Vec::new(),
            returns: 0,
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
            forgotten: None,
            leaves: Some(80),
            pause: Duration::ZERO,
        }
    }

    /// Plays until the nexus is gone, leaving and coming back on the way.
    pub async fn play(mut self, door: Door) -> Self {
        while self.visit(&door).await != End::Gone {}
        self
    }

    /// One connection.
    async fn visit(&mut self, door: &Door) -> End {
        let (token, mut data) = match &self.stay {
            // The Forge is not asked.
            Some(stay) => match door.forge.tokens.access(self.player, 0) {
                Ok(token) => (token, json!({"resume": stay.pass, "last_seq": stay.last})),
                Err(error) => panic!("no token: {error}"),
            },
            None => match door.forge.announce(self.spawn, self.player, self.start).await {
                Ok(seat) => (seat.token, json!({})),
                Err(LinkError::Unreachable(_)) => return End::Gone,
                Err(error) => panic!("player {} is not announced: {error}", self.player),
            },
        };
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(&door.socket).await else { return End::Gone };
        self.entering = self.stay.is_none();
        data["player_key"] = format!("player.{}", self.player).into();
        let hello = json!({"type": "system.connect", "token": token, "data": data});
        if socket.send(Message::text(hello.to_string())).await.is_err() {
            return End::Gone;
        }
        let most = 1 + self.dice.below(OPEN_MAX);
        let mut back: Option<Return> = None;
        let mut is_in = false;
        loop {
            let Some(frame) = self.next(&mut socket).await else { return End::Gone };
            door.pulse.beat();
            let value: Value = serde_json::from_str(&frame).expect("a frame");
            let kind = value["type"].as_str().unwrap_or_default().to_owned();
            // These are about the connection: they have no number.
            match kind.as_str() {
                "system.connect.error" => return self.denied(&value).await,
                "error" => panic!("player {} is refused: {frame}", self.player),
                "system.connect.success" => {
                    (back, is_in) = (self.welcomed(&value["data"]), true);
                }
                _ => {
                    self.number(&kind, &value, frame, back.as_ref());
                    self.read(&kind, &value);
                    if kind == "system.disconnect.success" {
                        return self.left(&mut socket).await;
                    }
                }
            }
            let last = self.stay.as_ref().map_or(0, |stay| stay.last);
            if let Some(caught_up) = back.take_if(|back| last >= back.newest) {
                self.caught_up(&mut socket, &caught_up).await;
            }
            // Until then it waits: what would be answered before might go under in a snapshot.
            if !is_in || back.is_some() || !self.view.in_world {
                continue;
            }
            if self.leaves.is_some_and(|one| self.dice.below(one * 20) == 0) {
                // Half of the connections that are given up look alive to the server until the next one takes over.
                self.forgotten = (self.dice.below(2) == 0).then_some(socket);
                return End::Again;
            }
            while self.open.len() < most && !self.open.iter().any(|sent| sent.deed == Deed::Quit) {
                if !self.pause.is_zero() {
                    tokio::time::sleep(self.pause).await;
                }
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

    async fn denied(&mut self, frame: &Value) -> End {
        self.entering = false;
        if self.stay.take().is_some() {
            // It left, and had not heard of it. It has to enter anew.
            self.view.in_world = false;
            let quits = self.open.iter().any(|sent| sent.deed == Deed::Quit);
            if frame["data"]["code"] != "gone" || !quits {
                self.problems.push(format!("may not come back: {frame}"));
            }
        } else {
            // Its save is on its way. The ticket is used up, so it comes again with another.
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        End::Again
    }

    /// The connection plays the character.
    fn welcomed(&mut self, data: &Value) -> Option<Return> {
        self.entering = false;
        self.forgotten = None;
        let pass = data["resume"].as_str().unwrap_or_default().to_owned();
        let entered = entered(&pass);
        if let Some(stay) = &mut self.stay {
            if data["resumed"] != true || stay.entered != entered {
                self.problems.push(format!("came back to another stay: {data}"));
            }
            stay.pass = pass;
            let last_n = data["last_n"].as_u64().unwrap_or_default();
            if last_n < self.answered || last_n > self.n {
                let (answered, n) = (self.answered, self.n);
                self.problems.push(format!("command {last_n} was applied last? {answered} was answered, {n} sent"));
            }
            return Some(Return { newest: data["seq"].as_u64().unwrap_or_default(), last_n });
        }
        self.open.clear();
        self.done.clear();
        self.answered = 0;
        self.stay = Some(Stay { pass, entered, last: 0 });
        None
    }

    /// Holds the number of a message against the one before it.
    fn number(&mut self, kind: &str, value: &Value, frame: String, back: Option<&Return>) {
        let (Some(number), Some(stay)) = (value["seq"].as_u64(), &mut self.stay) else {
            self.problems.push(format!("a message without a number: {frame}"));
            return;
        };
        let is_snapshot = kind == "cmd.state.sync.success";
        match back {
            _ if number == stay.last + 1 => {}
            // Entered anew, and the character was there already: its messages were counted before.
            None if is_snapshot && !self.view.in_world => {}
            Some(back) if is_snapshot && number > back.newest => {
                self.gaps.push(Gap { entered: stay.entered, last: stay.last, newest: back.newest });
                // Their answers are among what it will not see.
                while self.open.front().is_some_and(|sent| sent.n <= back.last_n)
                    && let Some(sent) = self.open.pop_front()
                {
                    self.answered = sent.n;
                    note(sent.deed, &mut self.gave, &mut self.paid, &mut self.ate);
                }
            }
            _ => self.problems.push(format!("message {number} comes after {}", stay.last)),
        }
        stay.last = number;
        self.shown.push(Shown { entered: stay.entered, number, frame });
    }

    /// Everything that was missed has come. What was not applied is sent again.
    async fn caught_up(&mut self, socket: &mut Socket, back: &Return) {
        if let Some(sent) = self.open.front().filter(|sent| sent.n <= back.last_n) {
            self.problems.push(format!("command {} was applied, and its answer did not come", sent.n));
        }
        self.returns += 1;
        // As one does who is not sure: what was answered already is sent as well, and has to be left out without a word.
        for sent in self.done.iter().chain(&self.open) {
            // The end of the connection is found on reading.
            let _ = send(socket, sent).await;
        }
    }

    async fn left(&mut self, socket: &mut Socket) -> End {
        self.stay = None;
        while let Some(frame) = self.next(socket).await {
            self.problems.push(format!("after its end the connection was sent {frame}"));
        }
        End::Left
    }

    fn read(&mut self, kind: &str, value: &Value) {
        self.view.read(kind, value);
        if kind == "notification.cmd.give.success" {
            self.receive(value);
        }
        match wire::class(kind) {
            Class::Answer { refused } => self.answer(kind, refused),
            _ if kind == "system.disconnect.success" => self.answer(kind, false),
            _ => {}
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
        self.done.push_back(sent.clone());
        if self.done.len() > DONE_KEPT {
            self.done.pop_front();
        }
        if !refused {
            note(sent.deed, &mut self.gave, &mut self.paid, &mut self.ate);
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
        match (roll, held, to) {
            (0..15, ..) if self.n.is_multiple_of(5) => Deed::Say(format!("is there bread, for {}", self.n)),
            (0..15, ..) => Deed::Say(format!("{}:{} good evening to all of you", self.player, self.n)),
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
        }
    }
}

fn note(deed: Deed, gave: &mut Vec<(i64, PlayerId)>, paid: &mut Vec<(i64, PlayerId)>, ate: &mut Vec<i64>) {
    match deed {
        Deed::Give(item, Receiver { player: Some(to), .. }) => gave.push((item, to)),
        Deed::Pay(amount, Receiver { player: Some(to), .. }) => paid.push((amount, to)),
        Deed::Eat(item) => ate.push(item),
        _ => {}
    }
}

/// The turn by which the character came in. To a client a pass is just text; a test may know what is in it.
fn entered(pass: &str) -> u64 {
    let bytes = URL_SAFE_NO_PAD.decode(pass).expect("a pass");
    let (pass, _) = postcard::take_from_bytes::<Pass>(&bytes).expect("a pass");
    pass.entered
}

async fn send(socket: &mut Socket, sent: &Sent) -> Result<(), ()> {
    let frame = json!({"type": "cmd.text", "text": sent.deed.line(), "n": sent.n}).to_string();
    socket.send(Message::text(frame)).await.map_err(drop)
}
