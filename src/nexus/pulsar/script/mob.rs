//! What a mob does by its script: speak, walk, handle things and doors, make gestures. What it cannot do is a fault of
//! the script, and the builders are told.

use crate::nexus::message::view::{ActorView, ItemsData, Named, RoomRef};
use crate::nexus::message::{Data, Frame};
use crate::nexus::pulsar::command::doors::Work;
use crate::nexus::pulsar::command::select::{self, Selector};
use crate::nexus::pulsar::command::{doors, items, look, social, speech, split_word, walk};
use crate::nexus::pulsar::record::{MobId, Place, Who};
use crate::nexus::pulsar::turn::Turn;
use crate::nexus::pulsar::{react, transport};
use crate::world::character::{ItemId, PlayerId};
use crate::world::kinds::*;
use crate::world::template::RoomId;

use super::{fail, mob_name};

/// Does one command, its word in lower case.
pub fn act(turn: &mut Turn, mob: MobId, word: &str, rest: &str) {
    let Some(room) = turn.world.room_of(Who::Mob(mob)) else { return };
    let rest = rest.trim();
    match word {
        "say" | "emote" | "yell" if rest.is_empty() => fail(turn, format!("{word} what?")),
        "say" | "emote" | "yell" => speak(turn, mob, room, word, rest),
        "get" | "take" => get(turn, mob, room, rest),
        "drop" => drop(turn, mob, room, rest),
        "give" => give(turn, mob, room, rest),
        "open" => doors::work(turn, Who::Mob(mob), rest, Work::Open),
        "close" => doors::work(turn, Who::Mob(mob), rest, Work::Close),
        "lock" => doors::work(turn, Who::Mob(mob), rest, Work::Lock),
        "unlock" => doors::work(turn, Who::Mob(mob), rest, Work::Unlock),
        _ => match look::direction(word) {
            Some(direction) => walk(turn, mob, room, direction),
            None if social::run(turn, Who::Mob(mob), word, rest) => {}
            None => fail(turn, format!("Mobs cannot {word}.")),
        },
    }
}

fn speak(turn: &mut Turn, mob: MobId, room: RoomId, word: &str, message: &str) {
    let name = mob_name(turn, mob);
    let named = Named::called(crate::nexus::pulsar::see::mob_key(mob), name.clone(), String::new());
    let data = Data::Said { actor: named, message: message.to_owned() };
    match word {
        "say" => {
            let text = format!("{name} says '{message}'");
            turn.tell_room(room, &[], Frame::new("notification.cmd.say.success", text, data));
        }
        "emote" => {
            let text = format!("{name} {message}");
            turn.tell_room(room, &[], Frame::new("notification.cmd.emote.success", text, data));
        }
        _ => {
            let frame = Frame::new("notification.cmd.yell.success", format!("{name} yells '{message}'"), data);
            let players = speech::zone_players(turn.world, room, None);
            turn.tell_all(players, frame);
        }
    }
}

fn walk(turn: &mut Turn, mob: MobId, from: RoomId, direction: Direction) {
    let templates = turn.world.templates.clone();
    let room = templates.rooms.get(&from);
    let way = room.and_then(|room| Some((room, templates.rooms.get(&room.exit(direction)?.to)?)));
    let Some((room, target)) = way else { return fail(turn, format!("There is no way {direction}.")) };
    if turn.world.door_state(from, direction).is_some_and(|state| state != DoorState::Open) {
        return fail(turn, format!("The way {direction} is blocked."));
    }
    if let Some(text) = transport::barred(turn, Who::Mob(mob), room, target, Some(direction)) {
        return fail(turn, text);
    }
    go(turn, mob, direction, target.id);
}

/// How someone leaves who does not walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub exit: &'static str,
    pub enter: &'static str,
}

/// A mob goes one room on; those who are there see it.
pub fn go(turn: &mut Turn, id: MobId, direction: Direction, to: RoomId) {
    let Some(mob) = turn.world.mobs.get(id) else { return };
    let from = mob.room;
    let is_invisible = turn.world.templates.mobs.get(&mob.template).is_none_or(|template| template.is_invisible);
    let is_seen = |turn: &Turn, room| !is_invisible && turn.world.players_in(room).next().is_some();
    if is_seen(turn, from)
        && let Some(actor) = turn.world.char_view(Who::Mob(id))
    {
        let text = walk::leaves(actor.clone(), direction);
        let data = Data::Exit { actor: Named::Seen(actor), direction: Some(direction.as_str()) };
        turn.tell_room(from, &[], Frame::new("notification.movement.exit", text, data));
    }
    turn.world.shift(Who::Mob(id), from, to);
    if let Some(mob) = turn.world.mobs.edit_unseen(id) {
        mob.room = to;
    }
    if is_seen(turn, to)
        && let Some(actor) = turn.world.char_view(Who::Mob(id))
        && let Some(target) = turn.world.templates.rooms.get(&to).cloned()
    {
        let text = walk::arrives(actor.clone(), direction);
        let direction = Some(direction.opposite().as_str());
        let data = Data::Enter { actor, direction, room: RoomRef(target) };
        turn.tell_room(to, &[], Frame::new("notification.movement.enter", text, data));
    }
    react::on(turn, ReactionEvent::NewRoom, id, None, "");
}

fn get(turn: &mut Turn, mob: MobId, room: RoomId, what: &str) {
    let here = turn.world.rooms.get(room).map(|row| row.items.clone()).unwrap_or_default();
    let found: Vec<ItemId> = select::items(turn.world, &Selector::parse(what), &here)
        .into_iter()
        .filter(|id| items::template_of(turn, *id).is_some_and(|template| template.is_pickable))
        .collect();
    if what.is_empty() || found.is_empty() {
        return fail(turn, format!("There is no {what} to get."));
    }
    for item in &found {
        turn.world.move_item(*item, Place::Carried(Who::Mob(mob)));
    }
    show(turn, mob, room, &[], "get", "gets", "", found);
}

fn drop(turn: &mut Turn, mob: MobId, room: RoomId, what: &str) {
    let Some(found) = carried(turn, mob, what) else { return };
    for item in &found {
        turn.world.move_item(*item, Place::Room(room));
    }
    show(turn, mob, room, &[], "drop", "drops", "", found);
}

fn give(turn: &mut Turn, mob: MobId, room: RoomId, rest: &str) {
    let (what, to) = split_word(rest);
    let to = to.strip_prefix("to ").unwrap_or(to).trim();
    let Some(found) = carried(turn, mob, what) else { return };
    let other = select::character_for(turn.world, Who::Mob(mob), to).filter(|other| *other != Who::Mob(mob));
    let Some(other) = other else { return fail(turn, format!("There is no {to} to give it to.")) };
    if let Who::Player(player) = other {
        let held = turn.world.carried(other).len();
        if held + found.len() > items::CARRIED_MAX {
            return fail(turn, format!("{} cannot carry any more.", turn.name(Who::Player(player))));
        }
    }
    let their_name = turn.name(other);
    let own = mob_name(turn, mob);
    let texts: Vec<String> =
        found.iter().map(|id| format!("{own} gives you {}.", items::item_name(turn, *id))).collect();
    for item in &found {
        turn.world.move_item(*item, Place::Carried(other));
    }
    let except: Vec<PlayerId> = other.player().into_iter().collect();
    if let Who::Player(player) = other {
        let data = ItemsData {
            actor: turn.world.actor(player).map(|actor| ActorView::Own(Box::new(actor))),
            items: turn.world.item_views(&found),
            room: None,
            target: None,
            source: None,
        };
        let frame = Frame::new("notification.cmd.give.success", texts.join("\n"), Data::Items(Box::new(data)));
        turn.tell(player, frame);
    }
    show(turn, mob, room, &except, "give", "gives", &format!(" to {their_name}"), found);
}

/// What the mob means of what it carries.
fn carried(turn: &mut Turn, mob: MobId, what: &str) -> Option<Vec<ItemId>> {
    let own = turn.world.carried(Who::Mob(mob)).to_vec();
    let found = select::items(turn.world, &Selector::parse(what), &own);
    if what.is_empty() || found.is_empty() {
        fail(turn, format!("It has no {what}."));
        return None;
    }
    Some(found)
}

#[allow(clippy::too_many_arguments)]
fn show(
    turn: &mut Turn,
    mob: MobId,
    room: RoomId,
    except: &[PlayerId],
    command: &str,
    does: &str,
    how: &str,
    found: Vec<ItemId>,
) {
    let name = mob_name(turn, mob);
    let lines: Vec<String> =
        found.iter().map(|id| format!("{name} {does} {}{how}.", items::item_name(turn, *id))).collect();
    let actor = Some(ActorView::Other(turn.world.named(Who::Mob(mob))));
    let data = ItemsData { actor, items: turn.world.item_views(&found), room: None, target: None, source: None };
    let kind = format!("notification.cmd.{command}.success");
    items::tell_others(turn, room, except, kind, lines.join("\n"), data);
}
