use proptest::prelude::*;

use super::*;
use crate::world::fixture;
use crate::world::kinds::{Direction, DoorState};
use crate::world::spec::{ExitSpec, Metadata, RoomSpec};

fn source(text: &str) -> Vec<Source> {
    vec![Source { path: "w/rooms.yaml".into(), text: text.into() }]
}

fn problems(text: &str) -> Vec<String> {
    read(&source(text)).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn room(text: &str) -> Box<RoomSpec> {
    let read = read(&source(text)).unwrap_or_else(|problems| panic!("{problems:?}"));
    match read.into_iter().next().map(|located| located.document) {
        Some(Document::Room { spec, .. }) => spec,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_room_is_read_with_its_doors_and_types() {
    let spec = room(
        "kind: room\nmetadata: {slug: hall}\nspec:\n  zone: '1'\n  name: 1984\n  at: [1, -2, 3]\n  exits:\n    north: yard\n    up: {to: loft, door: {state: locked}}\n  description: |\n    One.\n    Two.\n",
    );
    assert_eq!((spec.zone.as_str(), spec.name.as_str(), spec.at), ("1", "1984", [1, -2, 3]));
    assert_eq!(spec.description, "One.\nTwo.", "the line break at the end of a block is not part of the text");
    assert_eq!(spec.exits[&Direction::North], ExitSpec::Room("yard".into()));
    assert_eq!(
        spec.exits[&Direction::Up].door().map(|door| (door.name.as_str(), door.state)),
        Some(("door", DoorState::Locked))
    );
}

#[test]
fn problems_name_file_line_thing_and_field() {
    let room = |spec: &str| {
        problems(&format!("# a comment\nkind: room\nmetadata: {{slug: hall}}\nspec:\n  zone: z\n  name: Hall\n{spec}"))
    };
    let cases = [
        ("  at: [1, 2]\n", "w/rooms.yaml:7: room `hall`: spec.at: expected a list of 3, found 2"),
        (
            "  at: [1, 2, x]\n",
            "w/rooms.yaml:7: room `hall`: spec.at.2: expected a whole number from -2147483648 to 2147483647, found `x`",
        ),
        (
            "  at: [0, 0, 0]\n  exits:\n    nroth: yard\n",
            "w/rooms.yaml:9: room `hall`: spec.exits: `nroth` is not one of `north`, `east`, `south`, `west`, `up`, `down`; did you mean `north`?",
        ),
        (
            "  at: [0, 0, 0]\n  exits:\n    north: {to: yard, dor: {}}\n",
            "w/rooms.yaml:9: room `hall`: spec.exits.north: there is no field `dor`; did you mean `door`?",
        ),
        (
            "  at: [0, 0, 0]\n  exits:\n    north: [yard]\n",
            "w/rooms.yaml:9: room `hall`: spec.exits.north: expected the slug of a room, or a mapping with `to`, `door`, `look`, found a list",
        ),
        (
            "  at: [0, 0, 0]\n  exits:\n    north:\n      to: yard\n      door:\n        state: ajar\n",
            "w/rooms.yaml:12: room `hall`: spec.exits.north.door.state: `ajar` is not one of `open`, `closed`, `locked`",
        ),
        (
            "  at: [0, 0, 0]\n  descripton: x\n",
            "w/rooms.yaml:8: room `hall`: spec: there is no field `descripton`; did you mean `description`?",
        ),
        (
            "  at: [0, 0, 0]\n  description:\n",
            "w/rooms.yaml:8: room `hall`: spec.description: expected text, found nothing; leave the field out, or use quotes",
        ),
        ("  at: [0, 0, 0]\n  flags: [dark, drak]\n", "w/rooms.yaml:8: room `hall`: spec.flags.1: `drak` is not one of"),
        ("", "w/rooms.yaml:5: room `hall`: spec: the field `at` is missing"),
        ("  at: [0, 0, 0]\n  name: Again\n", "w/rooms.yaml:8: the key `name` stands here and on line 6"),
    ];
    for (text, expected) in cases {
        let found = room(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}\n{found:#?}\n{expected}");
    }
}

#[test]
fn documents_that_are_none_are_refused() {
    let cases = [
        ("- 1\n", "w/rooms.yaml:1: expected a document with `kind`, `metadata` and `spec`, found a list"),
        ("kind: rom\nmetadata: {slug: a}\nspec: {}\n", "w/rooms.yaml:1: kind: `rom` is not one of"),
        (
            "kind: zone\nmetadata: {slug: a}\nspecs: {}\n",
            "w/rooms.yaml:3: zone `a`: a document has `kind`, `metadata` and `spec`, not `specs`; did you mean `spec`?",
        ),
        ("kind: zone\nspec: {}\n", "w/rooms.yaml:1: the document has no `metadata`"),
        ("kind: zone\nmetadata: {slug: A b}\nspec: {}\n", "w/rooms.yaml:2: metadata.slug: `A b` is no slug"),
        ("kind: zone\nmetadata: {slug: a}\nspec: {name: &x y}\n", "w/rooms.yaml:3: anchors"),
        ("kind: zone\nmetadata: {slug: a}\nspec: {name: !!str y}\n", "w/rooms.yaml:3: anchors"),
        ("kind: zone\n  bad: [\n", "w/rooms.yaml:2: not YAML at column"),
        (
            "kind: zone\nmetadata: {slug: a}\nspec: {is_warzone: yes}\n",
            "w/rooms.yaml:3: zone `a`: spec.is_warzone: expected true or false, found `yes`",
        ),
    ];
    for (text, expected) in cases {
        let found = problems(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}\n{found:#?}\n{expected}");
    }
}

#[test]
fn every_document_reports_its_own_problem() {
    let text = "kind: zone\nmetadata: {slug: a}\nspec: {nam: x}\n---\nkind: zone\nmetadata: {slug: b}\nspec: {name: x}\n---\nkind: zone\nmetadata: {slug: c}\nspec: {respawn_wait: soon}\n";
    let found = problems(text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("w/rooms.yaml:3: zone `a`") && found[1].starts_with("w/rooms.yaml:11: zone `c`"),
        "{found:?}"
    );
}

#[test]
fn limits_hold() {
    let deep = format!("kind: zone\nmetadata: {{slug: a}}\nspec: {}1{}\n", "[".repeat(40), "]".repeat(40));
    assert!(problems(&deep)[0].contains("nested more than"));
    let long = format!("kind: zone\nmetadata: {{slug: a}}\nspec: {{name: {}}}\n", "x".repeat(TEXT_CHARS_MAX + 1));
    assert!(problems(&long)[0].contains("a text of more than"));
    let wide = format!("kind: zone\nmetadata: {{slug: a}}\nspec: [{}]\n", "1,".repeat(ENTRIES_MAX + 1));
    assert!(problems(&wide)[0].contains("more than 2048 entries"));
    let huge = problems(&" ".repeat(FILE_BYTES_MAX + 1));
    assert!(huge[0].contains("a file may have"), "{huge:?}");
    let many: String = "kind: rom\nmetadata: {slug: a}\nspec: {}\n---\n".repeat(PROBLEMS_MAX + 50);
    assert_eq!(problems(&many).len(), PROBLEMS_MAX);
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\n";
    assert!(problems(bomb)[0].contains("anchors"));
}

#[test]
fn lines_of_fields_are_known() {
    let located = read(&source("kind: room\nmetadata: {slug: hall}\nspec:\n  zone: z\n  name: Hall\n  at: [0, 0, 0]\n  exits:\n    north: yard\n    east:\n      to: lawn\n")).unwrap();
    let line = |field| located[0].line_of(field);
    assert_eq!((line("spec.exits.north"), line("spec.exits.east.to"), line("spec.color"), line("")), (8, 10, 3, 1));
}

#[test]
fn the_fixture_survives_writing() {
    let documents = fixture::documents();
    let files = write(&documents).unwrap();
    let back: Vec<Document> = read(&files).unwrap().into_iter().map(|located| located.document).collect();
    assert_eq!(canonical(&back), canonical(&documents));
    assert_eq!(write(&back).unwrap(), files, "the canonical form is a fixed point");
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "currencies.yaml",
            "factions.yaml",
            "facts.yaml",
            "items.yaml",
            "mobs.yaml",
            "skills.yaml",
            "socials.yaml",
            "starting-equipment.yaml",
            "triggers.yaml",
            "village/loaders.yaml",
            "village/rooms.yaml",
            "village/triggers.yaml",
            "village/zone.yaml",
            "wood/loaders.yaml",
            "wood/rooms.yaml",
            "wood/triggers.yaml",
            "wood/zone.yaml",
            "world.yaml"
        ]
    );
}

#[test]
fn the_canonical_form_is_pleasant() {
    let document = fixture::documents().into_iter().find(|document| document.slug() == "yard").unwrap();
    assert_eq!(
        write_one(&document).unwrap(),
        "kind: room\nmetadata:\n  slug: yard\nspec:\n  zone: village\n  name: Mill Yard\n  at: [-1, 0, 0]\n  type: road\n  description: Cart tracks end before a low oak gate.\n  exits:\n    east: green\n    west:\n      to: mill\n      door:\n        name: gate\n        state: locked\n        key: brass-key\n  details:\n    - words: [tracks, cart, gate, oak]\n      text: The gate has a brass lock.\n"
    );
}

proptest! {
    #[test]
    fn any_text_survives_writing(name in "\\PC{1,60}", text in any::<String>(), lines in "([a-z' #:>|-]{0,90}\n){0,4}[a-z ]{0,120}") {
        let text = text.trim_end_matches('\n').to_owned();
        let lines = lines.trim_end_matches('\n').to_owned();
        let spec = RoomSpec {
            zone: "z".into(), name, at: [0, 0, 0], room_type: Default::default(), description: lines, exits: Default::default(),
            details: vec![], flags: vec![], color: String::new(), checks: vec![], on_get: vec![],
            hint: String::new(), notes: text,
        };
        let document = Document::Room { metadata: Metadata { slug: "r".into(), world: None }, spec: Box::new(spec) };
        let written = write_one(&document).unwrap();
        let back = read(&source(&written)).map_err(|problems| TestCaseError::fail(format!("{problems:?}\n{written}")))?;
        prop_assert_eq!(&back[0].document, &document, "{}", written);
    }

    #[test]
    fn no_text_breaks_the_reader(text in any::<String>(), yaml in "(kind|metadata|spec|slug|room|[ \n:{}\\[\\],'\"|>#&*!-]){0,60}") {
        let _ = read(&source(&text));
        let _ = read(&source(&yaml));
    }
}
