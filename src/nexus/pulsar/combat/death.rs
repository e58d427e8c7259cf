//! The end of someone: the corpse and what is in it, experience for those who fought, and for players the way back. Nothing
//! that a player owns ceases to be but what the world's `death_mode` says.

use crate::nexus::message::view::{Fighter, KeyRef, ProgressPatch, RoomRef};
use crate::nexus::message::{Data, Frame};
use crate::world::character::{ItemId, PlayerId};
use crate::world::formulas::{self, combat};
use crate::world::keywords::capitalized;
use crate::world::kinds::*;
use crate::world::template::{CORPSE, RoomId};

use super::super::instruction::Instruction;
use super::super::record::{Item, MobId, Own, Place, Who};
use super::super::skill::effect;
use super::super::turn::Turn;
use super::super::world::World;
use super::super::{connect, load, react, see};
use super::{aggro, hooks, leave, part, place};

/// Milliseconds until a corpse is gone; that of a player waits until it is empty.
pub const CORPSE_DECAY: u64 = 5 * 60 * 1_000;
/// Per cent of health and mana with which a player wakes.
pub const WAKE_PERCENT: i32 = 50;

/// Someone has no health left.
pub fn die(turn: &mut Turn, who: Who, killer: Option<Who>) {
    match who {
        Who::Mob(mob) => mob_dies(turn, mob, killer),
        Who::Player(player) => player_dies(turn, player, killer),
    }
}

fn mob_dies(turn: &mut Turn, id: MobId, killer: Option<Who>) {
    let who = Who::Mob(id);
    let killer = killer.map(|killer| effect::master(turn.world, killer));
    hooks::dies(turn, id, killer);
    let Some(mob) = turn.world.mobs.get(id) else { return };
    let (room, gold) = (mob.room, mob.gold);
    let things: Vec<ItemId> = mob.worn.iter().map(|(_, item)| *item).chain(mob.items.iter().copied()).collect();
    let Some(template) = turn.world.templates.mobs.get(&mob.template).cloned() else { return };
    let sharers = sharers(turn.world, who, room, killer);
    let owner = effect::owner_of(turn.world, id);
    let Some(view) = turn.world.char_view(who) else { return };
    let corpse = make_corpse(turn.world, &template.name, &template.keywords, room, false);
    for item in things {
        turn.world.move_item(item, corpse.map_or(Place::Room(room), Place::Inside));
    }
    match (corpse.and_then(|corpse| turn.world.items.edit(corpse)), sharers.first()) {
        (Some(corpse), _) => corpse.gold = gold,
        // Without ids there are no corpses; coins go to whoever earned them.
        (None, Some(first)) => {
            if let Some(row) = turn.world.players.edit(*first) {
                row.gold = row.gold.saturating_add(gold);
            }
        }
        (None, None) => {}
    }
    if let Some(mob) = turn.world.mobs.edit(id) {
        mob.gold = 0;
    }
    tell_death(turn, room, Fighter(view), killer, corpse);
    let foes = part(turn.world, who);
    load::destroy_mob(turn.world, id);
    for foe in foes {
        super::settle(turn, foe, Some(who));
    }
    if let Some(owner) = owner {
        effect::lost(turn, owner, id);
    }
    if owner.is_none() {
        for player in &sharers {
            let share = template.experience / sharers.len() as i64;
            let level = turn.world.players.get(*player).map_or(1, |row| row.level);
            gain(turn, *player, share * combat::experience_percent(level, template.level) / 100);
        }
    }
}

/// The players who fought it and are there, each once; whoever killed it first.
fn sharers(world: &World, who: Who, room: RoomId, killer: Option<Who>) -> Vec<PlayerId> {
    let foes = world.fights.get(who.id()).map_or(&[][..], |fight| &fight.foes);
    let mut sharers: Vec<PlayerId> = Vec::new();
    for other in killer.into_iter().chain(foes.iter().map(|foe| effect::master(world, foe.who))) {
        if let Who::Player(player) = other
            && !sharers.contains(&player)
            && world.room_of(other) == Some(room)
        {
            sharers.push(player);
        }
    }
    sharers
}

fn make_corpse(world: &mut World, name: &str, keywords: &[String], room: RoomId, of_player: bool) -> Option<ItemId> {
    let template = world.templates.items.get(&CORPSE)?.clone();
    let id = world.new_id()?;
    let mut words: Vec<String> = template.keywords.clone();
    words.extend(keywords.iter().map(|word| word.to_lowercase()).filter(|word| word != "mob"));
    let name = format!("the corpse of {name}");
    let own =
        Own { ground: format!("{} is lying here.", capitalized(&name)), name, keywords: words, is_players: of_player };
    let item = Item {
        id,
        template: CORPSE,
        place: Place::Room(room),
        rule: None,
        items: Vec::new(),
        label: String::new(),
        own: Some(Box::new(own)),
        gold: 0,
    };
    world.add_item(item);
    if of_player || world.templates.world.config.has_corpse_decay {
        world.schedule(CORPSE_DECAY, Instruction::Decay { item: id });
    }
    Some(id)
}

/// A corpse has lain long enough. What a player left stays until someone takes it.
pub fn decay(turn: &mut Turn, id: ItemId) -> bool {
    let Some(item) = turn.world.items.get(id) else { return true };
    let Place::Room(room) = item.place else { return true };
    let (name, is_players) =
        item.own.as_ref().map_or_else(|| ("a corpse".into(), false), |o| (o.name.clone(), o.is_players));
    if is_players && (!item.items.is_empty() || item.gold > 0) {
        turn.world.schedule(CORPSE_DECAY, Instruction::Decay { item: id });
        return true;
    }
    let key = KeyRef { key: see::item_key(id) };
    turn.world.destroy_item(id);
    let text = format!("{} crumbles to dust.", capitalized(&name));
    turn.tell_room(room, &[], Frame::new("notification.decay", text, Data::Decayed { items: vec![key] }));
    true
}

fn tell_death(turn: &mut Turn, room: RoomId, deceased: Fighter, killer: Option<Who>, corpse: Option<ItemId>) {
    let name = deceased.0.name.clone();
    let corpse = corpse.and_then(|corpse| turn.world.item_view(corpse));
    let by = killer.and_then(|killer| turn.world.char_view(killer)).map(Fighter);
    let own = deceased.0.key.clone();
    let text = match &by {
        Some(by) if by.0.key != own => format!("{} has slain {name}!", capitalized(&by.0.name)),
        _ => format!("{} is dead!", capitalized(&name)),
    };
    let data = Data::Death(Box::new(crate::nexus::message::view::DeathData { deceased, killer: by, corpse }));
    let mut except: Vec<PlayerId> = turn.world.players_in(room).filter(|id| see::player_key(*id) == own).collect();
    if let Some(Who::Player(player)) = killer
        && !except.contains(&player)
        && turn.world.room_of(Who::Player(player)) == Some(room)
    {
        turn.tell(player, Frame::new("notification.death", format!("You have slain {name}!"), data.clone()));
        except.push(player);
    }
    turn.tell_room(room, &except, Frame::new("notification.death", text, data));
}

// ---- experience ----

/// A player has learned from what they did.
pub fn gain(turn: &mut Turn, player: PlayerId, experience: i64) {
    let Some(row) = turn.world.players.edit(player).filter(|_| experience > 0) else { return };
    row.experience = row.experience.saturating_add(experience);
    let (before, level) = (row.level, formulas::level_of_experience(row.experience).max(row.level));
    row.level = level;
    let actor = progress_patch(turn.world, player);
    let text = format!("You gain {experience} experience.");
    turn.tell(player, Frame::new("affect.experience", text, Data::Progress { actor }));
    if level > before {
        level_up(turn, player, level);
    }
}

pub fn progress_patch(world: &World, player: PlayerId) -> ProgressPatch {
    let Some(row) = world.players.get(player) else { return ProgressPatch::default() };
    let (progress, needed) = formulas::experience_progress(row.level, row.experience);
    ProgressPatch {
        key: see::player_key(player),
        name: row.name.clone(),
        level: row.level,
        experience: row.experience,
        experience_progress: progress,
        experience_needed: needed,
        gold: row.gold,
    }
}

/// Whoever rises is whole again.
fn level_up(turn: &mut Turn, player: PlayerId, level: u32) {
    let who = Who::Player(player);
    let Some(stats) = turn.world.stats_of(player) else { return };
    turn.world.set_health(who, stats.health_max);
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.mana = presence.mana.max(stats.mana_max);
        presence.stamina = presence.stamina.max(stats.stamina_max);
    }
    let known = turn.world.templates.skills.values().filter(|skill| skill.is_core && skill.level == level);
    let own = turn.world.players.get(player).map(|row| row.archetype);
    let new: Vec<String> = known.filter(|skill| skill.archetype == own).map(|skill| skill.name.clone()).collect();
    let mut text = format!("You have reached level {level}! You feel whole again.");
    if !new.is_empty() {
        text.push_str(&format!("\nNew among your skills: {}.", new.join(", ")));
    }
    if let Some(actor) = turn.world.actor(player) {
        turn.tell(player, Frame::new("affect.level", text, Data::Own { actor: Box::new(actor) }));
    }
    if let Some(room) = turn.world.room_of(who) {
        let text = format!("{} has reached level {level}.", turn.name(who));
        turn.tell_room(room, &[player], Frame::new("notification.level", text, Data::Empty {}));
    }
    connect::who_changed(turn);
}

// ---- the death of a player ----

fn player_dies(turn: &mut Turn, player: PlayerId, killer: Option<Who>) {
    let who = Who::Player(player);
    let Some(room) = turn.world.room_of(who) else { return };
    let killer = killer.map(|killer| effect::master(turn.world, killer));
    let Some(view) = turn.world.char_view(who) else { return };
    let Some(row) = turn.world.players.get(player) else { return };
    let (name, word) = (row.name.clone(), [row.name.to_lowercase()]);
    let corpse = make_corpse(turn.world, &name, &word, room, true);
    lose(turn.world, player, corpse);
    tell_death(turn, room, Fighter(view), killer, corpse);
    let slayer = killer.filter(|killer| *killer != who).map(|killer| turn.name(killer));
    effect::end_all(turn, who);
    reconcile(turn.world, player);
    let to = route(turn.world, player, room);
    place::bring(turn, player, to);
    leave(turn, who);
    wake(turn.world, player);
    let mut line = match slayer {
        Some(slayer) => format!("You have been slain by {slayer}!"),
        None => "You have died!".into(),
    };
    line.push_str(" After a while without a name for it, you wake.");
    place::show(turn, player, "affect.death", &line, None, false);
    if let Some(actor) = turn.world.actor(player) {
        turn.tell(player, Frame::new("affect.revival", "", Data::Own { actor: Box::new(actor) }));
    }
    let (Some(own), Some(target)) = (turn.world.char_view(who), turn.world.templates.rooms.get(&to).cloned()) else {
        return;
    };
    if !own.is_invisible {
        let text = format!("{} wakes here, pale.", own.name);
        let data = Data::Enter { actor: own, direction: None, room: RoomRef(target) };
        turn.tell_room(to, &[player], Frame::new("notification.movement.enter", text, data));
    }
    react::entered(turn, player, to);
    aggro::entered(turn, player, to);
}

/// Those who slew a player have had their revenge.
fn reconcile(world: &mut World, player: PlayerId) {
    let foes = world.fights.get(player).map_or(Vec::new(), |fight| fight.foes.clone());
    for foe in foes {
        if let Who::Mob(mob) = foe.who
            && let Some(mob) = world.mobs.edit_unseen(mob)
        {
            mob.grudges.retain(|other| *other != player);
        }
    }
}

/// What a death costs in this world goes into the corpse.
fn lose(world: &mut World, player: PlayerId, corpse: Option<ItemId>) {
    let config = &world.templates.world.config;
    let (mode, percent) = (config.death_mode, i64::from(config.death_gold_penalty_percent));
    let Some(row) = world.players.get(player) else { return };
    let worn: Vec<ItemId> = row.worn.values().copied().collect();
    let carried = row.items.clone();
    if mode == DeathMode::DestroyEq {
        worn.into_iter().for_each(|item| world.destroy_item(item));
        return;
    }
    // Where no corpse can be made, nothing is lost.
    let Some(corpse) = corpse else { return };
    let mut things = Vec::new();
    if matches!(mode, DeathMode::LoseAll | DeathMode::LoseEq) {
        things.extend(worn);
    }
    if matches!(mode, DeathMode::LoseAll | DeathMode::LoseInv) {
        things.extend(carried);
    }
    things.into_iter().for_each(|item| world.move_item(item, Place::Inside(corpse)));
    let gold = match mode {
        DeathMode::LoseAll => row_gold(world, player),
        DeathMode::LoseGold => row_gold(world, player) * percent.clamp(0, 100) / 100,
        _ => 0,
    };
    if gold > 0
        && let Some(row) = world.players.edit(player)
    {
        row.gold -= gold;
        if let Some(item) = world.items.edit(corpse) {
            item.gold = gold;
        }
    }
}

fn row_gold(world: &World, player: PlayerId) -> i64 {
    world.players.get(player).map_or(0, |row| row.gold.max(0))
}

fn wake(world: &mut World, player: PlayerId) {
    let Some(stats) = world.stats_of(player) else { return };
    world.set_health(Who::Player(player), (stats.health_max * WAKE_PERCENT / 100).max(1));
    if let Some(presence) = world.presences.edit(player) {
        presence.mana = presence.mana.max(stats.mana_max * WAKE_PERCENT / 100).min(stats.mana_max);
        presence.stamina = presence.stamina.min(stats.stamina_max);
    }
}

/// Where a player wakes: by the world's `death_route`, among the death rooms of the factions that they belong to and the
/// world's own. Near and far are as the map has them.
fn route(world: &World, player: PlayerId, from: RoomId) -> RoomId {
    let templates = &world.templates;
    let fallback = templates.world.death_room;
    let Some(row) = world.players.get(player) else { return fallback };
    let room_of = |code: &str| templates.factions.get(code).and_then(|faction| faction.death_room);
    let core = row.core_faction.as_deref().and_then(room_of);
    let mut minor: Vec<(i64, &str)> = row.factions.iter().map(|(code, standing)| (*standing, code.as_str())).collect();
    minor.retain(|(standing, _)| *standing >= 100);
    minor.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let minor: Vec<RoomId> = minor.into_iter().filter_map(|(_, code)| room_of(code)).collect();
    let rooms = core.into_iter().chain(minor.iter().copied()).chain([fallback]);
    let mut rooms: Vec<RoomId> = rooms.filter(|room| templates.rooms.contains_key(room)).collect();
    let at = |room: RoomId| templates.rooms.get(&room).map_or([0; 3], |room| room.at);
    let here = at(from);
    let distance = |room: &RoomId| {
        let there = at(*room);
        (0..3).map(|axis| i64::from(here[axis]) - i64::from(there[axis])).map(i64::abs).sum::<i64>()
    };
    match templates.world.config.death_route {
        DeathRoute::TopFaction => rooms.first().copied(),
        DeathRoute::NearRoom => rooms.iter().copied().min_by_key(distance),
        DeathRoute::FarRoom => rooms.iter().copied().max_by_key(|room| (distance(room), std::cmp::Reverse(*room))),
        DeathRoute::NearestInZone => {
            rooms.retain(|room| world.zone_of(*room) == world.zone_of(from));
            rooms.iter().copied().min_by_key(distance)
        }
    }
    .unwrap_or(fallback)
}
