//! What the loaders plan comes into the world; sets of templates change under people's feet.

use std::sync::Arc;

use super::rig::Rig;
use crate::nexus::pulsar::instruction::{Instruction, Reply};
use crate::nexus::pulsar::record::{Ask, Place, Who};
use crate::nexus::pulsar::see;
use crate::world::internal::{Errand, LoadPlan, LoaderQuery, PlannedLoad, PlannedPlace, PlannedThing, Population};
use crate::world::template::Templates;

/// The loaders' question, if one is open.
pub fn question(rig: &Rig) -> Option<(crate::world::internal::ErrandId, LoaderQuery)> {
    rig.world.errands.iter().find_map(|(id, open)| match &open.what {
        Ask::Forge(Errand::RunLoaders(query)) => Some((id, query.clone())),
        _ => None,
    })
}

/// What the Forge would answer it.
pub fn plan(rig: &Rig, query: &LoaderQuery) -> LoadPlan {
    let population = Population { rules: rig.world.index.rules.clone(), ..Population::default() };
    let holds = |conditions: &str| crate::forge::loaders::facts_hold(conditions, &query.facts);
    crate::forge::loaders::plan(&rig.world.templates, &population, query, |conditions| {
        conditions.is_empty() || holds(conditions)
    })
}

/// Answers the loaders' question; the number of loads in the plan.
pub fn answer(rig: &mut Rig) -> Option<usize> {
    let (errand, query) = question(rig)?;
    let plan = plan(rig, &query);
    bring(rig, errand, &plan);
    Some(plan.loads.len())
}

fn bring(rig: &mut Rig, errand: crate::world::internal::ErrandId, plan: &LoadPlan) {
    let stage = 1 << 40;
    let bytes = postcard::to_stdvec(plan).unwrap();
    let parts: Vec<Vec<u8>> = bytes.chunks(100).map(<[u8]>::to_vec).collect();
    for (at, bytes) in parts.iter().enumerate() {
        let (part, parts) = (at as u16, parts.len() as u16);
        rig.give(Instruction::Stage { stage, part, parts, bytes: bytes.clone() });
    }
    rig.give(Instruction::Answered { errand, answer: Reply::Plan { stage } });
    rig.wait(10);
}

/// Lets seconds pass in which the Forge answers at once.
fn live(rig: &mut Rig, seconds: u64) {
    for _ in 0..seconds {
        rig.wait(1000);
        answer(rig);
    }
}

fn populated() -> Rig {
    let mut rig = Rig::new();
    rig.world.meta.facts.insert("season".into(), "summer".into());
    rig.wait(100);
    assert!(answer(&mut rig).is_some());
    rig
}

#[test]
fn a_fresh_world_is_populated_and_once_only() {
    let mut rig = populated();
    assert!(!rig.world.meta.is_fresh);
    assert_eq!((rig.mobs("miller").len(), rig.mobs("dog").len(), rig.mobs("wolf").len()), (1, 2, 3));
    let (sack, knife) = (rig.items("sack")[0], rig.items("knife")[0]);
    assert_eq!(rig.world.items.get(knife).unwrap().place, Place::Inside(sack), "the knife lies in the sack");
    let key = rig.items("brass-key")[0];
    assert_eq!(rig.world.items.get(key).unwrap().place, Place::Carried(Who::Mob(rig.mobs("miller")[0])));
    let dogs = rig.mobs("dog");
    let village = |id: &i64| {
        let zone = rig.world.zone_of(rig.world.mobs.get(*id).unwrap().room).unwrap();
        rig.world.templates.zones[&zone].slug == "village"
    };
    assert_eq!(dogs.iter().filter(|id| village(id)).count(), 2, "each roams where it was put");
    assert!(rig.world.staged.is_empty());
    // Later runs find nothing missing.
    let (mobs, items) = (rig.world.mobs.len(), rig.world.items.len());
    live(&mut rig, 400);
    assert_eq!((rig.world.mobs.len(), rig.world.items.len()), (mobs, items));
}

#[test]
fn a_plan_that_comes_twice_is_held_by_the_caps() {
    let mut rig = Rig::new();
    rig.wait(100);
    let (errand, query) = question(&rig).unwrap();
    let plan = plan(&rig, &query);
    bring(&mut rig, errand, &plan);
    let count = (rig.world.mobs.len(), rig.world.items.len());
    let again = rig.world.open_errand(Ask::Forge(Errand::RunLoaders(query)));
    bring(&mut rig, again.id, &plan);
    assert_eq!((rig.world.mobs.len(), rig.world.items.len()), count);
    // An answer to a question that is closed changes nothing, and leaves nothing staged.
    bring(&mut rig, errand, &plan);
    assert_eq!((rig.world.mobs.len(), rig.world.items.len()), count);
    assert!(rig.world.staged.is_empty());
}

#[test]
fn what_a_player_takes_is_loaded_anew_with_all_that_was_in_it() {
    let mut rig = populated();
    rig.enter_new(1, "Mara");
    let mill = rig.room("mill");
    let mara = Who::Player(1);
    rig.world.depart(mara, rig.room("green"));
    rig.world.presences.edit(1).unwrap().room = mill;
    rig.world.arrive(mara, mill);
    rig.text(1, "get sack");
    assert!(rig.heard(1).iter().any(|(_, text)| text == "You get a flour sack."));
    live(&mut rig, 320);
    assert_eq!((rig.items("sack").len(), rig.items("knife").len()), (2, 2));
}

#[test]
fn a_long_plan_comes_in_turns_and_says_where_its_things_are() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.wait(100);
    let (errand, query) = question(&rig).unwrap();
    let (green, pebble, sack) = (rig.room("green"), rig.item_template("pebble"), rig.item_template("sack"));
    let load = |what, into| PlannedLoad { loader: 1, rule: 900, what, into, cap: 1000 };
    let mut loads = vec![load(PlannedThing::Item(sack), PlannedPlace::Room(green))];
    for _ in 0..99 {
        loads.push(load(PlannedThing::Item(pebble), PlannedPlace::Load(0)));
    }
    // A load into one that made nothing, or that comes later, is left out.
    loads.push(load(PlannedThing::Item(pebble), PlannedPlace::Load(5000)));
    loads.push(load(PlannedThing::Item(pebble), PlannedPlace::Room(1)));
    loads.push(load(PlannedThing::Mob(99), PlannedPlace::Room(green)));
    let plan = LoadPlan { zones: query.zones.iter().map(|(zone, _)| *zone).collect(), loaders: vec![1], loads };
    bring(&mut rig, errand, &plan);
    let made = rig.items("sack")[0];
    let inside = &rig.world.items.get(made).unwrap().items;
    let pebbles = inside.iter().filter(|id| rig.world.items.get(**id).unwrap().rule == Some(900)).count();
    assert_eq!(pebbles, 99);
    assert_eq!(rig.world.index.rules[&900], 100);
    assert!(rig.world.errands.iter().all(|(_, open)| !matches!(open.what, Ask::Loading { .. })));
}

#[test]
fn mobs_that_come_are_seen_to_come() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.heard(1);
    rig.wait(100);
    let (errand, _) = question(&rig).unwrap();
    let (green, dog) = (rig.room("green"), rig.mob_template("dog"));
    let load =
        PlannedLoad { loader: 1, rule: 1, what: PlannedThing::Mob(dog), into: PlannedPlace::Room(green), cap: 1 };
    bring(&mut rig, errand, &LoadPlan { zones: vec![], loaders: vec![], loads: vec![load] });
    let heard = rig.heard(1);
    assert!(heard.contains(&("notification.movement.enter".into(), "A yellow dog has arrived.".into())), "{heard:?}");
}

#[test]
fn doors_return_to_what_they_were_when_their_zone_resets() {
    let mut rig = populated();
    rig.enter_new(1, "Mara");
    rig.text(1, "close south");
    let (green, chapel) = (rig.room("green"), rig.room("chapel"));
    let south = crate::world::kinds::Direction::South;
    assert_eq!(rig.world.door_state(green, south).unwrap().as_str(), "closed");
    rig.heard(1);
    live(&mut rig, 320);
    assert_eq!(rig.world.door_state(green, south).unwrap().as_str(), "open");
    assert!(rig.world.doors(chapel).iter().all(Option::is_none));
    assert!(rig.heard(1).iter().any(|(kind, _)| kind == "notification.door.reset"));
}

#[test]
fn ids_are_asked_for_in_time_and_nothing_is_made_without() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.world.meta.ids = (5_000_000_000, 5_000_000_001);
    rig.wait(100);
    let grants = |rig: &Rig| {
        let mut open = rig.world.errands.iter().filter(|(_, open)| open.what == Ask::Forge(Errand::GrantIds));
        open.next().map(|(id, _)| id)
    };
    let errand = grants(&rig).expect("more ids are asked for");
    rig.carry(1, "pebble");
    answer(&mut rig);
    assert_eq!(rig.world.mobs.len(), 0, "without ids nothing comes into being");
    let answer = Reply::Forge(crate::world::internal::Answer::Ids { start: 6_000_000_000, end: 6_000_100_000 });
    rig.give(Instruction::Answered { errand, answer });
    assert_eq!(rig.carry(1, "pebble"), 6_000_000_000);
}

/// The fixture without the mill, its miller and all sacks; the green has another name.
pub fn other_templates(from: &Templates) -> Templates {
    let mut set = from.clone();
    let mill = set.rooms.values().find(|room| room.slug == "mill").unwrap().id;
    set.rooms.shift_remove(&mill);
    set.items.retain(|_, item| item.slug != "sack");
    set.mobs.retain(|_, mob| mob.slug != "miller");
    for room in set.rooms.values_mut() {
        let mut new = (**room).clone();
        if new.slug == "green" {
            new.name = "The Paved Green".into();
        }
        for exit in &mut new.exits {
            if exit.as_ref().is_some_and(|exit| exit.to == mill) {
                *exit = None;
            }
        }
        *room = Arc::new(new);
    }
    for mob in set.mobs.values_mut() {
        let mut new = (**mob).clone();
        new.name = new.name.replace("yellow", "grey");
        *mob = Arc::new(new);
    }
    set
}

#[test]
fn a_new_set_moves_people_and_things_out_of_what_is_gone() {
    let mut rig = populated();
    rig.enter_new(1, "Mara");
    rig.carry(1, "sack");
    let carried = rig.world.players.get(1).unwrap().items.len();
    let dog = rig.mobs("dog")[0];
    assert_eq!(rig.world.char_view(Who::Mob(dog)).unwrap().name, "a yellow dog");
    let mill = rig.room("mill");
    rig.world.depart(Who::Player(1), rig.room("green"));
    rig.world.presences.edit(1).unwrap().room = mill;
    rig.world.arrive(Who::Player(1), mill);
    let loaves = rig.items("loaf").len();

    let other = Arc::new(other_templates(&rig.world.templates));
    rig.sets.0.insert("other".into(), other);
    assert!(!rig.give(Instruction::Templates { hash: "unknown".into() }), "a set that is not at hand changes nothing");
    rig.heard(1);
    assert!(rig.give(Instruction::Templates { hash: "other".into() }));
    rig.wait(0);
    let heard = rig.heard(1);
    assert!(heard.iter().any(|(kind, text)| kind == "cmd.state.sync.success" && text.starts_with("The Paved Green")));
    assert_eq!(rig.world.room_of(Who::Player(1)), Some(rig.room("green")));
    assert_eq!(rig.world.char_view(Who::Mob(dog)).unwrap().name, "a grey dog", "what is seen is made anew");
    assert_eq!(rig.items("loaf").len(), loaves, "what lay in a sack lies where the sack was");
    let now_carried = rig.world.players.get(1).unwrap().items.len();
    assert!(now_carried >= carried, "{now_carried} of {carried}");
    assert!(rig.world.meta.asleep.keys().all(|zone| !rig.world.index.awake.contains_key(zone)));
    assert!(rig.world.map(1).iter().all(|room| see::room_key(room.room.id) != see::room_key(mill)));
    assert!(!rig.give(Instruction::Templates { hash: "other".into() }), "it is in use already");
}
