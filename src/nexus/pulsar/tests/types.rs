//! The wire as TypeScript, learnt from every frame that the scripts and the play of `wire` produce: which fields there
//! are, which of them may be missing or null. Herald checks its own types against it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::wire;
use crate::world::kinds::*;

/// What was seen in one place.
#[derive(Default)]
struct Shape {
    plain: BTreeSet<String>,
    list: Option<Box<Shape>>,
    /// Values by keys that are not fields.
    map: Option<Box<Shape>>,
    fields: Option<Fields>,
}

#[derive(Default)]
struct Fields {
    seen: usize,
    fields: BTreeMap<String, (usize, Shape)>,
}

#[derive(Default)]
struct Types(BTreeMap<&'static str, Fields>);

/// Fields whose keys are codes, names or slots.
const MAPS: [&str; 10] =
    ["aliases", "cooldowns", "currencies", "definitions", "effects", "equipment", "facts", "factions", "marks", "cmds"];

fn name_of(map: &Map<String, Value>) -> Option<&'static str> {
    let has = |field: &str| map.contains_key(field);
    let key = map.get("key").and_then(Value::as_str).unwrap_or("");
    Some(match () {
        () if has("experience_needed") && has("inventory") => "Actor",
        () if has("char_type") => "Char",
        () if has("chars") => "Room",
        () if has("x") && has("y") && has("z") => "MapRoom",
        () if key.starts_with("item.") && has("keyword") => "Item",
        () if has("name_recognition") => "WhoEntry",
        () if has("who_list") => "StateSync",
        () if has("starting_room") => "SyncWorld",
        () if has("format") && has("examples") => "CommandHelp",
        () if key.starts_with("player.") && has("room") => "ActorPart",
        () if has("key") && has("name") && has("keywords") => "Named",
        () if has("key") && map.len() == 1 => "KeyRef",
        () => return None,
    })
}

impl Types {
    fn fields(&mut self, fields: &mut Fields, map: &Map<String, Value>, skip: &[&str]) {
        fields.seen += 1;
        for (name, value) in map.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
            let mut entry = fields.fields.remove(name).unwrap_or_default();
            entry.0 += 1;
            self.learn(&mut entry.1, name, value);
            fields.fields.insert(name.clone(), entry);
        }
    }

    fn learn(&mut self, shape: &mut Shape, field: &str, value: &Value) {
        match value {
            Value::Null => drop(shape.plain.insert("null".into())),
            Value::Bool(_) => drop(shape.plain.insert("boolean".into())),
            Value::Number(_) => drop(shape.plain.insert("number".into())),
            Value::String(text) => drop(shape.plain.insert(string(field, text))),
            Value::Array(values) => {
                let mut list = shape.list.take().unwrap_or_default();
                values.iter().for_each(|value| self.learn(&mut list, "", value));
                shape.list = Some(list);
            }
            Value::Object(map) if MAPS.contains(&field) || (field == "custom" && !map.contains_key("definitions")) => {
                let mut values = shape.map.take().unwrap_or_default();
                map.values().for_each(|value| self.learn(&mut values, "", value));
                shape.map = Some(values);
            }
            Value::Object(map) => match name_of(map) {
                Some(name) => {
                    shape.plain.insert(name.into());
                    let mut fields = self.0.remove(name).unwrap_or_default();
                    let attributes = attributes();
                    // What an item adds depends on the item.
                    self.fields(&mut fields, map, if name == "Item" { &attributes } else { &[] });
                    // Learnt again within itself (a container's contents): both count.
                    if let Some(inner) = self.0.remove(name) {
                        merge(&mut fields, inner);
                    }
                    self.0.insert(name, fields);
                }
                None => {
                    let mut fields = shape.fields.take().unwrap_or_default();
                    self.fields(&mut fields, map, &[]);
                    shape.fields = Some(fields);
                }
            },
        }
    }
}

fn merge(into: &mut Fields, from: Fields) {
    into.seen += from.seen;
    for (name, (count, shape)) in from.fields {
        let entry = into.fields.entry(name).or_default();
        entry.0 += count;
        entry.1.plain.extend(shape.plain);
        for (mine, theirs) in [(&mut entry.1.list, shape.list), (&mut entry.1.map, shape.map)] {
            match (mine.as_mut(), theirs) {
                (Some(mine), Some(theirs)) => mine.plain.extend(theirs.plain),
                (None, theirs) => *mine = theirs,
                _ => {}
            }
        }
    }
}

/// Closed sets of words keep their words.
fn string(field: &str, text: &str) -> String {
    match field {
        "direction" | "door_state" if text.is_empty() => "\"\"".into(),
        "direction" => "Direction".into(),
        field if field.ends_with("door_state") => "DoorState".into(),
        "char_type" | "target_type" => format!("{text:?}"),
        _ => "string".into(),
    }
}

impl Shape {
    fn write(&self, indent: usize) -> String {
        let mut parts: Vec<String> = self.plain.iter().filter(|name| *name != "null").cloned().collect();
        if let Some(list) = &self.list {
            let inner = list.write(indent);
            parts.push(if inner.contains(' ') { format!("({inner})[]") } else { format!("{inner}[]") });
        }
        if let Some(map) = &self.map {
            parts.push(format!("Record<string, {}>", map.write(indent)));
        }
        if let Some(fields) = &self.fields {
            parts.push(fields.write(indent));
        }
        if self.plain.contains("null") {
            parts.push("null".into());
        }
        // A list or a map that was never seen with anything in it.
        if parts.is_empty() { "never".into() } else { parts.join(" | ") }
    }
}

impl Fields {
    fn write(&self, indent: usize) -> String {
        if self.fields.is_empty() {
            return "Record<string, never>".into();
        }
        let mut text = String::from("{\n");
        for (name, (count, shape)) in &self.fields {
            let optional = if *count < self.seen { "?" } else { "" };
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let name = if plain { name.clone() } else { format!("{name:?}") };
            writeln!(text, "{:width$}{name}{optional}: {};", "", shape.write(indent + 2), width = indent + 2).unwrap();
        }
        write!(text, "{:indent$}}}", "").unwrap();
        text
    }
}

/// What an item may add to its bearer; armor is a field of every item.
fn attributes() -> Vec<&'static str> {
    Attribute::ALL.iter().map(|attribute| attribute.as_str()).filter(|name| *name != "armor").collect()
}

fn union(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" | ")
}

fn module() -> String {
    let mut types = Types::default();
    let mut kinds: BTreeMap<String, Shape> = BTreeMap::new();
    for frame in wire::frames() {
        let kind = frame["type"].as_str().unwrap();
        // Refusals all have one shape; their types come with the commands and gestures of a world.
        let kind = if kind.starts_with("cmd.") && kind.ends_with(".error") { "cmd.<command>.error" } else { kind };
        let mut shape = kinds.remove(kind).unwrap_or_default();
        let field = if kind == "cmd.exits.success" { "cmds" } else { "" };
        types.learn(&mut shape, field, &frame["data"]);
        kinds.insert(kind.to_owned(), shape);
    }
    let words = |all: &[Direction]| union(&all.iter().map(|d| d.as_str()).collect::<Vec<_>>());
    let doors: Vec<&str> = DoorState::ALL.iter().map(|state| state.as_str()).collect();
    let mut text = String::from(
        "// Made by a test of the engine from the frames that it sends; not to be edited. REALMS_BLESS=1 makes it anew.\n\n",
    );
    writeln!(text, "export type Direction = {};", words(Direction::ALL)).unwrap();
    writeln!(text, "export type DoorState = {};", union(&doors)).unwrap();
    writeln!(text, "export type Attribute = {};", union(&attributes())).unwrap();
    for (name, fields) in &types.0 {
        let more = if *name == "Item" { " & Partial<Record<Attribute, number>>" } else { "" };
        writeln!(text, "\nexport type {name} = {}{more};", fields.write(0)).unwrap();
    }
    text.push_str("\n/** What the data of each type of frame is. */\nexport type FrameData = {\n");
    for (kind, shape) in &kinds {
        writeln!(text, "  {kind:?}: {};", shape.write(2)).unwrap();
    }
    text.push_str("};\n");
    text
}

#[test]
fn the_types_that_herald_is_checked_against_are_those_of_the_frames() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("herald/src/wire/generated/frames.ts");
    let made = module();
    if std::env::var_os("REALMS_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(made == stored, "the frames have changed: run this test with REALMS_BLESS=1 and look at {path:?}");
}
