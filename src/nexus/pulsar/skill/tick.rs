//! What works with every Beat: wounds that bleed on, and such as close. Only those are looked at on whom something works.

use crate::nexus::pulsar::instruction::{BeatStage, Instruction};
use crate::world::formulas::combat;
use crate::world::kinds::*;

use super::super::beat::BEAT_CHUNK;
use super::super::combat::blow::{self, Means};
use super::super::combat::rows::{CharId, Effect};
use super::super::record::Who;
use super::super::turn::Turn;
use super::effect;

/// The next of this Beat, from after this id on. True when there are no more.
pub fn effects(turn: &mut Turn, after: CharId) -> bool {
    let affected: Vec<CharId> = turn.world.auras.after(after).map(|(id, _)| id).take(BEAT_CHUNK).collect();
    for id in &affected {
        tick(turn, Who::of(*id));
    }
    match affected.last() {
        Some(last) if affected.len() == BEAT_CHUNK => {
            turn.world.schedule(0, Instruction::BeatOn { stage: BeatStage::Effects, after: *last });
            false
        }
        _ => true,
    }
}

fn tick(turn: &mut Turn, who: Who) {
    let Some(aura) = turn.world.auras.get(who.id()) else { return };
    let works = |effect: &&Effect| matches!(effect.kind, EffectKind::Dot | EffectKind::Hot);
    let working: Vec<Effect> = aura.effects.iter().filter(works).cloned().collect();
    for now in working {
        // What one of them did may have ended the others.
        let lasts = turn.world.auras.get(who.id()).is_some_and(|aura| aura.effects.iter().any(|e| e.id == now.id));
        if lasts {
            one(turn, who, now);
        }
    }
}

fn one(turn: &mut Turn, who: Who, now: Effect) {
    // Who is not in the world any more is not there to have done it.
    let from = now.from.filter(|from| turn.world.room_of(*from).is_some()).unwrap_or(who);
    let means = Means::Lasting { label: effect::name_of(turn.world, &now.skill), code: now.skill };
    if now.kind == EffectKind::Hot {
        return blow::heal(turn, from, who, &means, now.amount, false);
    }
    let Some(fighter) = turn.world.combatant(who) else { return };
    let level = turn.world.combatant(from).map_or(fighter.level, |from| from.level);
    let damage = combat::defended(i64::from(now.amount) * 100, now.damage_type, &fighter, level);
    blow::harm(turn, from, who, means, damage, false);
}
