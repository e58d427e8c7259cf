//! What must hold of every world between two turns, whatever was done to it: for tests of all kinds, and for whoever
//! looks into a world that was brought back.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::character::{ItemId, PlayerId};
use crate::world::kinds::CharacterState;

use super::instruction::Instruction;
use super::record::{Place, Who};
use super::world::World;

/// What does not hold; nothing of a sound world. Its cost grows with the world: nothing for a turn.
pub fn problems(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    things(world, &mut wrong);
    people(world, &mut wrong);
    fights(world, &mut wrong);
    for clock in [Instruction::Beat, Instruction::Tic] {
        let waiting = world.waiting.iter().filter(|(_, timing)| timing.instruction == clock).count();
        if waiting != 1 {
            wrong.push(format!("{waiting} of {clock:?} wait"));
        }
    }
    let both: Vec<_> = world.meta.asleep.keys().filter(|zone| world.index.awake.contains_key(*zone)).collect();
    if !both.is_empty() {
        wrong.push(format!("asleep and awake: {both:?}"));
    }
    wrong
}

/// Every item is in one place, which names it once.
fn things(world: &World, wrong: &mut Vec<String>) {
    let mut listed: BTreeMap<ItemId, Vec<Place>> = BTreeMap::new();
    let mut list = |id: ItemId, place: Place| listed.entry(id).or_default().push(place);
    for (room, row) in world.rooms.iter() {
        row.items.iter().for_each(|id| list(*id, Place::Room(room)));
    }
    for (id, row) in world.players.iter() {
        row.items.iter().for_each(|item| list(*item, Place::Carried(Who::Player(id))));
        row.worn.iter().for_each(|(slot, item)| list(*item, Place::Worn(Who::Player(id), *slot)));
    }
    for (id, row) in world.mobs.iter() {
        row.items.iter().for_each(|item| list(*item, Place::Carried(Who::Mob(id))));
        row.worn.iter().for_each(|(slot, item)| list(*item, Place::Worn(Who::Mob(id), *slot)));
    }
    for (id, row) in world.items.iter() {
        row.items.iter().for_each(|item| list(*item, Place::Inside(id)));
        if !world.templates.items.contains_key(&row.template) {
            wrong.push(format!("item {id} has no template"));
        }
    }
    for (id, places) in &listed {
        let place = world.items.get(*id).map(|item| item.place);
        if place.as_ref().map(std::slice::from_ref) != Some(&places[..]) {
            wrong.push(format!("item {id} is at {place:?}, listed at {places:?}"));
        }
    }
    if listed.len() != world.items.len() {
        wrong.push(format!("{} items, {} listed", world.items.len(), listed.len()));
    }
}

/// Everybody stands in one room, and has every row.
fn people(world: &World, wrong: &mut Vec<String>) {
    let mut stands: BTreeMap<Who, Vec<i64>> = BTreeMap::new();
    for (room, row) in world.rooms.iter() {
        if !world.templates.rooms.contains_key(&room) {
            wrong.push(format!("room {room} has no template"));
        }
        row.chars.iter().for_each(|who| stands.entry(*who).or_default().push(room));
    }
    let players = world.players.iter().map(|(id, _)| Who::Player(id));
    for who in players.chain(world.mobs.iter().map(|(id, _)| Who::Mob(id))) {
        let room = world.room_of(who);
        if stands.remove(&who).as_deref() != room.as_ref().map(std::slice::from_ref) {
            wrong.push(format!("{who:?} is not where it is listed"));
        }
    }
    if !stands.is_empty() {
        wrong.push(format!("listed, but nowhere: {stands:?}"));
    }
    let people: BTreeSet<PlayerId> = world.players.iter().map(|(id, _)| id).collect();
    if people != world.presences.iter().map(|(id, _)| id).collect() {
        wrong.push("presences without players".into());
    }
    if people != world.viewed.iter().map(|(id, _)| id).collect() {
        wrong.push("viewed rooms without players".into());
    }
    for (id, mob) in world.mobs.iter() {
        if !world.templates.mobs.contains_key(&mob.template) {
            wrong.push(format!("mob {id} has no template"));
        }
    }
}

/// Who fights is fought, whoever has something in the tables of fights is there, and every effect has its end.
fn fights(world: &World, wrong: &mut Vec<String>) {
    let ids = world.fights.iter().map(|(id, _)| id).chain(world.auras.iter().map(|(id, _)| id));
    for id in ids.chain(world.cooldowns.iter().map(|(id, _)| id)) {
        if world.room_of(Who::of(id)).is_none() {
            wrong.push(format!("{:?} fights, and is nowhere", Who::of(id)));
        }
    }
    for (id, fight) in world.fights.iter() {
        let who = Who::of(id);
        if fight.foes.is_empty() == fight.quarry.is_none() {
            wrong.push(format!("{who:?} has a fight with {:?} and {:?}", fight.foes, fight.quarry));
        }
        if fight.target.is_some_and(|target| fight.foes.iter().all(|foe| foe.who != target)) {
            wrong.push(format!("{who:?} strikes {:?}, who is no foe", fight.target));
        }
        for foe in &fight.foes {
            let row = world.fights.get(foe.who.id());
            if row.is_none_or(|row| row.foes.iter().filter(|other| other.who == who).count() != 1) {
                wrong.push(format!("{who:?} fights {:?}, but not the other way round", foe.who));
            }
        }
    }
    for (id, player) in world.players.iter() {
        if (player.state == CharacterState::Combat) != world.is_fighting(Who::Player(id)) {
            wrong.push(format!("player {id} is {}", player.state));
        }
        if player.health <= 0 {
            wrong.push(format!("player {id} is dead"));
        }
    }
    for (id, mob) in world.mobs.iter() {
        if mob.health <= 0 {
            wrong.push(format!("mob {id} is dead"));
        }
    }
    for (id, aura) in world.auras.iter() {
        let timings = aura.effects.iter().map(|effect| effect.id).chain(aura.cast.iter().map(|cast| cast.id));
        if timings.into_iter().any(|timing| !world.waiting.contains(timing)) {
            wrong.push(format!("something works on {id} for ever"));
        }
        if aura.effects.is_empty() && aura.cast.is_none() {
            wrong.push(format!("nothing works on {id}"));
        }
    }
}
