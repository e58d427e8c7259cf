//! Going anywhere, and bringing others there.

use crate::nexus::pulsar::transport;
use crate::nexus::pulsar::turn::Turn;
use crate::world::keywords::capitalized;
use crate::world::template::RoomId;

use super::{BuildCommand, Call};
use crate::nexus::pulsar::command::split_word;

pub static JUMP: BuildCommand = BuildCommand {
    names: &["/jump", "/goto"],
    rank: 1,
    in_scripts: true,
    format: "/jump <room>",
    description: "Be in a room, by its id, key or slug; or where a player is.",
    examples: &["/jump mill", "/jump 20003", "/jump mara"],
    run: jump,
};

pub static TRANSFER: BuildCommand = BuildCommand {
    names: &["/transfer"],
    rank: 3,
    in_scripts: true,
    format: "/transfer <someone> [room]",
    description: "Bring someone to a room, by its id, key or slug; without one, to where you are.",
    examples: &["/transfer mara chapel", "/transfer me mill"],
    run: transfer,
};

/// A room by its id, key or slug.
fn room(turn: &Turn, text: &str) -> Option<RoomId> {
    let rooms = &turn.world.templates.rooms;
    let id = text.strip_prefix("room.").unwrap_or(text).parse::<RoomId>().ok();
    match id {
        Some(id) => rooms.contains_key(&id).then_some(id),
        None => rooms.values().find(|room| room.slug == text).map(|room| room.id),
    }
}

fn jump(turn: &mut Turn, call: &Call) {
    if call.rest.is_empty() {
        return call.usage(turn);
    }
    let Some(who) = call.who() else {
        return call.refuse(turn, "invalid_target", "A place cannot go anywhere.");
    };
    let with = turn.world.index.names.get(&call.rest.to_lowercase()).copied();
    let at_player = with.and_then(|player| turn.world.room_of(crate::nexus::pulsar::record::Who::Player(player)));
    let Some(to) = room(turn, call.rest).or(at_player) else {
        return call.refuse(turn, "invalid_room", "Invalid room ID.");
    };
    transport::bring(turn, who, to, transport::JUMP);
}

fn transfer(turn: &mut Turn, call: &Call) {
    let (name, place) = split_word(call.rest);
    if name.is_empty() {
        return call.usage(turn);
    }
    let Some(who) = call.someone(turn, name) else { return };
    let to = match place {
        "" => call.room(turn),
        place => {
            let found = room(turn, place);
            if found.is_none() {
                call.refuse(turn, "invalid_room", "Invalid room ID.");
            }
            found
        }
    };
    let Some(to) = to else { return };
    let name = turn.name(who);
    transport::bring(turn, who, to, transport::TRANSFER);
    if call.who() != Some(who) {
        call.done(turn, format!("{} is brought there.", capitalized(&name)));
    }
}
