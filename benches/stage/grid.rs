//! A large world: rooms on a grid in zones of a hundred, kinds of mobs of which one in four roams, things on the
//! ground; as `loadtest world` generates it.

use std::sync::Arc;

use indexmap::IndexMap;
use realms::nexus::pulsar::record::{Meta, Place};
use realms::nexus::pulsar::turn::{Output, Turn};
use realms::nexus::pulsar::world::World;
use realms::nexus::pulsar::{beat, equip, load};
use realms::world::compile::{Ids, compile};
use realms::world::kinds::*;
use realms::world::spec::*;
use realms::world::template::{RoomId, Templates};

use super::stage::{self, Bench, enter, named, things};

/// Rooms along one side of a zone.
const ZONE_SIDE: usize = 10;
const MOB_KINDS: usize = 12;
const ROAMING_ONE_IN: usize = 4;
/// One rule brings so many.
const COPIES: usize = 15;

/// A set of so many rooms. With `more`, one kind of mob has changed, as after a builder's work.
pub fn templates(rooms: usize, more: bool) -> Arc<Templates> {
    let width = (rooms as f64).sqrt().ceil() as usize;
    let slug = |nth: usize| format!("room-{nth}");
    let zone_of = |nth: usize| format!("block-{}-{}", nth % width / ZONE_SIDE, nth / width / ZONE_SIDE);
    let mut documents = things(slug(0));
    for nth in 0..MOB_KINDS {
        let roams = nth.is_multiple_of(ROAMING_ONE_IN);
        let spec = MobSpec {
            name: format!("a gull of kind {nth}"),
            roaming: if roams { Roaming::Zone } else { Roaming::Static },
            roam_chance: if roams { 10 } else { 0 },
            level: if more { 2 } else { 1 },
            ..MobSpec::default()
        };
        documents.push(Document::Mob { metadata: named(format!("gull-{nth}")), spec: Box::new(spec) });
    }
    let mut zones: Vec<String> = Vec::new();
    for nth in 0..rooms {
        let zone = zone_of(nth);
        if !zones.contains(&zone) {
            zones.push(zone.clone());
        }
        let mut exits = IndexMap::new();
        let mut way = |direction, there: Option<usize>| {
            if let Some(there) = there.filter(|there| *there < rooms) {
                exits.insert(direction, ExitSpec::Room(slug(there)));
            }
        };
        way(Direction::North, Some(nth + width));
        way(Direction::East, ((nth + 1) % width > 0).then_some(nth + 1));
        way(Direction::South, nth.checked_sub(width));
        way(Direction::West, (nth % width > 0).then(|| nth - 1));
        let spec = RoomSpec {
            zone,
            name: format!("Corner {nth}"),
            at: [(nth % width) as i32, (nth / width) as i32, 0],
            room_type: RoomType::Road,
            description: "The ground here is gravel. To one side stands a dry fountain, and behind it the way goes on between low houses whose doors are shut. Gulls quarrel overhead.".into(),
            exits,
            details: Vec::new(),
            flags: Vec::new(),
            color: String::new(),
            checks: Vec::new(),
            on_get: Vec::new(),
            hint: String::new(),
            notes: String::new(),
        };
        documents.push(Document::Room { metadata: named(slug(nth)), spec: Box::new(spec) });
    }
    documents.extend(zones.into_iter().map(|zone| Document::Zone {
        metadata: named(zone.clone()),
        spec: Box::new(ZoneSpec { name: zone, respawn_wait: -1, ..ZoneSpec::default() }),
    }));
    let ids = Ids::sequential(&documents);
    Arc::new(compile(&documents, &ids).unwrap_or_else(|problems| panic!("{:?}", &problems[..3.min(problems.len())])))
}

pub fn empty(set: &Arc<Templates>) -> World {
    let meta = Meta { templates: "grid".into(), ..stage::meta() };
    let mut world = World::empty(meta, set.clone());
    beat::wind_up(&mut world);
    world
}

/// So many mobs spread over the world by rules, as loaders do it.
pub fn populate(world: &mut World, rooms: &[RoomId], mobs: usize) {
    let kinds: Vec<_> = world.templates.mobs.keys().copied().collect();
    let mut out = Output::default();
    for nth in 0..mobs {
        let (room, round) = (rooms[nth % rooms.len()], nth / rooms.len());
        let rule = 1_000_000 + (nth % rooms.len() * 100 + round / COPIES) as i64;
        let zone = world.zone_of(room);
        let mut turn = Turn::new(world, &mut out);
        load::spawn_mob(&mut turn, kinds[(nth + round) % kinds.len()], room, Some(rule), zone).expect("an id");
        out.outs.clear();
    }
}

/// So many things on the ground.
pub fn litter(world: &mut World, rooms: &[RoomId], items: usize) {
    let pebble = *world.templates.items.keys().next_back().expect("there are things");
    for nth in 0..items {
        equip::make_item(world, pebble, Place::Room(rooms[nth % rooms.len()]), Some(500_000)).expect("an id");
    }
}

/// A world with people in its first rooms.
pub fn with_people(set: &Arc<Templates>, mobs: usize, people: usize) -> Bench {
    let mut world = empty(set);
    let rooms: Vec<RoomId> = set.rooms.keys().copied().collect();
    populate(&mut world, &rooms, mobs);
    let mut bench = Bench { world, out: Output::default(), people: people as i64 };
    for id in 1..=people {
        enter(&mut bench, id as i64, rooms[(id * 7) % rooms.len()]);
    }
    bench
}
