//! Eating.

use crate::world::character::PlayerId;
use crate::world::formulas;
use crate::world::kinds::*;

use super::super::record::Who;
use super::super::turn::Turn;
use super::items::{carried, report, template_of};
use super::{Command, Input};

pub static EAT: Command = Command {
    names: &["eat"],
    group: "Items",
    format: "eat <food>",
    description: "Eat something that you carry. It gives back health, mana or stamina.",
    examples: &["eat bread"],
    run: eat,
};

fn eat(turn: &mut Turn, player: PlayerId, input: &Input) {
    let words = input.words();
    let Some(what) = words.first() else {
        return turn.refuse(player, "eat", "invalid_args", "Eat what?");
    };
    let Some(found) = carried(turn, player, "eat", what) else { return };
    let Some(item) = found.first().copied() else { return };
    let Some(template) = template_of(turn, item) else { return };
    if template.item_type != ItemType::Food {
        return turn.refuse(player, "eat", "invalid_target", format!("You cannot eat {}.", template.name));
    }
    let Some(row) = turn.world.players.get(player) else { return };
    if !formulas::may_eat(row.level, &template) {
        let text = format!("You are not experienced enough to stomach {}.", template.name);
        return turn.refuse(player, "eat", "invalid_target", text);
    }
    let stats = turn.world.player_stats(row);
    let gain = template.food_value.max(0);
    match template.food_type {
        FoodType::Health => {
            if let Some(row) = turn.world.players.edit(player) {
                row.health = row.health.saturating_add(gain).min(stats.health_max.max(row.health));
            }
        }
        FoodType::Mana => {
            if let Some(presence) = turn.world.presences.edit(player) {
                presence.mana = presence.mana.saturating_add(gain).min(stats.mana_max.max(presence.mana));
            }
        }
        FoodType::Stamina => {
            if let Some(presence) = turn.world.presences.edit(player) {
                presence.stamina = presence.stamina.saturating_add(gain).min(stats.stamina_max.max(presence.stamina));
            }
        }
    }
    turn.world.destroy_item(item);
    let name = turn.name(Who::Player(player));
    let own = vec![format!("You eat {}. It gives back some {}.", template.name, template.food_type)];
    let others = vec![format!("{name} eats {}.", template.name)];
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    report(turn, player, room, "eat", Vec::new(), (own, others), |_| {});
}
