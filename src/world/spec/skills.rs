//! Manifests of skills: what characters and mobs can do beside striking.

use serde::{Deserialize, Serialize};

use super::{Slug, is_default};
use crate::world::kinds::*;

/// The slug is the code by which players use it: one word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SkillSpec {
    /// Empty takes the code, capitalised.
    pub name: String,
    /// The level from which one may know it.
    pub level: u32,
    /// Who may know it; left out: everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archetype: Option<Archetype>,
    #[serde(skip_serializing_if = "is_default")]
    pub cost: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub cost_type: CostType,
    #[serde(skip_serializing_if = "is_default")]
    pub cost_calc: CostCalc,
    pub intent: Intent,
    /// Per cent of an ordinary hit, or with `damage_calc: fixed` the damage, or what is healed; 0 does neither.
    #[serde(skip_serializing_if = "is_default")]
    pub damage: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub damage_type: DamageType,
    #[serde(skip_serializing_if = "is_default")]
    pub damage_calc: DamageCalc,
    /// Seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cast_time: u32,
    /// Seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cooldown: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectKind>,
    /// Of each Beat, of what is absorbed in all, of each stroke against thorns.
    #[serde(skip_serializing_if = "is_default")]
    pub effect_damage: u32,
    /// Seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub effect_duration: u32,
    #[serde(skip_serializing_if = "is_magical")]
    pub effect_damage_type: DamageType,
    #[serde(skip_serializing_if = "is_default")]
    pub effect_damage_calc: DamageCalc,
    /// Of a buff or debuff: `attack_power*2, dodge+10, armor/2`; of a summon: the mob's slug.
    #[serde(skip_serializing_if = "is_default")]
    pub arguments: String,
    /// An item that is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumes: Option<Slug>,
    /// What must hold of whoever uses it.
    #[serde(skip_serializing_if = "is_default")]
    pub requires: String,
    /// What must hold of whoever learns it.
    #[serde(skip_serializing_if = "is_default")]
    pub learn_conditions: String,
    /// "You ... the wolf for 12."; empty: "Your Bash hits the wolf for 12."
    #[serde(skip_serializing_if = "is_default")]
    pub hit_msg_first: String,
    #[serde(skip_serializing_if = "is_default")]
    pub hit_msg_third: String,
    #[serde(skip_serializing_if = "is_default")]
    pub help: String,
    #[serde(skip_serializing_if = "is_default")]
    pub notes: String,
}

fn is_magical(of: &DamageType) -> bool {
    *of == DamageType::Magical
}

impl Default for SkillSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            level: 1,
            archetype: None,
            cost: 0,
            cost_type: CostType::Stamina,
            cost_calc: CostCalc::PercBase,
            intent: Intent::Damage,
            damage: 0,
            damage_type: DamageType::Physical,
            damage_calc: DamageCalc::Normal,
            cast_time: 0,
            cooldown: 0,
            effect: None,
            effect_damage: 0,
            effect_duration: 0,
            effect_damage_type: DamageType::Magical,
            effect_damage_calc: DamageCalc::Normal,
            arguments: String::new(),
            consumes: None,
            requires: String::new(),
            learn_conditions: String::new(),
            hit_msg_first: String::new(),
            hit_msg_third: String::new(),
            help: String::new(),
            notes: String::new(),
        }
    }
}
