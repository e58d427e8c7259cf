//! Worlds in the Circle format (CircleMUD, tbaMUD) as documents of ours. The texts of its files go in,
//! documents and a report come out; what has no counterpart stays in the notes of what it belonged to,
//! and in the report. Malformed files refuse the import, with file and line.

mod folk;
mod layout;
mod lex;
mod places;
mod records;
mod report;
mod resets;
mod text;
mod things;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::{PROBLEMS_MAX, Problem, Source};
use super::spec::*;
pub use report::{Kept, LEVELS, OUTSIDE, QUESTS, RESETS_LIMITED, RESETS_LOST, Report, TRIGGERS, TRIGGERS_ALONE};

/// The folders of a Circle world; the files in each end with the folder's name.
pub const FOLDERS: [&str; 7] = ["zon", "trg", "wld", "mob", "obj", "shp", "qst"];

/// What an import made.
#[derive(Debug)]
pub struct Imported {
    pub documents: Vec<Document>,
    pub report: Report,
}

/// Everything that the files say, by number.
#[derive(Default)]
struct Original {
    zones: Vec<zones::Zone>,
    rooms: BTreeMap<i64, records::Room>,
    mobs: BTreeMap<i64, records::Mob>,
    objects: BTreeMap<i64, records::Object>,
    shops: Vec<zones::Shop>,
    triggers: BTreeMap<i64, zones::Trigger>,
    quests: Vec<zones::Quest>,
    /// Records whose number another one has, with the file in which that was noticed.
    doubles: Vec<(String, String)>,
}

/// Imports the files; which kind each is, its extension says.
pub fn import(sources: &[Source]) -> Result<Imported, Vec<Problem>> {
    let original = read(sources)?;
    if original.rooms.is_empty() {
        return Err(vec![Problem::error("", 0, "no room here: a Circle world has rooms in wld/*.wld")]);
    }
    let mut import = Import::new(&original);
    for (file, double) in &original.doubles {
        import.report.keep(report::DOUBLES, file, text::one_line(double));
    }
    import.world();
    import.zones();
    import.items();
    import.mobs();
    import.shops();
    import.rooms();
    import.resets();
    import.drafts();
    Ok(import.finish())
}

fn read(sources: &[Source]) -> Result<Original, Vec<Problem>> {
    let (mut original, mut problems) = (Original::default(), Vec::new());
    for source in sources {
        if let Err(problem) = read_file(source, &mut original) {
            problems.push(problem);
        }
    }
    original.zones.sort_by_key(|zone| zone.number);
    problems.truncate(PROBLEMS_MAX);
    if problems.is_empty() { Ok(original) } else { Err(problems) }
}

fn read_file(source: &Source, original: &mut Original) -> Result<(), Problem> {
    let mut doubles = Vec::new();
    match source.path.rsplit('.').next().unwrap_or_default() {
        "wld" => {
            for room in records::rooms(source)? {
                let vnum = room.vnum;
                doubles.extend(original.rooms.insert(vnum, room).map(|old| format!("room {vnum}: {}", old.name)));
            }
        }
        "mob" => {
            for mob in records::mobs(source)? {
                let vnum = mob.vnum;
                doubles.extend(original.mobs.insert(vnum, mob).map(|old| format!("mob {vnum}: {}", old.short)));
            }
        }
        "obj" => {
            for object in records::objects(source)? {
                let vnum = object.vnum;
                doubles
                    .extend(original.objects.insert(vnum, object).map(|old| format!("object {vnum}: {}", old.short)));
            }
        }
        "trg" => {
            for trigger in zones::triggers(source)? {
                let vnum = trigger.vnum;
                doubles
                    .extend(original.triggers.insert(vnum, trigger).map(|old| format!("trigger {vnum}: {}", old.name)));
            }
        }
        "zon" => {
            for zone in zones::zones(source)? {
                match original.zones.iter().any(|known| known.number == zone.number) {
                    true => doubles.push(format!("zone {}: {}", zone.number, zone.name)),
                    false => original.zones.push(zone),
                }
            }
        }
        "shp" => original.shops.extend(zones::shops(source)?),
        "qst" => original.quests.extend(zones::quests(source)?),
        _ => {}
    }
    original.doubles.extend(doubles.into_iter().map(|double| (source.path.clone(), double)));
    Ok(())
}

/// The number of the zone for rooms that no zone's numbers cover.
const ELSEWHERE: i64 = 99_999;

/// The import in the making.
struct Import<'a> {
    original: &'a Original,
    report: Report,
    documents: Vec<Document>,
    /// Where each mob's document is among them, and each zone's.
    mob_at: BTreeMap<i64, usize>,
    zone_at: BTreeMap<i64, usize>,
    /// Keepers of shops.
    keepers: BTreeSet<i64>,
    /// Triggers that a draft was already written of.
    drafted: BTreeSet<i64>,
}

impl<'a> Import<'a> {
    fn new(original: &'a Original) -> Self {
        Self {
            original,
            report: Report::default(),
            documents: Vec::new(),
            mob_at: BTreeMap::new(),
            zone_at: BTreeMap::new(),
            keepers: original.shops.iter().map(|shop| shop.keeper).collect(),
            drafted: BTreeSet::new(),
        }
    }

    fn add(&mut self, slug: String, make: impl FnOnce(Metadata) -> Document) -> usize {
        self.documents.push(make(Metadata { slug, world: None }));
        self.documents.len() - 1
    }

    fn room_slug(&self, vnum: i64) -> Option<String> {
        self.original.rooms.get(&vnum).map(|room| text::slug(&room.name, vnum))
    }

    fn mob_slug(&self, vnum: i64) -> Option<String> {
        self.original.mobs.get(&vnum).map(|mob| text::slug(&mob.short, vnum))
    }

    fn item_slug(&self, vnum: i64) -> Option<String> {
        self.original.objects.get(&vnum).map(|object| text::slug(&object.short, vnum))
    }

    /// The zone whose numbers cover the vnum.
    fn zone_of(&self, vnum: i64) -> i64 {
        let covering = self.original.zones.iter().find(|zone| (zone.bottom..=zone.top).contains(&vnum));
        covering.map_or(ELSEWHERE, |zone| zone.number)
    }

    fn zone_slug(&self, number: i64) -> String {
        let zone = self.original.zones.iter().find(|zone| zone.number == number);
        text::slug(zone.map_or("elsewhere", |zone| &zone.name), number)
    }

    /// The lines for the notes of something that triggers are attached to: each script once in the whole world.
    fn trigger_notes(&mut self, record: &str, attached: &[i64]) -> Vec<String> {
        let mut lines = Vec::new();
        for vnum in attached {
            match self.original.triggers.get(vnum) {
                None => {
                    self.report.keep(report::TRIGGERS_MISSING, record, format!("trigger {vnum}"));
                    lines.push(format!("trigger {vnum}, which was not imported"));
                }
                Some(trigger) if self.drafted.insert(*vnum) => {
                    self.report.keep(TRIGGERS, record, format!("trigger {vnum}, {}", text::one_line(&trigger.name)));
                    lines.push(draft(trigger));
                }
                Some(trigger) => {
                    lines.push(format!("trigger {vnum} too ({}), drafted elsewhere", text::one_line(&trigger.name)));
                }
            }
        }
        lines
    }

    /// Triggers and quests that no document took.
    fn drafts(&mut self) {
        let original = self.original;
        for (vnum, trigger) in &original.triggers {
            if self.drafted.insert(*vnum) {
                let record = format!("trigger {vnum}");
                self.report.keep(TRIGGERS_ALONE, record, text::one_line(&trigger.name));
                self.note_zone(self.zone_of(*vnum), &draft(trigger));
            }
        }
        for quest in &original.quests {
            let draft = format!("quest {} as a draft:\n{}", quest.vnum, text::plain(&quest.text));
            self.report.keep(QUESTS, format!("quest {}", quest.vnum), text::one_line(&quest.name));
            let fits = match self.mob_at.get(&quest.master).map(|at| &mut self.documents[*at]) {
                Some(Document::Mob { spec, .. }) => append(&mut spec.notes, &draft),
                _ => false,
            };
            if !fits {
                self.note_zone(self.zone_of(quest.vnum), &draft);
            }
        }
    }

    /// Adds to the notes of a zone; to those of the world where there is no such zone.
    fn note_zone(&mut self, zone: i64, text: &str) {
        let at = self.zone_at.get(&zone).copied().unwrap_or(0);
        let fits = match &mut self.documents[at] {
            Document::Zone { spec, .. } => append(&mut spec.notes, text),
            Document::World { spec, .. } => append(&mut spec.notes, text),
            _ => false,
        };
        if !fits {
            self.report.keep(report::TOO_LONG, format!("zone {zone}"), text);
        }
    }

    /// The lines as notes; what is too much goes to the report.
    fn notes(&mut self, record: &str, lines: Vec<String>) -> String {
        let mut notes = String::new();
        for line in lines {
            if !append(&mut notes, &line) {
                self.report.keep(report::TOO_LONG, record, line);
            }
        }
        notes
    }

    fn finish(self) -> Imported {
        Imported { documents: self.documents, report: self.report }
    }
}

fn draft(trigger: &zones::Trigger) -> String {
    let attach = match trigger.attach {
        0 => "mob",
        1 => "object",
        _ => "room",
    };
    let argument = text::one_line(&trigger.argument);
    format!(
        "trigger {} as a draft: {} ({attach}, type {}{}{argument})\n{}",
        trigger.vnum,
        text::one_line(&trigger.name),
        trigger.kind,
        if argument.is_empty() { "" } else { ", on " },
        text::plain(&trigger.script).replace('\t', "    ").trim_end()
    )
}

/// Adds a paragraph, while the notes are within what a text may have; else gives false.
fn append(notes: &mut String, text: &str) -> bool {
    let fits = notes.chars().count() + text.chars().count() < super::manifest::TEXT_CHARS_MAX;
    if fits {
        if !notes.is_empty() {
            notes.push('\n');
        }
        notes.push_str(text);
    }
    fits
}

#[cfg(test)]
mod tests;
