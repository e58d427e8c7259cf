//! Doing something that one knows: may it be done, at whom, what it costs, and what comes of it. Players and mobs do it
//! the same way; mobs pay nothing.

use std::sync::Arc;

use crate::nexus::message::view::CooldownView;
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::formulas::{self, combat};
use crate::world::keywords::capitalized;
use crate::world::kinds::*;
use crate::world::skill::Skill;
use crate::world::template::{MobTemplate, Scope, Stats};

use super::super::combat::blow::{self, Means};
use super::super::combat::{self as fights, Refusal, aim, engage};
use super::super::command::select;
use super::super::condition;
use super::super::record::{MobId, Who};
use super::super::script::{self, Course, Doer};
use super::super::turn::Turn;
use super::super::world::World;
use super::{cast, cooldown, effect, knows};

/// Milliseconds between two deeds of a player, of whatever kind.
pub const PAUSE: u64 = 1_000;
/// The cooldown of all deeds at once.
const ALL: &str = "";

/// A player uses a skill, at whom they name or mean.
pub fn by_player(turn: &mut Turn, player: PlayerId, skill: &Arc<Skill>, words: &str) {
    let who = Who::Player(player);
    let target = match may_use(turn.world, player, skill).and_then(|()| target(turn.world, player, skill, words)) {
        Ok(target) => target,
        Err((code, text)) => return turn.refuse(player, &skill.code, code, text),
    };
    cooldown::start(turn.world, who, ALL, PAUSE);
    if skill.cast_time > 0 {
        return cast::begin(turn, who, skill, target);
    }
    finish(turn, who, skill, target);
}

/// A skill is done: it is paid, it happens, it has to cool down.
pub fn finish(turn: &mut Turn, who: Who, skill: &Arc<Skill>, target: Who) {
    if let Err((code, text)) = may_finish(turn.world, who, skill, target) {
        if let Who::Player(player) = who {
            turn.refuse(player, &skill.code, code, text);
        }
        return;
    }
    if let Who::Player(player) = who {
        pay(turn, player, skill);
    }
    cool(turn, who, skill);
    let Some(fighter) = turn.world.combatant(who) else { return };
    let hit = combat::skill_hit(&fighter, skill.damage_type, skill.damage_calc, skill.damage);
    let arrived = match skill.intent {
        Intent::Damage => {
            if !commit(turn, who, target, skill) {
                return;
            }
            skill.damage == 0 || blow::stroke(turn, who, target, Means::Skill(skill.clone()), skill.damage_type, hit)
        }
        Intent::Healing | Intent::SelfHealing => {
            if skill.damage > 0 {
                let roll = turn.world.roll(combat::SPREAD);
                let crit = turn.world.roll(1_000) < formulas::crit_per_mille(fighter.stats.crit, fighter.level);
                let points = combat::points(combat::varied(hit, roll, crit));
                blow::heal(turn, who, target, &Means::Skill(skill.clone()), points, crit);
            }
            true
        }
    };
    let together = turn.world.room_of(target).is_some() && turn.world.room_of(who) == turn.world.room_of(target);
    if let Some(of) = skill.effect.as_ref().filter(|_| arrived && together && turn.world.health_of(target) > 0) {
        let hundredths = combat::skill_hit(&fighter, of.damage_type, of.damage_calc, of.damage);
        let amount = if of.damage == 0 { 0 } else { combat::points(hundredths) };
        effect::begin(turn, who, target, skill, of, amount);
    }
    tell_vitals(turn, who);
}

/// Whoever harms someone fights with them; to put someone to sleep is no attack. False if there is no room in the fight.
fn commit(turn: &mut Turn, who: Who, target: Who, skill: &Skill) -> bool {
    let quiet = skill.damage == 0 && skill.effect.as_ref().is_some_and(|of| of.kind == EffectKind::Sleep);
    let known = turn.world.fights.get(who.id()).is_some_and(|fight| fight.foes.iter().any(|foe| foe.who == target));
    if quiet || known {
        return true;
    }
    if turn.world.is_fighting(who) { engage(turn, who, target) } else { fights::attack(turn, who, target) }
}

fn may_use(world: &World, player: PlayerId, skill: &Skill) -> Result<(), Refusal> {
    let refuse = |code, text: String| Err((code, text));
    let who = Who::Player(player);
    let Some(row) = world.players.get(player) else { return refuse("unknown_skill", "Nobody can do that.".into()) };
    if !knows(row, skill) {
        return refuse("unknown_skill", format!("You do not know {}.", skill.name));
    }
    if matches!(row.state, CharacterState::Resting | CharacterState::Sitting | CharacterState::Sleeping) {
        return refuse("not_standing", "You have to stand up first.".into());
    }
    if effect::is_casting(world, who) {
        return refuse("casting", "You are casting already.".into());
    }
    let room = world.room_of(who).and_then(|room| world.templates.rooms.get(&room));
    if skill.damage_type == DamageType::Magical && room.is_some_and(|room| room.has(RoomFlag::NoSpell)) {
        return refuse("no_spell", "Something here swallows every spell.".into());
    }
    let left = cooldown::left(world, who, &skill.code);
    if left > 0 {
        return refuse("cooldown", format!("{} is not ready for another {} s.", skill.name, left.div_ceil(1_000)));
    }
    if cooldown::left(world, who, ALL) > 0 {
        return refuse("cooldown", "You are not ready yet.".into());
    }
    affords(world, who, skill)
}

/// What must hold at the moment at which it happens.
fn may_finish(world: &World, who: Who, skill: &Skill, target: Who) -> Result<(), Refusal> {
    if effect::is_helpless(world, who) {
        return Err(("helpless", "You can do nothing.".into()));
    }
    if world.room_of(who).is_none() || world.room_of(who) != world.room_of(target) {
        return Err(("invalid_target", "Whom you meant is not here any more.".into()));
    }
    if skill.intent == Intent::Damage {
        fights::may_attack(world, who, target)?;
    }
    affords(world, who, skill)
}

fn affords(world: &World, who: Who, skill: &Skill) -> Result<(), Refusal> {
    let Who::Player(player) = who else { return Ok(()) };
    let Some((row, presence)) = world.players.get(player).zip(world.presences.get(player)) else { return Ok(()) };
    if effect::is_helpless(world, who) {
        return Err(("helpless", "You can do nothing.".into()));
    }
    if !condition::holds(&skill.requires, world, player) {
        return Err(("requires", format!("You cannot use {} now.", skill.name)));
    }
    let cost = cost(skill, &world.player_stats(row));
    let (has, left) = match skill.cost_type {
        CostType::Stamina => ("stamina", presence.stamina),
        CostType::Mana => ("mana", presence.mana),
        // One does not kill oneself by it.
        CostType::Health => ("health", row.health - 1),
    };
    if left < cost {
        return Err(("not_enough", format!("You do not have enough {has} for {}.", skill.name)));
    }
    if let Some(item) = skill.consumes
        && !row.items.iter().any(|own| world.items.get(*own).is_some_and(|own| own.template == item))
    {
        let name = world.templates.items.get(&item).map_or("something", |item| item.name.as_str());
        return Err(("missing_item", format!("You need {name} for {}.", skill.name)));
    }
    Ok(())
}

/// What a skill costs someone with these numbers.
pub fn cost(skill: &Skill, stats: &Stats) -> i32 {
    let percent = |of: i32| ((i64::from(of.max(0)) * i64::from(skill.cost) + 99) / 100) as i32;
    match (skill.cost_calc, skill.cost_type) {
        (CostCalc::Fixed, _) => skill.cost as i32,
        (CostCalc::PercBase, CostType::Stamina) => percent(formulas::STAMINA_BASE),
        (CostCalc::PercBase, CostType::Mana) => percent(stats.mana_base),
        (CostCalc::PercMax, CostType::Stamina) => percent(stats.stamina_max),
        (CostCalc::PercMax, CostType::Mana) => percent(stats.mana_max),
        (_, CostType::Health) => percent(stats.health_max),
    }
}

fn pay(turn: &mut Turn, player: PlayerId, skill: &Skill) {
    let Some(row) = turn.world.players.get(player) else { return };
    let cost = cost(skill, &turn.world.player_stats(row));
    if let Some(wanted) = skill.consumes {
        let is = |item: &i64| turn.world.items.get(*item).is_some_and(|item| item.template == wanted);
        if let Some(item) = row.items.iter().copied().find(is) {
            turn.world.destroy_item(item);
        }
    }
    if cost == 0 {
        return;
    }
    match skill.cost_type {
        CostType::Health => {
            let left = turn.world.health_of(Who::Player(player)) - cost;
            turn.world.set_health(Who::Player(player), left.max(1));
        }
        CostType::Mana => {
            if let Some(presence) = turn.world.presences.edit(player) {
                presence.mana -= cost;
            }
        }
        CostType::Stamina => {
            if let Some(presence) = turn.world.presences.edit(player) {
                presence.stamina -= cost;
            }
        }
    }
    turn.world.index.tired_players.insert(player);
}

/// The bars of whoever paid.
fn tell_vitals(turn: &mut Turn, who: Who) {
    if let Who::Player(player) = who
        && turn.world.players.contains(player)
    {
        let actor = Box::new(turn.world.actor_patch(player));
        turn.tell(player, Frame::new("notification.regen", "", Data::Actor { actor }));
    }
}

fn cool(turn: &mut Turn, who: Who, skill: &Skill) {
    if skill.cooldown == 0 {
        return;
    }
    let (start, expires) = cooldown::start(turn.world, who, &skill.code, skill.cooldown);
    let Who::Player(player) = who else { return };
    let actor = turn.world.named(who);
    let duration = skill.cooldown as f64 / 1_000.0;
    let data = CooldownView { skill: skill.code.clone(), duration, start, expires, actor };
    turn.tell(player, Frame::new("skill.cooldown.start", "", Data::Cooldown(Box::new(data))));
}

/// At whom: an enemy for what harms, a friend for what heals.
fn target(world: &World, player: PlayerId, skill: &Skill, words: &str) -> Result<Who, Refusal> {
    let me = Who::Player(player);
    if skill.intent == Intent::SelfHealing {
        return Ok(me);
    }
    let named = words.split_whitespace().next().filter(|word| !word.eq_ignore_ascii_case("at"));
    let found = match named {
        Some(word) => Some(
            select::character(world, player, word)
                .ok_or_else(|| ("invalid_target", format!("You don't see {word} here.")))?,
        ),
        None => None,
    };
    if skill.intent == Intent::Healing {
        return match found {
            Some(Who::Mob(mob)) if effect::owner_of(world, mob) != Some(me) => {
                Err(("invalid_target", format!("{} does not want that.", capitalized(&name(world, Who::Mob(mob))))))
            }
            found => Ok(found.unwrap_or(me)),
        };
    }
    let focus = world.players.get(player).map(|row| row.focus.clone()).filter(|focus| !focus.is_empty());
    let target = found
        .or_else(|| world.target_of(me))
        .or_else(|| select::character(world, player, &focus?))
        .ok_or_else(|| ("invalid_args", format!("Use {} on whom?", skill.name)))?;
    fights::may_attack(world, me, target)?;
    Ok(target)
}

fn name(world: &World, who: Who) -> String {
    world.char_view(who).map(|view| view.name.clone()).unwrap_or_default()
}

// ---- mobs ----

/// A line of a mob's script: a skill, or a command. True if it was a skill that was used.
pub fn script_line(turn: &mut Turn, mob: MobId, target: Who, line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let code = if word == "cast" { line.split_whitespace().nth(1).unwrap_or_default() } else { word };
    match turn.world.templates.skills.get(code).cloned() {
        Some(skill) => by_mob(turn, mob, &skill, target),
        None => {
            let Some(room) = turn.world.room_of(Who::Mob(mob)) else { return false };
            let course = Course {
                doer: Doer::Char(Who::Mob(mob)),
                actor: Some(target),
                audience: Scope::Room(room),
                depth: 1,
                name: format!("the combat script of {}", name(turn.world, Who::Mob(mob))),
                said: String::new(),
                rank: script::SAVED,
            };
            script::go_on(turn, &course, line);
            false
        }
    }
}

/// Any of the skills that a mob of this template has.
pub fn any(turn: &mut Turn, mob: MobId, template: &MobTemplate, target: Who) -> bool {
    let who = Who::Mob(mob);
    let skills: Vec<Arc<Skill>> = turn
        .world
        .templates
        .skills
        .values()
        .filter(|skill| skill.is_core && skill.archetype == Some(template.archetype) && skill.level <= template.level)
        .filter(|skill| cooldown::left(turn.world, who, &skill.code) == 0)
        // It does not hide, nor mend what is whole.
        .filter(|skill| match skill.intent {
            Intent::Damage => skill.effect.as_ref().is_none_or(|of| of.kind != EffectKind::Sleep),
            _ => {
                skill.effect.as_ref().is_none_or(|of| of.kind != EffectKind::Stealth)
                    && turn.world.health_share(who).is_some_and(|(health, most)| health < most)
            }
        })
        .cloned()
        .collect();
    if skills.is_empty() {
        return false;
    }
    let skill = skills[turn.world.roll(skills.len() as u32) as usize].clone();
    by_mob(turn, mob, &skill, target)
}

fn by_mob(turn: &mut Turn, mob: MobId, skill: &Arc<Skill>, target: Who) -> bool {
    let who = Who::Mob(mob);
    if cooldown::left(turn.world, who, &skill.code) > 0 {
        return false;
    }
    let target = if skill.intent == Intent::Damage { target } else { who };
    if skill.cast_time > 0 {
        cast::begin(turn, who, skill, target);
    } else {
        finish(turn, who, skill, target);
    }
    aim_again(turn, who, target);
    true
}

fn aim_again(turn: &mut Turn, who: Who, target: Who) {
    if who != target && turn.world.fights.get(who.id()).is_some_and(|f| f.foes.iter().any(|foe| foe.who == target)) {
        aim(turn.world, who, target);
    }
}
