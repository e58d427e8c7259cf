//! Reactions: what a mob does when someone comes, says something, or gives it a thing. A match opens an errand to the
//! Mob node, which writes the script out; conditions and gates are evaluated here when it answers.

use crate::nexus::message::view::Named;
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::kinds::*;
use crate::world::template::RoomId;

use super::instruction::Instruction;
use super::record::{Ask, MobId, Who};
use super::turn::Turn;
use super::{command, condition, see};
use crate::nexus::beat::BEAT_MILLIS;

/// Lines of one reaction at the most; the rest is left out.
pub const REACTION_LINES_MAX: usize = 64;

/// A player came into a room.
pub fn entered(turn: &mut Turn, player: PlayerId, room: RoomId) {
    trigger(turn, player, room, None, ReactionEvent::Enter, None);
}

/// A player said something in a room.
pub fn said(turn: &mut Turn, player: PlayerId, room: RoomId, text: &str) {
    trigger(turn, player, room, None, ReactionEvent::Say, Some(text));
}

/// A player gave a mob a thing; its name is what the reaction matches.
pub fn received(turn: &mut Turn, player: PlayerId, room: RoomId, mob: MobId, item: &str) {
    trigger(turn, player, room, Some(mob), ReactionEvent::Receive, Some(item));
}

/// A mob came into being.
pub fn appeared(turn: &mut Turn, mob: MobId, room: RoomId) {
    let Some(template) = turn.world.mobs.get(mob).and_then(|m| turn.world.templates.mobs.get(&m.template)) else {
        return;
    };
    if template.is_invisible {
        return;
    }
    let name = template.name.clone();
    if turn.world.players_in(room).next().is_none() {
        return;
    }
    if let Some(actor) = turn.world.char_view(Who::Mob(mob)) {
        let text = format!("{} has arrived.", crate::world::keywords::capitalized(&name));
        let Some(room_ref) = turn.world.room_ref(room) else { return };
        let data = Data::Enter { actor, direction: None, room: room_ref };
        turn.tell_room(room, &[], Frame::new("notification.movement.enter", text, data));
    }
}

/// Asks for what the mobs of the room do about it, or only the one that it happened to.
pub(super) fn trigger(
    turn: &mut Turn,
    player: PlayerId,
    room: RoomId,
    only: Option<MobId>,
    event: ReactionEvent,
    text: Option<&str>,
) {
    let mut asks = Vec::new();
    for who in turn.world.chars_in(room) {
        let Who::Mob(id) = who else { continue };
        if only.is_some_and(|only| only != *id) {
            continue;
        }
        let Some(mob) = turn.world.mobs.get(*id) else { continue };
        let Some(template) = turn.world.templates.mobs.get(&mob.template) else { continue };
        for (at, reaction) in template.reactions.iter().enumerate().filter(|(_, r)| r.event == event) {
            let open = mob.gates.iter().all(|(gate, until)| usize::from(*gate) != at || *until <= turn.world.meta.now);
            let matches = text.is_none_or(|text| match event {
                ReactionEvent::Receive => condition::is_meant(&reaction.matcher, text),
                _ => condition::matches(&reaction.matcher, text),
            });
            if open && matches {
                asks.push(Ask::React {
                    mob: *id,
                    reaction: at as u16,
                    actor: player,
                    lines: reaction.script.iter().take(REACTION_LINES_MAX).cloned().collect(),
                });
            }
        }
    }
    for ask in asks {
        turn.ask(ask);
    }
}

/// The Mob node has written a reaction out: it happens if its conditions and its gate still allow.
pub fn answered(turn: &mut Turn, mob: MobId, reaction: u16, actor: PlayerId, lines: Vec<(u32, String)>) {
    let now = turn.world.meta.now;
    let Some(row) = turn.world.mobs.get(mob) else { return };
    let Some(template) = turn.world.templates.mobs.get(&row.template).cloned() else { return };
    let Some(rule) = template.reactions.get(usize::from(reaction)) else { return };
    let shut = row.gates.iter().any(|(gate, until)| *gate == reaction && *until > now);
    if shut || !condition::holds(&rule.conditions, turn.world, actor) {
        return;
    }
    let until = match rule.gate_delay {
        0 => None,
        seconds if seconds < 0 => Some(u64::MAX),
        seconds => Some(now.saturating_add(seconds as u64 * 1000)),
    };
    if let Some(mob) = turn.world.mobs.edit(mob) {
        mob.gates.retain(|(gate, until)| *gate != reaction && *until > now);
        mob.gates.extend(until.map(|until| (reaction, until)));
    }
    for (beats, text) in lines {
        let text = fill(turn, actor, &text);
        if beats == 0 {
            line(turn, mob, &text);
        } else {
            turn.world.schedule(u64::from(beats) * BEAT_MILLIS, Instruction::MobLine { mob, line: text });
        }
    }
}

/// Fills `{{ actor }}` and the like in: whom the reaction is about. What is not known stays empty.
fn fill(turn: &Turn, actor: PlayerId, text: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        filled.push_str(before);
        filled.push_str(&variable(turn, actor, name.trim()));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn variable(turn: &Turn, actor: PlayerId, name: &str) -> String {
    let row = turn.world.players.get(actor);
    let (they, them, their, themself) = row.map_or(Gender::NonBinary, |row| row.gender).pronouns();
    match name {
        "actor" => turn.name(Who::Player(actor)),
        "actor_key" => see::player_key(actor),
        "actor_data.level" => row.map(|row| row.level.to_string()).unwrap_or_default(),
        "actor.they" => they.into(),
        "actor.them" => them.into(),
        "actor.their" => their.into(),
        "actor.themself" => themself.into(),
        _ => match (name.strip_prefix("actor_marks."), name.strip_prefix("facts.")) {
            (Some(mark), _) => row.and_then(|row| row.marks.get(mark)).cloned().unwrap_or_default(),
            (_, Some(fact)) => turn.world.meta.facts.get(fact).cloned().unwrap_or_default(),
            _ => String::new(),
        },
    }
}

/// A mob does one line of a script: commands joined by `&&`.
pub fn line(turn: &mut Turn, mob: MobId, text: &str) -> bool {
    for segment in text.split("&&") {
        act(turn, mob, segment.trim());
    }
    true
}

fn act(turn: &mut Turn, mob: MobId, segment: &str) {
    let Some(room) = turn.world.room_of(Who::Mob(mob)) else { return };
    let (word, rest) = segment.split_once(char::is_whitespace).unwrap_or((segment, ""));
    let (word, rest) = (word.to_ascii_lowercase(), rest.trim());
    let name = crate::world::keywords::capitalized(&turn.name(Who::Mob(mob)));
    let actor = Named::called(see::mob_key(mob), name.clone(), String::new());
    let said = |message: &str| Data::Said { actor: actor.clone(), message: message.to_owned() };
    match word.as_str() {
        "say" if !rest.is_empty() => {
            let text = format!("{name} says '{rest}'");
            turn.tell_room(room, &[], Frame::new("notification.cmd.say.success", text, said(rest)));
        }
        "emote" if !rest.is_empty() => {
            let text = format!("{name} {rest}");
            turn.tell_room(room, &[], Frame::new("notification.cmd.emote.success", text, said(rest)));
        }
        "yell" if !rest.is_empty() => {
            let text = format!("{name} yells '{rest}'");
            let frame = Frame::new("notification.cmd.yell.success", text, said(rest));
            let players = command::speech::zone_players(turn.world, room, None);
            turn.tell_all(players, frame);
        }
        "/echo" if !rest.is_empty() => {
            turn.tell_room(room, &[], Frame::new("notification./echo", rest, said(rest)));
        }
        // A mob may do nothing else yet; what it cannot do is left undone without a word.
        _ => {}
    }
}
