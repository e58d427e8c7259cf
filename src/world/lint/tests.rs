use super::*;
use crate::world::fixture;
use crate::world::manifest::{Source, read};

fn findings(sources: &[Source]) -> Vec<String> {
    let documents = read(sources).unwrap_or_else(|problems| panic!("{problems:?}"));
    lint(&documents).iter().map(ToString::to_string).filter(|text| !text.contains("nothing is seen when")).collect()
}

/// What is found after one text of the fixture was replaced by another, beyond what was found before.
fn after(from: &str, to: &str) -> Vec<String> {
    let mut sources = fixture::sources();
    let before = findings(&sources);
    let source = sources.iter_mut().find(|source| source.text.contains(from)).unwrap();
    source.text = source.text.replacen(from, to, 1);
    findings(&sources).into_iter().filter(|finding| !before.contains(finding)).collect()
}

fn only(from: &str, to: &str, expected: &str) {
    let found = after(from, to);
    assert!(found.len() == 1 && found[0].contains(expected), "{from} -> {to}\n{found:#?}\n{expected}");
}

#[test]
fn the_fixture_is_nearly_clean() {
    let unloaded: Vec<String> = findings(&fixture::sources());
    assert!(unloaded.iter().all(|text| text.contains("no loader, mob, container, shop")), "{unloaded:#?}");
    assert_eq!(unloaded.len(), 4, "{unloaded:#?}");
}

#[test]
fn rooms_that_nobody_reaches() {
    only(
        "exits: {west: ford, north: hollow}",
        "exits: {west: ford}\n  notes: 'one-way: south'",
        "room `hollow`: spec.exits.south",
    );
    let found = after("exits: {west: green}\n", "exits: {west: green}\n  notes: 'one-way: west'\n");
    assert_eq!(found, Vec::<String>::new());
    let found = after("    east: shop\n", "");
    assert!(found.iter().any(|text| text.contains("room `shop`: no way leads to The Pedlar's Room")), "{found:#?}");
    let found = after("north: pond, east: edge", "north: pond");
    // Outlaws begin in the hollow, so that the edge is reached from there.
    assert!(found.iter().all(|text| text.contains("has no exit back here")), "{found:#?}");
}

#[test]
fn islands_are_one_finding() {
    let mut sources = fixture::sources();
    let room = |slug: &str, x: i32, to: &str| {
        format!(
            "kind: room\nmetadata: {{slug: {slug}}}\nspec:\n  zone: wood\n  name: Isle {slug}\n  at: [{x}, 9, 0]\n  description: Wet.\n  exits: {{{to}}}\n---\n"
        )
    };
    let text = room("a", 0, "east: b") + &room("b", 1, "west: a, east: c") + &room("c", 2, "west: b");
    sources.push(Source { path: "isle.yaml".into(), text });
    let found: Vec<String> = findings(&sources).into_iter().filter(|text| text.contains("no way leads")).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].contains("no way leads to Isle a from where characters begin, nor then to `b`, `c`"),
        "{found:#?}"
    );
}

#[test]
fn ways_without_a_way_back() {
    only(
        "    one-way: east, by the rope\n",
        "",
        "rooms.yaml:88: room `loft`: spec.exits.east: room `lane` has no exit back here",
    );
    only("    one-way: east, by the rope\n", "    one-way: west\n", "spec.exits.east");
    assert_eq!(after("    one-way: east, by the rope\n", "    one-way: a rope\n"), Vec::<String>::new());
}

#[test]
fn exits_that_the_map_belies() {
    only(
        "at: [1, 3, 0]",
        "at: [1, 1, 0]\n  notes: 'bent: south'",
        "room `edge`: spec.exits.north: room `hollow` at [1, 1, 0] does not lie north of [1, 2, 0]",
    );
    let found = after("at: [0, -1, 0]", "at: [0, -4, 0]");
    assert_eq!(found, Vec::<String>::new(), "a long way is none the worse");
    let found = after("at: [1, 0, 0]", "at: [0, -1, 5]");
    assert_eq!(found.len(), 2, "{found:#?}");
    let found = after("at: [-2, 0, 0]", "at: [-2, 0, 0]\n  notes: 'bent:'");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn keys_and_doors() {
    only("{name: gate, state: locked, key: brass-key}", "{name: gate}", "item `brass-key`: a key, but no door");
    let found = after("    - {item: brass-key}\n", "    - {item: loaf}\n");
    assert!(found[0].contains("spec.exits.west.door.key: its key `brass-key` is nowhere in the world"), "{found:#?}");
    only(
        "{to: loft, door: {name: hatch, state: closed}}",
        "{to: loft, door: {name: hatch, state: locked}}",
        "spec.exits.up.door: locked, and without a key",
    );
}

#[test]
fn what_is_never_loaded() {
    only("    - {mob: bittern, room: edge}\n", "", "mob `bittern`: no loader makes it");
    assert_eq!(
        after("name: a feast pie, type: food", "name: a feast pie, notes: 'unloaded: a gift', type: food"),
        Vec::<String>::new()
    );
    let found = after("say That is kind. && emote eats it.", "/load item punt");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_sentence_that_stands_twice() {
    only(
        "text: Blackthorn and dog rose.",
        "text: Bah. They have not turned since the harvest!",
        "\u{201c}They have not turned since the harvest!\u{201d} also stands in room `mill` (rooms.yaml:",
    );
    only("say The gate is locked for a reason.", "say Somebody left a cushion on the third one.", "also stands in");
}

#[test]
fn promises_that_nothing_keeps() {
    only(
        "Roots make a roof here.",
        "Roots make a roof over an old well and the thorn bushes.",
        "room `hollow`: spec.description: nothing answers `old well`, `thorn bushes`",
    );
    assert_eq!(
        after("Roots make a roof here.", "Roots make a roof over the edge, a wall, two sides of it, as a lid would."),
        Vec::<String>::new()
    );
    assert_eq!(
        after("Roots make a roof here.\n", "Roots make a roof over the wells.\n  notes: 'scenery: well'\n"),
        Vec::<String>::new()
    );
}

#[test]
fn empty_texts() {
    only("  description: Roots make a roof here.\n", "", "room `hollow`: spec.description: a room needs a description");
}

#[test]
fn a_thousand_findings_are_cut_off() {
    let mut sources = fixture::sources();
    for n in 0..500 {
        sources[2]
            .text
            .push_str(&format!("---\nkind: item\nmetadata: {{slug: n{n}}}\nspec: {{name: n, description: x}}\n"));
    }
    let found = findings(&sources);
    assert_eq!(found.len(), FINDINGS_MAX);
    assert!(found[FINDINGS_MAX - 1].ends_with("(and 304 more like this)"), "{}", found[FINDINGS_MAX - 1]);
}
