//! Speaking: to the room, the zone, the world, or one person.

use crate::nexus::message::view::ChatPlayer;
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::template::RoomId;

use super::super::react;
use super::super::record::Who;
use super::super::turn::Turn;
use super::super::world::World;
use super::{Command, Input, split_word};

/// Characters of one utterance.
pub const SAY_CHARS_MAX: usize = 280;
/// Characters of one emote.
pub const EMOTE_CHARS_MAX: usize = 560;
const MUTED: &str = "Your communication privileges have been removed, you can only send tells to builders.";

pub static SAY: Command = Command {
    names: &["say"],
    group: "Communication",
    format: "say <message>",
    description: "Speak to everyone in the room. An apostrophe before the message does the same.",
    examples: &["say Good evening", "'Good evening"],
    run: |turn, player, input| say(turn, player, input.rest),
};

pub static YELL: Command = Command {
    names: &["yell"],
    group: "Communication",
    format: "yell <message>",
    description: "Raise your voice so that the whole zone hears it.",
    examples: &["yell The water is coming"],
    run: yell,
};

pub static EMOTE: Command = Command {
    names: &["emote"],
    group: "Communication",
    format: "emote <what you do>",
    description: "Show the room what you do; your name comes first.",
    examples: &["emote counts the coins again"],
    run: emote,
};

pub static TELL: Command = Command {
    names: &["tell"],
    group: "Communication",
    format: "tell <name> <message>",
    description: "Speak to one person, wherever in the world they are.",
    examples: &["tell mara Are you there?"],
    run: tell,
};

pub static REPLY: Command = Command {
    names: &["reply"],
    group: "Communication",
    format: "reply <message>",
    description: "Answer whoever told you something last.",
    examples: &["reply On my way"],
    run: reply,
};

pub static CHAT: Command = Command {
    names: &["chat", "gossip"],
    group: "Communication",
    format: "chat <message>",
    description: "Speak to everyone in the world who listens.",
    examples: &["chat Anyone for the Ebb?"],
    run: chat,
};

/// Cuts a text to a number of characters.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

fn is_muted(turn: &Turn, player: PlayerId) -> bool {
    turn.world.players.get(player).is_some_and(|p| p.is_muted)
}

/// Does this player not want to hear from that one?
fn deaf_to(world: &World, listener: PlayerId, speaker: &str) -> bool {
    let muted = world.players.get(listener).map(|listener| &listener.mute_list);
    muted.is_some_and(|muted| !muted.is_empty() && muted.contains(&speaker.to_lowercase()))
}

pub fn say(turn: &mut Turn, player: PlayerId, message: &str) {
    if message.is_empty() {
        return turn.refuse(player, "say", "invalid_args", "Say what?");
    }
    if is_muted(turn, player) {
        return turn.refuse(player, "say", "muted", MUTED);
    }
    let message = cut(message, SAY_CHARS_MAX);
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let actor = turn.world.named(Who::Player(player));
    let data = Data::Said { actor: actor.clone(), message: message.to_owned() };
    turn.tell(player, Frame::new("cmd.say.success", format!("You say '{message}'"), data.clone()));
    let text = format!("{} says '{message}'", actor.name());
    let hearers: Vec<PlayerId> = turn
        .world
        .players_in(room)
        .filter(|other| *other != player && !deaf_to(turn.world, *other, actor.name()))
        .collect();
    turn.tell_all(hearers, Frame::new("notification.cmd.say.success", text, data));
    react::said(turn, player, room, message);
}

/// The players of a room's zone, but for one.
pub fn zone_players(world: &World, room: RoomId, except: Option<PlayerId>) -> Vec<PlayerId> {
    let Some(zone) = world.zone_of(room) else { return Vec::new() };
    let players = world.index.awake.get(&zone).into_iter().flatten().copied();
    players.filter(|player| Some(*player) != except).collect()
}

fn yell(turn: &mut Turn, player: PlayerId, input: &Input) {
    if input.rest.is_empty() {
        return turn.refuse(player, "yell", "invalid_args", "What do you want to yell?");
    }
    if is_muted(turn, player) {
        return turn.refuse(player, "yell", "muted", MUTED);
    }
    let message = cut(input.rest, SAY_CHARS_MAX);
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let actor = turn.world.named(Who::Player(player));
    let data = Data::Said { actor: actor.clone(), message: message.to_owned() };
    turn.tell(player, Frame::new("cmd.yell.success", format!("You yell '{message}'"), data.clone()));
    let hearers: Vec<PlayerId> = zone_players(turn.world, room, Some(player))
        .into_iter()
        .filter(|other| !deaf_to(turn.world, *other, actor.name()))
        .collect();
    let text = format!("{} yells '{message}'", actor.name());
    turn.tell_all(hearers, Frame::new("notification.cmd.yell.success", text, data));
}

fn emote(turn: &mut Turn, player: PlayerId, input: &Input) {
    if input.rest.is_empty() {
        return turn.refuse(player, "emote", "invalid_args", "What do you want to express?");
    }
    if is_muted(turn, player) {
        return turn.refuse(player, "emote", "muted", MUTED);
    }
    let message = cut(input.rest, EMOTE_CHARS_MAX);
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let actor = turn.world.named(Who::Player(player));
    let text = format!("{} {message}", actor.name());
    let data = Data::Said { actor: actor.clone(), message: message.to_owned() };
    turn.tell(player, Frame::new("cmd.emote.success", text.clone(), data.clone()));
    let hearers: Vec<PlayerId> = turn
        .world
        .players_in(room)
        .filter(|other| *other != player && !deaf_to(turn.world, *other, actor.name()))
        .collect();
    turn.tell_all(hearers, Frame::new("notification.cmd.emote.success", text, data));
}

fn tell(turn: &mut Turn, player: PlayerId, input: &Input) {
    let (name, message) = split_word(input.rest);
    if name.is_empty() {
        return turn.refuse(player, "tell", "invalid_args", "Tell whom what?");
    }
    let name = name.strip_prefix("player.").map_or_else(
        || name.to_lowercase(),
        |id| id.parse().ok().map(|id| turn.name(Who::Player(id)).to_lowercase()).unwrap_or_default(),
    );
    let Some(other) = turn.world.index.names.get(&name).copied() else {
        return turn.refuse(player, "tell", "invalid_target", format!("Nobody called {name} is in the world."));
    };
    speak_to(turn, player, other, message, "tell");
}

fn reply(turn: &mut Turn, player: PlayerId, input: &Input) {
    let Some(other) = turn.world.players.get(player).and_then(|p| p.reply_to) else {
        return turn.refuse(player, "reply", "invalid_target", "Nobody has told you anything yet.");
    };
    if !turn.world.players.contains(other) {
        return turn.refuse(player, "reply", "invalid_target", "They are no longer in the world.");
    }
    speak_to(turn, player, other, input.rest, "reply");
}

fn speak_to(turn: &mut Turn, player: PlayerId, other: PlayerId, message: &str, command: &'static str) {
    let (own, theirs) = (turn.name(Who::Player(player)), turn.name(Who::Player(other)));
    if message.is_empty() {
        return turn.refuse(player, command, "invalid_args", format!("What do you want to tell {theirs}?"));
    }
    if player == other {
        return turn.refuse(player, command, "invalid_target", "You mutter to yourself.");
    }
    let to_builder = turn.world.players.get(other).is_some_and(|p| p.account.is_builder || p.account.is_staff);
    if is_muted(turn, player) && !to_builder {
        return turn.refuse(player, command, "muted", MUTED);
    }
    let message = cut(message, SAY_CHARS_MAX);
    let data = Data::Said { actor: turn.world.named(Who::Player(player)), message: message.to_owned() };
    let kind = if command == "reply" { "cmd.reply.success" } else { "cmd.tell.success" };
    turn.tell(player, Frame::new(kind, format!("You tell {theirs} '{message}'"), data.clone()));
    if deaf_to(turn.world, other, &own) {
        return;
    }
    let kind = if command == "reply" { "notification.reply" } else { "notification.tell" };
    turn.tell(other, Frame::new(kind, format!("{own} tells you '{message}'"), data));
    if let Some(row) = turn.world.players.edit(other) {
        row.reply_to = Some(player);
    }
    if turn.world.players.get(other).is_some_and(|p| p.is_linkless) {
        turn.print(player, "cmd.tell.note", format!("{theirs} has lost the link and may not hear you."));
    }
}

fn chat(turn: &mut Turn, player: PlayerId, input: &Input) {
    if input.rest.is_empty() {
        return turn.refuse(player, "chat", "invalid_args", "What do you want to chat about?");
    }
    if !turn.world.templates.world.config.globals_enabled {
        return turn.refuse(player, "chat", "disabled", "This world has no common channel.");
    }
    if is_muted(turn, player) {
        return turn.refuse(player, "chat", "muted", MUTED);
    }
    let message = cut(input.rest, SAY_CHARS_MAX);
    let Some(row) = turn.world.players.get(player) else { return };
    let faction = row.core_faction.clone();
    let data = Data::Chatted {
        actor: turn.world.named(Who::Player(player)),
        player: ChatPlayer { core_faction: faction.clone().unwrap_or_else(|| "none".into()) },
        faction,
        is_builder: row.is_immortal,
        message: message.to_owned(),
    };
    let name = row.name.clone();
    turn.tell(player, Frame::new("cmd.chat.success", format!("You chat '{message}'"), data.clone()));
    let hearers: Vec<PlayerId> = turn
        .world
        .players
        .iter()
        .map(|(id, _)| id)
        .filter(|other| *other != player && !deaf_to(turn.world, *other, &name))
        .collect();
    turn.tell_all(hearers, Frame::new("notification.cmd.chat.success", format!("{name} chats '{message}'"), data));
}
