//! What is worn: where a thing goes, and what a new character begins with.

use crate::world::character::{ItemId, PlayerId};
use crate::world::formulas::{self, EquipRefusal, Wearer};
use crate::world::kinds::*;
use crate::world::template::{ItemTemplate, ItemTemplateId};

use super::record::{Item, MobId, Place, Who};
use super::world::World;

/// What a player is as a wearer.
pub fn wearer(world: &World, player: PlayerId) -> Option<Wearer> {
    let row = world.players.get(player)?;
    let kind = |slot: Slot| {
        let item = world.items.get(*row.worn.get(&slot)?)?;
        world.templates.items.get(&item.template)?.equipment_type
    };
    let marked = |name: &str| row.marks.get(name).is_some_and(|value| value == "true");
    Some(Wearer {
        level: row.level,
        archetype: row.archetype,
        knows_heavy_armor: marked("heavy_armor_proficiency") || marked("proficiency_heavy_armor"),
        weapon: kind(Slot::Weapon),
        offhand: kind(Slot::Offhand),
    })
}

/// Where an item would go on a player.
pub fn slot_for(world: &World, player: PlayerId, template: &ItemTemplate) -> Result<Slot, EquipRefusal> {
    let wearer = wearer(world, player).ok_or(EquipRefusal::NotEquippable)?;
    formulas::slot_for(wearer, template)
}

/// Makes an item of a template somewhere. None when no id is to be had or the template is gone.
pub fn make_item(world: &mut World, template: ItemTemplateId, place: Place, rule: Option<i64>) -> Option<ItemId> {
    if !world.templates.items.contains_key(&template) {
        return None;
    }
    let id = world.new_id()?;
    world.add_item(Item { id, template, place, rule, items: Vec::new(), label: String::new(), own: None, gold: 0 });
    fill(world, id, template, 0);
    Some(id)
}

/// Containers in containers deeper than this are made empty.
const FILL_DEPTH_MAX: u32 = 4;

fn fill(world: &mut World, container: ItemId, template: ItemTemplateId, depth: u32) {
    let Some(template) = world.templates.items.get(&template).cloned() else { return };
    if depth >= FILL_DEPTH_MAX {
        return;
    }
    for stock in &template.inventory {
        for _ in 0..stock.copies {
            if !world.chance(stock.probability) {
                continue;
            }
            let Some(id) = world.new_id() else { return };
            let item = Item {
                id,
                template: stock.item,
                place: Place::Inside(container),
                rule: None,
                items: Vec::new(),
                label: String::new(),
                own: None,
                gold: 0,
            };
            world.add_item(item);
            fill(world, id, stock.item, depth + 1);
        }
    }
}

/// Gives a mob what its template carries; what can be worn goes to a free slot.
pub fn outfit_mob(world: &mut World, mob: MobId) {
    let Some(template) = world.mobs.get(mob).and_then(|m| world.templates.mobs.get(&m.template)).cloned() else {
        return;
    };
    for stock in &template.inventory {
        for _ in 0..stock.copies {
            if world.chance(stock.probability) {
                give_mob(world, mob, stock.item, None);
            }
        }
    }
}

/// Makes an item for a mob, worn where a slot is free.
pub fn give_mob(world: &mut World, mob: MobId, item: ItemTemplateId, rule: Option<i64>) -> Option<ItemId> {
    let template = world.templates.items.get(&item)?.clone();
    let slot = template.equipment_type.map(mob_slot);
    let free = slot.filter(|slot| world.mobs.get(mob).is_some_and(|m| m.worn.iter().all(|(worn, _)| worn != slot)));
    let place = match free {
        Some(slot) => Place::Worn(Who::Mob(mob), slot),
        None => Place::Carried(Who::Mob(mob)),
    };
    make_item(world, item, place, rule)
}

fn mob_slot(kind: EquipmentType) -> Slot {
    match kind {
        EquipmentType::Weapon1h | EquipmentType::Weapon2h => Slot::Weapon,
        EquipmentType::Shield => Slot::Offhand,
        EquipmentType::Head => Slot::Head,
        EquipmentType::Body => Slot::Body,
        EquipmentType::Arms => Slot::Arms,
        EquipmentType::Hands => Slot::Hands,
        EquipmentType::Waist => Slot::Waist,
        EquipmentType::Legs => Slot::Legs,
        EquipmentType::Feet => Slot::Feet,
        EquipmentType::Accessory => Slot::Accessory,
    }
}

/// What a new character begins with: gold, and equipment for its archetype, worn where it fits.
pub fn starting_equipment(world: &mut World, player: PlayerId) {
    let Some(archetype) = world.players.get(player).map(|p| p.archetype) else { return };
    let gold = world.templates.world.config.starting_gold;
    if let Some(row) = world.players.edit(player) {
        row.gold += gold;
    }
    let given: Vec<_> = world
        .templates
        .starting_equipment
        .iter()
        .filter(|entry| entry.archetype.is_none_or(|a| a == archetype))
        .copied()
        .collect();
    for entry in given {
        let Some(template) = world.templates.items.get(&entry.item).cloned() else { continue };
        // Assassins fight with two light blades.
        let two_handed = template.equipment_type == Some(EquipmentType::Weapon2h);
        if two_handed && archetype == Archetype::Assassin {
            continue;
        }
        for _ in 0..entry.num {
            let slot = slot_for(world, player, &template).ok();
            let free = slot.filter(|slot| world.players.get(player).is_some_and(|p| !p.worn.contains_key(slot)));
            let place = match free {
                Some(slot) => Place::Worn(Who::Player(player), slot),
                None => Place::Carried(Who::Player(player)),
            };
            make_item(world, entry.item, place, None);
        }
    }
}
