//! Leaving, being saved, and coming back as the one who left.

use super::rig::{Rig, character};
use crate::nexus::pulsar::instruction::{Instruction, Reply};
use crate::nexus::pulsar::record::{Ask, Place, Who};
use crate::nexus::pulsar::world::World;
use crate::world::character::{Account, Character, PlayerConfig, SavedPlace};
use crate::world::internal::{Answer, Errand, ErrandId};

fn on_its_way(rig: &Rig) -> (ErrandId, Character) {
    let mut saves = rig.world.errands.iter().filter_map(|(id, open)| match &open.what {
        Ask::Forge(Errand::SaveCharacter { character, release: true }) => Some((id, (**character).clone())),
        _ => None,
    });
    saves.next_back().expect("a character on its way to the Forge")
}

fn enter_with(rig: &mut Rig, character: &Character, version: i64, session: u64) {
    let bytes = postcard::to_stdvec(character).unwrap();
    rig.sessions.insert(character.id, session);
    rig.give(Instruction::Stage { stage: session, part: 0, parts: 1, bytes });
    rig.give(Instruction::Connect {
        player: character.id,
        session,
        stage: Some(session),
        version,
        account: Account { id: 1, ..Account::default() },
        config: PlayerConfig::default(),
    });
}

#[test]
fn who_leaves_takes_everything_along_and_comes_back_with_it() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    let sack = rig.carry(1, "sack");
    for line in ["north", "rest", "alias gl get loaf"] {
        rig.text(1, line);
    }
    let before = rig.world.hash();
    let (gold, items) = (rig.world.players.get(1).unwrap().gold, rig.world.items.len());
    let session = rig.session(1);
    rig.give(Instruction::Quit { player: 1, session });
    assert_eq!((rig.detached.as_slice(), rig.world.items.len()), (&[1][..], 0));
    let (errand, gone) = on_its_way(&rig);
    assert!(gone.items.iter().any(|item| item.place == SavedPlace::Inside(sack)), "{:?}", gone.items);

    enter_with(&mut rig, &gone, 1, 900);
    assert!(rig.heard(1).iter().any(|(kind, text)| kind == "system.connect.error"
        && text == "Character is being saved, please try again in a minute."));
    assert!(!rig.world.players.contains(1));
    rig.give(Instruction::Answered { errand, answer: Reply::Forge(Answer::Saved { version: 4 }) });
    enter_with(&mut rig, &gone, 3, 901);
    assert!(!rig.world.players.contains(1), "an older copy than the last one saved is not let in");
    enter_with(&mut rig, &gone, 4, 902);
    let back = rig.world.players.get(1).expect("she is back");
    assert_eq!((back.gold, rig.world.items.len()), (gold, items));
    assert_eq!(back.aliases["gl"], "get loaf");
    assert_eq!(rig.world.presences.get(1).unwrap().room, rig.room("lane"));
    assert_ne!(rig.world.hash(), before);
}

#[test]
fn a_character_that_cannot_be_read_is_refused_and_nothing_stays_behind() {
    let mut rig = Rig::new();
    rig.sessions.insert(1, 900);
    rig.give(Instruction::Stage { stage: 900, part: 0, parts: 1, bytes: vec![1, 2, 3] });
    rig.give(Instruction::Connect {
        player: 1,
        session: 900,
        stage: Some(900),
        version: 0,
        account: Account::default(),
        config: PlayerConfig::default(),
    });
    assert!(rig.heard(1).iter().any(|(kind, _)| kind == "system.connect.error"));
    assert!(rig.world.players.is_empty() && rig.world.staged.is_empty());
    // Nor is one taken up under another's name.
    enter_with(&mut rig, &character(2, "Bob"), 0, 901);
    rig.heard(2);
    let bytes = postcard::to_stdvec(&character(3, "Carl")).unwrap();
    rig.give(Instruction::Stage { stage: 902, part: 0, parts: 1, bytes });
    rig.give(Instruction::Connect {
        player: 4,
        session: 902,
        stage: Some(902),
        version: 0,
        account: Account::default(),
        config: PlayerConfig::default(),
    });
    assert!(!rig.world.players.contains(4) && !rig.world.players.contains(3));
}

#[test]
fn parts_that_come_out_of_order_are_thrown_away() {
    let mut rig = Rig::new();
    let part = |part, bytes: usize| Instruction::Stage { stage: 5, part, parts: 3, bytes: vec![0; bytes] };
    rig.give(part(0, 10));
    rig.give(part(2, 10));
    assert!(rig.world.staged.is_empty());
    assert!(!rig.give(part(1, 10)), "the rest of it has nowhere to go");
    rig.give(part(0, 10));
    assert!(rig.give(Instruction::Unstage { stage: 5 }));
    assert!(!rig.give(Instruction::Unstage { stage: 5 }));
}

#[test]
fn a_command_sent_again_over_a_new_socket_is_applied_once() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    for _ in 0..3 {
        rig.carry(1, "pebble");
    }
    rig.numbered(1, Some(7), "drop pebble");
    // The answer is lost with the socket; the client comes back and sends it again.
    rig.unlink(1);
    rig.heard(1);
    rig.link(1, true);
    rig.numbered(1, Some(7), "drop pebble");
    assert_eq!(rig.world.players.get(1).unwrap().items.iter().filter(|id| is_pebble(&rig, **id)).count(), 2);
    rig.numbered(1, Some(8), "drop pebble");
    assert_eq!(rig.world.players.get(1).unwrap().items.iter().filter(|id| is_pebble(&rig, **id)).count(), 1);
    // A page that was loaded anew counts from one.
    rig.link(1, false);
    rig.numbered(1, Some(1), "drop pebble");
    assert_eq!(rig.world.players.get(1).unwrap().items.iter().filter(|id| is_pebble(&rig, **id)).count(), 0);
}

fn is_pebble(rig: &Rig, id: i64) -> bool {
    rig.world.items.get(id).is_some_and(|item| item.template == rig.item_template("pebble"))
}

#[test]
fn the_forge_answers_about_someone_who_is_away() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.errands.clear();
    rig.text(1, "whois zoe");
    let asked = rig.errands.pop().expect("a question");
    assert!(matches!(&asked.what, Ask::Whois { name, .. } if name == "zoe"));
    rig.heard(1);
    rig.give(Instruction::Answered { errand: asked.id, answer: Reply::Forge(Answer::Whois { found: None }) });
    assert_eq!(rig.heard(1), [("cmd.whois.error".to_owned(), "Nobody by the name of zoe is known here.".to_owned())]);
    assert!(!rig.world.errands.contains(asked.id));
}

#[test]
fn a_world_that_stops_sends_everyone_out() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.enter_new(2, "Bob");
    rig.unlink(2);
    rig.give(Instruction::Stop);
    assert!(rig.world.players.is_empty() && rig.world.items.is_empty());
    assert_eq!(rig.detached, [1, 2]);
    let kinds: Vec<String> = rig.heard(1).into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&"system.disconnect.success".to_owned()), "{kinds:?}");
}

#[test]
fn a_world_that_begins_from_its_image_is_populated_anew_only_after_a_stop() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    let green = rig.world.room_of(Who::Player(1)).expect("Mara is somewhere");
    let pebble = rig.make_item("pebble", Place::Room(green));
    rig.make_mob("dog", "green");
    // As after the loss of a disk: what stood and lay there still does, and nobody is in.
    let (meta, records) = rig.world.records();
    let again = || {
        let records = records.iter().map(|(k, v)| (k.as_slice(), v.as_slice()));
        World::restore(&meta, records, rig.world.templates.clone()).expect("it can be read")
    };
    let mut lost = again();
    lost.settle_from_image();
    assert!(lost.players.is_empty() && lost.presences.is_empty() && lost.viewed.is_empty());
    assert!(lost.items.contains(pebble) && lost.mobs.len() == 1);
    assert_eq!(lost.items.len(), 1, "what Mara carries came to the Forge with her");
    let mut stopped = again();
    stopped.meta.is_stopped = true;
    stopped.settle_from_image();
    assert!(stopped.items.is_empty() && stopped.mobs.is_empty());
    assert!(stopped.meta.is_fresh && !stopped.meta.is_stopped);
    assert_eq!(stopped.waiting.len(), 2, "a Beat and a Tic");
}
