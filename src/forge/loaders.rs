//! What a world's loaders would load now: a pure decision from templates, live counts and the world's own stamps.
//! It neither rolls dice (the world picks rooms within a zone) nor keeps anything: when each zone and loader last ran
//! comes with the question, in milliseconds of world time, and the world stamps what the answer names.

use std::collections::{BTreeMap, HashMap};

use crate::world::condition::{Condition, View};
use crate::world::internal::{LoadPlan, LoaderQuery, PlannedLoad, PlannedPlace, PlannedThing, Population};
use crate::world::template::{Load, Loader, Place, RuleId, Templates, Zone};

/// Loads in one plan; the rest of a very empty world comes with the next run, 15 s later.
pub const PLANNED_LOADS_MAX: usize = 20_000;

/// Decides by these rules, zones and loaders in the order of the templates:
///
/// - `initial` ignores waits and counts, not conditions. A world that never reloads runs no other time.
/// - A zone is due if it never reset, or its wait has passed; a wait of -1 never passes.
/// - A loader runs if its conditions hold and: its own wait is 0; or it never ran; or its wait has passed; or, with the
///   zone's wait, its zone resets in this run. A wait of -1 never passes.
/// - A rule that loads into a room or a zone brings its live count up to `copies`. A rule that loads into what an earlier
///   rule made puts `copies` into each of those, whatever lives elsewhere.
///
/// `holds` evaluates the conditions of a loader on the world's facts.
pub fn plan(
    templates: &Templates,
    population: &Population,
    query: &LoaderQuery,
    holds: impl Fn(&str) -> bool,
) -> LoadPlan {
    let mut plan = LoadPlan::default();
    if templates.world.config.never_reload && !query.initial {
        return plan;
    }
    let zone_stamps: HashMap<i64, u64> = query.zones.iter().copied().collect();
    let loader_stamps: HashMap<i64, u64> = query.loaders.iter().copied().collect();
    let mut by_zone: BTreeMap<i64, Vec<&Loader>> = BTreeMap::new();
    for loader in templates.loaders.values() {
        by_zone.entry(loader.zone).or_default().push(loader);
    }
    for zone in templates.zones.values() {
        let resets = query.initial || is_past(query.now, zone_stamps.get(&zone.id).copied(), zone.respawn_wait);
        if resets {
            plan.zones.push(zone.id);
        }
        for loader in by_zone.get(&zone.id).into_iter().flatten() {
            let stamp = loader_stamps.get(&loader.id).copied();
            if runs(loader, zone, resets, stamp, query) && !loader.rules.is_empty() && holds(&loader.conditions) {
                run(loader, population, query.initial, &mut plan);
            }
        }
    }
    plan
}

fn runs(loader: &Loader, zone: &Zone, zone_resets: bool, stamp: Option<u64>, query: &LoaderQuery) -> bool {
    if query.initial {
        return true;
    }
    match loader.respawn_wait {
        Some(0) => true,
        Some(wait) => is_past(query.now, stamp, wait),
        // A loader added to a zone that never resets again still runs once.
        None => zone_resets || (zone.respawn_wait < 0 && stamp.is_none()),
    }
}

/// Whether `wait` seconds (-1: for ever) have passed since the stamp; always without one.
fn is_past(now: u64, stamp: Option<u64>, wait: i64) -> bool {
    match (stamp, u64::try_from(wait)) {
        (None, _) => true,
        (Some(_), Err(_)) => false,
        (Some(stamp), Ok(wait)) => now >= stamp.saturating_add(wait.saturating_mul(1000)),
    }
}

fn run(loader: &Loader, population: &Population, initial: bool, plan: &mut LoadPlan) {
    let mut made: HashMap<RuleId, Vec<u32>> = HashMap::new();
    for rule in &loader.rules {
        let live = if initial { 0 } else { population.rules.get(&rule.id).copied().unwrap_or(0) };
        let (places, cap) = match rule.into {
            Place::Room(room) => (vec![PlannedPlace::Room(room); missing(rule.copies, live)], rule.copies),
            Place::Zone(zone) => (vec![PlannedPlace::Zone(zone); missing(rule.copies, live)], rule.copies),
            Place::Rule(earlier) => {
                let into = made.get(&earlier).into_iter().flatten();
                let places = into.flat_map(|nth| (0..rule.copies).map(|_| PlannedPlace::Load(*nth))).collect();
                (places, u32::MAX)
            }
        };
        for into in places {
            if plan.loads.len() >= PLANNED_LOADS_MAX {
                return;
            }
            made.entry(rule.id).or_default().push(plan.loads.len() as u32);
            let what = match rule.load {
                Load::Mob(mob) => PlannedThing::Mob(mob),
                Load::Item(item) => PlannedThing::Item(item),
            };
            plan.loads.push(PlannedLoad { loader: loader.id, rule: rule.id, what, into, cap });
        }
    }
    // Not before its last rule: a run that was cut short is repeated, and brings only what is still missing.
    plan.loaders.push(loader.id);
}

fn missing(copies: u32, live: u32) -> usize {
    copies.saturating_sub(live) as usize
}

/// Whether a loader's conditions hold on the world's facts. Nobody acts here: what asks for an actor does not hold. Neither
/// does what cannot be read, which the compiler lets into no template.
pub fn facts_hold(conditions: &str, facts: &[(String, String)]) -> bool {
    let fact = |name: &str| facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    Condition::parse(conditions).is_ok_and(|condition| condition.evaluate(&View { actor: None, fact: &fact }).holds)
}

#[cfg(test)]
#[path = "loaders_tests.rs"]
mod tests;
