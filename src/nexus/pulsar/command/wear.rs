//! Putting equipment on and taking it off.

use crate::world::character::{ItemId, PlayerId};
use crate::world::formulas::EquipRefusal;
use crate::world::kinds::*;

use super::super::record::{Place, Who};
use super::super::turn::Turn;
use super::super::{connect, equip};
use super::items::{carried, item_name, report, template_of};
use super::select::{self, Selector};
use super::{Command, Input};

pub static WEAR: Command = Command {
    names: &["wear"],
    group: "Items",
    format: "wear <item>",
    description: "Put on something that you carry.",
    examples: &["wear cap", "wear all"],
    run: |turn, player, input| put_on(turn, player, input, "wear"),
};

pub static WIELD: Command = Command {
    names: &["wield"],
    group: "Items",
    format: "wield <weapon>",
    description: "Take a weapon in hand.",
    examples: &["wield boathook"],
    run: |turn, player, input| put_on(turn, player, input, "wield"),
};

pub static REMOVE: Command = Command {
    names: &["remove"],
    group: "Items",
    format: "remove <item>",
    description: "Take off something that you wear or wield.",
    examples: &["remove cap", "remove all"],
    run: remove,
};

fn put_on(turn: &mut Turn, player: PlayerId, input: &Input, command: &'static str) {
    let words = input.words();
    let Some(what) = words.first() else {
        let text = if command == "wield" { "Wield what?" } else { "Wear what?" };
        return turn.refuse(player, command, "invalid_args", text);
    };
    let Some(found) = carried(turn, player, command, what) else { return };
    let many = Selector::parse(what).is_plural();
    let (mut own, mut others, mut worn) = (Vec::new(), Vec::new(), Vec::new());
    let mut refusal = None;
    for item in found {
        match put_on_one(turn, player, item, !many, &mut own, &mut others) {
            Ok(()) => worn.push(item),
            Err(text) => refusal = Some(text),
        }
    }
    if worn.is_empty() {
        let text = match refusal {
            Some(text) if !many => text,
            _ => "You have nothing more to wear.".into(),
        };
        return turn.refuse(player, command, "invalid_target", text);
    }
    settle(turn, player, command, worn, (own, others));
}

fn put_on_one(
    turn: &mut Turn,
    player: PlayerId,
    item: ItemId,
    may_swap: bool,
    own: &mut Vec<String>,
    others: &mut Vec<String>,
) -> Result<(), String> {
    let template = template_of(turn, item).ok_or("That cannot be worn.")?;
    let slot = equip::slot_for(turn.world, player, &template).map_err(|refusal| match refusal {
        EquipRefusal::NotEquippable => format!("You cannot wear {}.", template.name),
        EquipRefusal::LevelTooHigh => format!("You are not experienced enough for {}.", template.name),
        EquipRefusal::HeavyArmor => format!("You are not trained to wear armor as heavy as {}.", template.name),
        EquipRefusal::HandsFull => format!("You need your other hand free for {}.", template.name),
    })?;
    let name = turn.name(Who::Player(player));
    if let Some(old) = turn.world.players.get(player).and_then(|p| p.worn.get(&slot)).copied() {
        if !may_swap {
            return Err(format!("You already wear something in place of {}.", template.name));
        }
        own.push(format!("You remove {}.", item_name(turn, old)));
        turn.world.move_item(old, Place::Carried(Who::Player(player)));
    }
    turn.world.move_item(item, Place::Worn(Who::Player(player), slot));
    let (mine, theirs) = if matches!(template.equipment_type, Some(EquipmentType::Weapon1h | EquipmentType::Weapon2h)) {
        ("wield", "wields")
    } else {
        ("wear", "wears")
    };
    own.push(format!("You {mine} {}.", template.name));
    others.push(format!("{name} {theirs} {}.", template.name));
    Ok(())
}

fn remove(turn: &mut Turn, player: PlayerId, input: &Input) {
    let words = input.words();
    let Some(what) = words.first() else {
        return turn.refuse(player, "remove", "invalid_args", "Remove what?");
    };
    let worn: Vec<ItemId> =
        turn.world.players.get(player).map(|p| p.worn.values().copied().collect()).unwrap_or_default();
    if worn.is_empty() {
        return turn.refuse(player, "remove", "empty_inventory", "You aren't wearing anything.");
    }
    let selector = Selector::parse(what);
    let found = select::items(turn.world, &selector, &worn);
    if found.is_empty() {
        let text = format!("You aren't wearing a {}.", selector.word());
        return turn.refuse(player, "remove", "item_not_found", text);
    }
    let name = turn.name(Who::Player(player));
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for item in &found {
        let thing = item_name(turn, *item);
        own.push(format!("You remove {thing}."));
        others.push(format!("{name} removes {thing}."));
        turn.world.move_item(*item, Place::Carried(Who::Player(player)));
    }
    settle(turn, player, "remove", found, (own, others));
}

fn settle(
    turn: &mut Turn,
    player: PlayerId,
    command: &'static str,
    items: Vec<ItemId>,
    lines: (Vec<String>, Vec<String>),
) {
    connect::clamp_vitals(turn.world, player);
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    report(turn, player, room, command, items, lines, |_| {});
}
