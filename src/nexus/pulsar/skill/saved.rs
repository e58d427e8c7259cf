//! What a character can do and what works on it, on the way to the Forge and back. Time stands still for both while the
//! character is away.

use crate::world::character::{PlayerId, Prowess, SavedEffect};
use crate::world::kinds::EffectKind;

use super::super::combat::rows::{Aura, Cooldowns, Effect};
use super::super::instruction::Instruction;
use super::super::record::{Player, Who};
use super::super::world::World;

/// As the Forge keeps it. What was summoned does not come along.
pub fn prowess(player: &Player, aura: Option<&Aura>, cooldowns: Option<&Cooldowns>, now: u64) -> Prowess {
    let effects = aura.into_iter().flat_map(|aura| &aura.effects).filter(|effect| effect.kind != EffectKind::Summon);
    let cooldowns = cooldowns.into_iter().flat_map(|row| &row.running).filter(|(.., until)| *until > now);
    Prowess {
        autoflee: player.autoflee,
        focus: player.focus.clone(),
        skills: player.skills.iter().map(|(code, key)| (code.clone(), key.clone())).collect(),
        cooldowns: cooldowns.map(|(code, _, until)| (code.clone(), (until - now) as i64)).collect(),
        effects: effects.map(|effect| saved(effect, now)).collect(),
    }
}

fn saved(effect: &Effect, now: u64) -> SavedEffect {
    SavedEffect {
        kind: effect.kind,
        skill: effect.skill.clone(),
        is_friendly: effect.is_friendly,
        damage_type: effect.damage_type,
        amount: effect.amount,
        modifiers: effect.modifiers.clone(),
        duration: effect.until.saturating_sub(effect.begun),
        remaining: effect.until.saturating_sub(now),
    }
}

/// A character comes in: what worked on it goes on, what had to cool down goes on cooling.
pub fn restore(world: &mut World, player: PlayerId, prowess: &Prowess) {
    let (who, now) = (Who::Player(player), world.meta.now);
    for effect in prowess.effects.iter().take(super::effect::EFFECTS_MAX).filter(|effect| effect.remaining > 0) {
        let id = world.schedule_numbered(effect.remaining, |id| Instruction::EffectEnds { who, id });
        let until = now.saturating_add(effect.remaining);
        let running = Effect {
            id,
            kind: effect.kind,
            skill: effect.skill.clone(),
            from: None,
            is_friendly: effect.is_friendly,
            damage_type: effect.damage_type,
            amount: effect.amount,
            modifiers: effect.modifiers.clone(),
            begun: until.saturating_sub(effect.duration),
            until,
            summoned: None,
        };
        world.auras.edit_or_default(player).effects.push(running);
    }
    let running: Vec<_> = prowess
        .cooldowns
        .iter()
        .filter(|(_, left)| *left > 0)
        .map(|(code, left)| (code.clone(), now, now.saturating_add(*left as u64)))
        .collect();
    if !running.is_empty() {
        world.cooldowns.insert(player, Cooldowns { running });
    }
}
