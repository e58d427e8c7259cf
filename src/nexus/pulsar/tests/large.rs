//! Large work is cut into turns of bounded size: nothing is left out, and a world that is read back from its records
//! between any two of them goes on the same.

use std::sync::Arc;

use super::loads::other_templates;
use super::rig::Rig;
use super::same::{apply, read_back};
use crate::nexus::pulsar::beat::WAKE_CHUNK;
use crate::nexus::pulsar::connect::RENEW_CHUNK;
use crate::nexus::pulsar::instruction::{Instruction, What};
use crate::nexus::pulsar::leave::STOP_CHUNK;
use crate::nexus::pulsar::load::SETTLE_CHANGED;
use crate::nexus::pulsar::record::{Place, Who};

fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.world.meta.is_fresh = false;
    rig.sets.0.insert("fixture".into(), rig.world.templates.clone());
    rig.sets.0.insert("other".into(), Arc::new(other_templates(&rig.world.templates)));
    rig
}

/// Plays, and plays the same again with a world that is read back before every turn. The instructions that were
/// applied.
fn twice(rig: &mut Rig, play: impl FnOnce(&mut Rig)) -> Vec<What> {
    let mut reborn = read_back(&mut rig.world);
    rig.logs = true;
    play(rig);
    rig.logs = false;
    for turn in &rig.log {
        reborn = read_back(&mut reborn);
        apply(&mut reborn, turn, &rig.sets);
    }
    std::mem::take(&mut rig.log).into_iter().map(|turn| turn.what).collect()
}

fn enter(rig: &mut Rig, people: usize) {
    (1..=people as i64)
        .for_each(|id| rig.enter_new(id, &format!("Walker{}", ["a", "b"][id as usize % 2].repeat(id as usize))));
    rig.sent.clear();
    rig.errands.clear();
}

#[test]
fn what_has_lost_its_template_goes_over_several_turns_and_leaves_what_it_held() {
    let mut rig = rig();
    let green = rig.room("green");
    for _ in 0..SETTLE_CHANGED + 20 {
        let sack = rig.make_item("sack", Place::Room(green));
        assert!(rig.world.items.get(sack).is_some());
    }
    let last = *rig.items("sack").last().unwrap();
    let pebble = rig.make_item("pebble", Place::Inside(last));
    let turns = twice(&mut rig, |rig| {
        rig.give(Instruction::Templates { hash: "other".into() });
        assert_eq!(rig.world.items.get(pebble).unwrap().place, Place::Inside(last), "its turn comes later");
        rig.wait(0);
    });
    assert!(turns.len() > 2, "{turns:?}");
    let sacks = rig.world.items.iter().filter(|(_, item)| !rig.world.templates.items.contains_key(&item.template));
    assert_eq!(sacks.count(), 0);
    assert_eq!(rig.world.items.get(pebble).unwrap().place, Place::Room(green));
}

#[test]
fn mobs_that_a_new_set_makes_otherwise_are_all_known_to_be_so() {
    let mut rig = rig();
    for _ in 0..SETTLE_CHANGED + 20 {
        rig.make_mob("dog", "green");
    }
    let mut set = (*rig.world.templates).clone();
    let dog = rig.mob_template("dog");
    Arc::make_mut(&mut set.mobs[&dog]).stats.health_max += 10;
    Arc::make_mut(&mut set.mobs[&dog]).roam_chance = 0;
    rig.sets.0.insert("stronger".into(), Arc::new(set));
    let turns = twice(&mut rig, |rig| {
        rig.give(Instruction::Templates { hash: "stronger".into() });
        rig.wait(0);
    });
    assert!(turns.len() > 2, "{turns:?}");
    let zone = rig.world.zone_of(rig.room("green")).unwrap();
    assert_eq!(rig.world.index.tired_mobs[&zone].len(), SETTLE_CHANGED + 20, "each has ten to regain");
    assert!(rig.world.index.roamers.get(&zone).is_none_or(|mobs| mobs.is_empty()));
}

#[test]
fn everyone_gets_everything_anew_once_when_the_set_changes() {
    let mut rig = rig();
    let people = 2 * RENEW_CHUNK + 3;
    enter(&mut rig, people);
    let turns = twice(&mut rig, |rig| {
        rig.give(Instruction::Templates { hash: "other".into() });
        rig.wait(0);
    });
    assert!(turns.len() >= 4, "{turns:?}");
    for player in 1..=people as i64 {
        let heard = rig.heard(player);
        let anew = heard.iter().filter(|(kind, _)| kind == "cmd.state.sync.success").count();
        assert_eq!(anew, 1, "player {player}: {heard:?}");
    }
}

#[test]
fn everyone_leaves_a_world_that_stops_and_then_it_has_stopped() {
    let mut rig = rig();
    enter(&mut rig, 2 * STOP_CHUNK + 3);
    let turns = twice(&mut rig, |rig| {
        rig.give(Instruction::Stop);
        assert!(!rig.world.players.is_empty() && !rig.world.meta.is_stopped, "it goes on in further turns");
        rig.wait(0);
    });
    assert_eq!(turns.len(), 3);
    assert!(rig.world.players.is_empty() && rig.world.meta.is_stopped);
    assert_eq!(rig.detached.len(), 2 * STOP_CHUNK + 3);
    assert_eq!(rig.errands.len(), 2 * STOP_CHUNK + 3, "each is on the way to the Forge");
    // It runs again when someone comes.
    rig.enter_new(500, "Late");
    assert!(!rig.world.meta.is_stopped);
}

#[test]
fn all_mobs_of_a_zone_that_wakes_have_regained_what_they_would_have() {
    let mut rig = rig();
    enter(&mut rig, 1);
    let session = rig.session(1);
    rig.give(Instruction::Quit { player: 1, session });
    for _ in 0..WAKE_CHUNK + 20 {
        let mob = rig.make_mob("dog", "green");
        rig.world.mobs.edit(mob).unwrap().health = 1;
        rig.world.judge_mob(mob);
    }
    rig.wait(3_600_000);
    let turns = twice(&mut rig, |rig| {
        rig.enter_new(2, "Mara");
        rig.wait(0);
    });
    assert!(turns.iter().any(|what| matches!(what, What::Timer(_))), "{turns:?}");
    let max = rig.world.templates.mobs[&rig.mob_template("dog")].stats.health_max;
    assert!(rig.mobs("dog").iter().all(|mob| rig.world.mobs.get(*mob).unwrap().health == max));
    assert!(rig.world.index.tired_mobs.values().all(|mobs| mobs.is_empty()));
    assert!(rig.world.char_view(Who::Mob(rig.mobs("dog")[0])).unwrap().health == max);
}
