//! Doors that move by themselves, without a hand or a key.

use crate::nexus::message::{Data, Frame};
use crate::nexus::pulsar::command::doors;
use crate::nexus::pulsar::turn::Turn;
use crate::world::kinds::DoorState;
use crate::world::template::RoomId;

use super::{BuildCommand, Call};

pub static OPEN: BuildCommand = BuildCommand {
    names: &["/open"],
    rank: 2,
    in_scripts: true,
    format: "/open <door or direction> [in <room>]",
    description: "Open a door, locked or not, here or in another room.",
    examples: &["/open gate", "/open west in yard"],
    run: |turn, call| work(turn, call, DoorState::Open),
};

pub static CLOSE: BuildCommand = BuildCommand {
    names: &["/close"],
    rank: 2,
    in_scripts: true,
    format: "/close <door or direction> [in <room>]",
    description: "Close a door; a locked one is no longer locked.",
    examples: &["/close gate"],
    run: |turn, call| work(turn, call, DoorState::Closed),
};

pub static LOCK: BuildCommand = BuildCommand {
    names: &["/lock"],
    rank: 2,
    in_scripts: true,
    format: "/lock <door or direction> [in <room>]",
    description: "Close and lock a door.",
    examples: &["/lock gate"],
    run: |turn, call| work(turn, call, DoorState::Locked),
};

fn work(turn: &mut Turn, call: &Call, to: DoorState) {
    let (what, room) = match call.rest.rsplit_once(" in ") {
        Some((what, place)) => {
            let found =
                turn.world.templates.rooms.values().find(|room| room.slug == place.trim() || room.key == place.trim());
            let Some(found) = found else { return call.refuse(turn, "invalid_room", "Invalid room ID.") };
            (what.trim(), Some(found.id))
        }
        None => (call.rest, None),
    };
    if what.is_empty() {
        return call.usage(turn);
    }
    let Some(room) = room.or_else(|| call.room(turn)) else { return };
    let Some((direction, door)) = doors::find(turn, room, what) else {
        return call.refuse(turn, "invalid_target", format!("There is no {what}."));
    };
    if turn.world.door_state(room, direction) == Some(to) {
        return call.done(turn, format!("The {} is {to} already.", door.name));
    }
    let other = doors::other_side(turn, room, direction);
    doors::set(turn, room, direction, to);
    tell(turn, room, direction, &door.name, to);
    if let Some((beyond, back)) = other {
        tell(turn, beyond, back, &door.name, to);
    }
    call.done(turn, format!("The {} is {to}.", door.name));
}

fn tell(turn: &mut Turn, room: RoomId, direction: crate::world::kinds::Direction, name: &str, to: DoorState) {
    let Some(data) = doors::door_data(turn, room, direction, to) else { return };
    let (kind, does) = match to {
        DoorState::Open => ("notification.door.open", "opens"),
        DoorState::Closed => ("notification.door.close", "closes"),
        DoorState::Locked => ("notification.door.close", "is locked"),
    };
    turn.tell_room(room, &[], Frame::new(kind, format!("The {name} {does}."), Data::Door(Box::new(data))));
}
