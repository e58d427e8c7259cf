//! One turn: an instruction is applied to a world. This is the door of Pulsar; nothing else
//! changes a world. A turn yields outputs in the order in which they are to be seen.

use std::sync::Arc;

use crate::nexus::message::{Data, Frame, Message, Recipients};
use crate::world::character::PlayerId;
use crate::world::template::{RoomId, Templates};

use super::instruction::{Applied, Instruction, What};
use super::record::{Ask, OpenErrand, Presence, Who};
use super::script::{self, Running};
use super::table::Table;
use super::world::World;
use super::{beat, combat, command, connect, leave, load, order, schedule, skill};

/// What a turn yields, in order.
#[derive(Clone, Debug)]
pub enum Out {
    Message(Message),
    /// From here on, this player's messages go to this socket; an older one is closed.
    Attach {
        player: PlayerId,
        session: u64,
        account: i64,
        incarnation: u64,
        /// The instruction by which the character came into the world.
        entered: u64,
        welcome: Welcome,
    },
    /// The player has left: the socket is closed once it has what was sent before.
    Detach {
        player: PlayerId,
    },
    /// To a socket whose player is not in the world.
    Reject {
        session: u64,
        frame: Arc<Frame>,
    },
    /// An errand was opened.
    Errand(OpenErrand),
    /// A builder used a command of builders.
    Audit(Box<Audit>),
    /// The world has stopped: everyone has left.
    Stopped,
}

/// Who used a command of builders, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    pub player: PlayerId,
    pub name: String,
    pub account: i64,
    pub room: RoomId,
    /// As it was typed.
    pub line: String,
    /// Was it allowed?
    pub allowed: bool,
}

/// How a socket is greeted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The character was in the world already.
    pub resumed: bool,
    /// The client comes back and gets what it missed; without this a snapshot follows.
    pub back: Option<Return>,
}

/// Where a client that comes back was, and where the player is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// Number of the last message that the client saw, as it says.
    pub last: u64,
    /// Number of the newest message.
    pub newest: u64,
    /// Number of the last numbered command that was applied.
    pub last_n: u64,
}

/// The outputs of turns; reused.
#[derive(Debug, Default)]
pub struct Output {
    pub outs: Vec<Out>,
}

/// A world in the middle of a turn.
pub struct Turn<'a> {
    pub world: &'a mut World,
    pub out: &'a mut Output,
    /// The script of which a command is being done, if it is one's own doing no longer.
    pub script: Option<Running>,
    /// Commands of scripts done so far.
    pub steps: u32,
}

/// Applies `what` at world time `at` (never before the last). True if the turn has to be journaled;
/// a turn without effect leaves the world as it was.
pub fn apply(world: &mut World, at: u64, what: What, sets: &dyn Sets, out: &mut Output) -> bool {
    let before = world.meta.now;
    world.meta.now = before.max(at);
    world.meta.seq += 1;
    world.ordinal = 0;
    let mut turn = Turn::new(world, out);
    let effective = match what {
        What::Timer(arrival) => match turn.world.waiting.remove(arrival) {
            Some(timing) => {
                turn.run(timing.instruction, sets);
                true
            }
            // Cancelled: its entry in the heap outlived it.
            None => false,
        },
        What::Given(instruction) => turn.run(instruction, sets),
    };
    if !effective {
        world.meta.seq -= 1;
        world.meta.now = before;
    }
    effective
}

/// Where a turn finds a set of templates by its hash: one that is durable already.
pub trait Sets {
    fn set(&self, hash: &str) -> Option<Arc<Templates>>;
}

/// No other set is at hand.
pub struct NoSets;

impl Sets for NoSets {
    fn set(&self, _hash: &str) -> Option<Arc<Templates>> {
        None
    }
}

/// Applies a journaled turn again, as it was.
pub fn replay(world: &mut World, applied: Applied, sets: &dyn Sets, out: &mut Output) -> bool {
    apply(world, applied.at, applied.what, sets, out)
}

impl<'a> Turn<'a> {
    pub fn new(world: &'a mut World, out: &'a mut Output) -> Self {
        Self { world, out, script: None, steps: 0 }
    }
}

impl Turn<'_> {
    fn run(&mut self, instruction: Instruction, sets: &dyn Sets) -> bool {
        use Instruction as I;
        #[cfg(test)]
        super::tests::bombs::meet(&instruction);
        match instruction {
            I::Connect { player, session, stage, version, account, config } => {
                let entry = connect::Entry { player, session, stage, version };
                connect::connect(self, entry, account, config)
            }
            I::Resume { player, session, stay, last } => connect::resume(self, player, session, stay, last),
            I::Unlink { player, session } => connect::unlink(self, player, session),
            I::Text { player, session, n, text } => {
                self.by_socket(player, session, n, |turn| command::text(turn, player, &text))
            }
            I::Act { player, session, n, act } => {
                self.by_socket(player, session, n, |turn| command::act(turn, player, &act))
            }
            I::Sync { player, session } => self.by_socket(player, session, None, |turn| connect::sync(turn, player)),
            I::Quit { player, session } => self.by_socket(player, session, None, |turn| leave::quit(turn, player)),
            I::Stage { stage, part, parts, bytes } => order::stage(self, stage, part, parts, &bytes),
            I::Unstage { stage } => self.world.staged.remove(stage).is_some(),
            I::Answered { errand, answer } => order::answered(self, errand, answer),
            I::Expel { player, text } => leave::expel(self, player, &text),
            I::SetMuted { player, muted } => order::set_muted(self, player, muted),
            I::SetConfig { player, config } => order::set_config(self, player, config),
            I::Broadcast { text } => order::broadcast(self, &text),
            I::Templates { hash } => order::templates(self, &hash, sets),
            I::Epoch { epoch } => order::epoch(self, epoch),
            I::Beat => beat::beat(self),
            I::BeatOn { stage, after } => beat::on(self, stage, after),
            I::Tic => beat::tic(self),
            I::ScriptLine { course, line } => script::go_on(self, &course, &line),
            I::LoadOn { errand, next } => load::on(self, errand, next),
            I::Stop => leave::stop(self, false),
            I::Move => leave::stop(self, true),
            I::Skip { timer } => {
                if let Some(timing) = timer.and_then(|timer| self.world.waiting.remove(timer)) {
                    beat::skipped(self, timing.instruction);
                }
                true
            }
            I::Renew { after } => {
                connect::renew(self, after);
                true
            }
            I::Resettle { stage, after } => {
                load::resettle_on(self, stage, after);
                true
            }
            I::Clock { minute } => schedule::clock(self, minute),
            I::Decay { item } => combat::death::decay(self, item),
            I::EffectEnds { who, id } => {
                skill::effect::end(self, who, id);
                true
            }
            I::CastEnds { who, id } => skill::cast::done(self, who, id),
            I::WakeOn { zone, beats, after } => {
                beat::wake_on(self.world, zone, beats, after);
                true
            }
        }
    }

    /// Applies what a socket sent, if it is the one that plays this character and the command is new.
    fn by_socket(&mut self, player: PlayerId, session: u64, n: Option<u64>, apply: impl FnOnce(&mut Self)) -> bool {
        let now = self.world.meta.now;
        let presence = self
            .world
            .presences
            .edit_when(player, |presence| presence.session == Some(session) && n.is_none_or(|n| n > presence.commands));
        let Some(presence) = presence else { return false };
        presence.last_action = now;
        if let Some(n) = n {
            presence.commands = n;
        }
        apply(self);
        true
    }

    /// Sends a frame to one player.
    pub fn tell(&mut self, player: PlayerId, frame: Frame) {
        self.tell_all([player], frame);
    }

    /// Sends one frame to several players, in order; each gets the next of their own numbers.
    pub fn tell_all(&mut self, players: impl IntoIterator<Item = PlayerId>, frame: Frame) {
        let presences = &mut self.world.presences;
        let to: Recipients = players.into_iter().filter_map(|player| number(presences, player)).collect();
        if !to.is_empty() {
            self.out.outs.push(Out::Message(Message { to, frame: Arc::new(frame) }));
        }
    }

    /// Sends a frame to the players of a room, but for `except`.
    pub fn tell_room(&mut self, room: RoomId, except: &[PlayerId], frame: Frame) {
        let World { rooms, presences, .. } = &mut *self.world;
        let mut to = Recipients::new();
        for who in rooms.get(room).map_or(&[][..], |row| &row.chars) {
            if let Who::Player(player) = who
                && !except.contains(player)
            {
                to.extend(number(presences, *player));
            }
        }
        if !to.is_empty() {
            self.out.outs.push(Out::Message(Message { to, frame: Arc::new(frame) }));
        }
    }

    /// A refusal: a message like any other. What is refused to a script is a fault of the script.
    pub fn refuse(&mut self, player: PlayerId, command: &str, code: &'static str, text: impl Into<String>) {
        if let Some(running) = &mut self.script {
            return running.fail(text);
        }
        self.tell(player, Frame::refusal(command, code, text));
    }

    /// A refusal to whoever it is: mobs do nothing but by scripts.
    pub fn refuse_to(&mut self, who: Who, command: &str, code: &'static str, text: impl Into<String>) {
        match (who, &mut self.script) {
            (Who::Player(player), _) => self.refuse(player, command, code, text),
            (Who::Mob(_), Some(running)) => running.fail(text),
            (Who::Mob(_), None) => {}
        }
    }

    /// A line without data.
    pub fn print(&mut self, player: PlayerId, kind: &'static str, text: impl Into<String>) {
        self.tell(player, Frame::new(kind, text, Data::Empty {}));
    }

    /// Opens an errand and lets it out with the turn.
    pub fn ask(&mut self, what: Ask) {
        let errand = self.world.open_errand(what);
        self.out.outs.push(Out::Errand(errand));
    }

    /// The name of a character.
    pub fn name(&self, who: Who) -> String {
        match who {
            Who::Player(id) => self.world.players.get(id).map(|p| p.name.clone()),
            Who::Mob(id) => {
                self.world.mobs.get(id).and_then(|m| self.world.templates.mobs.get(&m.template)).map(|t| t.name.clone())
            }
        }
        .unwrap_or_else(|| "Someone".into())
    }
}

/// A player with the number of the next message to them.
fn number(presences: &mut Table<PlayerId, Presence>, player: PlayerId) -> Option<(PlayerId, u64)> {
    let presence = presences.edit(player)?;
    presence.messages += 1;
    Some((player, presence.messages))
}
