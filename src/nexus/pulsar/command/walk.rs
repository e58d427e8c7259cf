//! The six moves.

use std::sync::Arc;

use crate::nexus::message::view::{ActorPatch, Char, DoorStateView, MoveData, Named, RoomRef, Vital};
use crate::nexus::message::{Data, Frame, Text};
use crate::world::character::PlayerId;
use crate::world::formulas;
use crate::world::kinds::*;
use crate::world::template::{Room, RoomId};

use super::super::combat::aggro;
use super::super::record::Who;
use super::super::turn::Turn;
use super::super::{beat, react, skill, transport};
use super::{Command, Input, items};

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
    let Some(row) = turn.world.players.get(player) else { return };
    match row.state {
        CharacterState::Standing => {}
        CharacterState::Combat => {
            return turn.refuse(player, "move", "in_combat", "You cannot walk away from a fight.");
        }
        _ => return turn.refuse(player, "move", "not_standing", "You have to stand up first."),
    }
    skill::cast::interrupt(turn, Who::Player(player), "You walk, and what you began comes to nothing.");
    let Some(row) = turn.world.players.get(player) else { return };
    let (sees_all, brief, health) = (row.is_immortal, row.config.room_brief, row.health);
    let is_shut = |turn: &Turn| turn.world.door_state(from, direction).is_some_and(|state| state != DoorState::Open);
    if exit.door.is_some() && is_shut(turn) {
        return turn.refuse(player, "move", "closed_door", "The way is blocked.");
    }
    let cost = formulas::movement_cost(target.room_type);
    if strength < cost {
        return turn.refuse(player, "move", "exhausted", "You are too exhausted to move.");
    }
    if target.room_type == RoomType::Water && !items::has_boat(turn.world, player) {
        return turn.refuse(player, "move", "water_room", "You'd need to know how to swim, or have a boat.");
    }
    if let Some(text) = transport::barred(turn, Who::Player(player), room, target, Some(direction)) {
        return turn.refuse(player, "move", "barred", text);
    }
    let Some(presence) = turn.world.presences.edit(player) else { return };
    presence.stamina -= cost;
    presence.room = target.id;
    let (mana, stamina) = (presence.mana, presence.stamina);
    turn.world.index.tired_players.insert(player);
    if turn.world.shift(Who::Player(player), from, target.id) {
        beat::wake(turn.world, target.id);
    }
    let is_new = turn.world.viewed.get(player).is_some_and(|viewed| !viewed.rooms.contains(&target.id));
    if is_new && let Some(viewed) = turn.world.viewed.edit(player) {
        viewed.rooms.insert(target.id);
    }
    let Some(own) = turn.world.char_view(Who::Player(player)) else { return };
    let room = turn.world.room_view_of(target, player, sees_all);
    let actor = ActorPatch {
        who: Named::Seen(own.clone()),
        room: Some(RoomRef(target.clone())),
        state: Some(CharacterState::Standing.as_str()),
        health: Vital::now(health),
        mana: Vital::now(mana),
        stamina: Vital::now(stamina),
    };
    let door_states = doors_of(target, &room.doors);
    let data = MoveData { room, actor, direction: direction.as_str(), map: Vec::new(), door_states };
    let text = Text::OfRoom { viewer: player, brief };
    turn.tell(player, Frame::new("cmd.move.success", text, Data::Move(Box::new(data))));
    show(turn, player, own, from, target, direction);
    react::entered_from(turn, player, target.id, Some(from));
    aggro::entered(turn, player, target.id);
}

/// Lets everyone see how a player, who was told already, went: those left behind, then those who are there.
fn show(turn: &mut Turn, player: PlayerId, own: Arc<Char>, from: RoomId, to: &Arc<Room>, direction: Direction) {
    if own.is_invisible {
        return;
    }
    let text = leaves(own.clone(), direction);
    let data = Data::Exit { actor: Named::Seen(own.clone()), direction: Some(direction.as_str()) };
    turn.tell_room(from, &[], Frame::new("notification.movement.exit", text, data));
    let text = arrives(own.clone(), direction);
    let direction = Some(direction.opposite().as_str());
    let data = Data::Enter { actor: own, direction, room: RoomRef(to.clone()) };
    turn.tell_room(to.id, &[player], Frame::new("notification.movement.enter", text, data));
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
pub fn leaves(who: Arc<Char>, direction: Direction) -> Text {
    let does = match direction {
        Direction::North => " leaves north.",
        Direction::East => " leaves east.",
        Direction::South => " leaves south.",
        Direction::West => " leaves west.",
        Direction::Up => " leaves up.",
        Direction::Down => " leaves down.",
    };
    Text::Told { who, does }
}

/// "X has arrived from the south." of one who went north.
pub fn arrives(who: Arc<Char>, direction: Direction) -> Text {
    let does = match direction {
        Direction::North => " has arrived from the south.",
        Direction::East => " has arrived from the west.",
        Direction::South => " has arrived from the north.",
        Direction::West => " has arrived from the east.",
        Direction::Up => " has arrived from below.",
        Direction::Down => " has arrived from above.",
    };
    Text::Told { who, does }
}
