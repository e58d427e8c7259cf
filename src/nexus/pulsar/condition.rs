//! What conditions and matchers of the builders ask, answered for one player of a world.

use crate::world::character::PlayerId;
use crate::world::condition::{Actor, Condition, Count, View};
use crate::world::kinds::*;
use crate::world::matcher::Matcher;

use super::record::Who;
use super::world::World;

/// Does a spoken text match? An empty matcher matches everything; one that cannot be read, nothing.
pub fn matches(matcher: &str, text: &str) -> bool {
    matcher.trim().is_empty() || Matcher::parse(matcher).is_ok_and(|matcher| matcher.matches_phrase(text))
}

/// Is a given thing, by its name, the one that is meant? An empty matcher takes everything.
pub fn is_meant(matcher: &str, name: &str) -> bool {
    matcher.trim().is_empty() || Matcher::parse(matcher).is_ok_and(|matcher| matcher.matches_exact(name))
}

/// Is the condition true of this player? An empty one is; one that cannot be read is not.
pub fn holds(condition: &str, world: &World, player: PlayerId) -> bool {
    if condition.trim().is_empty() {
        return true;
    }
    let Ok(condition) = Condition::parse(condition) else { return false };
    let (Some(row), Some(presence)) = (world.players.get(player), world.presences.get(player)) else { return false };
    let worn = |slot: Slot| {
        let item = world.items.get(*row.worn.get(&slot)?)?;
        world.templates.items.get(&item.template)
    };
    let carried = |ids: &mut dyn Iterator<Item = i64>, slug: &str| {
        ids.filter(|id| {
            let template = world.items.get(*id).and_then(|item| world.templates.items.get(&item.template));
            template.is_some_and(|template| template.slug == slug)
        })
        .count() as i64
    };
    let count = |what: Count<'_>| match what {
        Count::Currency(code) => row.currencies.get(code).copied().unwrap_or(0),
        Count::Standing(code) => row.factions.get(code).copied().unwrap_or(0),
        Count::Carried(slug) => carried(&mut row.items.iter().copied(), slug),
        Count::Worn(slug) => carried(&mut row.worn.values().copied(), slug),
        Count::ItemsInRoom(slug) => {
            let here = world.rooms.get(presence.room).map_or(&[][..], |room| &room.items);
            carried(&mut here.iter().copied(), slug)
        }
        Count::MobsInRoom(slug) => world
            .chars_in(presence.room)
            .iter()
            .filter(|who| match who {
                Who::Mob(id) => world
                    .mobs
                    .get(*id)
                    .and_then(|mob| world.templates.mobs.get(&mob.template))
                    .is_some_and(|template| template.slug == slug),
                Who::Player(_) => false,
            })
            .count() as i64,
        Count::PlayersInRoom => world.players_in(presence.room).count() as i64,
        // Quests are not part of the engine yet, so none is complete.
        Count::QuestComplete(_) => 0,
    };
    let stats = world.player_stats(row);
    let mark = |name: &str| row.marks.get(name).map(String::as_str);
    let target: Vec<String> = match world.target_of(Who::Player(player)) {
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
        health_max: stats.health_max,
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
    condition.evaluate(&View { actor: Some(actor), fact: &fact }).holds
}
