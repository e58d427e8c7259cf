//! `look`: at the room, at someone, at a thing, at a detail, in a direction.

use crate::nexus::message::view::{DetailView, LookData};
use crate::nexus::message::{Data, Frame, Text};
use crate::world::character::{ItemId, PlayerId};
use crate::world::keywords::capitalized;
use crate::world::kinds::*;

use super::super::record::Who;
use super::super::turn::Turn;
use super::select::{self, Selector};
use super::{Command, Input};

pub static LOOK: Command = Command {
    names: &["look", "examine"],
    group: "Information",
    format: "look [at] [something, someone or a direction]",
    description: "See the room you are in, or look more closely at what is in it.",
    examples: &["look", "look lantern", "look bob", "look north", "look in chest"],
    run: look,
};

fn look(turn: &mut Turn, player: PlayerId, input: &Input) {
    if input.rest.is_empty() {
        return room(turn, player);
    }
    let target =
        ["at ", "in ", "into "].iter().find_map(|lead| strip_word(input.rest, lead)).unwrap_or(input.rest).trim();
    let target = strip_word(target, "the ").unwrap_or(target).trim();
    if target.is_empty() || target.eq_ignore_ascii_case("room") {
        return room(turn, player);
    }
    if let Some(direction) = direction(target) {
        return towards(turn, player, direction);
    }
    if let Some(who) = select::character(turn.world, player, target) {
        return character(turn, player, who);
    }
    if let Some(item) = find_item(turn, player, target) {
        return thing(turn, player, item);
    }
    if detail(turn, player, target) {
        return;
    }
    turn.refuse(player, "look", "invalid_target", format!("You see no {target} here."));
}

fn strip_word<'a>(text: &'a str, lead: &str) -> Option<&'a str> {
    text.get(..lead.len()).filter(|start| start.eq_ignore_ascii_case(lead)).map(|_| &text[lead.len()..])
}

/// A direction by its name or a prefix of it.
pub fn direction(word: &str) -> Option<Direction> {
    let word = word.to_lowercase();
    Direction::ALL.iter().copied().find(|d| !word.is_empty() && d.as_str().starts_with(&word))
}

/// The whole room.
pub fn room(turn: &mut Turn, player: PlayerId) {
    let view = turn.world.room_of(Who::Player(player)).and_then(|room| turn.world.room_view(room, player));
    let Some(target) = view else {
        return turn.refuse(player, "look", "no_room", "You are nowhere.");
    };
    let text = Text::OfRoom { viewer: player, brief: false };
    let actor = turn.world.actor_patch(player);
    let data = LookData { actor, target_type: "room", target, map: Vec::new() };
    turn.tell(player, Frame::new("cmd.look.success", text, Data::LookRoom(Box::new(data))));
}

fn towards(turn: &mut Turn, player: PlayerId, direction: Direction) {
    let Some(id) = turn.world.room_of(Who::Player(player)) else { return };
    let Some(room) = turn.world.templates.rooms.get(&id).cloned() else { return };
    let Some(exit) = room.exit(direction) else {
        return turn.refuse(player, "look", "no_exit", format!("There is no way {direction}."));
    };
    let mut text = exit.look.trim_end().to_owned();
    let state = turn.world.door_state(id, direction);
    if let (Some(door), Some(state)) = (&exit.door, state) {
        let says = match state {
            DoorState::Open => "stands open",
            DoorState::Closed | DoorState::Locked => "is closed",
        };
        push_line(&mut text, &format!("The {} {says}.", door.name));
    }
    if state.is_none_or(|state| state == DoorState::Open)
        && let Some(beyond) = turn.world.templates.rooms.get(&exit.to)
    {
        let place = match direction {
            Direction::Up => "Above".to_owned(),
            Direction::Down => "Below".to_owned(),
            _ => format!("To the {direction}"),
        };
        push_line(&mut text, &format!("{place}: {}.", beyond.name));
    }
    let target = DetailView { keyword: direction.as_str().into(), description: text.clone() };
    tell_detail(turn, player, target, text);
}

fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

fn character(turn: &mut Turn, player: PlayerId, who: Who) {
    let Some(target) = turn.world.char_view(who) else { return };
    let subject = capitalized(target.pronouns.subject);
    let mut text = if target.description.trim().is_empty() {
        format!("You see nothing special about {}.", target.name)
    } else {
        target.description.trim_end().to_owned()
    };
    for (slot, item) in &target.equipment {
        push_line(&mut text, &format!("{subject} {} {} ({slot}).", verb(&subject, "wears", "wear"), item.name));
    }
    push_line(&mut text, &condition(&subject, target.health, target.health_max));
    let actor = Box::new(turn.world.actor_patch(player));
    turn.tell(player, Frame::new("cmd.look.success", text, Data::LookChar { actor, target_type: "char", target }));
    if let Who::Player(other) = who
        && other != player
    {
        let name = turn.name(Who::Player(player));
        turn.print(other, "notification.cmd.look", format!("{name} looks at you."));
    }
}

fn verb<'a>(subject: &str, singular: &'a str, plural: &'a str) -> &'a str {
    if subject == "They" { plural } else { singular }
}

fn condition(subject: &str, health: i32, max: i32) -> String {
    let share = if max > 0 { i64::from(health) * 100 / i64::from(max) } else { 100 };
    let how = match share {
        100.. => "in excellent condition",
        75..=99 => "a little scratched",
        50..=74 => "wounded",
        25..=49 => "badly wounded",
        _ => "close to collapse",
    };
    format!("{subject} {} {how}.", verb(subject, "is", "are"))
}

/// In the room, carried or worn, in this order.
fn find_item(turn: &Turn, player: PlayerId, target: &str) -> Option<ItemId> {
    let world = &turn.world;
    let selector = Selector::parse(target);
    if selector.is_plural() {
        return None;
    }
    let row = world.players.get(player)?;
    let room = world.room_of(Who::Player(player))?;
    let mut lists: Vec<ItemId> = world.rooms.get(room).map(|r| r.items.clone()).unwrap_or_default();
    lists.extend(&row.items);
    lists.extend(row.worn.values());
    select::items(world, &selector, &lists).first().copied()
}

fn thing(turn: &mut Turn, player: PlayerId, id: ItemId) {
    let Some(target) = turn.world.item_view(id) else { return };
    let mut text = if target.description.trim().is_empty() {
        format!("You see nothing special about {}.", target.name)
    } else {
        target.description.trim_end().to_owned()
    };
    if !target.label.is_empty() {
        push_line(&mut text, &format!("A label says: {}", target.label));
    }
    if let Some(inside) = &target.inventory {
        if inside.is_empty() {
            push_line(&mut text, "It is empty.");
        } else {
            push_line(&mut text, "It holds:");
            for item in inside {
                push_line(&mut text, &format!("  {}", item.name));
            }
        }
    }
    let actor = Box::new(turn.world.actor_patch(player));
    turn.tell(player, Frame::new("cmd.look.success", text, Data::LookItem { actor, target_type: "item", target }));
}

/// A detail of the room, or of a thing that is here.
fn detail(turn: &mut Turn, player: PlayerId, target: &str) -> bool {
    let word = target.to_lowercase();
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return false };
    let world = &turn.world;
    let in_room = world.templates.rooms.get(&room).into_iter().flat_map(|r| r.details.iter());
    let near: Vec<ItemId> = world
        .rooms
        .get(room)
        .map(|r| r.items.clone())
        .unwrap_or_default()
        .into_iter()
        .chain(world.players.get(player).into_iter().flat_map(|p| p.items.iter().chain(p.worn.values()).copied()))
        .collect();
    let on_items = near
        .iter()
        .filter_map(|id| world.templates.items.get(&world.items.get(*id)?.template))
        .flat_map(|t| t.details.iter());
    let last = word.split_whitespace().next_back().unwrap_or(&word).to_owned();
    let found = in_room
        .chain(on_items)
        .find(|d| d.words.iter().any(|w| *w == word || *w == last))
        .map(|d| d.text.trim_end().to_owned());
    let Some(text) = found else { return false };
    tell_detail(turn, player, DetailView { keyword: word, description: text.clone() }, text);
    true
}

fn tell_detail(turn: &mut Turn, player: PlayerId, target: DetailView, text: String) {
    let actor = Box::new(turn.world.actor_patch(player));
    let data = Data::LookDetail { actor, target_type: "room_detail", target };
    turn.tell(player, Frame::new("cmd.look.success", text, data));
}
