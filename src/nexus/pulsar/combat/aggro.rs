//! Who attacks of its own accord, and who follows whom it lost. Both are answers to something that happens: someone comes
//! into a room, or a round begins. Nothing here looks into rooms where nothing happens.

use std::collections::{BTreeSet, VecDeque};

use crate::world::character::PlayerId;
use crate::world::kinds::*;
use crate::world::template::{MobTemplate, RoomId, Templates};

use super::super::record::{MobId, Who};
use super::super::script;
use super::super::skill::effect;
use super::super::turn::Turn;
use super::super::world::World;
use super::{attack, may_attack};

/// Rounds for which a tracker goes on looking for whom it lost.
pub const HUNT_ROUNDS: u32 = 15;
/// Rooms that a tracker's nose reaches.
pub const HUNT_ROOMS_MAX: usize = 200;

/// A player has come into a room: whoever waited for that attacks.
pub fn entered(turn: &mut Turn, player: PlayerId, room: RoomId) {
    effect::follow(turn, player, room);
    let who = Who::Player(player);
    let hostile: Vec<MobId> =
        turn.world.chars_in(room).iter().filter_map(|other| hostile(turn.world, *other, who)).collect();
    for mob in hostile {
        attacks(turn, mob, who);
    }
}

/// A mob has come into a room, or into being: it looks around, and those who are there look at it.
pub fn arrived(turn: &mut Turn, mob: MobId) {
    let me = Who::Mob(mob);
    let Some(room) = turn.world.room_of(me) else { return };
    let others: Vec<Who> = turn.world.chars_in(room).iter().copied().filter(|other| *other != me).collect();
    for other in others {
        if hostile(turn.world, me, other).is_some() {
            attacks(turn, mob, other);
        }
        if let (Some(enemy), Who::Mob(_)) = (hostile(turn.world, other, me), other) {
            attacks(turn, enemy, me);
        }
    }
}

fn attacks(turn: &mut Turn, mob: MobId, other: Who) {
    let free = !turn.world.is_fighting(Who::Mob(mob)) && !effect::is_helpless(turn.world, Who::Mob(mob));
    let together = turn.world.room_of(Who::Mob(mob)) == turn.world.room_of(other);
    if free && together && may_attack(turn.world, Who::Mob(mob), other).is_ok() {
        attack(turn, Who::Mob(mob), other);
    }
}

/// The mob, if it would attack the other.
fn hostile(world: &World, mob: Who, other: Who) -> Option<MobId> {
    let Who::Mob(id) = mob else { return None };
    let row = world.mobs.get(id)?;
    let template = world.templates.mobs.get(&row.template)?;
    let wants = match (template.aggression, other) {
        (Aggression::Friendly, _) => false,
        (Aggression::Players | Aggression::All, Who::Player(_)) => true,
        (Aggression::Normal, Who::Player(player)) => row.grudges.contains(&player) || at_odds(world, template, player),
        (Aggression::Passive, Who::Player(player)) => template.fights_back && row.grudges.contains(&player),
        (Aggression::All, Who::Mob(prey)) => {
            let kin = world.mobs.get(prey).is_none_or(|prey| prey.template == row.template);
            let group = world.group_of(id);
            !kin && (group.is_none() || group != world.group_of(prey))
        }
        (_, Who::Mob(_)) => false,
    };
    (wants && sees(world, template, other) && effect::owner_of(world, id).is_none()).then_some(id)
}

/// Are a mob's people and the player's enemies? They are of two core factions, or the player is disliked by one of the
/// mob's.
fn at_odds(world: &World, template: &MobTemplate, player: PlayerId) -> bool {
    let Some(row) = world.players.get(player) else { return false };
    let others = matches!((&template.core_faction, &row.core_faction), (Some(a), Some(b)) if a != b);
    let disliked = |code: &String| row.factions.get(code).is_some_and(|standing| *standing < 0);
    let minor = template.factions.iter().filter(|(_, standing)| *standing > 0).any(|(code, _)| disliked(code));
    others || minor || template.core_faction.as_ref().is_some_and(disliked)
}

fn sees(world: &World, template: &MobTemplate, other: Who) -> bool {
    if world.health_of(other) <= 0 {
        return false;
    }
    match other {
        Who::Player(id) => {
            let Some(row) = world.players.get(id) else { return false };
            if row.is_linkless || row.is_invisible || row.is_immortal {
                return false;
            }
            match effect::hidden_by(world, other) {
                None => true,
                Some(EffectKind::Stealth) => has_trait(template, "keen"),
                Some(_) => false,
            }
        }
        Who::Mob(id) => {
            let other = world.mobs.get(id).and_then(|mob| world.templates.mobs.get(&mob.template));
            other.is_some_and(|other| !other.is_invisible && other.aggression != Aggression::Friendly)
        }
    }
}

pub fn has_trait(template: &MobTemplate, name: &str) -> bool {
    template.traits.iter().any(|own| own == name)
}

/// Would it follow whom it lost?
pub fn hunts(world: &World, who: Who, lost: Who) -> bool {
    let Who::Mob(mob) = who else { return false };
    let template = world.mobs.get(mob).and_then(|mob| world.templates.mobs.get(&mob.template));
    template.is_some_and(|template| has_trait(template, "tracker"))
        && world.health_of(lost) > 0
        && way(world, mob, lost).is_some()
}

/// A round of one who hunts: a step closer, and if the quarry is there, the fight goes on.
pub fn hunt(turn: &mut Turn, who: Who) {
    let Who::Mob(mob) = who else { return };
    let Some((quarry, rounds)) = turn.world.fights.get(mob).and_then(|fight| fight.quarry) else { return };
    if effect::is_helpless(turn.world, who) {
        return;
    }
    let Some(way) = way(turn.world, mob, quarry).filter(|_| rounds > 0) else { return give_up(turn, mob) };
    if let Some(fight) = turn.world.fights.edit(mob) {
        fight.quarry = Some((quarry, rounds - 1));
    }
    if let Some((direction, to)) = way {
        script::go(turn, mob, direction, to);
    }
    if turn.world.room_of(who) == turn.world.room_of(quarry) {
        let template = turn.world.mobs.get(mob).and_then(|row| turn.world.templates.mobs.get(&row.template)).cloned();
        let seen = template.is_some_and(|template| sees(turn.world, &template, quarry));
        if seen && may_attack(turn.world, who, quarry).is_ok() {
            attack(turn, who, quarry);
        } else {
            give_up(turn, mob);
        }
    }
}

fn give_up(turn: &mut Turn, mob: MobId) {
    if let Some(fight) = turn.world.fights.edit(mob) {
        fight.quarry = None;
    }
    super::settle(turn, Who::Mob(mob), None);
}

/// The first step from a mob to its quarry within the mob's zone; no step where they are together. None where there is
/// no way.
fn way(world: &World, mob: MobId, quarry: Who) -> Option<Option<(Direction, RoomId)>> {
    let (from, to) = (world.room_of(Who::Mob(mob))?, world.room_of(quarry)?);
    if from == to {
        return Some(None);
    }
    let zone = world.zone_of(from)?;
    if world.zone_of(to) != Some(zone) {
        return None;
    }
    let mut seen = BTreeSet::from([from]);
    let mut open: VecDeque<(RoomId, Option<(Direction, RoomId)>)> = VecDeque::from([(from, None)]);
    while let Some((room, first)) = open.pop_front() {
        for (direction, next) in ways(world, &world.templates, room, zone) {
            if !seen.insert(next) {
                continue;
            }
            let first = first.or(Some((direction, next)));
            if next == to {
                return Some(first);
            }
            if seen.len() > HUNT_ROOMS_MAX {
                return None;
            }
            open.push_back((next, first));
        }
    }
    None
}

/// Where a mob may go from a room without leaving the zone.
fn ways<'w>(
    world: &'w World,
    templates: &'w Templates,
    room: RoomId,
    zone: i64,
) -> impl Iterator<Item = (Direction, RoomId)> + 'w {
    let from = templates.rooms.get(&room);
    Direction::ALL.iter().filter_map(move |direction| {
        let exit = from?.exit(*direction)?;
        let target = templates.rooms.get(&exit.to)?;
        let shut = world.door_state(room, *direction).is_some_and(|state| state != DoorState::Open);
        let barred = target.has(RoomFlag::NoRoam) || target.room_type == RoomType::Water || target.zone != zone;
        (!shut && !barred).then_some((*direction, exit.to))
    })
}
