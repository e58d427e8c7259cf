//! Skills as templates: those of the archetypes, then those of the world.

use std::sync::Arc;

use super::Compiler;
use crate::world::keywords::capitalized;
use crate::world::kinds::*;
use crate::world::manifest::Problem;
use crate::world::skill::{self, Skill, SkillEffect};
use crate::world::spec::*;
use crate::world::template::Templates;

impl Compiler<'_> {
    /// What the platform's archetypes can do, in worlds that have them and let people fight.
    pub(super) fn core_skills(&self, set: &mut Templates) {
        let config = &set.world.config;
        if config.is_classless || config.is_narrative {
            return;
        }
        for document in skill::core() {
            let Document::Skill { metadata, spec } = document else { continue };
            // They name no items and no mobs, so nothing can be missing.
            if let Ok(mut skill) = self.skill(&metadata.slug, spec) {
                skill.is_core = true;
                set.skills.insert(metadata.slug.clone(), Arc::new(skill));
            }
        }
    }

    pub(super) fn skill(&self, code: &str, spec: &SkillSpec) -> Result<Skill, Problem> {
        let seconds = |seconds: u32| u64::from(seconds) * 1_000;
        let effect = match spec.effect {
            None => None,
            Some(kind) => Some(SkillEffect {
                kind,
                damage: spec.effect_damage,
                damage_type: spec.effect_damage_type,
                damage_calc: spec.effect_damage_calc,
                duration: seconds(spec.effect_duration),
                modifiers: match kind {
                    EffectKind::Buff | EffectKind::Debuff => skill::modifiers(&spec.arguments).unwrap_or_default(),
                    _ => Vec::new(),
                },
                summons: match kind {
                    EffectKind::Summon => Some(self.id(DocumentKind::Mob, spec.arguments.trim())?),
                    _ => None,
                },
            }),
        };
        Ok(Skill {
            code: code.to_owned(),
            name: if spec.name.is_empty() { capitalized(code) } else { spec.name.clone() },
            level: spec.level,
            archetype: spec.archetype,
            is_core: false,
            cost: spec.cost,
            cost_type: spec.cost_type,
            cost_calc: spec.cost_calc,
            intent: spec.intent,
            damage: spec.damage,
            damage_type: spec.damage_type,
            damage_calc: spec.damage_calc,
            cast_time: seconds(spec.cast_time),
            cooldown: seconds(spec.cooldown),
            effect,
            consumes: self.id_of(DocumentKind::Item, spec.consumes.as_ref())?,
            requires: spec.requires.clone(),
            learn_conditions: spec.learn_conditions.clone(),
            hit_msg_first: spec.hit_msg_first.clone(),
            hit_msg_third: spec.hit_msg_third.clone(),
            help: spec.help.clone(),
        })
    }
}
