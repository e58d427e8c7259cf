//! A small town: a hundred rooms on a grid, one kind of mob, and people.

use std::sync::Arc;

use indexmap::IndexMap;
use realms::nexus::pulsar::beat::{self, BEAT_CHUNK};
use realms::nexus::pulsar::combat::{self, round};
use realms::nexus::pulsar::load;
use realms::nexus::pulsar::record::Who;
use realms::nexus::pulsar::turn::{self, Output};
use realms::nexus::pulsar::world::World;
use realms::world::character::PlayerId;
use realms::world::compile::{Ids, compile};
use realms::world::kinds::*;
use realms::world::spec::*;
use realms::world::template::{Scope, Templates, Trigger};

use super::stage::{Bench, enter, meta, named, things};

/// Rooms along one side of the grid.
const SIDE: i32 = 10;

/// A hundred rooms and one kind of mob.
pub fn templates() -> Arc<Templates> {
    let slug = |x: i32, y: i32| format!("room-{x}-{y}");
    let mut documents = things(slug(0, 0));
    let zone = ZoneSpec { name: "Grid".into(), respawn_wait: -1, ..ZoneSpec::default() };
    let mob = MobSpec { name: "a gull".into(), ..MobSpec::default() };
    documents.push(Document::Zone { metadata: named("grid".into()), spec: Box::new(zone) });
    documents.push(Document::Mob { metadata: named("gull".into()), spec: Box::new(mob) });
    for (x, y) in (0..SIDE).flat_map(|x| (0..SIDE).map(move |y| (x, y))) {
        let mut exits = IndexMap::new();
        for direction in &Direction::ALL[..4] {
            let [east, north, _] = direction.step();
            let (there_x, there_y) = (x + east, y + north);
            if (0..SIDE).contains(&there_x) && (0..SIDE).contains(&there_y) {
                exits.insert(*direction, ExitSpec::Room(slug(there_x, there_y)));
            }
        }
        let spec = RoomSpec {
            zone: "grid".into(),
            name: format!("Corner {x}, {y}"),
            at: [x, y, 0],
            room_type: RoomType::Road,
            description: "Two streets meet between low houses. A pump stands here, and a bench that nobody sits on."
                .into(),
            exits,
            details: Vec::new(),
            flags: Vec::new(),
            color: String::new(),
            checks: Vec::new(),
            on_get: Vec::new(),
            hint: String::new(),
            notes: String::new(),
        };
        documents.push(Document::Room { metadata: named(slug(x, y)), spec: Box::new(spec) });
    }
    let ids = Ids::sequential(&documents);
    Arc::new(compile(&documents, &ids).unwrap_or_else(|problems| panic!("{problems:?}")))
}

/// So many people and mobs, spread over its rooms.
pub fn with(people: usize, mobs: usize) -> Bench {
    let set = templates();
    let rooms: Vec<_> = set.rooms.keys().copied().collect();
    let mut world = World::empty(meta(), set.clone());
    beat::wind_up(&mut world);
    let mut bench = Bench { world, out: Output::default(), people: people as PlayerId };
    if let Some(mob) = set.mobs.keys().next() {
        for nth in 0..mobs {
            let mut turn = turn::Turn::new(&mut bench.world, &mut bench.out);
            load::spawn_mob(&mut turn, *mob, rooms[nth % rooms.len()], None, None);
        }
    }
    for id in 1..=people as PlayerId {
        enter(&mut bench, id, rooms[id as usize % rooms.len()]);
    }
    bench.out.outs.clear();
    bench
}

/// So many command triggers that hold in the whole world, each with its words; no player meets their conditions.
pub fn triggers(bench: &mut Bench, count: i64, words: impl Fn(i64) -> String) {
    let mut set = (*bench.world.templates).clone();
    for id in 1..=count {
        let trigger = Trigger {
            id,
            slug: format!("t{id}"),
            scope: Scope::World,
            target: None,
            event: None,
            matcher: words(id),
            conditions: "level 20 and marked initiated yes".into(),
            script: vec!["say Well".into()],
            show_details_on_failure: true,
            failure_message: String::new(),
            display_action: false,
            gate_delay: 10,
            order: 0,
            is_active: true,
        };
        set.triggers.insert(id, Arc::new(trigger));
    }
    set.watch();
    bench.world.templates = Arc::new(set);
}

/// Everyone takes on a mob in the same room.
pub fn brawl(bench: &mut Bench) {
    let mobs: Vec<(i64, i64)> = bench.world.mobs.iter().map(|(id, mob)| (id, mob.room)).collect();
    let people: Vec<(PlayerId, i64)> = bench.world.presences.iter().map(|(id, at)| (id, at.room)).collect();
    let mut free = mobs;
    for (player, room) in people {
        let Some(at) = free.iter().position(|(_, own)| *own == room) else { continue };
        let (mob, _) = free.swap_remove(at);
        let mut turn = turn::Turn::new(&mut bench.world, &mut bench.out);
        combat::attack(&mut turn, Who::Player(player), Who::Mob(mob));
    }
    bench.out.outs.clear();
}

/// Nobody dies of the next round.
pub fn heal(bench: &mut Bench) {
    let fighters: Vec<i64> = bench.world.fights.iter().map(|(id, _)| id).collect();
    for id in fighters {
        bench.world.set_health(Who::of(id), 1_000_000);
    }
}

/// One round of all who fight; how many messages came of it.
pub fn round(bench: &mut Bench) -> usize {
    let (mut after, mut messages) = (i64::MIN, 0);
    loop {
        bench.out.outs.clear();
        let last = bench.world.fights.after(after).nth(BEAT_CHUNK - 1).map(|(id, _)| id);
        let mut turn = turn::Turn::new(&mut bench.world, &mut bench.out);
        let complete = round::fights(&mut turn, after);
        messages += bench.out.outs.len();
        let Some(last) = last.filter(|_| !complete) else { return messages };
        // What was set for the rest is done here at once.
        let number = bench.world.meta.next_arrival - 1;
        bench.world.waiting.remove(number);
        bench.world.timings.pop(bench.world.meta.now);
        after = last;
    }
}
