//! A player comes to be in another room without walking there: by flight, by death. The caller says it to those who see.

use crate::nexus::message::view::{DoorStateView, FledData};
use crate::nexus::message::{Data, Frame, Text};
use crate::world::character::PlayerId;
use crate::world::kinds::*;
use crate::world::template::RoomId;

use super::super::beat;
use super::super::record::Who;
use super::super::turn::Turn;

/// Moves the rows. False if there is no such room.
pub fn bring(turn: &mut Turn, player: PlayerId, to: RoomId) -> bool {
    let who = Who::Player(player);
    let Some(from) = turn.world.room_of(who) else { return false };
    if !turn.world.templates.rooms.contains_key(&to) {
        return false;
    }
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.room = to;
    }
    turn.world.index.tired_players.insert(player);
    if turn.world.shift(who, from, to) {
        beat::wake(turn.world, to);
    }
    let is_new = turn.world.viewed.get(player).is_some_and(|viewed| !viewed.rooms.contains(&to));
    if is_new && let Some(viewed) = turn.world.viewed.edit(player) {
        viewed.rooms.insert(to);
    }
    true
}

/// Shows a player the room where they are now, below a line that says how they came there.
pub fn show(
    turn: &mut Turn,
    player: PlayerId,
    kind: &'static str,
    line: &str,
    direction: Option<Direction>,
    auto: bool,
) {
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let Some(view) = turn.world.room_view(room, player) else { return };
    let door = |direction: &Direction| {
        let state = turn.world.door_state(room, *direction)?;
        let key = super::super::see::room_key(room);
        Some(DoorStateView { key, direction: direction.as_str(), door_state: state.as_str() })
    };
    let data = FledData {
        door_states: Direction::ALL.iter().filter_map(door).collect(),
        actor: turn.world.actor_patch(player),
        room: view,
        direction: direction.map(Direction::as_str),
        is_auto: auto,
        map: Vec::new(),
    };
    let frame = Frame::new(kind, Text::OfRoom { viewer: player, brief: false }, Data::Fled(Box::new(data)));
    let text = format!("{line}\n\n{}", frame.text());
    turn.tell(player, Frame { text: text.into(), ..frame });
}
