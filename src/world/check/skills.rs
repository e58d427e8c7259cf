//! Checks of skills, and of what mobs do in a fight.

use super::Checker;

use crate::world::kinds::*;
use crate::world::manifest::Located;
use crate::world::script::SCRIPT_LINES_MAX;
use crate::world::skill::{self, CAST_SECONDS_MAX, SKILL_DAMAGE_MAX, SKILL_SECONDS_MAX};
use crate::world::spec::*;

impl<'a> Checker<'a> {
    pub(super) fn skill(&mut self, at: &'a Located, code: &str, spec: &'a SkillSpec) {
        self.short_text(at, "spec.name", &spec.name);
        self.short_text(at, "spec.hit_msg_first", &spec.hit_msg_first);
        self.short_text(at, "spec.hit_msg_third", &spec.hit_msg_third);
        self.level(at, spec.level);
        if code.contains('-') || code.bytes().all(|byte| byte.is_ascii_digit()) {
            self.error(at, "metadata.slug", "players type it: one word of letters");
        }
        for (field, value, most) in [
            ("spec.cost", spec.cost, 1_000_000),
            ("spec.damage", spec.damage, SKILL_DAMAGE_MAX),
            ("spec.effect_damage", spec.effect_damage, SKILL_DAMAGE_MAX),
            ("spec.cast_time", spec.cast_time, CAST_SECONDS_MAX),
            ("spec.cooldown", spec.cooldown, SKILL_SECONDS_MAX),
            ("spec.effect_duration", spec.effect_duration, SKILL_SECONDS_MAX),
        ] {
            self.range(at, field, i64::from(value), 0, i64::from(most));
        }
        if spec.cost_calc != CostCalc::Fixed && spec.cost > 100 {
            self.error(at, "spec.cost", "more than 100 per cent; `cost_calc: fixed` takes the number as it is");
        }
        if spec.hit_msg_first.is_empty() != spec.hit_msg_third.is_empty() {
            self.error(at, "spec.hit_msg_first", "both hit messages, or none");
        }
        self.effect(at, spec);
        self.optional_reference(at, "spec.consumes", DocumentKind::Item, spec.consumes.as_ref());
        self.conditions(at, "spec.requires", &spec.requires);
        self.conditions(at, "spec.learn_conditions", &spec.learn_conditions);
    }

    fn effect(&mut self, at: &'a Located, spec: &'a SkillSpec) {
        use EffectKind as E;
        let Some(kind) = spec.effect else {
            if spec.damage == 0 {
                self.error(at, "spec", "it does nothing: neither `damage` nor an `effect`");
            }
            return;
        };
        let is_at_once = matches!(kind, E::Dispel | E::Purge);
        if spec.effect_duration == 0 && !is_at_once {
            self.error(at, "spec.effect_duration", "how many seconds it lasts");
        }
        if spec.effect_damage == 0 && matches!(kind, E::Dot | E::Hot | E::Absorb | E::Thorns) {
            self.error(at, "spec.effect_damage", format!("how much the {kind} does"));
        }
        let is_hostile = matches!(kind, E::Dot | E::Stun | E::Sleep | E::Debuff | E::Dispel);
        if is_hostile && spec.intent != Intent::Damage {
            self.error(at, "spec.intent", format!("a {kind} is for enemies: `intent: damage`"));
        }
        match kind {
            E::Buff | E::Debuff => match skill::modifiers(&spec.arguments) {
                Err(message) => self.error(at, "spec.arguments", message),
                Ok(read) if read.is_empty() => {
                    self.error(at, "spec.arguments", "what it changes, as in `attack_power*2, dodge+10`");
                }
                Ok(_) => {}
            },
            E::Summon => self.reference(at, "spec.arguments", DocumentKind::Mob, spec.arguments.trim()),
            _ if !spec.arguments.trim().is_empty() => {
                self.error(at, "spec.arguments", "only for a buff, a debuff or a summon");
            }
            _ => {}
        }
    }

    /// What a mob does in a fight, and what it teaches.
    pub(super) fn fighting(&mut self, at: &'a Located, spec: &'a MobSpec) {
        let lines = spec.combat_script.lines().filter(|line| !line.trim().is_empty()).count();
        if lines > SCRIPT_LINES_MAX {
            self.error(at, "spec.combat_script", format!("{lines} lines; {SCRIPT_LINES_MAX} is the most"));
        }
        for (index, code) in spec.teaches.iter().enumerate() {
            self.reference(at, format!("spec.teaches.{index}"), DocumentKind::Skill, code);
        }
        self.conditions(at, "spec.teaching_conditions", &spec.teaching_conditions);
    }
}
