//! How hard a stroke is, and what of it arrives (domain.md 2.4, 2.5). In hundredths of a point until the end, so that
//! shares of small numbers do not vanish. Chance is rolled by the caller.

use crate::world::kinds::*;
use crate::world::template::Stats;

use super::{armor_per_mille, ilf_round, resilience_per_mille};

/// Of attack power, what goes into each stroke; per cent.
pub const ATTACK_POWER_PERCENT: i64 = 25;
/// Of spell power, what goes into each spell; per cent. Less, because no armour turns spells away.
pub const SPELL_POWER_PERCENT: i64 = 12;
/// What a mob's stroke counts for; per cent. Its numbers are those of a player in a full set, so that it would win every
/// second fight: in play it is to be beaten, and to leave its mark.
pub const MOB_STROKE_PERCENT: i64 = 40;
/// A critical stroke is worth so many ordinary ones.
pub const CRIT_FACTOR: i64 = 2;
/// Strokes are between 90 and 110 per cent of what they are on average: this many outcomes.
pub const SPREAD: u32 = 21;
const SPREAD_LEAST: i64 = 90;
/// The weapon in the other hand counts half.
const OFFHAND_DIVISOR: i32 = 2;
/// Chance to get away from a fight; per cent.
pub const FLEE_PERCENT: u32 = 75;

/// Who strikes, or is struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Combatant {
    pub level: u32,
    pub stats: Stats,
    /// Of what is in the hands.
    pub weapon: i32,
    pub offhand: i32,
    pub has_shield: bool,
    pub is_mob: bool,
}

/// What a mob strikes with that wields nothing.
pub fn natural_damage(level: u32) -> i32 {
    ilf_round(level, 125) as i32
}

/// What a player's bare hands are worth.
pub fn bare_damage(level: u32) -> i32 {
    ilf_round(level, 60) as i32
}

/// An ordinary hit of the kind, in hundredths, before chance and defence.
pub fn ordinary_hit(from: &Combatant, kind: DamageType) -> i64 {
    let weapon = i64::from(from.weapon + from.offhand / OFFHAND_DIVISOR);
    let power = match kind {
        DamageType::Physical => i64::from(from.stats.attack_power) * ATTACK_POWER_PERCENT,
        DamageType::Magical => i64::from(from.stats.spell_power) * SPELL_POWER_PERCENT,
    };
    let hit = weapon * 100 + power;
    if from.is_mob { hit * MOB_STROKE_PERCENT / 100 } else { hit }
}

/// A skill's damage or healing, in hundredths, before chance and defence.
pub fn skill_hit(from: &Combatant, kind: DamageType, calc: DamageCalc, amount: u32) -> i64 {
    match calc {
        DamageCalc::Fixed => i64::from(amount) * 100,
        DamageCalc::Normal => ordinary_hit(from, kind) * i64::from(amount) / 100,
    }
}

/// What chance makes of it; `roll` from 0 to [`SPREAD`] - 1.
pub fn varied(hundredths: i64, roll: u32, crit: bool) -> i64 {
    let varied = hundredths * (SPREAD_LEAST + i64::from(roll)) / 100;
    if crit { varied * CRIT_FACTOR } else { varied }
}

/// What defence leaves of it, in points; at least one.
pub fn defended(hundredths: i64, kind: DamageType, to: &Combatant, enemy_level: u32) -> i32 {
    let kept = |of: i64, per_mille: u32| of * (1_000 - i64::from(per_mille)) / 1_000;
    let mut left = kept(hundredths, resilience_per_mille(to.stats.resilience, enemy_level, to.has_shield));
    if kind == DamageType::Physical {
        left = kept(left, armor_per_mille(to.stats.armor, enemy_level));
    }
    points(left)
}

/// Hundredths as points, rounded; at least one.
pub fn points(hundredths: i64) -> i32 {
    i32::try_from((hundredths + 50) / 100).unwrap_or(i32::MAX).max(1)
}

/// Per cent of the experience that a defeat is worth to a player of the level: all of it up to two levels below, nothing
/// from six levels below on.
pub fn experience_percent(player_level: u32, mob_level: u32) -> i64 {
    match player_level.saturating_sub(mob_level) {
        0..=2 => 100,
        3 => 75,
        4 => 50,
        5 => 25,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fighter(attack_power: i32, weapon: i32) -> Combatant {
        Combatant { level: 1, stats: Stats { attack_power, ..Stats::default() }, weapon, ..Combatant::default() }
    }

    #[test]
    fn a_stroke_is_weapon_and_power_and_chance() {
        let hit = ordinary_hit(&fighter(25, 8), DamageType::Physical);
        assert_eq!(hit, 800 + 625);
        assert_eq!((varied(hit, 0, false), varied(hit, SPREAD - 1, false)), (1_282, 1_567));
        assert_eq!(varied(hit, 10, true), 2 * hit);
        let mob = Combatant { is_mob: true, ..fighter(25, 8) };
        assert_eq!(ordinary_hit(&mob, DamageType::Physical), hit * 40 / 100);
    }

    #[test]
    fn defence_takes_its_share_and_never_all() {
        let mut to = Combatant::default();
        to.stats.armor = 363;
        assert_eq!(defended(2_000, DamageType::Physical, &to, 1), 10, "half of it, by the formula");
        assert_eq!(defended(2_000, DamageType::Magical, &to, 1), 20, "armour stops no spell");
        to.stats.armor = 1_000_000;
        to.stats.resilience = 1_000_000;
        assert_eq!(defended(2_000, DamageType::Physical, &to, 1), 1, "at most three quarters each");
        assert_eq!(defended(10, DamageType::Physical, &to, 1), 1);
    }

    #[test]
    fn experience_fades_with_the_levels_between() {
        let of = |mob| experience_percent(10, mob);
        assert_eq!([of(15), of(10), of(8), of(7), of(6), of(5), of(4)], [100, 100, 100, 75, 50, 25, 0]);
    }
}
