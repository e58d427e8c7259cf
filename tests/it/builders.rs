//! `docs/builders.md` against the code: its examples are one world that compiles and lints clean,
//! and it names every kind, field and value of the format.

use realms::world::compile::{Ids, compile};
use realms::world::kinds::*;
use realms::world::manifest::{Source, canonical, read, write};
use realms::world::spec::Document;
use realms::world::{check, lint};

fn manual() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/builders.md")).unwrap()
}

/// The YAML of the text as one file whose lines are those of the text.
fn examples() -> Vec<Source> {
    let mut inside = false;
    let lines: Vec<String> = manual()
        .lines()
        .map(|line| match line {
            "```yaml" => {
                inside = true;
                "---".to_owned()
            }
            "```" if std::mem::take(&mut inside) => String::new(),
            line if inside => line.to_owned(),
            _ => String::new(),
        })
        .collect();
    vec![Source { path: "docs/builders.md".into(), text: lines.join("\n") + "\n" }]
}

fn said(problems: &[realms::world::manifest::Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn the_examples_are_a_world() {
    let documents = read(&examples()).unwrap_or_else(|problems| panic!("{}", said(&problems)));
    assert_eq!(said(&check::check(&documents)), "");
    assert_eq!(said(&lint::lint(&documents)), "");
    let documents: Vec<Document> = documents.into_iter().map(|located| located.document).collect();
    compile(&documents, &Ids::sequential(&documents)).unwrap_or_else(|problems| panic!("{}", said(&problems)));
    let back = read(&write(&documents).unwrap()).unwrap();
    let back: Vec<Document> = back.into_iter().map(|located| located.document).collect();
    assert_eq!(canonical(&back), canonical(&documents));
    let kinds: std::collections::BTreeSet<DocumentKind> = documents.iter().map(Document::kind).collect();
    assert_eq!(kinds.len(), DocumentKind::ALL.len(), "every kind has an example");
}

#[test]
fn every_field_is_named() {
    let manual = manual();
    let mut missing = Vec::new();
    for kind in DocumentKind::ALL {
        // The reader lists the known fields when it meets one that is like none of them.
        let text = format!("kind: {kind}\nmetadata: {{slug: x}}\nspec: {{zzzzzzzzzzzzzzzz: 1}}\n");
        let problems = read(&[Source { path: "x".into(), text }]).err().unwrap();
        let (_, known) = problems[0].message.split_once("known are ").unwrap();
        for field in known.split(", ").map(|field| field.trim_matches('`')) {
            if !manual.contains(&format!("`{field}`")) && !manual.contains(&format!("  {field}:")) {
                missing.push(format!("{kind}: {field}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_value_is_named() {
    let manual = manual();
    fn words<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|one| name(*one)).collect()
    }
    let all = [
        words(DocumentKind::ALL, DocumentKind::as_str),
        words(Direction::ALL, Direction::as_str),
        words(RoomType::ALL, RoomType::as_str),
        words(RoomFlag::ALL, RoomFlag::as_str),
        words(DoorState::ALL, DoorState::as_str),
        words(ItemType::ALL, ItemType::as_str),
        words(Quality::ALL, Quality::as_str),
        words(EquipmentType::ALL, EquipmentType::as_str),
        words(ArmorClass::ALL, ArmorClass::as_str),
        words(WeaponType::ALL, WeaponType::as_str),
        words(Attribute::ALL, Attribute::as_str),
        words(FoodType::ALL, FoodType::as_str),
        words(MobType::ALL, MobType::as_str),
        words(Archetype::ALL, Archetype::as_str),
        words(Gender::ALL, Gender::as_str),
        words(Roaming::ALL, Roaming::as_str),
        words(Aggression::ALL, Aggression::as_str),
        words(ReactionEvent::ALL, ReactionEvent::as_str),
        words(TriggerScope::ALL, TriggerScope::as_str),
        words(Prevent::ALL, Prevent::as_str),
        words(FactSelection::ALL, FactSelection::as_str),
        words(DeathMode::ALL, DeathMode::as_str),
        words(DeathRoute::ALL, DeathRoute::as_str),
        words(PvpMode::ALL, PvpMode::as_str),
    ];
    let missing: Vec<&str> =
        all.concat().into_iter().filter(|word| !word.is_empty() && !manual.contains(&format!("`{word}`"))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
