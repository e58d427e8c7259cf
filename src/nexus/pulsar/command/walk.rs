//! The six moves.

use crate::nexus::message::view::{DoorStateView, KeyRef, MoveData, Named};
use crate::nexus::message::{Data, Frame, Text};
use crate::world::character::PlayerId;
use crate::world::formulas;
use crate::world::kinds::*;
use crate::world::template::RoomId;

use super::super::record::Who;
use super::super::turn::Turn;
use super::super::{beat, react, see};
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
    let Some(from) = turn.world.room_of(Who::Player(player)) else {
        return turn.refuse(player, "move", "no_room", "You are nowhere. Cannot move.");
    };
    let Some(room) = turn.world.templates.rooms.get(&from).cloned() else {
        return turn.refuse(player, "move", "invalid_room", "Current room is invalid.");
    };
    let target = room.exit(direction).and_then(|exit| turn.world.templates.rooms.get(&exit.to)).cloned();
    let Some(target) = target else {
        return turn.refuse(player, "move", "no_exit", "You cannot go that way.");
    };
    match turn.world.players.get(player).map(|p| p.state) {
        Some(CharacterState::Standing) => {}
        Some(CharacterState::Combat) => {
            return turn.refuse(player, "move", "in_combat", "You cannot walk away from a fight.");
        }
        _ => return turn.refuse(player, "move", "not_standing", "You have to stand up first."),
    }
    if turn.world.door_state(from, direction).is_some_and(|state| state != DoorState::Open) {
        return turn.refuse(player, "move", "closed_door", "The way is blocked.");
    }
    let cost = formulas::movement_cost(target.room_type);
    if turn.world.presences.get(player).is_some_and(|p| p.stamina < cost) {
        return turn.refuse(player, "move", "exhausted", "You are too exhausted to move.");
    }
    if target.room_type == RoomType::Water && !has_boat(turn, player) {
        return turn.refuse(player, "move", "water_room", "You'd need to know how to swim, or have a boat.");
    }
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.stamina -= cost;
    }
    turn.world.index.tired_players.insert(player);
    go(turn, player, from, target.id, direction);
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
fn go(turn: &mut Turn, player: PlayerId, from: RoomId, to: RoomId, direction: Direction) {
    let who = Who::Player(player);
    turn.world.depart(who, from);
    // After the depart, which may have sent the very zone to sleep that both rooms are in.
    beat::wake(turn.world, to);
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.room = to;
    }
    turn.world.arrive(who, to);
    let is_new = turn.world.viewed.get(player).is_some_and(|viewed| !viewed.rooms.contains(&to));
    if is_new && let Some(viewed) = turn.world.viewed.edit(player) {
        viewed.rooms.insert(to);
    }
    let Some(room) = turn.world.room_view(to, player) else { return };
    let brief = turn.world.players.get(player).is_some_and(|p| p.config.room_brief);
    let text = Text::OfRoom { viewer: player, brief };
    let key = see::room_key(to);
    let door_states = Direction::ALL
        .iter()
        .filter_map(|d| Some((d, turn.world.door_state(to, *d)?)))
        .map(|(d, state)| DoorStateView { key: key.clone(), direction: d.as_str(), door_state: state.as_str() })
        .collect();
    let data = MoveData {
        room,
        actor: turn.world.actor_patch(player),
        direction: direction.as_str(),
        map: Vec::new(),
        door_states,
    };
    turn.tell(player, Frame::new("cmd.move.success", text, Data::Move(Box::new(data))));
    let Some(actor) = turn.world.char_view(who) else { return };
    if !actor.is_invisible {
        let named = Named { key: actor.key.clone(), name: actor.name.clone(), keywords: actor.keywords.clone() };
        let data = Data::Exit { actor: named, direction: Some(direction.as_str()) };
        let text = leaves(&actor.name, direction);
        turn.tell_room(from, &[], Frame::new("notification.movement.exit", text, data));
        let text = arrives(&actor.name, direction);
        let data = Data::Enter { actor, direction: Some(direction.opposite().as_str()), room: KeyRef { key } };
        turn.tell_room(to, &[player], Frame::new("notification.movement.enter", text, data));
    }
    react::entered(turn, player, to);
}

/// "X leaves north."
pub fn leaves(name: &str, direction: Direction) -> String {
    format!("{} leaves {direction}.", crate::world::keywords::capitalized(name))
}

/// "X has arrived from the south." of one who went north.
pub fn arrives(name: &str, direction: Direction) -> String {
    let name = crate::world::keywords::capitalized(name);
    match direction {
        Direction::Up => format!("{name} has arrived from below."),
        Direction::Down => format!("{name} has arrived from above."),
        _ => format!("{name} has arrived from the {}.", direction.opposite()),
    }
}
