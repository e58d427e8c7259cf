//! Getting away from a fight: through an open way that one may take, if chance lets one.

use crate::nexus::message::view::{CooldownView, Named, RoomRef};
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::formulas::{self, combat::FLEE_PERCENT};
use crate::world::kinds::*;
use crate::world::template::RoomId;

use super::super::command::items;
use super::super::react;
use super::super::record::Who;
use super::super::skill::{cooldown, effect};
use super::super::turn::Turn;
use super::super::world::World;
use super::{aggro, leave, place};

/// Milliseconds between two attempts.
pub const FLEE_COOLDOWN: u64 = 4_000;

/// Has the player so little health left that they flee by themselves?
pub fn is_wounded_enough(world: &World, player: PlayerId) -> bool {
    let percent = world.players.get(player).map_or(0, |row| row.autoflee);
    percent > 0
        && world
            .health_share(Who::Player(player))
            .is_some_and(|(health, most)| i64::from(health) * 100 < i64::from(most) * i64::from(percent))
}

/// A player tries to get away; true if that worked. One who flees by themselves hears of no refusals.
pub fn attempt(turn: &mut Turn, player: PlayerId, auto: bool) -> bool {
    let who = Who::Player(player);
    let refusal = if !turn.world.is_fighting(who) {
        Some(("not_fighting", "You are not fighting anyone."))
    } else if effect::is_helpless(turn.world, who) {
        Some(("helpless", "You cannot move."))
    } else if cooldown::left(turn.world, who, "flee") > 0 {
        Some(("cooldown", "You cannot flee again so soon."))
    } else {
        None
    };
    if let Some((code, text)) = refusal {
        if !auto {
            turn.refuse(player, "flee", code, text);
        }
        return false;
    }
    let Some(from) = turn.world.room_of(who) else { return false };
    let (ways, tired) = ways(turn.world, player, from);
    if ways.is_empty() {
        if !auto {
            let (code, text) = match tired {
                true => ("exhausted", "You are too exhausted to flee."),
                false => ("no_exit", "There is nowhere to flee to!"),
            };
            turn.refuse(player, "flee", code, text);
        }
        return false;
    }
    cool(turn, player);
    let name = turn.name(who);
    if !turn.world.chance(FLEE_PERCENT) {
        turn.print(player, "affect.flee.failure", "You try to flee, but cannot get away!");
        let text = format!("{name} tries to flee, but cannot get away!");
        turn.tell_room(from, &[player], Frame::new("notification.cmd.flee.failure", text, Data::Empty {}));
        return false;
    }
    let (direction, to, cost) = ways[turn.world.roll(ways.len() as u32) as usize];
    go(turn, player, from, (direction, to, cost), auto);
    true
}

fn cool(turn: &mut Turn, player: PlayerId) {
    let (start, expires) = cooldown::start(turn.world, Who::Player(player), "flee", FLEE_COOLDOWN);
    let actor = turn.world.named(Who::Player(player));
    let data = CooldownView { skill: "flee".into(), duration: FLEE_COOLDOWN as f64 / 1_000.0, start, expires, actor };
    turn.tell(player, Frame::new("skill.cooldown.start", "", Data::Cooldown(Box::new(data))));
}

type Way = (Direction, RoomId, i32);

/// Where a player can flee to; and whether only exhaustion keeps them.
fn ways(world: &World, player: PlayerId, from: RoomId) -> (Vec<Way>, bool) {
    let Some(room) = world.templates.rooms.get(&from) else { return (Vec::new(), false) };
    let stamina = world.presences.get(player).map_or(0, |presence| presence.stamina);
    let known = |to: RoomId| {
        world.templates.world.config.flee_to_unknown_rooms
            || world.viewed.get(player).is_some_and(|viewed| viewed.rooms.contains(&to))
    };
    let (mut ways, mut tired) = (Vec::new(), false);
    for direction in Direction::ALL {
        let Some(target) = room.exit(*direction).and_then(|exit| world.templates.rooms.get(&exit.to)) else { continue };
        let shut = world.door_state(from, *direction).is_some_and(|state| state != DoorState::Open);
        let wet = target.room_type == RoomType::Water && !items::has_boat(world, player);
        if shut || wet || !known(target.id) {
            continue;
        }
        let cost = formulas::movement_cost(target.room_type);
        if cost > stamina {
            tired = true;
        } else {
            ways.push((*direction, target.id, cost));
        }
    }
    (ways, tired)
}

fn go(turn: &mut Turn, player: PlayerId, from: RoomId, (direction, to, cost): Way, auto: bool) {
    let who = Who::Player(player);
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.stamina -= cost;
    }
    super::super::skill::cast::interrupt(turn, who, "You run, and what you began comes to nothing.");
    place::bring(turn, player, to);
    leave(turn, who);
    place::show(turn, player, "affect.flee.success", &format!("You flee {direction}!"), Some(direction), auto);
    let (Some(own), Some(room)) = (turn.world.char_view(who), turn.world.templates.rooms.get(&to).cloned()) else {
        return;
    };
    if !own.is_invisible {
        let text = format!("{} flees {direction}!", own.name);
        let data = Data::Exit { actor: Named::Seen(own.clone()), direction: Some(direction.as_str()) };
        turn.tell_room(from, &[], Frame::new("notification.cmd.flee.exit", text, data));
        let side = match direction {
            Direction::Up => "below".to_owned(),
            Direction::Down => "above".to_owned(),
            other => format!("the {}", other.opposite()),
        };
        let text = format!("{} comes running from {side}.", own.name);
        let data = Data::Enter { actor: own, direction: Some(direction.opposite().as_str()), room: RoomRef(room) };
        turn.tell_room(to, &[player], Frame::new("notification.cmd.flee.enter", text, data));
    }
    react::entered(turn, player, to);
    aggro::entered(turn, player, to);
}
