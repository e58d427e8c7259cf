//! Bringing into the world what the loaders planned: in order, a bounded number a turn, each rule's
//! cap checked again. Also what happens to things whose template or room a new set no longer has.

use std::sync::Arc;

use crate::world::internal::{ErrandId, PlannedLoad, PlannedPlace, PlannedThing};
use crate::world::kinds::*;
use crate::world::template::{LoaderId, MobTemplate, MobTemplateId, Room, RoomId, RuleId, Templates, ZoneId};

use super::combat::aggro;
use super::instruction::{Instruction, SettleStage};
use super::record::{Ask, Mob, MobId, Place, Staged, Stamp, Who};
use super::turn::Turn;
use super::world::World;
use super::{beat, equip, react};

/// Loads of one turn.
pub const LOAD_CHUNK: u32 = 32;

/// A plan has come, staged whole.
pub fn begin(turn: &mut Turn, errand: ErrandId, stage: u64) {
    let head = turn.world.staged.get(stage).and_then(|staged| plan_head(&staged.bytes));
    turn.world.errands.remove(errand);
    let Some(head) = head else {
        turn.world.staged.remove(stage);
        return;
    };
    turn.world.meta.is_fresh = false;
    let now = turn.world.meta.now;
    for zone in &head.zones {
        turn.world.zone_resets.insert(*zone, Stamp(now));
        reset_doors(turn, *zone);
    }
    for loader in &head.loaders {
        turn.world.loader_runs.insert(*loader, Stamp(now));
    }
    if head.loads == 0 {
        turn.world.staged.remove(stage);
        return;
    }
    if let Some(staged) = turn.world.staged.edit(stage) {
        staged.at = head.bytes as u64;
        staged.left = head.loads;
    }
    // From here on the plan is the world's own affair, under the errand's number.
    let id = turn.world.open_errand(Ask::Loading { stage }).id;
    on(turn, id, 0);
}

/// A plan up to its loads.
struct PlanHead {
    zones: Vec<ZoneId>,
    loaders: Vec<LoaderId>,
    loads: u32,
    /// Where the first load begins.
    bytes: usize,
}

/// The loads are read as their turns come, so that no turn reads all of a long plan. The fields are those of
/// [`LoadPlan`](crate::world::internal::LoadPlan), in its order.
fn plan_head(plan: &[u8]) -> Option<PlanHead> {
    let (zones, rest) = postcard::take_from_bytes(plan).ok()?;
    let (loaders, rest) = postcard::take_from_bytes(rest).ok()?;
    let (loads, rest) = postcard::take_from_bytes::<u32>(rest).ok()?;
    Some(PlanHead { zones, loaders, loads, bytes: plan.len() - rest.len() })
}

/// The next loads of a plan, from the `next`th on.
pub fn on(turn: &mut Turn, errand: ErrandId, next: u32) -> bool {
    go_on(turn, errand, next, one);
    true
}

/// These loads of a plan are left out; those after them come.
pub fn leave_out(turn: &mut Turn, errand: ErrandId, next: u32) {
    go_on(turn, errand, next, |_, _, _| None);
}

fn go_on(turn: &mut Turn, errand: ErrandId, next: u32, make: fn(&mut Turn, u64, &PlannedLoad) -> Option<i64>) {
    let Some(Ask::Loading { stage }) = turn.world.errands.get(errand).map(|open| open.what.clone()) else { return };
    let Some(mut loads) = turn.world.staged.get(stage).map(next_loads) else {
        turn.world.errands.remove(errand);
        return;
    };
    for load in loads.planned.drain(..) {
        let id = make(turn, stage, &load).unwrap_or(0);
        if let Some(staged) = turn.world.staged.edit(stage) {
            staged.made.push(id);
        }
    }
    if loads.left > 0 {
        if let Some(staged) = turn.world.staged.edit(stage) {
            staged.at = loads.at;
            staged.left = loads.left;
        }
        turn.world.schedule(0, Instruction::LoadOn { errand, next: next + LOAD_CHUNK });
    } else {
        turn.world.staged.remove(stage);
        turn.world.errands.remove(errand);
    }
}

struct NextLoads {
    planned: Vec<PlannedLoad>,
    /// Where the one after them begins, and how many are left then.
    at: u64,
    left: u32,
}

/// What cannot be read ends the plan.
fn next_loads(staged: &Staged) -> NextLoads {
    let mut rest = staged.bytes.get(staged.at as usize..).unwrap_or_default();
    let wanted = staged.left.min(LOAD_CHUNK);
    let mut planned = Vec::with_capacity(wanted as usize);
    for _ in 0..wanted {
        let Ok((load, after)) = postcard::take_from_bytes(rest) else {
            return NextLoads { planned, at: staged.at, left: 0 };
        };
        planned.push(load);
        rest = after;
    }
    NextLoads { planned, at: (staged.bytes.len() - rest.len()) as u64, left: staged.left - wanted }
}

fn one(turn: &mut Turn, stage: u64, load: &PlannedLoad) -> Option<i64> {
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
                    let holder = *world.staged.get(stage)?.made.get(nth as usize)?;
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
    let (stats, gold, roams) = world.templates.mobs.get(&template).map(|t| (t.stats, t.gold, t.roams()))?;
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
        roams,
        tired: false,
        grudges: Vec::new(),
        summoner: None,
    };
    world.mobs.insert(id, mob);
    if let Some(rule) = rule {
        *world.index.rules.entry(rule).or_default() += 1;
    }
    equip::outfit_mob(world, id);
    world.arrive(Who::Mob(id), room);
    react::appeared(turn, id, room);
    react::on(turn, ReactionEvent::Load, id, None, "");
    aggro::arrived(turn, id);
    Some(id)
}

fn random_room(world: &mut World, zone: ZoneId, for_mob: bool) -> Option<RoomId> {
    let templates = world.templates.clone();
    let open = templates.ground().open.get(&zone)?;
    let rooms = if for_mob { &open.mobs } else { &open.items };
    if rooms.is_empty() {
        return None;
    }
    let at = world.roll(rooms.len() as u32) as usize;
    Some(rooms[at])
}

/// The doors of a zone return to their defaults; whoever stands beside one sees it.
fn reset_doors(turn: &mut Turn, zone: ZoneId) {
    let templates = turn.world.templates.clone();
    let rooms = templates.zones.get(&zone).map_or(&[][..], |zone| &zone.rooms);
    let has_doors = |room: &&RoomId| templates.rooms.get(*room).is_some_and(|room| room.has_doors());
    for room in rooms.iter().filter(has_doors).copied() {
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

/// After a switch of templates: nobody and nothing stays in a room that is gone, and things whose template is gone cease
/// to be. What is worked out from rows and templates is worked out anew only where the sets differ in it.
pub fn resettle(turn: &mut Turn, before: &Templates) {
    let world = &mut *turn.world;
    let after = world.templates.clone();
    // What clients see is made of templates too.
    world.mobs.forget_views();
    world.items.forget_views();
    world.players.forget_views();
    leave_lost_rooms(world, before);
    let moved = |(id, room): (&RoomId, &Arc<Room>)| after.rooms.get(id).is_some_and(|other| other.zone != room.zone);
    let is_watched_otherwise = !before.watch().attentive.keys().eq(after.watch().attentive.keys());
    if before.rooms.iter().any(moved) || is_watched_otherwise {
        world.reindex_mobs();
    }
    if before.items.keys().any(|id| !after.items.contains_key(id)) {
        resettle_on(turn, SettleStage::Items, i64::MIN);
    }
    let differs = |(id, mob): (&MobTemplateId, &Arc<MobTemplate>)| {
        after.mobs.get(id).is_none_or(|other| (other.stats, other.roams()) != (mob.stats, mob.roams()))
    };
    if before.mobs.iter().any(differs) {
        resettle_on(turn, SettleStage::Mobs, i64::MIN);
    }
    let world = &mut *turn.world;
    world.reindex_players();
    let rooms: Vec<RoomId> = world.presences.iter().map(|(_, presence)| presence.room).collect();
    for room in rooms {
        beat::wake(world, room);
    }
    // Zones that lost their last player just now, or that are gone.
    let now = world.meta.now;
    world.meta.asleep.retain(|zone, _| after.zones.contains_key(zone));
    for zone in after.zones.keys().filter(|zone| !world.index.awake.contains_key(*zone)) {
        world.meta.asleep.entry(*zone).or_insert(now);
    }
}

fn leave_lost_rooms(world: &mut World, before: &Templates) {
    let start = world.templates.world.starting_room;
    let is_lost = |id: &RoomId| !world.templates.rooms.contains_key(id);
    let lost: Vec<RoomId> = world.rooms.iter().map(|(id, _)| id).filter(is_lost).collect();
    for room in lost {
        let row = world.rooms.get(room).cloned().unwrap_or_default();
        for item in row.items {
            world.move_item(item, Place::Room(start));
        }
        for who in row.chars {
            match who {
                Who::Player(id) => {
                    world.depart(who, room);
                    if let Some(presence) = world.presences.edit(id) {
                        presence.room = start;
                    }
                    world.arrive(who, start);
                }
                Who::Mob(id) => {
                    // The indexes have it under the zone that the room was in; the new set knows of neither.
                    if let Some(room) = before.rooms.get(&room) {
                        world.unindex_mob(id, room.zone);
                    }
                    destroy_mob(world, id);
                }
            }
        }
        world.rooms.remove(room);
    }
}

/// Rows of one turn that are looked at, and how many of these cease to be or become otherwise.
pub const SETTLE_CHUNK: usize = 8_000;
pub const SETTLE_CHANGED: usize = 1_000;

/// Goes on, from after this key, with rows whose template is gone, and with mobs whose template makes them otherwise.
pub fn resettle_on(turn: &mut Turn, stage: SettleStage, after: i64) {
    let world = &mut *turn.world;
    let (mut changed, mut last, mut seen) = (Vec::new(), after, 0);
    let mut look = |id: i64, is_changed: bool| {
        (last, seen) = (id, seen + 1);
        changed.extend(is_changed.then_some(id));
        seen < SETTLE_CHUNK && changed.len() < SETTLE_CHANGED
    };
    let set = world.templates.clone();
    let is_otherwise = |mob: &Mob| set.mobs.get(&mob.template).is_none_or(|by| mob.by(by) != (mob.roams, mob.tired));
    let is_complete = match stage {
        SettleStage::Items => world.items.after(after).all(|(id, i)| look(id, !set.items.contains_key(&i.template))),
        SettleStage::Mobs => world.mobs.after(after).all(|(id, mob)| look(id, is_otherwise(mob))),
    };
    for id in changed {
        match stage {
            SettleStage::Items => {
                spill(world, id);
                world.destroy_item(id);
            }
            SettleStage::Mobs if world.mobs.get(id).is_some_and(|mob| set.mobs.contains_key(&mob.template)) => {
                world.judge_mob(id);
            }
            SettleStage::Mobs => destroy_mob(world, id),
        }
    }
    if !is_complete {
        world.schedule(0, Instruction::Resettle { stage, after: last });
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
    world.forget_fights(Who::Mob(id));
    let Some(mob) = world.mobs.get(id).cloned() else { return };
    for item in mob.items.iter().chain(mob.worn.iter().map(|(_, item)| item)) {
        world.destroy_item(*item);
    }
    world.depart(Who::Mob(id), mob.room);
    world.forget_gates(id);
    world.mobs.remove(id);
    if let Some(rule) = mob.rule {
        world.uncount(rule);
    }
}
