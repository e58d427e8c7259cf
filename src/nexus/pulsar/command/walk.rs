//! The six moves.

use std::sync::Arc;

use crate::nexus::message::view::{DoorStateView, MoveData, Named, RoomRef};
use crate::nexus::message::{Data, Frame, Text};
use crate::world::character::PlayerId;
use crate::world::formulas;
use crate::world::keywords::capitalize;
use crate::world::kinds::*;
use crate::world::template::{Room, RoomId};

use super::super::record::Who;
use super::super::turn::Turn;
use super::super::{beat, react};
use super::{Command, Input};

macro_rules! moves {
    ($($id:ident $name:literal $direction:ident),+ $(,)?) => { $(
        pub static $id: Command = Command {
            names: &[$name],
            group: "Movement",
            format: $name,
            description: concat!("Go ", $name, "."),
            examples: &[$name],
            run: |turn: &mut Turn, player: PlayerId, _: &Input| step(turn, player, Direction::$direction),
        };
    )+ };
}

moves!(
    NORTH "north" North,
    EAST "east" East,
    SOUTH "south" South,
    WEST "west" West,
    UP "up" Up,
    DOWN "down" Down,
);

/// Goes one room in a direction, or says why not.
pub fn step(turn: &mut Turn, player: PlayerId, direction: Direction) {
    let templates = turn.world.templates.clone();
    let Some((from, strength)) = turn.world.presences.get(player).map(|p| (p.room, p.stamina)) else {
        return turn.refuse(player, "move", "no_room", "You are nowhere. Cannot move.");
    };
    let Some(room) = templates.rooms.get(&from) else {
        return turn.refuse(player, "move", "invalid_room", "Current room is invalid.");
    };
    let exit = room.exit(direction);
    let Some((exit, target)) = exit.and_then(|exit| Some((exit, templates.rooms.get(&exit.to)?))) else {
        return turn.refuse(player, "move", "no_exit", "You cannot go that way.");
    };
    match turn.world.players.get(player).map(|p| p.state) {
        Some(CharacterState::Standing) => {}
        Some(CharacterState::Combat) => {
            return turn.refuse(player, "move", "in_combat", "You cannot walk away from a fight.");
        }
        _ => return turn.refuse(player, "move", "not_standing", "You have to stand up first."),
    }
    let is_shut = |turn: &Turn| turn.world.door_state(from, direction).is_some_and(|state| state != DoorState::Open);
    if exit.door.is_some() && is_shut(turn) {
        return turn.refuse(player, "move", "closed_door", "The way is blocked.");
    }
    let cost = formulas::movement_cost(target.room_type);
    if strength < cost {
        return turn.refuse(player, "move", "exhausted", "You are too exhausted to move.");
    }
    if target.room_type == RoomType::Water && !has_boat(turn, player) {
        return turn.refuse(player, "move", "water_room", "You'd need to know how to swim, or have a boat.");
    }
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.stamina -= cost;
        presence.room = target.id;
    }
    turn.world.index.tired_players.insert(player);
    go(turn, player, from, target, direction);
}

fn has_boat(turn: &Turn, player: PlayerId) -> bool {
    let Some(row) = turn.world.players.get(player) else { return false };
    row.items.iter().chain(row.worn.values()).any(|id| {
        let template = turn.world.items.get(*id).and_then(|item| turn.world.templates.items.get(&item.template));
        template.is_some_and(|t| t.is_boat)
    })
}

/// Brings a player into the next room, and lets everyone see it: the player first, then those left
/// behind, then those who are there.
fn go(turn: &mut Turn, player: PlayerId, from: RoomId, target: &Arc<Room>, direction: Direction) {
    let (who, to) = (Who::Player(player), target.id);
    if turn.world.shift(who, from, to) {
        beat::wake(turn.world, to);
    }
    let is_new = turn.world.viewed.get(player).is_some_and(|viewed| !viewed.rooms.contains(&to));
    if is_new && let Some(viewed) = turn.world.viewed.edit(player) {
        viewed.rooms.insert(to);
    }
    let Some(room) = turn.world.room_view(to, player) else { return };
    let brief = turn.world.players.get(player).is_some_and(|p| p.config.room_brief);
    let door_states = doors_of(target, &room.doors);
    let actor = turn.world.actor_patch(player);
    let data = MoveData { room, actor, direction: direction.as_str(), map: Vec::new(), door_states };
    let text = Text::OfRoom { viewer: player, brief };
    turn.tell(player, Frame::new("cmd.move.success", text, Data::Move(Box::new(data))));
    let Some(actor) = turn.world.char_view(who) else { return };
    if !actor.is_invisible {
        let text = leaves(&actor.name, direction);
        let data = Data::Exit { actor: Named::Seen(actor.clone()), direction: Some(direction.as_str()) };
        turn.tell_room(from, &[], Frame::new("notification.movement.exit", text, data));
        let text = arrives(&actor.name, direction);
        let direction = Some(direction.opposite().as_str());
        let data = Data::Enter { actor, direction, room: RoomRef(target.clone()) };
        turn.tell_room(to, &[player], Frame::new("notification.movement.enter", text, data));
    }
    react::entered(turn, player, to);
}

/// The doors of a room that someone comes into.
fn doors_of(room: &Room, states: &[Option<DoorState>; 6]) -> Vec<DoorStateView> {
    let door = |direction: &Direction| {
        let door = room.exit(*direction)?.door.as_ref()?;
        let state = states[*direction as usize].unwrap_or(door.default_state);
        Some(DoorStateView { key: room.key.clone(), direction: direction.as_str(), door_state: state.as_str() })
    };
    Direction::ALL.iter().filter_map(door).collect()
}

/// "X leaves north."
pub fn leaves(name: &str, direction: Direction) -> String {
    told(name, [" leaves ", direction.as_str(), "."])
}

/// "X has arrived from the south." of one who went north.
pub fn arrives(name: &str, direction: Direction) -> String {
    match direction {
        Direction::Up => told(name, [" has arrived from below."]),
        Direction::Down => told(name, [" has arrived from above."]),
        _ => told(name, [" has arrived from the ", direction.opposite().as_str(), "."]),
    }
}

/// A line about someone, put together in one piece.
fn told<const N: usize>(name: &str, rest: [&str; N]) -> String {
    let mut text = String::with_capacity(name.len() + rest.iter().map(|part| part.len()).sum::<usize>() + 4);
    capitalize(name, &mut text);
    text.extend(rest);
    text
}
