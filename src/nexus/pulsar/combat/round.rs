//! A round: with each Beat everyone who fights strikes once, in the order of their ids, players before mobs. Cut into
//! turns like the rest of a Beat.

use crate::nexus::pulsar::instruction::{BeatStage, Instruction};

use super::super::beat::BEAT_CHUNK;
use super::super::record::{MobId, Who};
use super::super::skill::{deed, effect};
use super::super::turn::Turn;
use super::super::world::World;
use super::rows::CharId;
use super::{aggro, aim, blow, flee, settle, unlink};

/// In so many per cent of its rounds a mob without a script uses a skill.
const ABILITY_PERCENT: u32 = 30;
/// A mob turns to someone else when they did so many per cent of what its target did.
const TURN_PERCENT: i64 = 120;

/// The next fighters of this Beat, from after this id on. True when there are no more.
pub fn fights(turn: &mut Turn, after: CharId) -> bool {
    let fighters: Vec<CharId> = turn.world.fights.after(after).map(|(id, _)| id).take(BEAT_CHUNK).collect();
    for id in &fighters {
        round(turn, Who::of(*id));
    }
    match fighters.last() {
        Some(last) if fighters.len() == BEAT_CHUNK => {
            turn.world.schedule(0, Instruction::BeatOn { stage: BeatStage::Fight, after: *last });
            false
        }
        _ => true,
    }
}

fn round(turn: &mut Turn, who: Who) {
    let Some(room) = turn.world.room_of(who) else { return };
    let Some(fight) = turn.world.fights.get(who.id()) else { return };
    if fight.quarry.is_some() {
        return aggro::hunt(turn, who);
    }
    // Whoever was taken elsewhere fights here no more.
    let gone: Vec<Who> =
        fight.foes.iter().map(|foe| foe.who).filter(|foe| turn.world.room_of(*foe) != Some(room)).collect();
    for foe in gone {
        unlink(turn, who, foe);
    }
    settle(turn, who, None);
    if !turn.world.is_fighting(who) {
        return;
    }
    if let Who::Player(player) = who
        && flee::is_wounded_enough(turn.world, player)
        && flee::attempt(turn, player, true)
    {
        return;
    }
    if effect::is_helpless(turn.world, who) || effect::is_casting(turn.world, who) {
        return;
    }
    let Some(target) = choose(turn.world, who) else { return };
    aim(turn.world, who, target);
    if let Who::Mob(mob) = who
        && script(turn, mob, target)
    {
        return;
    }
    for _ in 0..effect::strokes(turn.world, who) {
        let both = turn.world.room_of(who) == Some(room) && turn.world.room_of(target) == Some(room);
        let foes = turn.world.fights.get(who.id()).is_some_and(|fight| fight.foes.iter().any(|f| f.who == target));
        if both && foes {
            blow::strike(turn, who, target);
        }
    }
}

/// Whom it strikes in this round.
fn choose(world: &World, who: Who) -> Option<Who> {
    let fight = world.fights.get(who.id())?;
    let of = |who: Who| fight.foes.iter().find(|foe| foe.who == who);
    let now = fight.target.and_then(of);
    match who {
        Who::Player(_) => now.or_else(|| fight.foes.first()).map(|foe| foe.who),
        Who::Mob(_) if !world.fights_back(who) && now.is_none() => None,
        Who::Mob(_) => {
            let mut best = now.or_else(|| fight.foes.first())?;
            for foe in &fight.foes {
                if foe.threat.saturating_mul(100) > best.threat.saturating_mul(TURN_PERCENT) {
                    best = foe;
                }
            }
            Some(best.who)
        }
    }
}

/// What a mob does beside striking: the next line of its script, or now and then a skill. True if that takes the round.
fn script(turn: &mut Turn, mob: MobId, target: Who) -> bool {
    let template = turn.world.mobs.get(mob).and_then(|row| turn.world.templates.mobs.get(&row.template)).cloned();
    let Some(template) = template else { return false };
    if !template.combat_script.is_empty() {
        let Some(fight) = turn.world.fights.edit(mob) else { return false };
        let nth = fight.lines as usize % template.combat_script.len();
        fight.lines = fight.lines.wrapping_add(1);
        return deed::script_line(turn, mob, target, &template.combat_script[nth]);
    }
    template.use_abilities && turn.world.chance(ABILITY_PERCENT) && deed::any(turn, mob, &template, target)
}
