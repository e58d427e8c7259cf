//! Keys, doors, and whether what is described ever comes into the world.

use std::collections::{BTreeMap, BTreeSet};

use super::{World, error, marker, warning};
use crate::world::kinds::{DoorState, ItemType};
use crate::world::manifest::Problem;
use crate::world::spec::*;

/// Keys that open nothing.
pub(super) fn keys_without_doors(world: &World<'_>) -> Vec<Problem> {
    let used: BTreeSet<&str> = world
        .rooms
        .values()
        .flat_map(|(_, spec)| spec.exits.values())
        .filter_map(|exit| exit.door()?.key.as_deref())
        .collect();
    let idle = world.items.values().filter(|(at, spec)| {
        spec.item_type == ItemType::Key
            && !used.contains(at.document.slug())
            && marker(&spec.notes, "unloaded").is_none()
    });
    idle.map(|(at, _)| error(at, "", "a key, but no door has it as its `key`")).collect()
}

/// Locked doors that nobody can unlock.
pub(super) fn doors_without_keys(world: &World<'_>) -> Vec<Problem> {
    let (items, _) = loaded(world);
    let mut findings = Vec::new();
    for (at, spec) in world.rooms_in_order() {
        for (direction, exit) in &spec.exits {
            let Some(door) = exit.door() else { continue };
            if marker(&spec.notes, "sealed").is_some() {
                continue;
            }
            let field = format!("spec.exits.{direction}.door");
            match &door.key {
                None if door.state == DoorState::Locked => {
                    findings.push(error(
                        at,
                        field,
                        "locked, and without a key; add one, or `sealed: why` to the notes",
                    ));
                }
                Some(key) if !items.contains(key.as_str()) => {
                    let message =
                        format!("its key `{key}` is nowhere in the world: no loader, mob, container or shop has it");
                    findings.push(error(at, format!("{field}.key"), message));
                }
                _ => {}
            }
        }
    }
    findings
}

/// Items and mobs that no loader makes.
pub(super) fn never_loaded(world: &World<'_>) -> Vec<Problem> {
    let (items, mobs) = loaded(world);
    let mut findings = Vec::new();
    for (slug, (at, spec)) in &world.mobs {
        if !mobs.contains(slug) && marker(&spec.notes, "unloaded").is_none() {
            findings.push(warning(at, "", "no loader makes it; add a rule, or `unloaded: why` to the notes"));
        }
    }
    for (slug, (at, spec)) in &world.items {
        if !items.contains(slug) && marker(&spec.notes, "unloaded").is_none() {
            let message = "no loader, mob, container, shop or starting equipment has it; give it a place, or `unloaded: why` in the notes";
            findings.push(warning(at, "", message));
        }
    }
    findings
}

/// Items and mobs that come into the world by themselves, or that a script names.
fn loaded<'a>(world: &World<'a>) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let (mut items, mut mobs): (BTreeSet<&str>, BTreeSet<&str>) = Default::default();
    let mut queue: Vec<&str> = Vec::new();
    for rule in world.loaders.iter().flat_map(|(_, spec)| &spec.rules) {
        mobs.extend(rule.mob.as_deref());
        queue.extend(rule.item.as_deref());
    }
    for at in world.documents {
        if let Document::StartingEquipment { spec, .. } = &at.document {
            queue.push(&spec.item);
        }
    }
    let scripted = scripted(world);
    mobs.extend(world.mobs.keys().filter(|slug| scripted.contains_key(**slug)));
    queue.extend(world.items.keys().filter(|slug| scripted.contains_key(**slug)));
    for slug in &mobs {
        let Some((_, spec)) = world.mobs.get(slug) else { continue };
        queue.extend(spec.inventory.iter().map(|line| line.item.as_str()));
        queue.extend(spec.merchant.iter().flat_map(|merchant| &merchant.stock).map(|line| line.item.as_str()));
    }
    while let Some(slug) = queue.pop() {
        if items.insert(slug)
            && let Some((_, spec)) = world.items.get(slug)
        {
            queue.extend(spec.inventory.iter().map(|line| line.item.as_str()));
        }
    }
    (items, mobs)
}

/// Words of scripts: `/load item brass-key` brings the key into the world.
fn scripted<'a>(world: &World<'a>) -> BTreeMap<&'a str, ()> {
    let scripts = world.mobs.values().flat_map(|(_, spec)| &spec.reactions).map(|reaction| reaction.script.as_str());
    let uses = world.items.values().map(|(_, spec)| spec.on_use_cmd.as_str());
    let triggers = world.documents.iter().filter_map(|at| match &at.document {
        Document::Trigger { spec, .. } => Some(spec.script.as_str()),
        _ => None,
    });
    scripts.chain(uses).chain(triggers).flat_map(str::split_whitespace).map(|word| (word, ())).collect()
}
