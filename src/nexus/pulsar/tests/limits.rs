//! What happens at each limit of the heart: a clear word, and nothing lost.

use super::rig::Rig;
use crate::nexus::message::Data;
use crate::nexus::pulsar::beat::BEAT_CHUNK;
use crate::nexus::pulsar::command::alias::{ALIASES_MAX, REPLACEMENT_CHARS_MAX};
use crate::nexus::pulsar::command::items::{CARRIED_MAX, NESTING_MAX};
use crate::nexus::pulsar::command::speech::EMOTE_CHARS_MAX;
use crate::nexus::pulsar::connect::{WHO_LIST_MAX, WHO_PUSH_PLAYERS_MAX};
use crate::nexus::pulsar::instruction::Instruction;
use crate::nexus::pulsar::order::STAGED_BYTES_MAX;
use crate::nexus::pulsar::record::{Place, Who};

fn two() -> Rig {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.enter_new(2, "Bob");
    rig.sent.clear();
    rig
}

fn last(rig: &mut Rig, player: i64) -> (String, String) {
    rig.heard(player).into_iter().rfind(|(_, text)| !text.is_empty()).expect("a word")
}

#[test]
fn hands_are_full_at_some_point() {
    let mut rig = two();
    let green = rig.room("green");
    for _ in 0..CARRIED_MAX + 5 {
        rig.make_item("pebble", Place::Room(green));
    }
    rig.text(1, "get all.pebble");
    assert!(last(&mut rig, 1).1.ends_with("You cannot carry any more."));
    assert_eq!(rig.world.carried(Who::Player(1)).len(), CARRIED_MAX);
    rig.text(1, "get pebble");
    assert_eq!(last(&mut rig, 1), ("cmd.get.error".into(), "You cannot carry any more.".into()));
    rig.carry(2, "pebble");
    rig.text(2, "give pebble mara");
    assert_eq!(last(&mut rig, 2), ("cmd.give.error".into(), "Mara cannot carry any more.".into()));
    // Someone who has room for some of it gets some of it.
    rig.text(1, "give all.pebble bob");
    assert_eq!(rig.world.carried(Who::Player(2)).len(), CARRIED_MAX);
    let held = rig.world.carried(Who::Player(1)).len() + rig.world.carried(Who::Player(2)).len();
    let lying = rig.world.rooms.get(green).unwrap().items.len();
    assert_eq!(held + lying, rig.world.items.iter().filter(|(_, item)| !matches!(item.place, Place::Worn(..))).count());
}

#[test]
fn containers_go_only_so_deep_into_each_other() {
    let mut rig = two();
    let mut outer = rig.carry(1, "sack");
    for _ in 0..NESTING_MAX {
        outer = rig.make_item("sack", Place::Inside(outer));
    }
    let last_sack = rig.carry(1, "sack");
    rig.text(1, &format!("put item.{} in item.{last_sack}", rig.items("sack")[0]));
    let (kind, text) = last(&mut rig, 1);
    assert_eq!(
        (kind.as_str(), text.as_str()),
        ("cmd.put.error", "That would be too many containers inside each other.")
    );
}

#[test]
fn aliases_are_so_many_and_so_long() {
    let mut rig = two();
    for at in 0..ALIASES_MAX {
        rig.text(1, &format!("alias a{at} look"));
    }
    rig.text(1, "alias more look");
    assert_eq!(last(&mut rig, 1).1, format!("You have {ALIASES_MAX} aliases, and cannot have more."));
    rig.text(1, "alias a1 get all");
    assert_eq!(last(&mut rig, 1).1, "a1 stands for: get all", "one that there is may change");
    rig.text(1, &format!("alias a1 {}", "x".repeat(REPLACEMENT_CHARS_MAX + 1)));
    assert_eq!(last(&mut rig, 1).0, "cmd.alias.error");
}

#[test]
fn a_long_gesture_is_cut_between_characters() {
    let mut rig = two();
    rig.text(1, &format!("emote {}", "ä".repeat(EMOTE_CHARS_MAX + 50)));
    assert_eq!(last(&mut rig, 2).1.chars().count(), "Mara ".len() + EMOTE_CHARS_MAX);
}

#[test]
fn a_payload_in_parts_is_thrown_away_when_it_grows_too_large() {
    let mut rig = two();
    let bytes = vec![0; STAGED_BYTES_MAX / 2 + 1];
    rig.give(Instruction::Stage { stage: 5, part: 0, parts: 3, bytes: bytes.clone() });
    rig.give(Instruction::Stage { stage: 5, part: 1, parts: 3, bytes });
    assert!(rig.world.staged.is_empty());
}

#[test]
fn a_crowd_recovers_in_several_turns_of_one_beat_and_is_not_told_of_each_coming() {
    let mut rig = Rig::new();
    rig.world.meta.is_fresh = false;
    let crowd = BEAT_CHUNK as i64 + 20;
    for id in 1..=crowd {
        rig.enter_new(id, &format!("Guest{}", id));
        if id as usize == WHO_PUSH_PLAYERS_MAX + 1 {
            rig.sent.clear();
        }
        rig.world.presences.edit(id).unwrap().stamina = 10;
    }
    assert!(rig.sent.iter().all(|(_, frame)| frame.kind != "notification.who"));
    rig.world.reindex();
    let before: Vec<i32> = (1..=crowd).map(|id| rig.world.presences.get(id).unwrap().stamina).collect();
    rig.wait(2_000);
    for (id, before) in (1..=crowd).zip(before) {
        let after = rig.world.presences.get(id).unwrap().stamina;
        assert!(after > before, "guest {id} of {crowd}: {before} and {after}");
    }
}

#[test]
fn a_crowd_is_counted_but_not_sent_whole_to_each_who_comes() {
    let mut rig = Rig::new();
    let all = WHO_LIST_MAX + 350;
    (1..=all as i64).for_each(|id| rig.enter_new(id, &format!("Walker{id}")));
    let Some(Data::Sync(sync)) =
        rig.sent.iter().rev().find_map(|(to, frame)| {
            (*to == all as i64 && frame.kind == "cmd.state.sync.success").then_some(&frame.data)
        })
    else {
        panic!("a snapshot")
    };
    assert_eq!(sync.who_list.entries.len(), WHO_LIST_MAX);
    rig.text(1, "who");
    let text = last(&mut rig, 1).1;
    assert!(text.starts_with("550 are in the world:"), "{text}");
    assert!(text.ends_with("\n... and 50 more."), "{text}");
}
