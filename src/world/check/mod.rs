//! Whether documents make a world together: references lead somewhere, numbers are in range,
//! what excludes each other does not stand together. Every problem is found, not only the first;
//! each names its field. What is legal but suspicious is `lint.rs`'s.

mod folk;
mod places;
mod skills;
mod things;
mod triggers;

use std::collections::BTreeMap;

use super::kinds::DocumentKind;
use super::manifest::{Located, PROBLEMS_MAX, Problem, Severity, is_slug, subject, suggestion};
use super::spec::{DetailSpec, Document, ExitSpec};

/// Characters of a name or title.
pub const NAME_CHARS_MAX: usize = 100;
/// Characters of a text that players read.
pub const SHOWN_CHARS_MAX: usize = 8_000;
/// Any coordinate, either way.
pub const COORDINATE_MAX: i32 = 1_000_000;
/// Any amount of money, experience or standing that a builder may write.
pub const AMOUNT_MAX: i64 = 1_000_000_000;
/// Seconds of any wait: ten years.
pub const WAIT_SECONDS_MAX: i64 = 10 * 365 * 86_400;

/// Every error in the documents of one world, in the order of the documents.
pub fn check(documents: &[Located]) -> Vec<Problem> {
    let mut checker = Checker { documents, index: BTreeMap::new(), problems: Vec::new() };
    checker.index();
    checker.worlds();
    for located in documents {
        checker.document(located);
    }
    checker.coordinates();
    checker.containers();
    checker.defaults();
    checker.problems.truncate(PROBLEMS_MAX);
    checker.problems
}

struct Checker<'a> {
    documents: &'a [Located],
    index: BTreeMap<DocumentKind, BTreeMap<&'a str, &'a Located>>,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn index(&mut self) {
        for located in self.documents {
            let (kind, slug) = (located.document.kind(), located.document.slug());
            let first = self.index.entry(kind).or_default().entry(slug).or_insert(located);
            if !std::ptr::eq(*first, located) {
                let place = if first.line > 0 { format!(" on {}:{}", first.file, first.line) } else { String::new() };
                let message = format!("there is another {}{place}", subject(kind, slug));
                self.problems.push(located.problem(Severity::Error, "metadata.slug", message));
            }
            if !is_slug(slug) {
                let message = format!("`{slug}` is no slug: small letters, digits and `-`, at most 64");
                self.problems.push(located.problem(Severity::Error, "metadata.slug", message));
            }
        }
    }

    fn worlds(&mut self) {
        let worlds = self.documents.iter().filter(|located| located.document.kind() == DocumentKind::World);
        let worlds: Vec<&Located> = worlds.collect();
        match worlds[..] {
            [world] => {
                let slug = world.document.slug();
                for located in self.documents {
                    match &located.document.metadata().world {
                        Some(named) if named != slug => {
                            let message = format!("belongs to world `{named}`, but the world here is `{slug}`");
                            self.error(located, "metadata.world", message);
                        }
                        _ => {}
                    }
                }
            }
            [] => self.problems.push(Problem::error("", 0, "there is no `world` document")),
            [first, ..] => {
                let message = format!("there are {} `world` documents; apply one world at a time", worlds.len());
                self.error(first, "", message);
            }
        }
    }

    fn document(&mut self, at: &'a Located) {
        for (field, text) in shown_texts(&at.document).0 {
            if text.chars().count() > SHOWN_CHARS_MAX {
                self.error(at, field, format!("at most {SHOWN_CHARS_MAX} characters"));
            }
        }
        match &at.document {
            Document::World { spec, .. } => self.world(at, spec),
            Document::Zone { spec, .. } => self.zone(at, spec),
            Document::Room { spec, .. } => self.room(at, spec),
            Document::Item { spec, .. } => self.item(at, spec),
            Document::Mob { spec, .. } => self.mob(at, spec),
            Document::Loader { spec, .. } => self.loader(at, spec),
            Document::Faction { spec, .. } => self.faction(at, spec),
            Document::Currency { spec, .. } => self.name(at, &spec.name),
            Document::Social { spec, .. } => self.social(at, spec),
            Document::StartingEquipment { spec, .. } => {
                self.reference(at, "spec.item", DocumentKind::Item, &spec.item);
                self.copies(at, "spec.num", spec.num);
            }
            Document::Trigger { spec, .. } => self.trigger(at, spec),
            Document::FactSchedule { spec, .. } => self.fact_schedule(at, spec),
            Document::Skill { metadata, spec } => self.skill(at, &metadata.slug, spec),
        }
    }

    fn error(&mut self, at: &Located, field: impl Into<String>, message: impl Into<String>) {
        self.problems.push(at.problem(Severity::Error, field, message));
    }

    fn find(&self, kind: DocumentKind, slug: &str) -> Option<&'a Located> {
        self.index.get(&kind).and_then(|of_kind| of_kind.get(slug)).copied()
    }

    /// The slug must be of a document of the kind.
    fn reference(&mut self, at: &Located, field: impl Into<String>, kind: DocumentKind, slug: &str) {
        if self.find(kind, slug).is_some() {
            return;
        }
        let known = self.index.get(&kind).into_iter().flat_map(|of_kind| of_kind.keys().copied());
        let kind = kind.as_str();
        let message = if slug.is_empty() {
            format!("a {kind} must be named here, by its slug")
        } else {
            format!("no {kind} has the slug `{slug}`{}", suggestion(slug, known))
        };
        self.error(at, field, message);
    }

    fn optional_reference(&mut self, at: &Located, field: &str, kind: DocumentKind, slug: Option<&String>) {
        if let Some(slug) = slug {
            self.reference(at, field, kind, slug);
        }
    }

    fn name(&mut self, at: &Located, name: &str) {
        self.short_text(at, "spec.name", name);
        if name.trim().is_empty() {
            self.error(at, "spec.name", "must not be empty");
        }
    }

    /// One line of at most [`NAME_CHARS_MAX`] characters.
    fn short_text(&mut self, at: &Located, field: &str, text: &str) {
        if text.chars().count() > NAME_CHARS_MAX {
            self.error(at, field, format!("at most {NAME_CHARS_MAX} characters"));
        }
        if text.chars().any(char::is_control) {
            self.error(at, field, "must be one line");
        }
    }

    fn range(&mut self, at: &Located, field: impl Into<String>, value: i64, least: i64, most: i64) {
        if !(least..=most).contains(&value) {
            self.error(at, field, format!("{value} is not from {least} to {most}"));
        }
    }

    fn copies(&mut self, at: &Located, field: impl Into<String>, copies: u32) {
        self.range(at, field, i64::from(copies), 1, i64::from(super::formulas::COPIES_MAX));
    }

    fn level(&mut self, at: &Located, level: u32) {
        self.range(at, "spec.level", i64::from(level), 1, i64::from(super::formulas::LEVEL_MAX));
    }
}

/// Everything of a document that players read, with its field, and its notes.
pub fn shown_texts(document: &Document) -> (Vec<(String, &str)>, &str) {
    let mut texts: Vec<(String, &str)> = Vec::new();
    let notes = match document {
        Document::Room { spec, .. } => {
            texts.push(("spec.description".into(), &spec.description));
            for (direction, exit) in &spec.exits {
                if let ExitSpec::Full(detail) = exit {
                    texts.push((format!("spec.exits.{direction}.look"), &detail.look));
                }
            }
            texts.extend(of_details(&spec.details));
            spec.notes.as_str()
        }
        Document::Item { spec, .. } => {
            texts.push(("spec.description".into(), &spec.description));
            texts.push(("spec.ground_description".into(), &spec.ground_description));
            texts.push(("spec.on_use_description".into(), &spec.on_use_description));
            texts.extend(of_details(&spec.details));
            &spec.notes
        }
        Document::Mob { spec, .. } => {
            texts.push(("spec.description".into(), &spec.description));
            texts.push(("spec.room_description".into(), &spec.room_description));
            for (index, reaction) in spec.reactions.iter().enumerate() {
                let said = said_in(&reaction.script);
                texts.extend(said.map(|said| (format!("spec.reactions.{index}.script"), said)));
            }
            &spec.notes
        }
        Document::Trigger { spec, .. } => {
            texts.push(("spec.failure_message".into(), &spec.failure_message));
            texts.extend(said_in(&spec.script).map(|said| ("spec.script".into(), said)));
            &spec.notes
        }
        Document::FactSchedule { spec, .. } => {
            texts.push(("spec.message".into(), &spec.message));
            &spec.notes
        }
        _ => "",
    };
    (texts, notes)
}

/// What is said in a script begins after each command.
fn said_in(script: &str) -> impl Iterator<Item = &str> {
    let commands = script.lines().flat_map(|line| line.split("&&"));
    commands.filter_map(|command| command.trim().split_once(' ').map(|(_, said)| said))
}

fn of_details(details: &[DetailSpec]) -> impl Iterator<Item = (String, &str)> {
    details.iter().enumerate().map(|(index, detail)| (format!("spec.details.{index}.text"), detail.text.as_str()))
}

#[cfg(test)]
mod tests;
