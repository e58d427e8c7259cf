//! The numbers with which someone strikes and is struck, and the one way in which health goes down or up.

use crate::nexus::message::view::Char;
use crate::world::formulas::{self, combat::Combatant};
use crate::world::kept::Kept;
use crate::world::kinds::*;
use crate::world::template::Stats;

use super::super::record::{Mob, MobId, Who};
use super::super::world::World;

impl World {
    /// What works on someone, applied to its numbers.
    pub fn altered(&self, id: i64, mut stats: Stats) -> Stats {
        if let Some(aura) = self.auras.get(id) {
            let changes = aura.effects.iter().flat_map(|effect| &effect.modifiers);
            changes.for_each(|modifier| modifier.apply(&mut stats));
            stats.health_max = stats.health_max.max(1);
        }
        stats
    }

    /// The numbers of a mob, with what works on it.
    pub fn mob_stats(&self, id: MobId) -> Option<Stats> {
        let mob = self.mobs.get(id)?;
        let template = self.templates.mobs.get(&mob.template)?;
        Some(self.altered(id, template.stats))
    }

    /// Someone as a fighter.
    pub fn combatant(&self, who: Who) -> Option<Combatant> {
        match who {
            Who::Player(id) => {
                let (view, row) = (self.char_view(who)?, self.players.get(id)?);
                let template = |slot: Slot| {
                    let item = self.items.get(*row.worn.get(&slot)?)?;
                    self.templates.items.get(&item.template)
                };
                let offhand = template(Slot::Offhand);
                Some(Combatant {
                    level: view.level,
                    stats: view.stats,
                    weapon: template(Slot::Weapon)
                        .map_or_else(|| formulas::combat::bare_damage(view.level), |item| formulas::item_damage(item)),
                    offhand: offhand.map_or(0, |item| formulas::item_damage(item)),
                    has_shield: offhand.is_some_and(|item| item.equipment_type == Some(EquipmentType::Shield)),
                    is_mob: false,
                })
            }
            Who::Mob(id) => {
                let mob = self.mobs.get(id)?;
                let template = self.templates.mobs.get(&mob.template)?;
                Some(Combatant {
                    level: template.level,
                    stats: self.altered(id, template.stats),
                    weapon: self.mob_weapon(mob).unwrap_or_else(|| formulas::combat::natural_damage(template.level)),
                    offhand: 0,
                    has_shield: mob.worn.iter().any(|(slot, _)| *slot == Slot::Offhand),
                    is_mob: true,
                })
            }
        }
    }

    fn mob_weapon(&self, mob: &Mob) -> Option<i32> {
        let (_, item) = mob.worn.iter().find(|(slot, _)| *slot == Slot::Weapon)?;
        let item = self.items.get(*item)?;
        self.templates.items.get(&item.template).map(|item| formulas::item_damage(item))
    }

    pub fn health_of(&self, who: Who) -> i32 {
        match who {
            Who::Player(id) => self.players.get(id).map_or(0, |row| row.health),
            Who::Mob(id) => self.mobs.get(id).map_or(0, |row| row.health),
        }
    }

    /// Health and the most that there can be.
    pub fn health_share(&self, who: Who) -> Option<(i32, i32)> {
        match who {
            Who::Player(_) => self.char_view(who).map(|view| (view.health, view.stats.health_max)),
            Who::Mob(id) => Some((self.mobs.get(id)?.health, self.mob_stats(id)?.health_max)),
        }
    }

    /// Sets someone's health. What others see is changed in place: there are many strokes, and little else changes.
    pub fn set_health(&mut self, who: Who, health: i32) {
        let show = |view: &mut Char| {
            view.health = health;
            view.shown = Kept::default();
        };
        match who {
            Who::Player(id) => {
                self.players.edit_shown(id, |row| row.health = health, show);
                self.index.tired_players.insert(id);
            }
            Who::Mob(id) => {
                self.mobs.edit_shown(id, |row| row.health = health, show);
                self.judge_mob(id);
            }
        }
    }
}
