//! Skills in use: who knows which, what they cost, what they do at once and what goes on working. What a skill is stands
//! in the templates; what works on someone, and what has to cool down, is state with timings of its own.

pub mod cast;
pub mod cooldown;
pub mod deed;
pub mod effect;
pub mod saved;
pub mod tick;

use std::sync::Arc;

use crate::world::character::PlayerId;
use crate::world::skill::Skill;

use super::record::Player;
use super::world::World;

/// Keys of the skill bar, in their order.
pub const KEYS: [&str; 10] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

/// May such a player use it, once they know it?
pub fn suits(player: &Player, skill: &Skill) -> bool {
    player.level >= skill.level && skill.archetype.is_none_or(|archetype| archetype == player.archetype)
}

pub fn knows(player: &Player, skill: &Skill) -> bool {
    suits(player, skill) && (skill.is_core || player.skills.contains_key(&skill.code))
}

impl World {
    /// What a player can do, by level and name.
    pub fn known_skills(&self, player: PlayerId) -> Vec<Arc<Skill>> {
        let Some(row) = self.players.get(player) else { return Vec::new() };
        let known = self.templates.skills.values().filter(|skill| knows(row, skill));
        let mut known: Vec<Arc<Skill>> = known.cloned().collect();
        known.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
        known
    }

    /// The key of each known skill that has one: as the player chose, and the free keys for the rest.
    pub fn hotkeys(&self, player: PlayerId) -> Vec<(&'static str, Arc<Skill>)> {
        let Some(row) = self.players.get(player) else { return Vec::new() };
        let known = self.known_skills(player);
        let chosen = |skill: &Skill| {
            let key = row.skills.get(&skill.code)?;
            KEYS.iter().copied().find(|own| own == key)
        };
        let mut keys: Vec<(&'static str, Arc<Skill>)> = Vec::new();
        for skill in &known {
            if let Some(key) = chosen(skill).filter(|key| keys.iter().all(|(other, _)| other != key)) {
                keys.push((key, skill.clone()));
            }
        }
        for skill in known {
            let free = KEYS.iter().copied().find(|key| keys.iter().all(|(other, _)| other != key));
            if keys.iter().all(|(_, other)| other.code != skill.code)
                && let Some(key) = free
            {
                keys.push((key, skill));
            }
        }
        keys.sort_by_key(|(key, _)| KEYS.iter().position(|own| own == key));
        keys
    }
}
