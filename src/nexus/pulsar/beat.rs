//! The world's own clock at work. Each Beat (2 s of world time) regenerates and roams, each Tic
//! (15 s) asks for what is missing. Only what is active is touched: the tired, and the roamers of
//! zones with a player in them. Large work is cut into turns of bounded size.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::nexus::beat::BEAT_MILLIS;
use crate::nexus::message::view::{ActorPatch, Vital};
use crate::nexus::message::{Data, Frame};
use crate::nexus::tic::TIC_MILLIS;
use crate::world::character::PlayerId;
use crate::world::formulas;
use crate::world::internal::{Errand, LoaderQuery};
use crate::world::kinds::*;
use crate::world::template::{RoomId, ZoneId};

use super::combat::{aggro, round};
use super::instruction::{BeatStage, Instruction};
use super::record::{Ask, MobId, Stamp, Who};
use super::skill::tick;
use super::trigger::places;
use super::turn::Turn;
use super::world::World;
use super::{load, react, schedule, script};

/// How many characters one turn of a Beat looks at.
pub const BEAT_CHUNK: usize = 256;
/// A linkless character is brought to safety after this; world milliseconds.
pub const LINKLESS_TIMEOUT: u64 = 8 * 60 * 1000;
/// A player without a command for this long is logged out; world milliseconds.
pub const IDLE_TIMEOUT: u64 = 10 * 60 * 1000;
/// The same for builders.
pub const BUILDER_IDLE_TIMEOUT: u64 = 2 * 60 * 60 * 1000;

/// The first Beat and Tic of a world that has none waiting.
pub fn wind_up(world: &mut World) {
    world.schedule(BEAT_MILLIS, Instruction::Beat);
    world.schedule(if world.meta.is_fresh { 100 } else { TIC_MILLIS }, Instruction::Tic);
}

pub fn beat(turn: &mut Turn) -> bool {
    turn.world.schedule(BEAT_MILLIS, Instruction::Beat);
    turn.world.meta.beats += 1;
    schedule::beat(turn);
    places::beat(turn);
    fights(turn, i64::MIN);
    true
}

/// What a timing that is left out leaves undone: a world's clocks go on ticking, and a plan goes on behind the gap.
pub fn skipped(turn: &mut Turn, instruction: Instruction) {
    match instruction {
        Instruction::Beat => turn.world.schedule(BEAT_MILLIS, Instruction::Beat),
        Instruction::Tic => turn.world.schedule(TIC_MILLIS, Instruction::Tic),
        Instruction::LoadOn { errand, next } => load::leave_out(turn, errand, next),
        _ => {}
    }
}

/// Goes on with a Beat that is cut into turns.
pub fn on(turn: &mut Turn, stage: BeatStage, after: i64) -> bool {
    match stage {
        BeatStage::Fight => fights(turn, after),
        BeatStage::Effects => effects(turn, after),
        BeatStage::Players => players(turn, after),
        BeatStage::Mobs => mobs(turn, after),
        BeatStage::Roam => roam(turn, after),
        BeatStage::Attend => attend(turn, after),
    }
    true
}

fn fights(turn: &mut Turn, after: i64) {
    if round::fights(turn, after) {
        effects(turn, i64::MIN);
    }
}

fn effects(turn: &mut Turn, after: i64) {
    if tick::effects(turn, after) {
        players(turn, i64::MIN);
    }
}

fn players(turn: &mut Turn, after: i64) {
    use std::ops::Bound::{Excluded, Unbounded};
    let (mut tired, mut rested) = (Vec::new(), Vec::new());
    for player in turn.world.index.tired_players.range((Excluded(after), Unbounded)).copied() {
        // The set may hold some who are rested by now; what a turn does must follow from the state alone.
        if turn.world.is_tired(player) {
            tired.push(player);
        } else {
            rested.push(player);
        }
        if tired.len() == BEAT_CHUNK {
            break;
        }
    }
    for player in rested {
        turn.world.index.tired_players.remove(&player);
    }
    for player in &tired {
        regenerate_player(turn, *player);
    }
    match tired.last() {
        Some(last) if tired.len() == BEAT_CHUNK => {
            turn.world.schedule(0, Instruction::BeatOn { stage: BeatStage::Players, after: *last });
        }
        _ => mobs(turn, i64::MIN),
    }
}

fn regenerate_player(turn: &mut Turn, id: PlayerId) {
    let row = turn.world.players.get(id).map(|player| (player.state, player.health));
    let Some(((state, health_now), stats)) = row.zip(turn.world.stats_of(id)) else {
        turn.world.index.tired_players.remove(&id);
        return;
    };
    let [health, mana, stamina] = formulas::player_regeneration(&stats, state);
    let healed = (health_now + health).min(stats.health_max.max(health_now));
    let mut changed = healed != health_now;
    if changed && let Some(player) = turn.world.players.edit(id) {
        player.health = healed;
    }
    let Some(presence) = turn.world.presences.get(id) else { return };
    let (mana_now, stamina_now) = (presence.mana, presence.stamina);
    let mana_new = (mana_now + mana).min(stats.mana_max.max(mana_now));
    let stamina_new = (stamina_now + stamina).min(stats.stamina_max.max(stamina_now));
    if (mana_new, stamina_new) != (mana_now, stamina_now) {
        changed = true;
        if let Some(presence) = turn.world.presences.edit(id) {
            presence.mana = mana_new;
            presence.stamina = stamina_new;
        }
    }
    if healed >= stats.health_max && mana_new >= stats.mana_max && stamina_new >= stats.stamina_max {
        turn.world.index.tired_players.remove(&id);
    }
    let linked = turn.world.presences.get(id).is_some_and(|p| p.session.is_some());
    if changed && linked {
        let actor = ActorPatch {
            who: turn.world.named(Who::Player(id)),
            room: turn.world.room_of(Who::Player(id)).and_then(|room| turn.world.room_ref(room)),
            state: None,
            health: Vital::whole(healed, stats.health_max, health),
            mana: Vital::whole(mana_new, stats.mana_max, mana),
            stamina: Vital::whole(stamina_new, stats.stamina_max, stamina),
        };
        turn.tell(id, Frame::new("notification.regen", "", Data::Actor { actor: Box::new(actor) }));
    }
}

fn mobs(turn: &mut Turn, after: i64) {
    let tired = next_mobs(&turn.world.index.awake, &turn.world.index.tired_mobs, after);
    for mob in &tired {
        regenerate_mob(turn.world, *mob, 1);
    }
    match tired.last() {
        Some(last) if tired.len() == BEAT_CHUNK => {
            turn.world.schedule(0, Instruction::BeatOn { stage: BeatStage::Mobs, after: *last });
        }
        _ => roam(turn, i64::MIN),
    }
}

/// The next mobs of the zones that are awake, by id; as many as one turn looks at. The cost grows with the zones that
/// are awake, not with what is in them.
pub(super) fn next_mobs<T>(
    awake: &BTreeMap<ZoneId, T>,
    mobs: &BTreeMap<ZoneId, BTreeSet<MobId>>,
    after: MobId,
) -> Vec<MobId> {
    use std::ops::Bound::{Excluded, Unbounded};
    let zones = awake.keys().filter_map(|zone| mobs.get(zone));
    let mut rest: Vec<_> = zones.map(|mobs| mobs.range((Excluded(after), Unbounded))).collect();
    let firsts = rest.iter_mut().enumerate().filter_map(|(nth, mobs)| Some(Reverse((*mobs.next()?, nth))));
    let mut firsts: BinaryHeap<_> = firsts.collect();
    let mut next = Vec::new();
    while let Some(Reverse((mob, nth))) = firsts.pop() {
        next.push(mob);
        if next.len() == BEAT_CHUNK {
            break;
        }
        firsts.extend(rest[nth].next().map(|mob| Reverse((*mob, nth))));
    }
    next
}

/// Regenerates a mob for a number of Beats at once.
fn regenerate_mob(world: &mut World, id: MobId, beats: u64) {
    let Some(mob) = world.mobs.get(id) else { return };
    let Some(template) = world.templates.mobs.get(&mob.template) else { return };
    let stats = template.stats;
    let [mut health, mana, stamina] = formulas::mob_regeneration(&stats, template.regen_rate);
    if world.is_fighting(Who::Mob(id)) {
        health = stats.health_regen;
    }
    let beats = i64::try_from(beats).unwrap_or(i64::MAX);
    let grown = |now: i32, gain: i32, max: i32| {
        i64::from(now).saturating_add(i64::from(gain).saturating_mul(beats)).min(i64::from(max.max(now))) as i32
    };
    let healed = grown(mob.health, health, stats.health_max);
    let row = if healed == mob.health { world.mobs.edit_unseen(id) } else { world.mobs.edit(id) };
    let Some(mob) = row else { return };
    mob.health = healed;
    mob.mana = grown(mob.mana, mana, stats.mana_max);
    mob.stamina = grown(mob.stamina, stamina, stats.stamina_max);
    world.judge_mob(id);
}

/// Tired mobs of a zone that wakes, of one turn.
pub const WAKE_CHUNK: usize = 1_000;

/// A zone wakes: what its mobs regained in their sleep follows from the time that passed.
pub fn wake(world: &mut World, room: RoomId) {
    let Some(zone) = world.zone_of(room) else { return };
    let Some(since) = world.meta.asleep.remove(&zone) else { return };
    let beats = world.meta.now.saturating_sub(since) / BEAT_MILLIS;
    if beats > 0 {
        wake_on(world, zone, beats, MobId::MIN);
    }
}

/// Goes on with a zone that woke, from after this mob.
pub fn wake_on(world: &mut World, zone: ZoneId, beats: u64, after: MobId) {
    use std::ops::Bound::{Excluded, Unbounded};
    let tired = world.index.tired_mobs.get(&zone).map(|tired| tired.range((Excluded(after), Unbounded)));
    let tired: Vec<MobId> = tired.into_iter().flatten().copied().take(WAKE_CHUNK).collect();
    for mob in &tired {
        regenerate_mob(world, *mob, beats);
    }
    if let Some(last) = tired.last().filter(|_| tired.len() == WAKE_CHUNK) {
        world.schedule(0, Instruction::WakeOn { zone, beats, after: *last });
    }
}

fn roam(turn: &mut Turn, after: i64) {
    let roamers = next_mobs(&turn.world.index.awake, &turn.world.index.roamers, after);
    for mob in &roamers {
        roam_one(turn, *mob);
    }
    match roamers.last() {
        Some(last) if roamers.len() == BEAT_CHUNK => {
            turn.world.schedule(0, Instruction::BeatOn { stage: BeatStage::Roam, after: *last });
        }
        _ => attend(turn, i64::MIN),
    }
}

/// Mobs that react to time.
fn attend(turn: &mut Turn, after: i64) {
    let attentive = next_mobs(&turn.world.index.awake, &turn.world.index.attentive, after);
    for mob in &attentive {
        react::beat(turn, *mob);
    }
    if let Some(last) = attentive.last()
        && attentive.len() == BEAT_CHUNK
    {
        turn.world.schedule(0, Instruction::BeatOn { stage: BeatStage::Attend, after: *last });
    }
}

fn roam_one(turn: &mut Turn, id: MobId) {
    let world = &mut *turn.world;
    let Some(mob) = world.mobs.get(id) else { return };
    let (from, ground) = (mob.room, mob.ground);
    let Some(template) = world.templates.mobs.get(&mob.template).cloned() else { return };
    if world.fights.contains(id) || !world.chance(template.roam_chance) {
        return;
    }
    let Some(room) = world.templates.rooms.get(&from).cloned() else { return };
    let home = ground.unwrap_or(room.zone);
    let ways: Vec<(Direction, RoomId)> = Direction::ALL
        .iter()
        .filter_map(|direction| Some((*direction, room.exit(*direction)?.to)))
        .filter(|(direction, to)| {
            let closed = world.door_state(from, *direction).is_some_and(|state| state != DoorState::Open);
            let Some(target) = world.templates.rooms.get(to) else { return false };
            let barred = target.has(RoomFlag::NoRoam) || target.has(RoomFlag::NoLoad);
            let stays = template.roaming == Roaming::All || target.zone == home;
            !closed && !barred && stays && target.room_type != RoomType::Water
        })
        .collect();
    if ways.is_empty() {
        return;
    }
    let (direction, to) = ways[world.roll(ways.len() as u32) as usize];
    script::go(turn, id, direction, to);
    aggro::arrived(turn, id);
}

impl World {
    /// Is any vital of this player below what it can be?
    pub fn is_tired(&self, id: PlayerId) -> bool {
        let (Some(view), Some(presence)) = (self.char_view(Who::Player(id)), self.presences.get(id)) else {
            return false;
        };
        let stats = &view.stats;
        view.health < stats.health_max || presence.mana < stats.mana_max || presence.stamina < stats.stamina_max
    }
}

/// Asks for what is missing, and looks after the linkless and the idle.
pub fn tic(turn: &mut Turn) -> bool {
    turn.world.schedule(TIC_MILLIS, Instruction::Tic);
    ask_for_ids(turn);
    ask_for_loads(turn);
    let now = turn.world.meta.now;
    let lost: Vec<PlayerId> = turn
        .world
        .index
        .linkless
        .iter()
        .copied()
        .filter(|id| {
            let since = turn.world.presences.get(*id).and_then(|p| p.linkless_since);
            since.is_some_and(|since| now.saturating_sub(since) >= LINKLESS_TIMEOUT)
        })
        .collect();
    for player in lost {
        super::leave::expel(turn, player, "Your link was lost for too long.");
    }
    let idle: Vec<PlayerId> = turn
        .world
        .players
        .iter()
        .filter(|(id, player)| {
            let after = if player.account.is_builder { BUILDER_IDLE_TIMEOUT } else { IDLE_TIMEOUT };
            let last = turn.world.presences.get(*id).map_or(now, |p| p.last_action);
            player.config.idle_logout && now.saturating_sub(last) >= after
        })
        .map(|(id, _)| id)
        .collect();
    for player in idle {
        super::leave::expel(turn, player, "You have been away for a while, so the world lets you go. Come back soon.");
    }
    true
}

fn ask_for_ids(turn: &mut Turn) {
    let meta = &turn.world.meta;
    let half_used = meta.ids.1 - meta.ids.0 < crate::world::internal::ID_BLOCK / 2;
    let waiting = turn.world.errands.iter().any(|(_, e)| e.what == Ask::Forge(Errand::GrantIds));
    if half_used && meta.ids_next.is_none() && !waiting {
        turn.ask(Ask::Forge(Errand::GrantIds));
    }
}

pub(super) fn ask_for_loads(turn: &mut Turn) {
    if turn.world.templates.world.config.never_reload && !turn.world.meta.is_fresh {
        return;
    }
    let waiting = turn.world.errands.iter().any(|(_, e)| matches!(e.what, Ask::Forge(Errand::RunLoaders(_))));
    if waiting || turn.world.templates.loaders.is_empty() {
        return;
    }
    let now = turn.world.meta.now;
    let stamp = |stamp: Option<&Stamp>| stamp.map(|s| s.0);
    let query = LoaderQuery {
        now,
        initial: turn.world.meta.is_fresh,
        zones: turn
            .world
            .templates
            .zones
            .keys()
            .filter_map(|zone| Some((*zone, stamp(turn.world.zone_resets.get(*zone))?)))
            .collect(),
        loaders: turn
            .world
            .templates
            .loaders
            .keys()
            .filter_map(|loader| Some((*loader, stamp(turn.world.loader_runs.get(*loader))?)))
            .collect(),
        facts: turn.world.meta.facts.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
    };
    // Nothing can be due: the question is not asked.
    if !query.initial && !anything_due(turn.world, &query) {
        return;
    }
    turn.ask(Ask::Forge(Errand::RunLoaders(query)));
}

/// Whether any zone or loader has waited long enough. The Forge decides what is really missing.
fn anything_due(world: &World, query: &LoaderQuery) -> bool {
    let passed = |last: Option<u64>, wait: i64| match (last, u64::try_from(wait)) {
        (None, _) => true,
        (Some(_), Err(_)) => false,
        (Some(last), Ok(wait)) => query.now >= last.saturating_add(wait * 1000),
    };
    let zone_due = |zone: &ZoneId| {
        let wait = world.templates.zones.get(zone).map_or(-1, |z| z.respawn_wait);
        passed(world.zone_resets.get(*zone).map(|s| s.0), wait)
    };
    world.templates.loaders.values().any(|loader| match loader.respawn_wait {
        None => zone_due(&loader.zone),
        Some(wait) => passed(world.loader_runs.get(loader.id).map(|s| s.0), wait),
    })
}
