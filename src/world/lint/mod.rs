//! What is legal and yet looks wrong: rooms that nobody reaches, ways that do not lead back, keys
//! without doors, words that promise something and do not keep it. A builder answers a finding by
//! mending the world, or by a marker in the notes that says "I meant it":
//!
//! - `one-way: east, down` in a room's notes: these exits need no way back (no direction named: all of them);
//! - `bent: north` in a room's notes: this exit may lie elsewhere on the map than where it points;
//! - `apart: why` in a room's notes: no exit leads here, and that is right (it is entered another way);
//! - `scenery: sky, gulls` in the notes of a room, a zone or the world: these words promise nothing;
//! - `refrain: why` in any notes: this text may repeat what others say;
//! - `unloaded: why` in an item's or a mob's notes: no loader makes it, something else does;
//! - `sealed: why` in a room's notes: its doors need no key that can be found.

mod nouns;
mod prose;
mod stock;
mod ways;

use std::collections::BTreeMap;

use super::kinds::Direction;
use super::manifest::{Located, Problem, Severity, subject};
use super::spec::*;

/// Findings of one kind of lint; what is beyond is counted.
pub const FINDINGS_MAX: usize = 200;

/// Every finding in the documents of one world that passed `check`.
pub fn lint(documents: &[Located]) -> Vec<Problem> {
    let world = World::new(documents);
    let lints: [fn(&World<'_>) -> Vec<Problem>; 10] = [
        ways::unreachable,
        ways::empty_zones,
        ways::no_way_back,
        ways::off_the_map,
        stock::keys_without_doors,
        stock::doors_without_keys,
        stock::never_loaded,
        prose::nothing_written,
        prose::said_twice,
        nouns::promises,
    ];
    let mut findings = Vec::new();
    for lint in lints {
        let mut of_kind = lint(&world);
        let beyond = of_kind.len().saturating_sub(FINDINGS_MAX);
        of_kind.truncate(FINDINGS_MAX);
        if let (Some(last), true) = (of_kind.last_mut(), beyond > 0) {
            last.message.push_str(&format!(" (and {beyond} more like this)"));
        }
        findings.append(&mut of_kind);
    }
    findings
}

/// The documents by kind and slug.
struct World<'a> {
    documents: &'a [Located],
    rooms: BTreeMap<&'a str, (&'a Located, &'a RoomSpec)>,
    items: BTreeMap<&'a str, (&'a Located, &'a ItemSpec)>,
    mobs: BTreeMap<&'a str, (&'a Located, &'a MobSpec)>,
    loaders: Vec<(&'a Located, &'a LoaderSpec)>,
    zones: BTreeMap<&'a str, &'a ZoneSpec>,
    world: Option<&'a WorldSpec>,
}

impl<'a> World<'a> {
    fn new(documents: &'a [Located]) -> Self {
        let mut world = Self {
            documents,
            rooms: BTreeMap::new(),
            items: BTreeMap::new(),
            mobs: BTreeMap::new(),
            loaders: Vec::new(),
            zones: BTreeMap::new(),
            world: None,
        };
        for at in documents {
            match &at.document {
                Document::World { spec, .. } => world.world = Some(spec),
                Document::Zone { metadata, spec } => drop(world.zones.insert(&metadata.slug, spec)),
                Document::Room { metadata, spec } => drop(world.rooms.insert(&metadata.slug, (at, spec))),
                Document::Item { metadata, spec } => drop(world.items.insert(&metadata.slug, (at, spec))),
                Document::Mob { metadata, spec } => drop(world.mobs.insert(&metadata.slug, (at, spec))),
                Document::Loader { spec, .. } => world.loaders.push((at, spec)),
                _ => {}
            }
        }
        world
    }

    /// Rooms in the order of their documents.
    fn rooms_in_order(&self) -> impl Iterator<Item = (&'a Located, &'a RoomSpec)> + '_ {
        self.documents.iter().filter_map(|at| match &at.document {
            Document::Room { spec, .. } => Some((at, &**spec)),
            _ => None,
        })
    }
}

/// The text after a marker, which begins a line of the notes.
fn marker<'a>(notes: &'a str, name: &str) -> Option<&'a str> {
    notes.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(':').map(str::trim))
}

/// Whether a marker covers the direction: it names it, or names none.
fn covers(notes: &str, name: &str, direction: Direction) -> bool {
    marker(notes, name).is_some_and(|text| {
        let named: Vec<Direction> =
            super::keywords::words_of(text).filter_map(|word| Direction::parse(&word)).collect();
        named.is_empty() || named.contains(&direction)
    })
}

fn error(at: &Located, field: impl Into<String>, message: impl Into<String>) -> Problem {
    at.problem(Severity::Error, field, message)
}

fn warning(at: &Located, field: impl Into<String>, message: impl Into<String>) -> Problem {
    at.problem(Severity::Warning, field, message)
}

/// How a finding names another document.
fn place(at: &Located) -> String {
    let name = subject(at.document.kind(), at.document.slug());
    if at.line > 0 { format!("{name} ({}:{})", at.file, at.line) } else { name }
}

#[cfg(test)]
mod tests;
