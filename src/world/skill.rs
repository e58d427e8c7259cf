//! A compiled skill: what a builder wrote, with numbers and modifiers read. The skills of the platform's archetypes are
//! of the same form and stand in `skill/core.yaml`; a world may replace any of them by one of the same code.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::kinds::*;
use super::manifest::{self, Source};
use super::spec::Document;
use super::template::{ItemTemplateId, MobTemplateId, Stats};

/// Changes that one effect makes at the most.
pub const MODIFIERS_MAX: usize = 8;
/// Seconds that an effect lasts, or a skill has to cool down, at the most.
pub const SKILL_SECONDS_MAX: u32 = 24 * 3600;
/// Seconds that a cast takes at the most.
pub const CAST_SECONDS_MAX: u32 = 60;
/// Per cent of an ordinary hit, and damage that is written out, at the most.
pub const SKILL_DAMAGE_MAX: u32 = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    pub code: String,
    pub name: String,
    pub level: u32,
    pub archetype: Option<Archetype>,
    /// Known to its archetype without learning.
    pub is_core: bool,
    pub cost: u32,
    pub cost_type: CostType,
    pub cost_calc: CostCalc,
    pub intent: Intent,
    pub damage: u32,
    pub damage_type: DamageType,
    pub damage_calc: DamageCalc,
    /// Milliseconds.
    pub cast_time: u64,
    /// Milliseconds.
    pub cooldown: u64,
    pub effect: Option<SkillEffect>,
    pub consumes: Option<ItemTemplateId>,
    pub requires: String,
    pub learn_conditions: String,
    pub hit_msg_first: String,
    pub hit_msg_third: String,
    pub help: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillEffect {
    pub kind: EffectKind,
    pub damage: u32,
    pub damage_type: DamageType,
    pub damage_calc: DamageCalc,
    /// Milliseconds.
    pub duration: u64,
    pub modifiers: Vec<Modifier>,
    pub summons: Option<MobTemplateId>,
}

/// A change of one number: first to so many per cent, then by so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modifier {
    pub attribute: Attribute,
    pub percent: i32,
    pub plus: i32,
}

impl Modifier {
    pub fn apply(&self, stats: &mut Stats) {
        let field = super::formulas::stat_mut(stats, self.attribute);
        let scaled = i64::from(*field) * i64::from(self.percent) / 100 + i64::from(self.plus);
        *field = i32::try_from(scaled.max(0)).unwrap_or(i32::MAX);
    }
}

/// Reads `attack_power*2, dodge+10`.
///
/// # Errors
/// What is wrong, for the builder.
pub fn modifiers(text: &str) -> Result<Vec<Modifier>, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > MODIFIERS_MAX {
        return Err(format!("{} changes; {MODIFIERS_MAX} are the most", parts.len()));
    }
    parts.into_iter().map(modifier).collect()
}

fn modifier(text: &str) -> Result<Modifier, String> {
    let fault = || format!("`{text}` is no change: write `attack_power*2`, `dodge+10`, `armor/2` or `crit-5`");
    let at = text.find(['*', '/', '+', '-']).ok_or_else(fault)?;
    let (name, number) = (text[..at].trim(), text[at + 1..].trim());
    let attribute = Attribute::parse(name).ok_or_else(|| format!("`{name}` is no attribute"))?;
    let number: i32 = number.parse().ok().filter(|n| (1..=100_000).contains(n)).ok_or_else(fault)?;
    let plain = Modifier { attribute, percent: 100, plus: 0 };
    Ok(match &text[at..=at] {
        "*" if number <= 100 => Modifier { percent: number * 100, ..plain },
        "/" if number <= 100 => Modifier { percent: 100 / number, ..plain },
        "+" => Modifier { plus: number, ..plain },
        "-" => Modifier { plus: -number, ..plain },
        _ => return Err(fault()),
    })
}

/// The documents of the archetypes' skills. A test holds that they read.
pub fn core() -> &'static [Document] {
    static CORE: OnceLock<Vec<Document>> = OnceLock::new();
    CORE.get_or_init(|| {
        let source = Source { path: "core.yaml".into(), text: include_str!("skill/core.yaml").into() };
        let read = manifest::read(&[source]).unwrap_or_default();
        read.into_iter().map(|located| located.document).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_skills_are_all_there() {
        let source = Source { path: "core.yaml".into(), text: include_str!("skill/core.yaml").into() };
        let read = manifest::read(&[source]);
        assert!(read.is_ok(), "{read:?}");
        for archetype in [Archetype::Warrior, Archetype::Mage, Archetype::Cleric, Archetype::Assassin] {
            let of = core().iter().filter(|document| match document {
                Document::Skill { spec, .. } => spec.archetype == Some(archetype),
                _ => false,
            });
            assert!(of.count() >= 5, "{archetype} has five skills at least");
        }
    }

    #[test]
    fn changes_are_read_and_applied() {
        let read = modifiers("attack_power*2, dodge+10,armor/2, crit-50").unwrap();
        let mut stats = Stats { attack_power: 30, dodge: 5, armor: 9, crit: 20, ..Stats::default() };
        read.iter().for_each(|modifier| modifier.apply(&mut stats));
        assert_eq!((stats.attack_power, stats.dodge, stats.armor, stats.crit), (60, 15, 4, 0));
        for bad in ["attack", "attack_power", "attack_power*0", "luck+1", "dodge*1000", "dodge+x", "+5"] {
            assert!(modifiers(bad).is_err(), "{bad}");
        }
    }
}
