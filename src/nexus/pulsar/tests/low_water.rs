//! The starter world's clock: its tide turns, warns, and brings home alive whoever stays below.

use std::path::Path;
use std::sync::Arc;

use super::rig::{Rig, character, world_of};
use crate::nexus::pulsar::record::Who;
use crate::world::character::{Account, PlayerId};
use crate::world::compile::{Ids, compile};
use crate::world::kinds::Aggression;
use crate::world::manifest::{self, Source};
use crate::world::template::Templates;

/// Seconds between two changes of the tide, as the world's schedule has it.
const TIDE_SECONDS: u64 = 150;

fn sources(folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(Source { path: path.display().to_string(), text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

fn templates() -> Templates {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/low-water"), &mut files);
    let documents: Vec<_> = manifest::read(&files).unwrap().into_iter().map(|located| located.document).collect();
    compile(&documents, &Ids::sequential(&documents)).unwrap()
}

fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.world = world_of(Arc::new(templates()));
    rig.world.meta.is_fresh = false;
    rig.world.meta.facts.insert("tide".into(), "ebb".into());
    rig
}

fn enter(rig: &mut Rig, id: PlayerId, name: &str, room: &str) {
    let mut character = character(id, name);
    character.room = Some(rig.room(room));
    rig.enter(character, Account { id, name: name.to_lowercase(), ..Account::default() });
}

/// The tide turns once; everybody has something to do meanwhile.
fn turn_tide(rig: &mut Rig, to: &str) {
    rig.wait(TIDE_SECONDS * 1000);
    assert_eq!(rig.world.meta.facts.get("tide").map(String::as_str), Some(to));
    let all: Vec<PlayerId> = rig.world.players.iter().map(|(id, _)| id).collect();
    for player in all {
        rig.text(player, "exits");
    }
}

fn is_in(rig: &Rig, player: PlayerId, room: &str) -> bool {
    rig.world.room_of(Who::Player(player)) == Some(rig.room(room))
}

fn read(rig: &mut Rig, player: PlayerId, text: &str) -> bool {
    rig.heard(player).iter().any(|(_, heard)| heard.contains(text))
}

#[test]
fn the_flood_warns_twice_and_sets_everyone_down_alive() {
    let mut rig = rig();
    for (id, name) in [(1, "Ann"), (2, "Bob"), (3, "Cid")] {
        enter(&mut rig, id, name, "lantern-cross");
    }
    enter(&mut rig, 4, "Dot", "playhouse-gods");
    enter(&mut rig, 5, "Eve", "skerry");
    // The schedule begins to count with the first Beat.
    rig.wait(2_000);
    turn_tide(&mut rig, "low");
    turn_tide(&mut rig, "turning");
    assert!(read(&mut rig, 1, "The bell rings, once"));
    turn_tide(&mut rig, "late");
    assert!(read(&mut rig, 1, "The bell rings twice"));
    assert!(is_in(&rig, 1, "lantern-cross"));
    // The weakest has to come through it as well.
    rig.wait(TIDE_SECONDS * 1000 - 4_000);
    rig.world.players.edit(2).unwrap().health = 1;
    rig.wait(8_000);
    for player in 1..=3 {
        assert!(is_in(&rig, player, "strand"), "{player}");
        assert!(rig.world.players.get(player).unwrap().health > 0);
        let heard = rig.heard(player);
        assert!(heard.iter().any(|(_, text)| text.starts_with("You are off your feet.")), "{heard:?}");
        assert!(!heard.iter().any(|(_, text)| text.contains("The sea lifts")), "it strikes nobody: {heard:?}");
    }
    assert!(is_in(&rig, 4, "playhouse-gods") && is_in(&rig, 5, "skerry"), "some places stay dry");
    // Nobody goes down now, from any side.
    for (player, way, text) in [(1, "south", "The bank is under it."), (4, "down", "The stalls are full")] {
        rig.text(player, way);
        assert!(read(&mut rig, player, text), "{way}");
    }
    rig.wait(10_000);
    let sea = rig.mob_template("the-sea");
    assert!(rig.world.mobs.iter().all(|(_, mob)| mob.template != sea), "it leaves nothing of itself behind");
    rig.wait((TIDE_SECONDS - 14) * 1000);
    rig.text(1, "exits");
    turn_tide(&mut rig, "ebb");
    rig.text(1, "south");
    assert!(is_in(&rig, 1, "shingle-bank"), "the way is open again");
    assert_eq!(rig.world.meta.trouble, Vec::<String>::new());
}

#[test]
fn only_those_attack_who_are_meant_to() {
    let set = templates();
    let mut fierce: Vec<&str> = set
        .mobs
        .values()
        .filter(|mob| matches!(mob.aggression, Aggression::Players | Aggression::All))
        .map(|mob| mob.slug.as_str())
        .collect();
    fierce.sort_unstable();
    assert_eq!(fierce, ["conger-eel", "the-sea", "wrecker"]);
    let quay = set.zones.values().find(|zone| zone.slug == "quay").unwrap();
    for room in set.rooms.values().filter(|room| room.zone == quay.id) {
        assert!(room.has(crate::world::kinds::RoomFlag::Peaceful), "{}", room.slug);
    }
}
