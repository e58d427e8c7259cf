//! The numbers of the game: levels, experience, statistics, chances, prices, what may be worn.
//! All arithmetic is on integers, so that every machine computes the same world; the
//! item-level factor is a table of millionths made at build time. Levels outside 1 to 20
//! count as the nearest of the two.

pub mod combat;
mod items;

use super::kinds::*;
use super::template::{ItemTemplate, Stats};
pub use items::*;

/// Characters and mobs stop here.
pub const LEVEL_MAX: u32 = 20;
/// An item may be this many levels above its wearer, or eater.
pub const ITEM_LEVEL_AHEAD_MAX: u32 = 3;
/// A loader rule, a stock line or a shelf holds at most this many copies.
pub const COPIES_MAX: u32 = 15;
/// Per cent of a maximum that a standing player regains each Beat.
pub const STANDING_REGEN_PERCENT: i32 = 2;
/// Stamina that everyone regains each Beat.
pub const STAMINA_REGEN: i32 = 2;
/// Stamina that everyone has before equipment.
pub const STAMINA_BASE: i32 = 100;
/// Resting multiplies the share, not the bonus of equipment.
pub const RESTING_FACTOR: i32 = 3;

const MILLION: i64 = 1_000_000;

/// The item-level factor in millionths: 5.5 * 1.1^L up to level 16, flatter above.
const ILF: [i64; 20] = ilf_table();

const fn ilf_table() -> [i64; 20] {
    let mut table = [0; 20];
    // In units of 10^-24 there is room for every exact decimal of 5.5 * 1.1^16 * 1.08 * 1.06 * 1.04 * 1.02.
    let mut exact: u128 = 5_500_000_000_000_000_000_000_000;
    let mut level = 1;
    while level <= 20 {
        exact = match level {
            17 => exact / 100 * 108,
            18 => exact / 100 * 106,
            19 => exact / 100 * 104,
            20 => exact / 100 * 102,
            _ => exact / 10 * 11,
        };
        table[level - 1] = ((exact + 500_000_000_000_000_000) / 1_000_000_000_000_000_000) as i64;
        level += 1;
    }
    table
}

/// The item-level factor in millionths: how much a thing of this level is worth.
pub fn ilf(level: u32) -> i64 {
    ILF[level.clamp(1, LEVEL_MAX) as usize - 1]
}

/// `ceil(ilf(level) * hundredths / 100)`.
fn ilf_ceil(level: u32, hundredths: i64) -> i32 {
    let scaled = ilf(level) * hundredths;
    ((scaled + 100 * MILLION - 1) / (100 * MILLION)) as i32
}

/// `round(ilf(level) * hundredths / 100)`.
fn ilf_round(level: u32, hundredths: i64) -> i64 {
    (ilf(level) * hundredths + 50 * MILLION) / (100 * MILLION)
}

fn ceil_percent(value: i32, percent: i32) -> i32 {
    (i64::from(value) * i64::from(percent)).div_euclid(100) as i32
        + i32::from((i64::from(value) * i64::from(percent)).rem_euclid(100) != 0)
}

// ---- experience ----

const EXPERIENCE: [i64; 20] = [
    0, 30, 100, 400, 1_000, 2_500, 5_500, 10_000, 15_000, 25_000, 40_000, 55_000, 75_000, 100_000, 135_000, 175_000,
    225_000, 285_000, 370_000, 500_000,
];

const MOB_EXPERIENCE: [i64; 20] =
    [16, 25, 40, 61, 88, 121, 160, 205, 256, 313, 376, 445, 520, 601, 688, 781, 880, 985, 1_096, 1_213];

/// What one must have gathered, in all, to stand at the level.
pub fn experience_of_level(level: u32) -> i64 {
    EXPERIENCE[level.clamp(1, LEVEL_MAX) as usize - 1]
}

/// The level that so much experience gives.
pub fn level_of_experience(experience: i64) -> u32 {
    EXPERIENCE.iter().take_while(|needed| **needed <= experience).count().max(1) as u32
}

/// (gathered since the level began, still needed for the next); at the last level both are what came beyond it. Clients
/// show the first as a part of the sum.
pub fn experience_progress(level: u32, experience: i64) -> (i64, i64) {
    let gathered = (experience - experience_of_level(level)).max(0);
    if level >= LEVEL_MAX {
        (gathered, gathered)
    } else {
        (gathered, (experience_of_level(level + 1) - experience).max(1))
    }
}

/// What the defeat of an ordinary mob of the level is worth.
pub fn mob_experience(level: u32) -> i64 {
    MOB_EXPERIENCE[level.clamp(1, LEVEL_MAX) as usize - 1]
}

/// The gold that a humanoid of the level carries when its builder says nothing.
pub fn humanoid_gold(level: u32) -> i64 {
    ilf_round(level, 100)
}

// ---- statistics ----

/// The statistics of a character in what it wears. `boost` is for mobs: they count as wearing
/// a full set made for their level and archetype.
pub fn compute_stats(level: u32, archetype: Archetype, worn: &[&ItemTemplate], boost: bool) -> Stats {
    let mut s = base_stats(level, archetype);
    let int_base = s.intelligence;
    for item in worn {
        for (attribute, value) in &item.stats {
            let field = stat_mut(&mut s, *attribute);
            *field = field.saturating_add(*value);
        }
        s.armor = s.armor.saturating_add(item_armor(item));
    }
    if boost {
        boost_mob(&mut s, level, archetype);
    }
    s.health_max += 2 * s.constitution + s.strength;
    s.resilience += s.constitution;
    s.attack_power += s.strength;
    s.spell_power += 2 * s.intelligence;
    s.mana_max += s.intelligence - int_base;
    s.dodge += s.dexterity;
    s.crit += s.dexterity;
    match archetype {
        Archetype::Warrior => s.crit += s.strength,
        Archetype::Assassin => s.attack_power += s.dexterity,
        _ => {}
    }
    if boost || worn.iter().any(|item| item.equipment_type == Some(EquipmentType::Weapon2h)) {
        s.attack_power = ceil_percent(s.attack_power, 150);
        s.spell_power = ceil_percent(s.spell_power, 150);
    }
    for attribute in Attribute::ALL {
        let field = stat_mut(&mut s, *attribute);
        *field = (*field).max(0);
    }
    s
}

fn base_stats(level: u32, archetype: Archetype) -> Stats {
    let [con, str, dex, int] = match archetype {
        Archetype::Warrior => [3, 4, 1, 1],
        Archetype::Assassin => [3, 1, 4, 1],
        Archetype::Mage | Archetype::Cleric => [3, 1, 1, 4],
        Archetype::Classless => [3, 2, 2, 2],
    };
    let of = |factor: i64| ilf_ceil(level, factor * 100);
    let mana_base = 2 * of(int);
    Stats {
        constitution: of(con),
        strength: of(str),
        dexterity: of(dex),
        intelligence: of(int),
        mana_base,
        mana_max: mana_base,
        stamina_max: STAMINA_BASE,
        ..Stats::default()
    }
}

fn boost_mob(s: &mut Stats, level: u32, archetype: Archetype) {
    let boost = ilf_ceil(level, 1025);
    // Half to even, as the platform that this one is compatible with rounds.
    let half = boost / 2 + if boost % 2 == 1 { (boost / 2) % 2 } else { 0 };
    let rest = boost - half;
    s.constitution += half;
    match archetype {
        Archetype::Warrior => s.strength += rest,
        Archetype::Assassin => s.dexterity += rest,
        Archetype::Mage | Archetype::Cleric => s.intelligence += rest,
        Archetype::Classless => {
            s.strength += rest;
            s.dexterity += rest;
            s.intelligence += rest;
        }
    }
    s.armor += boost
        * match archetype {
            Archetype::Warrior => 3,
            Archetype::Classless => 2,
            _ => 1,
        };
}

/// The field that an attribute names.
pub fn stat_mut(stats: &mut Stats, attribute: Attribute) -> &mut i32 {
    match attribute {
        Attribute::Constitution => &mut stats.constitution,
        Attribute::Dexterity => &mut stats.dexterity,
        Attribute::Intelligence => &mut stats.intelligence,
        Attribute::Strength => &mut stats.strength,
        Attribute::AttackPower => &mut stats.attack_power,
        Attribute::SpellPower => &mut stats.spell_power,
        Attribute::Crit => &mut stats.crit,
        Attribute::Dodge => &mut stats.dodge,
        Attribute::Resilience => &mut stats.resilience,
        Attribute::HealthMax => &mut stats.health_max,
        Attribute::ManaMax => &mut stats.mana_max,
        Attribute::StaminaMax => &mut stats.stamina_max,
        Attribute::HealthRegen => &mut stats.health_regen,
        Attribute::ManaRegen => &mut stats.mana_regen,
        Attribute::StaminaRegen => &mut stats.stamina_regen,
        Attribute::Armor => &mut stats.armor,
    }
}

/// The statistics of a mob whose builder wrote none. Primaries are left out: they are spent in the rest.
pub fn suggest_stats(level: u32, archetype: Archetype, elite: bool) -> Stats {
    let mut s = compute_stats(level, archetype, &[], true);
    (s.constitution, s.strength, s.dexterity, s.intelligence, s.mana_base) = (0, 0, 0, 0, 0);
    if level <= 6 {
        s.health_max = ceil_percent(s.health_max, level.max(1) as i32 * 15);
    }
    if elite {
        for attribute in Attribute::ALL {
            *stat_mut(&mut s, *attribute) *= match attribute {
                Attribute::Armor | Attribute::Resilience => 1,
                Attribute::HealthMax => 6,
                _ => 4,
            };
        }
    }
    s
}

/// Experience for the defeat of a mob whose builder wrote none.
pub fn suggest_experience(level: u32, elite: bool) -> i64 {
    mob_experience(level) * if elite { 4 } else { 1 }
}

/// The statistics of a mob as its builder wrote them; what is left out is that of something small and harmless.
pub fn explicit_stats(written: impl IntoIterator<Item = (Attribute, i32)>) -> Stats {
    let mut s = Stats { health_max: 30, mana_max: 1, stamina_max: 50, attack_power: 1, ..Stats::default() };
    for (attribute, value) in written {
        *stat_mut(&mut s, attribute) = value.max(0);
    }
    s.health_max = s.health_max.max(1);
    s
}

// ---- chances ----

/// Physical damage that armour of this rating turns away from an enemy of the level, per mille.
pub fn armor_per_mille(rating: i32, enemy_level: u32) -> u32 {
    share_per_mille(rating, enemy_level, 60, 0)
}

/// Attacks that miss, per mille.
pub fn dodge_per_mille(rating: i32, enemy_level: u32) -> u32 {
    share_per_mille(rating, enemy_level, 60, 20)
}

/// Damage of every kind that is turned away, per mille.
pub fn resilience_per_mille(rating: i32, enemy_level: u32, with_shield: bool) -> u32 {
    share_per_mille(rating, enemy_level, 120, if with_shield { 250 } else { 0 })
}

/// Attacks that hit twice as hard, per mille.
pub fn crit_per_mille(rating: i32, enemy_level: u32) -> u32 {
    let (v, e) = (i64::from(rating.max(0)), ilf(enemy_level));
    let scaled = (v * 1_000 * MILLION + e * 60) / (e * 120);
    (scaled + 20).min(1_000) as u32
}

/// `min(750, 1000 * (v + E*K*base) / (v + E*K))`, base in per mille.
fn share_per_mille(rating: i32, enemy_level: u32, k: i64, base: i64) -> u32 {
    let (v, scale) = (i64::from(rating.max(0)) * MILLION, ilf(enemy_level) * k);
    let share = (v * 1_000 + scale * base + (v + scale) / 2) / (v + scale);
    share.min(750) as u32
}

// ---- vitals ----

/// Health, mana and stamina that a player regains in one Beat.
pub fn player_regeneration(stats: &Stats, state: CharacterState) -> [i32; 3] {
    let factor = match state {
        CharacterState::Resting | CharacterState::Sitting | CharacterState::Sleeping => RESTING_FACTOR,
        _ => 1,
    };
    // In a fight wounds close by nothing but what one wears and what one does.
    let health =
        if state == CharacterState::Combat { 0 } else { ceil_percent(stats.health_max, STANDING_REGEN_PERCENT) };
    [
        health * factor + stats.health_regen,
        ceil_percent(stats.mana_base, STANDING_REGEN_PERCENT) * factor + stats.mana_regen,
        STAMINA_REGEN * factor + stats.stamina_regen,
    ]
}

/// Health, mana and stamina that a mob regains in one Beat, at its rate in per cent.
pub fn mob_regeneration(stats: &Stats, rate: u32) -> [i32; 3] {
    let rate = rate.min(100) as i32;
    [
        ceil_percent(stats.health_max, rate) + stats.health_regen,
        ceil_percent(stats.mana_max, rate) + stats.mana_regen,
        STAMINA_REGEN + stats.stamina_regen,
    ]
}

/// Stamina that a step into a room of the type costs.
pub const fn movement_cost(destination: RoomType) -> i32 {
    match destination {
        RoomType::Road | RoomType::City | RoomType::Indoor => 1,
        RoomType::Field | RoomType::Trail => 2,
        RoomType::Forest | RoomType::Desert | RoomType::Water | RoomType::Shallow => 3,
        RoomType::Mountain => 4,
    }
}

#[cfg(test)]
mod tests;
