//! The frames' shapes: one of each kind as JSON, and the contract's checklist over every frame that any
//! script produces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::rig::Rig;
use super::script;
use crate::nexus::message::Frame;
use crate::nexus::pulsar::instruction::Instruction;
use crate::nexus::pulsar::record::{Place, Who};
use crate::world::character::Account;

fn json(frame: &Frame) -> Value {
    serde_json::to_value(frame).unwrap()
}

/// A short play in which most kinds of frames occur.
fn play() -> Rig {
    let mut rig = Rig::new();
    rig.world.meta.is_fresh = false;
    rig.enter_new(1, "Mara");
    let mut bob = super::rig::character(2, "Bob");
    bob.core_faction = Some("villagers".into());
    bob.factions.push(("guild".into(), 120));
    bob.currencies.push(("tokens".into(), 3));
    rig.world.meta.facts.insert("season".into(), "summer".into());
    rig.enter(bob, Account { id: 2, name: "bob".into(), ..Account::default() });
    let green = rig.room("green");
    rig.make_item("sack", Place::Room(green));
    rig.make_item("knife", Place::Carried(Who::Player(1)));
    rig.make_mob("pedlar", "green");
    rig.make_mob("miller", "mill");
    for line in [
        "look",
        "look pedlar",
        "look sack",
        "look well",
        "look moon",
        "exits",
        "inventory",
        "equipment",
        "stats",
        "who",
        "whois bob",
        "help",
        "help get",
        "get all sack",
        "put loaf sack",
        "drop sack",
        "give loaf bob",
        "give 2 gold bob",
        "wield knife",
        "remove knife",
        "eat loaf",
        "say Hello",
        "yell Hello",
        "emote waves.",
        "tell bob Hello",
        "chat Hello",
        "roll",
        "rest",
        "stand",
        "alias x look",
        "alias x",
        "socials",
        "nod bob",
        "close door",
        "open door",
        "north",
        "flarp",
    ] {
        rig.text(1, line);
    }
    fight(&mut rig);
    rig.text(2, "reply Hello");
    rig.text(2, "chat Hello");
    rig.wait(2_100);
    rig.give(Instruction::Broadcast { text: "The mill closes.".into() });
    rig.link(1, true);
    rig.text(1, "south");
    let session = rig.session(1);
    rig.give(Instruction::Quit { player: 1, session });
    rig
}

/// From the first stroke to the corpse, and from a first to a last spell.
fn fight(rig: &mut Rig) {
    rig.text(1, "south");
    rig.make_mob("rat", "green");
    for line in ["skills", "focus rat", "kill rat", "bash", "autoflee 10", "hotkey 4 bash", "learn hex"] {
        rig.text(1, line);
    }
    rig.wait(4_000);
    rig.text(1, "hex rat");
    rig.wait(13_000);
    let rat = rig.mobs("rat").first().copied();
    if let Some(rat) = rat {
        rig.world.set_health(Who::Mob(rat), 1);
    }
    rig.wait(8_000);
    rig.text(1, "loot");
    rig.text(1, "learn lull");
    rig.text(1, "north");
}

#[test]
fn each_kind_of_frame_has_its_shape() {
    let rig = play();
    let mut kinds: BTreeMap<String, Value> = BTreeMap::new();
    for (_, frame) in &rig.sent {
        kinds.entry(frame.kind.to_string()).or_insert_with(|| json(frame));
    }
    for (kind, frame) in kinds {
        insta::with_settings!({ snapshot_path => "../../../../tests/snapshot/frames", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_json_snapshot!(kind, frame);
        });
    }
}

// ---- the checklist ----

fn every(value: &Value, each: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            each(map);
            map.values().for_each(|value| every(value, each));
        }
        Value::Array(values) => values.iter().for_each(|value| every(value, each)),
        _ => {}
    }
}

/// What is copied from pieces is what serde writes, also when the pieces are there already.
#[test]
fn every_frame_is_encoded_as_it_is_defined() {
    for _ in 0..2 {
        for (_, frame) in script::play_all().iter().chain(&play().sent) {
            assert_eq!(frame.json(), serde_json::to_string(frame).unwrap());
        }
    }
}

pub fn frames() -> Vec<Value> {
    let mut frames: Vec<Value> = script::play_all().iter().map(|(_, frame)| json(frame)).collect();
    frames.extend(play().sent.iter().map(|(_, frame)| json(frame)));
    frames
}

fn is_key(map: &serde_json::Map<String, Value>, start: &str) -> bool {
    map.get("key").and_then(Value::as_str).is_some_and(|key| key.starts_with(start))
}

#[test]
fn item_2_every_frame_has_data_and_a_text() {
    for frame in frames() {
        let kind = frame["type"].as_str().unwrap().to_owned();
        assert!(frame["text"].is_string(), "{kind}");
        assert!(
            if kind == "notification.who" { frame["data"].is_array() } else { frame["data"].is_object() },
            "{kind}"
        );
        let silent =
            ["notification.regen", "notification.who", "notification.door.reset", "effect.end", "skill.cooldown.start"]
                .contains(&kind.as_str())
                || ["system.", "affect.", "cmd./", "notification./"].iter().any(|start| kind.starts_with(start));
        assert!(silent || !frame["text"].as_str().unwrap().is_empty(), "{kind} is meant to be seen");
    }
}

#[test]
fn item_3_arrays_and_objects_are_never_null() {
    const ARRAYS: [&str; 9] =
        ["inventory", "chars", "actions", "map", "who_list", "items", "players", "details", "mute_list"];
    const OBJECTS: [&str; 8] =
        ["equipment", "factions", "currencies", "quest_data", "skills", "marks", "aliases", "socials"];
    for frame in frames() {
        every(&frame, &mut |map| {
            for (name, value) in map {
                let is_list_of_factions = name == "factions" && value.is_array();
                assert!(!ARRAYS.contains(&name.as_str()) || value.is_array(), "{name} in {frame}");
                assert!(
                    !OBJECTS.contains(&name.as_str()) || value.is_object() || is_list_of_factions,
                    "{name} in {frame}"
                );
            }
            if let Some(Value::Object(_)) = map.get("actor").filter(|actor| actor.get("room").is_some()) {
                assert!(map["actor"]["room"]["key"].is_string(), "an actor's room is an object: {frame}");
            }
        });
        if frame["type"] == "cmd.state.sync.success" {
            let (room, actor) = (&frame["data"]["room"], &frame["data"]["actor"]);
            for list in [&room["inventory"], &room["chars"], &room["actions"], &actor["inventory"]] {
                assert!(list.is_array());
            }
            for map in [&actor["equipment"], &actor["factions"], &actor["room"]] {
                assert!(map.is_object());
            }
        }
    }
}

#[test]
fn item_4_everything_has_words_to_be_called_by() {
    for frame in frames() {
        every(&frame, &mut |map| {
            let is_char = map.contains_key("char_type");
            let is_item = is_key(map, "item.") && map.contains_key("name");
            if is_char || is_item {
                for word in ["keyword", "keywords"] {
                    assert!(map.get(word).and_then(Value::as_str).is_some_and(|w| !w.is_empty()), "{word} of {map:?}");
                }
                let (keyword, keywords) = (map["keyword"].as_str().unwrap(), map["keywords"].as_str().unwrap());
                assert!(keywords.split(' ').any(|word| word == keyword), "{keyword} is one of {keywords}");
            }
        });
    }
}

#[test]
fn item_5_who_comes_is_a_whole_character() {
    let mut seen = 0;
    for frame in frames().iter().filter(|frame| frame["type"] == "notification.movement.enter") {
        let actor = frame["data"]["actor"].as_object().unwrap();
        for field in
            ["id", "key", "name", "keyword", "keywords", "room_description", "char_type", "quest_data", "core_faction"]
        {
            assert!(actor.get(field).is_some_and(|value| !value.is_null()), "{field} of {actor:?}");
        }
        for field in ["health", "health_max", "level"] {
            assert!(actor[field].is_i64() || actor[field].is_u64());
        }
        seen += 1;
    }
    assert!(seen > 3);
}

#[test]
fn item_6_the_own_character_is_never_sent_in_the_form_of_another() {
    let sent = script::play_all();
    for (to, frame) in &sent {
        let frame = json(frame);
        let actor = &frame["data"]["actor"];
        if actor["key"] == format!("player.{to}") {
            let is_char = actor.get("room_description").is_some() || actor.get("quest_data").is_some();
            // In a fight everyone is shown alike; what only the own character has is left out there, and so stays.
            let kind = frame["type"].as_str().unwrap();
            let in_fight = kind.starts_with("notification.combat.") || kind == "notification.cmd.kill.success";
            assert!(!is_char || (in_fight && actor.get("inventory").is_none()), "{frame}");
            assert!(!in_fight || actor.get("equipment").is_none(), "{frame}");
            assert!(actor.get("equipment").is_none_or(Value::is_object), "{frame}");
        }
    }
}

#[test]
fn item_7_the_snapshot_says_what_the_world_is() {
    let frames = frames();
    let snapshot = frames.iter().find(|frame| frame["type"] == "cmd.state.sync.success").unwrap();
    let world = &snapshot["data"]["world"];
    assert!(world["currencies"].is_object() && world["factions"].is_object());
    assert!(world["allow_combat"].is_boolean() && world["is_multiplayer"].is_boolean());
    assert!(world["skills"]["definitions"].is_object() && world["skills"]["custom"]["definitions"].is_object());
    // The Forge has said these; a snapshot is merged over them.
    for absent in ["labels", "context_id", "is_classless", "instance_of_id"] {
        assert!(world.get(absent).is_none(), "{absent}");
    }
    let actor = &snapshot["data"]["actor"];
    assert!(actor["core_faction"].is_string() && actor["archetype"].is_string() && actor["state"].is_string());
    let (progress, needed) = (&actor["experience_progress"], &actor["experience_needed"]);
    assert!(progress.as_i64().unwrap() + needed.as_i64().unwrap() > 0);
    assert!(snapshot["data"]["map"].as_array().unwrap().iter().all(|room| room["name"].is_string()));
}

#[test]
fn item_9_a_quit_is_answered_and_the_socket_let_go() {
    let rig = play();
    let last = rig.sent.iter().rev().find(|(to, _)| *to == 1).unwrap();
    assert_eq!(last.1.kind, "system.disconnect.success");
    assert_eq!(json(&last.1)["data"]["exit_to"], 1000);
    assert_eq!(rig.detached, [1]);
}

#[test]
fn item_11_a_snapshot_in_the_middle_has_everything_again() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.text(1, "north");
    let session = rig.session(1);
    rig.sent.clear();
    rig.give(Instruction::Sync { player: 1, session });
    let frame = json(&rig.sent[0].1);
    assert_eq!(frame["type"], "cmd.state.sync.success");
    assert_eq!(
        frame["data"]["actor"]["room"],
        frame["data"]["room"].get("key").map(|key| serde_json::json!({"key": key})).unwrap()
    );
}

#[test]
fn item_14_the_focus_is_a_word_and_not_null() {
    for frame in frames() {
        every(&frame, &mut |map| {
            if let Some(focus) = map.get("focus") {
                assert!(focus.is_string());
            }
        });
    }
}

#[test]
fn frames_come_in_the_order_that_clients_rely_on() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.enter_new(2, "Bob");
    let kinds: Vec<String> = rig.heard(2).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds[..2], ["system.connect.success", "cmd.state.sync.success"]);
    rig.sent.clear();
    rig.text(1, "north");
    let kinds: Vec<(i64, String)> = rig.sent.iter().map(|(to, frame)| (*to, frame.kind.to_string())).collect();
    assert_eq!(kinds, [(1, "cmd.move.success".into()), (2, "notification.movement.exit".into())]);
    rig.sent.clear();
    rig.text(1, "south");
    let kinds: Vec<(i64, String)> = rig.sent.iter().map(|(to, frame)| (*to, frame.kind.to_string())).collect();
    assert_eq!(kinds, [(1, "cmd.move.success".into()), (2, "notification.movement.enter".into())]);
    // Someone who comes is not in the room that was shown before.
    let keys: BTreeSet<String> = rig.sent[0].1.text().lines().map(str::to_owned).collect();
    assert!(keys.contains("Bob is here."));
}
