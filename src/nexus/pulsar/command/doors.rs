//! Doors: opening, closing, locking and unlocking them. Both sides of a door move together where the
//! builder made both.

use crate::nexus::message::view::DoorData;
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::kinds::*;
use crate::world::template::{Door, RoomId};

use super::super::record::Who;
use super::super::turn::Turn;
use super::Command;
use super::look::direction;

pub static OPEN: Command = Command {
    names: &["open"],
    group: "Doors",
    format: "open <door or direction>",
    description: "Open a door.",
    examples: &["open door", "open north"],
    run: |turn, player, input| work(turn, Who::Player(player), input.rest, Work::Open),
};

pub static CLOSE: Command = Command {
    names: &["close"],
    group: "Doors",
    format: "close <door or direction>",
    description: "Close a door.",
    examples: &["close door"],
    run: |turn, player, input| work(turn, Who::Player(player), input.rest, Work::Close),
};

pub static LOCK: Command = Command {
    names: &["lock"],
    group: "Doors",
    format: "lock <door or direction>",
    description: "Lock a door, if you have its key.",
    examples: &["lock gate"],
    run: |turn, player, input| work(turn, Who::Player(player), input.rest, Work::Lock),
};

pub static UNLOCK: Command = Command {
    names: &["unlock"],
    group: "Doors",
    format: "unlock <door or direction>",
    description: "Unlock a door, if you have its key.",
    examples: &["unlock gate"],
    run: |turn, player, input| work(turn, Who::Player(player), input.rest, Work::Unlock),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Open,
    Close,
    Lock,
    Unlock,
}

impl Work {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
        }
    }

    /// From which state to which.
    const fn change(self) -> (DoorState, DoorState) {
        match self {
            Self::Open => (DoorState::Closed, DoorState::Open),
            Self::Close => (DoorState::Open, DoorState::Closed),
            Self::Lock => (DoorState::Closed, DoorState::Locked),
            Self::Unlock => (DoorState::Locked, DoorState::Closed),
        }
    }
}

pub fn find(turn: &Turn, room: RoomId, what: &str) -> Option<(Direction, Door)> {
    let template = turn.world.templates.rooms.get(&room)?;
    let doors = Direction::ALL.iter().filter_map(|d| Some((*d, template.exit(*d)?.door.clone()?)));
    let what = what.to_lowercase();
    let word = what.rsplit(' ').next().unwrap_or(&what).to_owned();
    let is_called = |door: &Door| {
        let name = door.name.to_lowercase();
        name == what || name.split(' ').any(|part| part == word)
    };
    let by_name: Vec<_> = doors.clone().filter(|(_, door)| is_called(door)).collect();
    match (by_name.into_iter().next(), direction(&word)) {
        (Some(found), _) => Some(found),
        (None, Some(wanted)) => doors.clone().find(|(d, _)| *d == wanted),
        (None, None) => None,
    }
}

/// Works a door: anyone's hands will do, but a lock wants its key.
pub fn work(turn: &mut Turn, who: Who, what: &str, work: Work) {
    let command = work.name();
    if what.is_empty() {
        let text = format!("{} what?", crate::world::keywords::capitalized(command));
        return turn.refuse_to(who, command, "invalid_args", text);
    }
    let Some(room) = turn.world.room_of(who) else { return };
    let Some((direction, door)) = find(turn, room, what) else {
        return turn.refuse_to(who, command, "invalid_target", format!("You see no {} to {command} here.", what));
    };
    let state = turn.world.door_state(room, direction).unwrap_or(door.default_state);
    let (from, to) = work.change();
    if state != from {
        let text = match (work, state) {
            (Work::Open, DoorState::Locked) => format!("The {} is locked.", door.name),
            (Work::Lock, DoorState::Open) => format!("Close the {} first.", door.name),
            (Work::Unlock, _) => format!("The {} is not locked.", door.name),
            (_, DoorState::Open) => format!("The {} is open already.", door.name),
            (_, DoorState::Closed) => format!("The {} is closed already.", door.name),
            (_, DoorState::Locked) => format!("The {} is locked already.", door.name),
        };
        return turn.refuse_to(who, command, "closed_door", text);
    }
    if matches!(work, Work::Lock | Work::Unlock) {
        let Some(key) = door.key.and_then(|key| carried_key(turn, who, key)) else {
            return turn.refuse_to(
                who,
                command,
                "missing_item",
                format!("You do not have the key to the {}.", door.name),
            );
        };
        if door.destroy_key {
            turn.world.destroy_item(key);
        }
    }
    set(turn, room, direction, to);
    announce(turn, who, room, direction, &door, work, to);
}

fn carried_key(turn: &Turn, who: Who, template: i64) -> Option<i64> {
    turn.world
        .carried(who)
        .iter()
        .copied()
        .find(|id| turn.world.items.get(*id).is_some_and(|item| item.template == template))
}

/// Sets one door, and its other side if there is one that leads back.
pub fn set(turn: &mut Turn, room: RoomId, direction: Direction, to: DoorState) {
    let other = other_side(turn, room, direction);
    for (room, direction) in std::iter::once((room, direction)).chain(other) {
        let default = turn
            .world
            .templates
            .rooms
            .get(&room)
            .and_then(|r| r.exit(direction))
            .and_then(|exit| exit.door.as_ref())
            .map(|door| door.default_state);
        if !turn.world.rooms.contains(room) {
            turn.world.rooms.insert(room, Default::default());
        }
        if let Some(row) = turn.world.rooms.edit(room) {
            row.doors[direction as usize] = (Some(to) != default).then_some(to);
        }
    }
}

pub fn other_side(turn: &Turn, room: RoomId, direction: Direction) -> Option<(RoomId, Direction)> {
    let to = turn.world.templates.rooms.get(&room)?.exit(direction)?.to;
    let back = turn.world.templates.rooms.get(&to)?.exit(direction.opposite())?;
    (back.to == room && back.door.is_some()).then_some((to, direction.opposite()))
}

pub fn door_data(turn: &Turn, room: RoomId, direction: Direction, state: DoorState) -> Option<DoorData> {
    let beyond = turn.world.templates.rooms.get(&room)?.exit(direction)?.to;
    Some(DoorData {
        room: turn.world.map_room(room)?,
        exit_room: turn.world.map_room(beyond),
        direction: direction.as_str(),
        door_state: state.as_str(),
        actor: None,
    })
}

fn announce(turn: &mut Turn, who: Who, room: RoomId, direction: Direction, door: &Door, work: Work, to: DoorState) {
    let Some(mut data) = door_data(turn, room, direction, to) else { return };
    let shows = data.clone();
    if door.destroy_key {
        data.actor = who.player().and_then(|player| turn.world.actor(player));
    }
    let name = crate::world::keywords::capitalized(&turn.name(who));
    let (kind, others) = match work {
        Work::Open => ("door.open", "notification.door.open"),
        Work::Close => ("door.close", "notification.door.close"),
        Work::Lock => ("door.lock", "notification.door.close"),
        Work::Unlock => ("door.unlock", "notification.door.close"),
    };
    let verb = work.name();
    let mut text = format!("You {verb} the {}.", door.name);
    if door.destroy_key && matches!(work, Work::Lock | Work::Unlock) {
        text.push_str(" The key breaks in the lock.");
    }
    if let Who::Player(player) = who {
        turn.tell(player, Frame::new(kind, text, Data::Door(Box::new(data))));
    }
    let text = format!("{name} {verb}s the {}.", door.name);
    let own: Vec<PlayerId> = who.player().into_iter().collect();
    turn.tell_room(room, &own, Frame::new(others, text, Data::Door(Box::new(shows))));
    let Some((beyond, back)) = other_side(turn, room, direction) else { return };
    let Some(data) = door_data(turn, beyond, back, to) else { return };
    let text = match work {
        Work::Open => format!("The {} is opened from the other side.", door.name),
        Work::Close => format!("The {} is closed from the other side.", door.name),
        Work::Lock | Work::Unlock => format!("The {} clicks.", door.name),
    };
    turn.tell_room(beyond, &[], Frame::new(others, text, Data::Door(Box::new(data))));
}

/// The doors of a room have returned to their defaults.
pub fn tell_reset(turn: &mut Turn, room: RoomId) {
    let players: Vec<PlayerId> = turn.world.players_in(room).collect();
    if players.is_empty() {
        return;
    }
    let Some(map_room) = turn.world.map_room(room) else { return };
    let data = DoorData { room: map_room, exit_room: None, direction: "", door_state: "", actor: None };
    turn.tell_all(players, Frame::new("notification.door.reset", "", Data::Door(Box::new(data))));
}
