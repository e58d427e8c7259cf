//! What conditions of the builders ask, answered for one character of a world, or for none.

use crate::world::character::PlayerId;
use crate::world::condition::{Actor, Condition, Count, Outcome, View};
use crate::world::kinds::*;
use crate::world::template::{ItemTemplate, RoomId};

use super::record::{Mob, Player, Who};
use super::world::World;

/// Is the condition true of this player? An empty one is; one that cannot be read is not.
pub fn holds(condition: &str, world: &World, player: PlayerId) -> bool {
    condition.trim().is_empty()
        || Condition::parse(condition)
            .is_ok_and(|condition| outcome(&condition, world, Some(Who::Player(player))).holds)
}

/// Whether it holds, and why not. Of nobody, only facts can.
pub fn outcome(condition: &Condition, world: &World, who: Option<Who>) -> Outcome {
    if condition.is_empty() {
        return Outcome { holds: true, detail: String::new() };
    }
    match who {
        Some(Who::Player(player)) => match (world.players.get(player), world.presences.get(player)) {
            (Some(row), Some(presence)) => of_player(condition, world, row, presence.room),
            _ => nobody(condition, world),
        },
        Some(Who::Mob(mob)) => match world.mobs.get(mob) {
            Some(mob) => of_mob(condition, world, mob),
            None => nobody(condition, world),
        },
        None => nobody(condition, world),
    }
}

fn nobody(condition: &Condition, world: &World) -> Outcome {
    let fact = |name: &str| world.meta.facts.get(name).map(String::as_str);
    condition.evaluate(&View { actor: None, fact: &fact })
}

fn item_template(world: &World, item: i64) -> Option<&ItemTemplate> {
    world.items.get(item).and_then(|item| world.templates.items.get(&item.template)).map(|template| &**template)
}

fn of_template(world: &World, items: impl Iterator<Item = i64>, slug: &str) -> i64 {
    items.filter(|item| item_template(world, *item).is_some_and(|template| template.slug == slug)).count() as i64
}

/// What is around whoever is asked.
fn around(world: &World, room: RoomId, what: Count<'_>) -> i64 {
    match what {
        Count::ItemsInRoom(slug) => {
            let here = world.rooms.get(room).map_or(&[][..], |room| &room.items);
            of_template(world, here.iter().copied(), slug)
        }
        Count::MobsInRoom(slug) => {
            let is_it = |who: &&Who| match who {
                Who::Mob(id) => {
                    let mob = world.mobs.get(*id).and_then(|mob| world.templates.mobs.get(&mob.template));
                    mob.is_some_and(|template| template.slug == slug)
                }
                Who::Player(_) => false,
            };
            world.chars_in(room).iter().filter(is_it).count() as i64
        }
        Count::PlayersInRoom => world.players_in(room).count() as i64,
        // Quests are not part of the engine yet, so none is complete.
        _ => 0,
    }
}

fn of_player(condition: &Condition, world: &World, row: &Player, room: RoomId) -> Outcome {
    let worn = |slot: Slot| item_template(world, *row.worn.get(&slot)?);
    let count = |what: Count<'_>| match what {
        Count::Currency(code) => row.currencies.get(code).copied().unwrap_or(0),
        Count::Standing(code) => row.factions.get(code).copied().unwrap_or(0),
        Count::Carried(slug) => of_template(world, row.items.iter().copied(), slug),
        Count::Worn(slug) => of_template(world, row.worn.values().copied(), slug),
        what => around(world, room, what),
    };
    let mark = |name: &str| row.marks.get(name).map(String::as_str);
    let target: Vec<String> = match world.target_of(Who::Player(row.id)) {
        Some(Who::Mob(id)) => {
            let template = world.mobs.get(id).and_then(|mob| world.templates.mobs.get(&mob.template));
            template.map(|template| template.keywords.clone()).unwrap_or_default()
        }
        Some(Who::Player(id)) => world.players.get(id).map(|other| other.name.to_lowercase()).into_iter().collect(),
        None => Vec::new(),
    };
    let actor = Actor {
        name: &row.name,
        level: row.level,
        archetype: row.archetype,
        gender: row.gender,
        core_faction: row.core_faction.as_deref(),
        health: row.health,
        health_max: world.stats_of(row.id).map_or(1, |stats| stats.health_max),
        gold: row.gold,
        medals: row.medals,
        is_mob: false,
        is_following: false,
        is_fighting: row.state == CharacterState::Combat,
        target_keywords: &target,
        has_weapon: row.worn.contains_key(&Slot::Weapon),
        weapon_type: worn(Slot::Weapon).and_then(|template| template.weapon_type),
        has_shield: worn(Slot::Offhand).is_some_and(|t| t.equipment_type == Some(EquipmentType::Shield)),
        mark: &mark,
        count: &count,
    };
    let fact = |name: &str| world.meta.facts.get(name).map(String::as_str);
    condition.evaluate(&View { actor: Some(actor), fact: &fact })
}

fn of_mob(condition: &Condition, world: &World, row: &Mob) -> Outcome {
    let Some(template) = world.templates.mobs.get(&row.template) else { return nobody(condition, world) };
    let worn = |slot: Slot| {
        let (_, item) = row.worn.iter().find(|(worn, _)| *worn == slot)?;
        item_template(world, *item)
    };
    let count = |what: Count<'_>| match what {
        Count::Currency(_) => 0,
        Count::Standing(code) => template.factions.iter().find(|(of, _)| of == code).map_or(0, |(_, n)| *n),
        Count::Carried(slug) => of_template(world, row.items.iter().copied(), slug),
        Count::Worn(slug) => of_template(world, row.worn.iter().map(|(_, item)| *item), slug),
        what => around(world, row.room, what),
    };
    let actor = Actor {
        name: &template.name,
        level: template.level,
        archetype: template.archetype,
        gender: template.gender,
        core_faction: template.core_faction.as_deref(),
        health: row.health,
        health_max: template.stats.health_max,
        gold: row.gold,
        medals: 0,
        is_mob: true,
        is_following: false,
        is_fighting: false,
        target_keywords: &[],
        has_weapon: worn(Slot::Weapon).is_some(),
        weapon_type: worn(Slot::Weapon).and_then(|template| template.weapon_type),
        has_shield: worn(Slot::Offhand).is_some_and(|t| t.equipment_type == Some(EquipmentType::Shield)),
        mark: &|_| None,
        count: &count,
    };
    let fact = |name: &str| world.meta.facts.get(name).map(String::as_str);
    condition.evaluate(&View { actor: Some(actor), fact: &fact })
}
