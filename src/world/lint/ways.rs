//! The map as a graph: who can get where, and whether the picture of it is true.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{World, covers, error, marker, warning};
use crate::world::kinds::{Direction, DocumentKind};
use crate::world::manifest::{Located, Problem};
use crate::world::spec::Document;

/// Names of one island that a finding lists.
const NAMES_MAX: usize = 5;

/// Rooms to which no way leads from where characters begin, island by island.
pub(super) fn unreachable(world: &World<'_>) -> Vec<Problem> {
    let mut starts: Vec<&str> = Vec::new();
    if let Some(spec) = world.world {
        starts.extend([spec.starting_room.as_str(), spec.death_room.as_str()]);
    }
    for at in world.documents {
        if let Document::Faction { spec, .. } = &at.document {
            starts.extend([&spec.starting_room, &spec.death_room].into_iter().flatten().map(String::as_str));
        }
    }
    for (slug, (_, spec)) in &world.rooms {
        if marker(&spec.notes, "apart").is_some() {
            starts.push(slug);
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    flood(world, starts, &mut seen);
    let unseen = world.rooms.iter().filter(|(slug, _)| !seen.contains(*slug));
    let led: BTreeSet<&str> = unseen
        .flat_map(|(slug, (_, spec))| spec.exits.values().map(|exit| exit.to().as_str()).filter(move |to| to != slug))
        .collect();
    let mut findings = Vec::new();
    for (at, spec) in world.rooms_in_order() {
        let slug = at.document.slug();
        // A room that something unreached leads to belongs to that one's finding.
        if seen.contains(slug) || led.contains(slug) {
            continue;
        }
        findings.push(island(world, at, spec.name.as_str(), &mut seen));
    }
    for (at, spec) in world.rooms_in_order() {
        if !seen.contains(at.document.slug()) {
            findings.push(island(world, at, spec.name.as_str(), &mut seen));
        }
    }
    findings
}

fn island<'a>(world: &World<'a>, at: &'a Located, name: &str, seen: &mut BTreeSet<&'a str>) -> Problem {
    let before = seen.clone();
    flood(world, vec![at.document.slug()], seen);
    let mut others: Vec<&str> = seen.difference(&before).copied().filter(|slug| *slug != at.document.slug()).collect();
    let more = others.len().saturating_sub(NAMES_MAX);
    others.truncate(NAMES_MAX);
    let with = match (others.len(), more) {
        (0, _) => String::new(),
        (_, 0) => format!(", nor then to `{}`", others.join("`, `")),
        _ => format!(", nor then to `{}` and {more} more", others.join("`, `")),
    };
    error(
        at,
        "",
        format!("no way leads to {name} from where characters begin{with}; add an exit, or `apart: why` to the notes"),
    )
}

fn flood<'a>(world: &World<'a>, starts: Vec<&'a str>, seen: &mut BTreeSet<&'a str>) {
    let mut queue: VecDeque<&'a str> = starts.into();
    while let Some(slug) = queue.pop_front() {
        let Some((_, spec)) = world.rooms.get(slug) else { continue };
        if seen.insert(slug) {
            queue.extend(spec.exits.values().map(|exit| exit.to().as_str()));
        }
    }
}

/// Zones without a room.
pub(super) fn empty_zones(world: &World<'_>) -> Vec<Problem> {
    let used: BTreeSet<&str> = world.rooms.values().map(|(_, spec)| spec.zone.as_str()).collect();
    let zones = world.documents.iter().filter(|at| at.document.kind() == DocumentKind::Zone);
    zones.filter(|at| !used.contains(at.document.slug())).map(|at| warning(at, "", "no room is in this zone")).collect()
}

/// Exits to rooms that have no exit back.
pub(super) fn no_way_back(world: &World<'_>) -> Vec<Problem> {
    let mut findings = Vec::new();
    for (at, spec) in world.rooms_in_order() {
        for (direction, exit) in &spec.exits {
            let Some((_, to)) = world.rooms.get(exit.to().as_str()) else { continue };
            let back = to.exits.values().any(|exit| exit.to() == at.document.slug());
            if !back && !covers(&spec.notes, "one-way", *direction) {
                let message = format!(
                    "room `{}` has no exit back here; add one, or `one-way: {direction}` to the notes",
                    exit.to()
                );
                findings.push(error(at, format!("spec.exits.{direction}"), message));
            }
        }
    }
    findings
}

/// Exits whose other end does not lie where they point, or whose line crosses another room.
pub(super) fn off_the_map(world: &World<'_>) -> Vec<Problem> {
    let by_place: BTreeMap<[i32; 3], &str> = world.rooms.iter().map(|(slug, (_, spec))| (spec.at, *slug)).collect();
    let mut findings = Vec::new();
    for (at, spec) in world.rooms_in_order() {
        for (direction, exit) in &spec.exits {
            let Some((_, to)) = world.rooms.get(exit.to().as_str()) else { continue };
            if covers(&spec.notes, "bent", *direction) {
                continue;
            }
            let field = format!("spec.exits.{direction}");
            let [x, y, z] = to.at;
            match steps(spec.at, to.at, *direction) {
                None => {
                    let [from_x, from_y, from_z] = spec.at;
                    let message = format!(
                        "room `{}` at [{x}, {y}, {z}] does not lie {direction} of [{from_x}, {from_y}, {from_z}]; move one, or add \
                         `bent: {direction}` to the notes",
                        exit.to()
                    );
                    findings.push(warning(at, field, message));
                }
                Some(distance) => {
                    let step = direction.step();
                    let between =
                        (1..distance.min(64)).find_map(|n| by_place.get(&[0, 1, 2].map(|i| spec.at[i] + step[i] * n)));
                    if let Some(between) = between {
                        let message = format!("the way to room `{}` crosses room `{between}` on the map", exit.to());
                        findings.push(warning(at, field, message));
                    }
                }
            }
        }
    }
    findings
}

/// How far one room lies straight in the direction of another.
fn steps(from: [i32; 3], to: [i32; 3], direction: Direction) -> Option<i32> {
    let step = direction.step();
    let mut distance = 0;
    for axis in 0..3 {
        let delta = to[axis] - from[axis];
        if step[axis] == 0 && delta != 0 {
            return None;
        }
        distance += delta * step[axis];
    }
    (distance > 0).then_some(distance)
}
