//! Words that nobody says: echoes to a room, a zone or the world, words to one, and notices to mobs and places.

use crate::nexus::message::view::Named;
use crate::nexus::message::{Data, Frame};
use crate::nexus::pulsar::react;
use crate::nexus::pulsar::record::Who;
use crate::nexus::pulsar::script;
use crate::nexus::pulsar::turn::Turn;
use crate::world::character::PlayerId;
use crate::world::template::Scope;

use super::{BuildCommand, Call};
use crate::nexus::pulsar::command::split_word;

/// Characters of one echo.
pub const ECHO_CHARS_MAX: usize = 2_000;

pub static ECHO: BuildCommand = BuildCommand {
    names: &["/echo", "/zecho", "/wecho"],
    rank: 1,
    in_scripts: true,
    format: "/echo [room|zone|world] <message>",
    description: "Show words to everyone in the room, with /zecho in the zone (rank 2), with /wecho in the world (rank 3). `--` ends the scope.",
    examples: &["/echo A gull cries.", "/zecho The tide turns.", "/echo world -- The bell tolls."],
    run: echo,
};

pub static SEND: BuildCommand = BuildCommand {
    names: &["/send"],
    rank: 2,
    in_scripts: true,
    format: "/send <player> <message>",
    description: "Show words to one player alone.",
    examples: &["/send mara You feel watched."],
    run: send,
};

pub static SEND_EXCEPT: BuildCommand = BuildCommand {
    names: &["/sendexcept"],
    rank: 2,
    in_scripts: true,
    format: "/sendexcept <player> <message>",
    description: "Show words to everyone in a player's room but that player.",
    examples: &["/sendexcept mara Mara shivers."],
    run: send_except,
};

pub static NOTIFY: BuildCommand = BuildCommand {
    names: &["/notify"],
    rank: 2,
    in_scripts: true,
    format: "/notify [room|zone|world] <words>",
    description: "Give notice to mobs and places that wait for these words (the event `notify`).",
    examples: &["/notify zone flood", "/notify the bell has rung"],
    run: notify,
};

/// The audience that the first word names, and the rest.
pub fn scope<'a>(turn: &mut Turn, call: &Call, text: &'a str) -> Option<(Scope, &'a str)> {
    let (word, rest) = split_word(text);
    let room = script::room_of(turn, call.course.doer, call.course.audience);
    let zone = match call.course.audience {
        Scope::Zone(zone) => Some(zone),
        _ => room.and_then(|room| turn.world.zone_of(room)),
    };
    let (scope, rest) = match word {
        "room" => (room.map(Scope::Room), rest),
        "zone" => (zone.map(Scope::Zone), rest),
        "world" => (Some(Scope::World), rest),
        _ => (Some(call.course.audience), text),
    };
    let Some(scope) = scope else {
        call.refuse(turn, "invalid_room", "This needs a room to happen in.");
        return None;
    };
    let rest = rest.strip_prefix("--").unwrap_or(rest).trim();
    let is_allowed = match scope {
        Scope::Room(_) => true,
        Scope::Zone(_) => call.may(turn, 2),
        Scope::World => call.may(turn, 3),
    };
    is_allowed.then_some((scope, rest))
}

fn echo(turn: &mut Turn, call: &Call) {
    let text = match call.name {
        "/zecho" => format!("zone {}", call.rest),
        "/wecho" => format!("world {}", call.rest),
        _ => call.rest.to_owned(),
    };
    let Some((scope, message)) = scope(turn, call, &text) else { return };
    if message.is_empty() {
        return call.usage(turn);
    }
    let message: String = message.chars().take(ECHO_CHARS_MAX).collect();
    let actor = call.who().map_or_else(Named::default, |who| turn.world.named(who));
    let data = Data::Said { actor, message: message.clone() };
    let hearers = script::hearers(turn, scope);
    if let Some(player) = call.player() {
        turn.tell(player, Frame::new("cmd./echo.success", message.clone(), data.clone()));
    }
    let others: Vec<PlayerId> = hearers.into_iter().filter(|hearer| Some(*hearer) != call.player()).collect();
    turn.tell_all(others, Frame::new("notification./echo", message, data));
}

fn send(turn: &mut Turn, call: &Call) {
    let (name, message) = split_word(call.rest);
    if message.is_empty() {
        return call.usage(turn);
    }
    let Some(player) = call.somebody(turn, name) else { return };
    let message: String = message.chars().take(ECHO_CHARS_MAX).collect();
    turn.print(player, "write.send", message);
    call.done(turn, "Sent.");
}

fn send_except(turn: &mut Turn, call: &Call) {
    let (name, message) = split_word(call.rest);
    if message.is_empty() {
        return call.usage(turn);
    }
    let Some(player) = call.somebody(turn, name) else { return };
    let message: String = message.chars().take(ECHO_CHARS_MAX).collect();
    if let Some(room) = turn.world.room_of(Who::Player(player)) {
        turn.tell_room(room, &[player], Frame::new("write.sendexcept", message, Data::Empty {}));
    }
    call.done(turn, "Sent.");
}

fn notify(turn: &mut Turn, call: &Call) {
    let Some((scope, words)) = scope(turn, call, call.rest) else { return };
    if words.is_empty() {
        return call.usage(turn);
    }
    react::notify(turn, scope, call.course.actor, words);
    call.done(turn, "They have notice of it.");
}
