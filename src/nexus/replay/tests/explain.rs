//! The story of a thing: who had it, who got it, and when it vanished.

use super::*;

/// Two people on the green, with nobody else about.
fn two() -> Live {
    let mut live = Live::new();
    live.rig.enter_new(1, "Mara");
    live.rig.enter_new(2, "Bob");
    live
}

#[test]
fn an_item_is_picked_up_given_put_away_dropped_and_eaten() {
    let mut live = two();
    let green = live.rig.room("green");
    let loaf = live.rig.make_item("loaf", crate::nexus::pulsar::record::Place::Room(green));
    let sack = live.rig.carry(2, "sack");
    live.begin();
    live.cut(false);
    live.type_in(1, "get loaf");
    live.type_in(1, "say mine");
    live.type_in(1, &format!("give item.{loaf} bob"));
    live.cut(false);
    live.image();
    live.type_in(2, &format!("put item.{loaf} item.{sack}"));
    live.type_in(2, &format!("give item.{sack} mara"));
    live.type_in(1, "north");
    live.type_in(1, &format!("get item.{loaf} item.{sack}"));
    live.type_in(1, &format!("drop item.{loaf}"));
    live.type_in(1, "get loaf");
    live.type_in(1, &format!("eat item.{loaf}"));
    live.cut(false);
    let (green, lane) = (format!("room.{green}"), format!("room.{}", live.rig.room("lane")));
    let (mara, bob) = ("player.1 (Mara)", "player.2 (Bob)");
    let (a, b) = (format!("item.{loaf} (a loaf of bread)"), format!("item.{sack} (a flour sack)"));
    let expected = [
        format!("when what is kept begins: {a} is on the ground in {green} (Village Green)"),
        format!(
            "{mara} types \"get loaf\": picked up: it was on the ground in {green} (Village Green), and is carried by {mara}"
        ),
        format!("{mara} types \"give item.{loaf} bob\": given: it was carried by {mara}, and is carried by {bob}"),
        format!(
            "{bob} types \"put item.{loaf} item.{sack}\": put in: it was carried by {bob}, and is inside {b}, carried by {bob}"
        ),
        format!(
            "{bob} types \"give item.{sack} mara\": moved with what it is in: it was inside {b}, carried by {bob}, and is inside {b}, carried by {mara}"
        ),
        format!(
            "{mara} types \"get item.{loaf} item.{sack}\": taken out: it was inside {b}, carried by {mara}, and is carried by {mara}"
        ),
        format!(
            "{mara} types \"drop item.{loaf}\": dropped: it was carried by {mara}, and is on the ground in {lane} (The Lane)"
        ),
        format!(
            "{mara} types \"get loaf\": picked up: it was on the ground in {lane} (The Lane), and is carried by {mara}"
        ),
        format!("{mara} types \"eat item.{loaf}\": {a} ceased to exist; it was carried by {mara}"),
    ];
    assert_eq!(live.story(&format!("item.{loaf}")), expected);
    let of_sack = live.story(&format!("item.{sack}"));
    assert!(of_sack.iter().any(|line| line.ends_with(&format!("now holds {a}"))), "{of_sack:#?}");
    assert!(of_sack.iter().any(|line| line.ends_with(&format!("no longer holds {a}"))), "{of_sack:#?}");
    assert_eq!(live.story("item.7"), Vec::<String>::new());
}

#[test]
fn events_carry_sequence_world_time_and_wall_clock() {
    let mut live = two();
    let knife = live.rig.carry(1, "knife");
    live.begin();
    let from = quarantine::now();
    live.type_in(1, "wield knife");
    let (at, now) = (live.at(), live.rig.now);
    live.type_in(1, "remove knife");
    let mut events = Vec::new();
    let mut tell = |event: Event| events.push(event);
    let mut story = Story::new(Thing::Item(knife), &mut tell);
    live.past().replay(Request { spawn: SPAWN, until: Until::End, whole: true }, Some(&mut story)).unwrap();
    assert!(story.was_there());
    assert_eq!(events.len(), 3);
    let wielded = &events[1];
    assert_eq!((wielded.incarnation, wielded.seq, wielded.at), (at.0, at.1, now));
    assert!((from..=quarantine::now()).contains(&wielded.written));
    assert_eq!(wielded.what, ["put on: it was carried by player.1 (Mara), and is worn by player.1 (Mara) (weapon)"]);
    assert!(events[2].what[0].starts_with("taken off: "));
}

#[test]
fn what_loaders_made_says_its_rule_and_what_left_with_its_player_says_so() {
    let mut live = Live::new();
    live.begin();
    live.rig.wait(100);
    live.forge();
    live.flush();
    live.rig.enter_new(1, "Mara");
    live.type_in(1, "get pebble");
    let pebble = *live.rig.world.players.get(1).unwrap().items.last().unwrap();
    let cap = live.rig.world.players.get(1).unwrap().items[0];
    let session = live.rig.session(1);
    live.rig.give(Instruction::Quit { player: 1, session });
    live.flush();
    let story = live.story(&format!("item.{pebble}"));
    assert_eq!(story.len(), 3, "{story:#?}");
    assert!(story[0].contains("came into being, on the ground in room.") && story[0].contains(", loaded by rule "));
    assert!(story[0].starts_with("the loaders' plan, staged as "), "{}", story[0]);
    assert!(story[1].contains("picked up: ") && story[1].contains("; no longer counts for rule "), "{}", story[1]);
    let left = format!(
        "player.1 (Mara) quits: item.{pebble} (a grey pebble) left the world with player.1 (Mara), whose save has it; \
         it was carried by player.1 (Mara)"
    );
    assert_eq!(story[2], left);
    let came = live.story(&format!("item.{cap}"));
    assert!(
        came[0].contains("came in with player.1 (Mara), ") && came[0].contains(" connects by socket "),
        "{}",
        came[0]
    );
    let dog = live.rig.mobs("dog")[0];
    let of_dog = live.story(&format!("mob.{dog}"));
    assert!(of_dog[0].contains("(a yellow dog) came into being in room.") && of_dog[0].contains("loaded by rule"));
}

#[test]
fn a_players_story_has_what_they_did_and_what_was_done_to_them() {
    let mut live = two();
    live.rig.world.players.edit(1).unwrap().gold = 20;
    live.begin();
    live.type_in(1, "look");
    live.type_in(2, "say hello");
    live.type_in(1, "give 5 gold bob");
    live.type_in(1, "north");
    live.rig.unlink(1);
    live.rig.link(1, true);
    live.rig.give(Instruction::Expel { player: 1, text: "Enough.".into() });
    live.flush();
    let story = live.story("player.1");
    let has = |at: usize, parts: &[&str]| {
        assert!(parts.iter().all(|part| story[at].contains(part)), "{parts:?} in {}", story[at]);
    };
    has(0, &["when what is kept begins: player.1 (Mara) is in room.", "20 gold, played by socket 101"]);
    assert_eq!(story[1], "player.1 (Mara) types \"look\": ", "what they did counts, although it changed nothing");
    assert!(!story.iter().any(|line| line.contains("say hello")), "what was only heard does not");
    has(2, &["types \"give 5 gold bob\": gold 20 -> 15"]);
    has(3, &["types \"north\": went from room.", "(Village Green) to room.", "(The Lane)", "stamina"]);
    has(4, &["loses socket 101: lost socket 101: linkless"]);
    has(5, &["comes back by socket 103 of account 1, from message ", ": is played by socket 103"]);
    has(6, &["the Forge takes player.1 (Mara) out: \"Enough.\": player.1 (Mara) left the world from room."]);
    assert_eq!(story.len(), 7, "{story:#?}");
    let bobs = live.story("player.2");
    assert!(
        bobs.iter().any(|line| line.contains("player.1 (Mara) types \"give 5 gold bob\": gold 12 -> 17")),
        "{bobs:#?}"
    );
}

#[test]
fn a_mobs_story_has_gifts_and_its_own_timings() {
    let mut live = two();
    let gregor = live.rig.make_mob("miller", "green");
    let pebble = live.rig.carry(1, "pebble");
    live.begin();
    live.type_in(1, &format!("give item.{pebble} gregor"));
    for _ in 0..40 {
        live.rig.wait(2000);
        live.flush();
    }
    let story = live.story(&format!("mob.{gregor}"));
    assert!(
        story.iter().any(|line| line.contains(&format!("now carries item.{pebble} (a grey pebble)"))),
        "{story:#?}"
    );
    let dog = live.rig.make_mob("dog", "green");
    live.begin_anew();
    for _ in 0..60 {
        live.rig.wait(2000);
        live.flush();
    }
    let went = live.story(&format!("mob.{dog}"));
    assert!(went.iter().any(|line| line.starts_with("Beat: went from room.")), "{went:#?}");
}

#[test]
fn things_and_instructions_are_written_as_documented() {
    assert_eq!("item.5".parse(), Ok(Thing::Item(5)));
    assert_eq!("player.7".parse::<Thing>().unwrap().to_string(), "player.7");
    for text in ["item", "sword.5", "item.x", "5"] {
        assert_eq!(text.parse::<Thing>(), Err(format!("\"{text}\" is no thing: write item.N, player.N or mob.N")));
    }
    let turn = |what| words::of_turn(&Applied { at: 0, what });
    assert_eq!(turn(What::Timer(9)), "the world's own timing 9");
    let text = Instruction::Text { player: 3, session: 4, n: None, text: "say \"hi\"".into() };
    assert_eq!(turn(What::Given(text)), r#"player.3 types "say \"hi\"""#);
    assert_eq!(turn(What::Given(Instruction::Skip { timer: None })), "a turn that panicked is left out");
}
