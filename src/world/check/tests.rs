use super::*;
use crate::world::fixture;
use crate::world::manifest::{Source, read};

/// The problems of the fixture after one text of it was replaced by another.
fn after(from: &str, to: &str) -> Vec<String> {
    let mut sources = fixture::sources();
    let found = sources.iter_mut().filter(|source| source.text.contains(from)).map(|source| {
        source.text = source.text.replacen(from, to, 1);
    });
    assert_eq!(found.count(), 1, "{from:?} must stand in one file");
    problems(&sources)
}

fn problems(sources: &[Source]) -> Vec<String> {
    match read(sources) {
        Ok(documents) => check(&documents).iter().map(ToString::to_string).collect(),
        Err(problems) => panic!("{problems:?}"),
    }
}

fn with(extra: &str) -> Vec<String> {
    let mut sources = fixture::sources();
    sources.push(Source { path: "extra.yaml".into(), text: extra.into() });
    problems(&sources)
}

#[test]
fn the_fixture_has_no_problem() {
    assert_eq!(problems(&fixture::sources()), Vec::<String>::new());
}

#[test]
fn each_rule_is_enforced_where_it_is_broken() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "west: {to: mill, door",
            "west: {to: mil, door",
            "rooms.yaml:62: room `yard`: spec.exits.west.to: no room has the slug `mil`; did you mean `mill`?",
        ),
        (
            "north: lane",
            "north: lame",
            "rooms.yaml:18: room `green`: spec.exits.north: no room has the slug `lame`; did you mean `lane`?",
        ),
        (
            "state: locked, key: brass-key",
            "state: locked, key: bras-key",
            "spec.exits.west.door.key: no item has the slug `bras-key`; did you mean `brass-key`?",
        ),
        ("door: {name: gate, state", "door: {name: Oak gate, state", "`Oak gate` is not one lower-case word"),
        ("state: locked, key: brass-key", "state: locked, destroy_key: true", "there is no key that could break"),
        ("at: [-1, 0, 0]", "at: [1, 0, 0]", "spec.at: room `shop` is at [1, 0, 0] too"),
        ("at: [-1, 0, 0]", "at: [-1000001, 0, 0]", "coordinates go from"),
        (
            "starting_room: green\n  death_room: chapel\n  starting_gold",
            "starting_room: gren\n  death_room: chapel\n  starting_gold",
            "world.yaml:9: world `mill`: spec.starting_room: no room has the slug `gren`; did you mean `green`?",
        ),
        (
            "  death_room: chapel\n  starting_gold",
            "  starting_gold",
            "spec.death_room: a room must be named here, by its slug",
        ),
        ("name: The Wood, respawn_wait: 60", "name: The Wood, respawn_wait: -2", "-2 is not from -1"),
        (
            "name: The Village, respawn_wait: 300, center: green",
            "name: The Village, center: pond",
            "room `pond` is in another zone",
        ),
        ("name: The Lane", "name: ''", "room `lane`: spec.name: must not be empty"),
        ("words: [hedges, hedge]", "words: [Hedges]", "`Hedges` is not one lower-case word"),
        ("words: [date, rim]", "words: [date, bell]", "`bell` also belongs to detail 1"),
        ("flags: [landmark]", "flags: [landmark]\n  color: 'red;'", "is no CSS colour"),
        (
            "name: a mail hauberk, type: equippable, equipment_type: body, armor_class: heavy, level: 3",
            "name: a mail hauberk, type: equippable, level: 21",
            "spec.level: 21 is not from 1 to 20",
        ),
        (
            "name: a punt, is_boat: true",
            "name: a punt, equipment_type: head",
            "only an item of type `equippable` is worn",
        ),
        (
            "name: a feast pie, type: food",
            "name: a feast pie, type: food, is_persistent: true",
            "what persists cannot be picked up",
        ),
        ("name: a punt, is_boat: true", "name: a punt, capacity: 3", "only a container has one"),
        ("name: a punt, is_boat: true", "name: a punt, stats: {strength: 1}", "only equippable items"),
        ("stats: {constitution: 1}", "stats: {armor: 1}", "the armour of an item follows"),
        ("equipment_type: shield, cost", "equipment_type: shield, weapon_type: axe, cost", "only a weapon has one"),
        (
            "level: 12, quality: enchanted, cost: 5, currency: tokens",
            "level: 12, cost: 5, currency: tokes",
            "did you mean `tokens`?",
        ),
        ("{item: loaf, num: 5}", "{item: loaf, num: 16}", "16 is not from 1 to 15"),
        ("{item: loaf, copies: 2}", "{item: sack}", "it would hold itself: sack in sack"),
        ("{item: loaf, copies: 2}", "{item: loaf, copies: 3}", "holds more than its capacity of 3"),
        ("{item: pebble, probability: 50}", "{item: pebble, probability: 101}", "101 is not from 1 to 100"),
        (
            "spec: {name: gold, is_default: true}",
            "spec: {name: gold, is_default: false}",
            "no `currency` document has `is_default: true`",
        ),
        (
            "spec: {name: mill tokens, is_default: false}",
            "spec: {name: mill tokens, is_default: true}",
            "another currency is the default already",
        ),
        (
            "is_core: true\n  is_default: true\n  is_selectable: true",
            "is_core: true\n  is_default: true\n  is_selectable: false",
            "the default faction must be core and selectable",
        ),
        (
            "name: Outlaws, is_core: true, is_default: false",
            "name: Outlaws, is_core: true, is_default: true",
            "another faction is the default already",
        ),
        ("standing: 500, name: Grinder", "standing: 100, name: Grinder", "ranks must rise"),
        ("core_faction: villagers", "core_faction: guild", "faction `guild` is not a core faction"),
        ("factions: {guild: 500}", "factions: {outlaws: 5}", "faction `outlaws` is a core faction"),
        ("profit_percent: 200", "profit_percent: 0", "0 is not from 1 to 10000"),
        ("roam_chance: 25", "roam_chance: 101", "101 is not from 0 to 100"),
        ("script: emote looks up from his sacks.", "script: ' '", "must not be empty"),
        ("      match: hello or \"good day\"\n", "", "a reaction to speech needs the words"),
        (
            "conditions: level 5",
            "conditions: levle 5",
            "Invalid condition name 'levle'; did you mean `level`? (at character 1)",
        ),
        (
            "conditions: level 5",
            "conditions: item_in_inv lof",
            "spec.reactions.1.conditions: no item has the slug `lof`; did you mean `loaf`?",
        ),
        ("conditions: fact_check season summer", "conditions: level 5", "a loader can ask only for facts"),
        (
            "match: a loaf of bread",
            "match: loaf or",
            "Invalid match matcher expression: a phrase is missing at character 8",
        ),
        ("targetless_other: \"{actor} nods.\"", "targetless_other: ''", "the targetless texts come together"),
        ("targeted_other: \"{actor} nods to {target}.\"", "targeted_other: ''", "the targeted texts come together"),
        (
            "{actor} lifts {actor.their} shoulders.",
            "{actor} lifts {target.their} shoulders.",
            "nothing can stand for `{target.their}`",
        ),
        ("{mob: miller, room: mill}", "{mob: miller, room: pond}", "room `pond` is not in the loader's zone `village`"),
        ("{mob: miller, room: mill}", "{mob: miller, item: sack, room: mill}", "needs either `mob` or `item`"),
        ("{mob: miller, room: mill}", "{mob: miller}", "needs one of `room`, `zone`, `rule`"),
        ("{mob: dog, zone: village, copies: 2}", "{mob: dog, zone: village, copies: 0}", "0 is not from 1 to 15"),
        (
            "{item: knife, rule: sack}",
            "{item: knife, rule: sacks}",
            "no earlier rule has the name `sacks`; did you mean `sack`?",
        ),
        ("{item: knife, rule: sack}", "{mob: dog, rule: sack}", "a mob cannot be put into"),
        ("{name: sack, item: sack, room: mill}", "{name: sack, item: pebble, room: mill}", "which is no container"),
        ("{item: bin, room: yard}", "{name: sack, item: bin, room: yard}", "rule 0 has this name too"),
        ("is_pickable: false", "is_pickable: false, is_persistent: true", "item `bin` is persistent"),
        (
            "spec: {item: cap}",
            "spec: {item: hat}",
            "starting equipment `cap-for-all`: spec.item: no item has the slug `hat`",
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(from, to, expected)| {
            let found = after(from, to);
            let right = found.len() == 1 && found[0].contains(expected);
            (!right).then(|| format!("{from} -> {to}\n{found:#?}\n{expected}\n"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn doubles_and_strangers_are_found() {
    let found = with("kind: zone\nmetadata: {slug: wood}\nspec: {name: Again}\n");
    assert_eq!(found, ["extra.yaml:2: zone `wood`: metadata.slug: there is another zone `wood` on rooms.yaml:5"]);
    let found = with("kind: zone\nmetadata: {slug: far, world: moon}\nspec: {name: Far}\n");
    assert_eq!(
        found,
        ["extra.yaml:2: zone `far`: metadata.world: belongs to world `moon`, but the world here is `mill`"]
    );
    let found =
        with("kind: world\nmetadata: {slug: second}\nspec: {name: S, starting_room: green, death_room: green}\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("there are 2 `world` documents"), "{found:?}");
}

#[test]
fn containers_in_containers_end() {
    let chain = "kind: item\nmetadata: {slug: a}\nspec: {name: a, type: container, inventory: [{item: b, copies: 15}]}\n---\nkind: item\nmetadata: {slug: b}\nspec: {name: b, type: container, inventory: [{item: pebble, copies: 15}]}\n";
    assert!(with(chain)[0].contains("it would bring 240 things with it"));
    let ring = "kind: item\nmetadata: {slug: a}\nspec: {name: a, type: container, inventory: [{item: b}]}\n---\nkind: item\nmetadata: {slug: b}\nspec: {name: b, type: container, inventory: [{item: a}]}\n";
    assert!(with(ring)[0].contains("it would hold itself: a in b in a"));
}

#[test]
fn a_world_that_is_missing_is_said() {
    assert!(check(&[]).iter().any(|problem| problem.message == "there is no `world` document"));
}

#[test]
fn what_players_read_has_an_end() {
    let long = "word ".repeat(SHOWN_CHARS_MAX / 4);
    let found = after("description: Roots make a roof here.", &format!("description: {long}"));
    assert_eq!(
        found,
        [format!("rooms.yaml:151: room `hollow`: spec.description: at most {SHOWN_CHARS_MAX} characters")]
    );
}

#[test]
fn triggers_are_checked_where_they_are_broken() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "  room: hollow\n  match: pull root",
            "  match: pull root",
            "spec.scope: a trigger of the scope `room` needs a `room`",
        ),
        (
            "room: hollow\n  match: pull root",
            "room: hollo\n  match: pull root",
            "spec.room: no room has the slug `hollo`; did you mean `hollow`?",
        ),
        (
            "zone: wood\n  match: listen",
            "zone: wood\n  room: pond\n  match: listen",
            "spec.room: a trigger of the scope `zone` has no `room`",
        ),
        ("match: stumble", "match: ''", "spec.match: a command needs the words that it answers to"),
        (
            "match: shake sack",
            "match: shake or",
            "spec.match: Invalid match matcher expression: a phrase is missing at character 9",
        ),
        ("item: sack\n", "item: sak\n", "spec.item: no item has the slug `sak`; did you mean `sack`?"),
        (
            "item: sack\n  match",
            "item: sack\n  mob: dog\n  match",
            "spec.mob: a trigger is about an `item` or a `mob`, not both",
        ),
        ("item: sack\n  match", "item: sack\n  event: say\n  match", "spec.item: events happen to mobs and places"),
        ("match: \"6\"", "match: \"1\"", "spec.match: needs the seconds between two times, from 2 on"),
        (
            "match: \"50\"",
            "match: half",
            "spec.match: needs the per cent of health below which it happens, from 1 to 100",
        ),
        (
            "event: periodic\n  match: \"6\"",
            "event: death\n  match: \"6\"",
            "spec.event: `death` happens to mobs; name the `mob`",
        ),
        ("conditions: level 6", "conditions: levl 6", "spec.conditions: Invalid condition name 'levl'"),
        (
            "script: /load item pebble",
            "script: say {{ actr }}",
            "spec.script: nothing is known as `{{ actr }}`; did you mean `actor`? (at line 1, character 5)",
        ),
        ("script: emote limps.", "script: ''", "spec.script: must not be empty"),
        (
            "script: emote looks at the bittern.",
            "script: emote looks. &&",
            "spec.script: a command is missing (at line 1, character 16)",
        ),
        ("values: [dry, wet]", "values: []", "spec.values: 0 values; 1 to 100 are needed"),
        ("values: [dry, wet]", "values: [dry, very wet]", "spec.values.1: a value is one word"),
        ("every: 1800", "every: 1", "spec.every: 1 is not from 2 to"),
        ("every: 1800", "every: 0", "spec.every: needs either `every` or `cron`"),
        ("cron: 0 6 * * 0", "cron: 0 25 * * 0", "spec.cron: `25` is no hour"),
        ("cron: 0 6 * * 0", "cron: 0 6 * * 0\n  every: 5", "spec.cron: needs either `every` or `cron`, not both"),
        ("{{ old_value }} to", "{{ actor }} to", "spec.message: nothing is known as `{{ actor }}`"),
        ("conditions: item_in_inv punt", "conditions: ''", "spec.checks.0.conditions: must say whom it bars"),
        (
            "direction: south, conditions",
            "direction: north, conditions",
            "spec.checks.1.direction: the room has no exit north",
        ),
        (
            "{item: buckler, message: it hums in your hand.}",
            "{item: buckler}",
            "spec.on_get.0: needs a `message`, a `transport`, or both",
        ),
        ("hint: \"2:Pull a root.\"", "hint: Pull", "spec.hint: is written `id:text`"),
    ];
    for (from, to, expected) in cases {
        let found = after(from, to);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{from} -> {to}\n{found:#?}\n{expected}");
    }
}
