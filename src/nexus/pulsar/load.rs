//! Bringing into the world what the loaders planned: in order, a bounded number a turn, each rule's
//! cap checked again. Also what happens to things whose template or room a new set no longer has.

use crate::world::internal::{ErrandId, LoadPlan, PlannedLoad, PlannedPlace, PlannedThing};
use crate::world::kinds::*;
use crate::world::template::{MobTemplateId, RoomId, RuleId, ZoneId};

use super::instruction::Instruction;
use super::record::{Ask, Mob, MobId, Place, Stamp, Who};
use super::turn::Turn;
use super::world::World;
use super::{beat, connect, equip, react};

/// Loads of one turn.
pub const LOAD_CHUNK: u32 = 32;

/// A plan has come, staged whole.
pub fn begin(turn: &mut Turn, errand: ErrandId, stage: u64) {
    let plan = turn.world.staged.get(stage).and_then(|staged| postcard::from_bytes::<LoadPlan>(&staged.bytes).ok());
    turn.world.errands.remove(errand);
    let Some(plan) = plan else {
        turn.world.staged.remove(stage);
        return;
    };
    turn.world.meta.is_fresh = false;
    let now = turn.world.meta.now;
    for zone in &plan.zones {
        turn.world.zone_resets.insert(*zone, Stamp(now));
        reset_doors(turn, *zone);
    }
    for loader in &plan.loaders {
        turn.world.loader_runs.insert(*loader, Stamp(now));
    }
    if plan.loads.is_empty() {
        turn.world.staged.remove(stage);
        return;
    }
    // From here on the plan is the world's own affair, under the errand's number.
    let id = turn.world.open_errand(Ask::Loading { stage }).id;
    on(turn, id, 0);
}

/// The next loads of a plan.
pub fn on(turn: &mut Turn, errand: ErrandId, next: u32) -> bool {
    let Some(Ask::Loading { stage }) = turn.world.errands.get(errand).map(|open| open.what.clone()) else {
        return true;
    };
    let Some((plan, mut made)) = turn
        .world
        .staged
        .get(stage)
        .and_then(|staged| Some((postcard::from_bytes::<LoadPlan>(&staged.bytes).ok()?, staged.made.clone())))
    else {
        turn.world.errands.remove(errand);
        return true;
    };
    let loads = plan.loads.iter().skip(next as usize).take(LOAD_CHUNK as usize);
    for load in loads {
        let id = one(turn, load, &made).unwrap_or(0);
        made.push(id);
    }
    let done = next + LOAD_CHUNK;
    if (done as usize) < plan.loads.len() {
        if let Some(staged) = turn.world.staged.edit(stage) {
            staged.made = made;
        }
        turn.world.schedule(0, Instruction::LoadOn { errand, next: done });
    } else {
        turn.world.staged.remove(stage);
        turn.world.errands.remove(errand);
    }
    true
}

fn one(turn: &mut Turn, load: &PlannedLoad, made: &[i64]) -> Option<i64> {
    let world = &mut *turn.world;
    if world.index.rules.get(&load.rule).copied().unwrap_or(0) >= load.cap {
        return None;
    }
    match load.what {
        PlannedThing::Mob(template) => {
            let (room, ground) = match load.into {
                PlannedPlace::Room(room) => (room, None),
                PlannedPlace::Zone(zone) => (random_room(world, zone, true)?, Some(zone)),
                PlannedPlace::Load(_) => return None,
            };
            spawn_mob(turn, template, room, Some(load.rule), ground)
        }
        PlannedThing::Item(template) => {
            let place = match load.into {
                PlannedPlace::Room(room) if world.templates.rooms.contains_key(&room) => Place::Room(room),
                PlannedPlace::Room(_) => return None,
                PlannedPlace::Zone(zone) => Place::Room(random_room(world, zone, false)?),
                PlannedPlace::Load(nth) => {
                    let holder = *made.get(nth as usize)?;
                    if world.mobs.contains(holder) {
                        return equip::give_mob(world, holder, template, Some(load.rule));
                    }
                    if !world.items.contains(holder) {
                        return None;
                    }
                    Place::Inside(holder)
                }
            };
            equip::make_item(world, template, place, Some(load.rule))
        }
    }
}

/// Makes a mob, whole and outfitted, and lets those in the room see it come.
pub fn spawn_mob(
    turn: &mut Turn,
    template: MobTemplateId,
    room: RoomId,
    rule: Option<RuleId>,
    ground: Option<ZoneId>,
) -> Option<MobId> {
    let world = &mut *turn.world;
    let stats = world.templates.mobs.get(&template)?.stats;
    let gold = world.templates.mobs.get(&template)?.gold;
    if !world.templates.rooms.contains_key(&room) {
        return None;
    }
    let id = world.new_id()?;
    let mob = Mob {
        id,
        template,
        room,
        rule,
        ground,
        health: stats.health_max,
        mana: stats.mana_max,
        stamina: stats.stamina_max,
        gold,
        items: Vec::new(),
        worn: Vec::new(),
        gates: Vec::new(),
    };
    world.mobs.insert(id, mob);
    if let Some(rule) = rule {
        *world.index.rules.entry(rule).or_default() += 1;
    }
    equip::outfit_mob(world, id);
    world.arrive(Who::Mob(id), room);
    react::appeared(turn, id, room);
    Some(id)
}

fn random_room(world: &mut World, zone: ZoneId, for_mob: bool) -> Option<RoomId> {
    let rooms: Vec<RoomId> = world
        .templates
        .zones
        .get(&zone)?
        .rooms
        .iter()
        .copied()
        .filter(|id| {
            world.templates.rooms.get(id).is_some_and(|room| {
                room.room_type != RoomType::Water
                    && !room.has(RoomFlag::NoLoad)
                    && !(for_mob && room.has(RoomFlag::NoRoam))
            })
        })
        .collect();
    if rooms.is_empty() {
        return None;
    }
    let at = world.roll(rooms.len() as u32) as usize;
    Some(rooms[at])
}

/// The doors of a zone return to their defaults; whoever stands beside one sees it.
fn reset_doors(turn: &mut Turn, zone: ZoneId) {
    let rooms = turn.world.templates.zones.get(&zone).map(|z| z.rooms.clone()).unwrap_or_default();
    for room in rooms {
        let doors = turn.world.doors(room);
        if doors.iter().all(Option::is_none) {
            continue;
        }
        // The other side may lie in a zone that does not reset now; a door is one thing all the same.
        let beyond: Vec<_> = Direction::ALL
            .iter()
            .filter(|direction| doors[**direction as usize].is_some())
            .filter_map(|direction| super::command::doors::other_side(turn, room, *direction))
            .collect();
        if let Some(row) = turn.world.rooms.edit(room) {
            row.doors = [None; 6];
        }
        super::command::doors::tell_reset(turn, room);
        for (other, back) in beyond {
            let changed = turn.world.doors(other)[back as usize].is_some();
            if changed && let Some(row) = turn.world.rooms.edit(other) {
                row.doors[back as usize] = None;
                super::command::doors::tell_reset(turn, other);
            }
        }
    }
}

/// After a switch of templates: nobody and nothing stays in a room that is gone, and things whose
/// template is gone cease to be.
pub fn resettle(turn: &mut Turn) {
    let world = &mut *turn.world;
    // What clients see is made of templates too.
    world.mobs.forget_views();
    world.items.forget_views();
    world.players.forget_views();
    let start = world.templates.world.starting_room;
    let gone: Vec<i64> = world
        .items
        .iter()
        .filter(|(_, i)| !world.templates.items.contains_key(&i.template))
        .map(|(id, _)| id)
        .collect();
    for item in gone {
        spill(world, item);
        world.destroy_item(item);
    }
    let gone: Vec<MobId> = world
        .mobs
        .iter()
        .filter(|(_, m)| {
            !world.templates.mobs.contains_key(&m.template) || !world.templates.rooms.contains_key(&m.room)
        })
        .map(|(id, _)| id)
        .collect();
    for mob in gone {
        destroy_mob(world, mob);
    }
    let lost: Vec<RoomId> =
        world.rooms.iter().map(|(id, _)| id).filter(|id| !world.templates.rooms.contains_key(id)).collect();
    for room in lost {
        let row = world.rooms.get(room).cloned().unwrap_or_default();
        for item in row.items {
            world.move_item(item, Place::Room(start));
        }
        for who in row.chars {
            world.depart(who, room);
            if let Who::Player(id) = who {
                if let Some(presence) = world.presences.edit(id) {
                    presence.room = start;
                }
                world.arrive(who, start);
            }
        }
        world.rooms.remove(room);
    }
    world.reindex();
    let players: Vec<i64> = world.players.iter().map(|(id, _)| id).collect();
    for player in players {
        connect::clamp_vitals(world, player);
        if let Some(room) = world.room_of(Who::Player(player)) {
            beat::wake(world, room);
        }
    }
    // Zones that lost their last player just now, or that are gone.
    let (now, zones) = (world.meta.now, world.templates.zones.clone());
    world.meta.asleep.retain(|zone, _| zones.contains_key(zone));
    for zone in zones.keys().filter(|zone| !world.index.awake.contains_key(*zone)) {
        world.meta.asleep.entry(*zone).or_insert(now);
    }
}

/// What a thing holds comes to where the thing is.
fn spill(world: &mut World, item: i64) {
    let Some((place, inside)) = world.items.get(item).map(|item| (item.place, item.items.clone())) else { return };
    let place = match place {
        Place::Worn(who, _) => Place::Carried(who),
        place => place,
    };
    for inner in inside {
        world.move_item(inner, place);
    }
}

/// Takes a mob and all it has out of the world.
pub fn destroy_mob(world: &mut World, id: MobId) {
    let Some(mob) = world.mobs.get(id).cloned() else { return };
    for item in mob.items.iter().chain(mob.worn.iter().map(|(_, item)| item)) {
        world.destroy_item(*item);
    }
    world.depart(Who::Mob(id), mob.room);
    world.mobs.remove(id);
    if let Some(rule) = mob.rule {
        world.uncount(rule);
    }
}
