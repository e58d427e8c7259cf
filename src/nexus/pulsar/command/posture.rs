//! Resting and getting up again.

use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::kinds::CharacterState;

use super::super::record::Who;
use super::super::turn::Turn;
use super::Command;

pub static REST: Command = Command {
    names: &["rest", "sit"],
    group: "Basic",
    format: "rest",
    description: "Sit down and recover three times as fast. You have to stand up before you walk on.",
    examples: &["rest"],
    run: |turn, player, _| change(turn, player, "rest", CharacterState::Resting),
};

pub static STAND: Command = Command {
    names: &["stand"],
    group: "Basic",
    format: "stand",
    description: "Get up.",
    examples: &["stand"],
    run: |turn, player, _| change(turn, player, "stand", CharacterState::Standing),
};

fn change(turn: &mut Turn, player: PlayerId, command: &'static str, to: CharacterState) {
    let Some(state) = turn.world.players.get(player).map(|p| p.state) else { return };
    if state == CharacterState::Combat {
        return turn.refuse(player, command, "in_combat", "Not in the middle of a fight.");
    }
    if state == to {
        let text = if to == CharacterState::Resting { "You are resting already." } else { "You are standing already." };
        return turn.refuse(player, command, "invalid_target", text);
    }
    if let Some(row) = turn.world.players.edit(player) {
        row.state = to;
    }
    let (own, others) = match to {
        CharacterState::Resting => ("You sit down to rest.", "sits down to rest."),
        _ => ("You stand up.", "stands up."),
    };
    let data = Data::Actor { actor: Box::new(turn.world.actor_patch(player)) };
    turn.tell(player, Frame::new(format!("cmd.{command}.success"), own, data));
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let name = turn.name(Who::Player(player));
    let actor = turn.world.named(Who::Player(player));
    let data = Data::Said { actor, message: others.into() };
    let kind = format!("notification.cmd.{command}.success");
    turn.tell_room(room, &[player], Frame::new(kind, format!("{name} {others}"), data));
}
