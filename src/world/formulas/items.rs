//! The numbers of items: damage, armour, price, the budget of attributes, who may wear what and where.

use super::{ITEM_LEVEL_AHEAD_MAX, ilf_ceil, ilf_round};
use crate::world::kinds::*;
use crate::world::template::ItemTemplate;

/// How much of a full set the piece is, in hundredths.
const fn slot_factor(kind: EquipmentType) -> i64 {
    match kind {
        EquipmentType::Weapon2h => 250,
        EquipmentType::Weapon1h
        | EquipmentType::Shield
        | EquipmentType::Head
        | EquipmentType::Body
        | EquipmentType::Legs => 125,
        _ => 100,
    }
}

/// What a weapon adds to a hit; 0 for everything else.
pub fn item_damage(item: &ItemTemplate) -> i32 {
    match item.equipment_type {
        Some(kind @ (EquipmentType::Weapon1h | EquipmentType::Weapon2h)) => {
            ilf_round(item.level, slot_factor(kind)) as i32
        }
        _ => 0,
    }
}

/// The armour rating of a piece: heavy pieces are worth four light ones, accessories protect nobody.
pub fn item_armor(item: &ItemTemplate) -> i32 {
    match item.equipment_type {
        None | Some(EquipmentType::Weapon1h | EquipmentType::Weapon2h | EquipmentType::Accessory) => 0,
        Some(kind) => {
            let class = if item.armor_class == ArmorClass::Heavy { 4 } else { 1 };
            ilf_round(item.level, slot_factor(kind) * class) as i32
        }
    }
}

/// What a piece of equipment costs when its builder names no price.
pub fn price(level: u32, quality: Quality, kind: EquipmentType) -> i64 {
    let factor = match quality {
        Quality::Normal => 1,
        Quality::Imbued => 3,
        Quality::Enchanted => 5,
    };
    // The shield counts less in prices than in budgets.
    let slot = if kind == EquipmentType::Shield { 100 } else { slot_factor(kind) };
    ilf_round(level, slot * factor)
}

/// Points that the attributes of an ordinary piece may cost.
pub fn attribute_budget(level: u32, kind: EquipmentType) -> i32 {
    ilf_ceil(level, slot_factor(kind) * 20)
}

/// Points that one of the attribute costs.
pub const fn attribute_cost(attribute: Attribute) -> i32 {
    match attribute {
        Attribute::StaminaRegen => 100,
        Attribute::StaminaMax => 45,
        Attribute::HealthRegen | Attribute::ManaRegen => 40,
        Attribute::Constitution | Attribute::Strength | Attribute::Dexterity | Attribute::Intelligence => 10,
        _ => 4,
    }
}

/// The quality that the attributes of a piece amount to.
pub fn quality(level: u32, kind: EquipmentType, stats: &[(Attribute, i32)]) -> Quality {
    let spent: i64 = stats.iter().map(|(a, v)| i64::from(*v) * i64::from(attribute_cost(*a))).sum();
    if spent <= 0 {
        Quality::Normal
    } else if spent * 10 >= i64::from(attribute_budget(level, kind)) * 12 {
        Quality::Enchanted
    } else {
        Quality::Imbued
    }
}

/// Why something cannot be worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EquipRefusal {
    NotEquippable,
    /// More than [`ITEM_LEVEL_AHEAD_MAX`] levels above its wearer.
    LevelTooHigh,
    /// Heavy armour is for warriors, and for those who learned it.
    HeavyArmor,
    /// A two-handed weapon needs both hands.
    HandsFull,
}

/// Who wants to wear something, and what is in its hands.
#[derive(Clone, Copy, Debug)]
pub struct Wearer {
    pub level: u32,
    pub archetype: Archetype,
    pub knows_heavy_armor: bool,
    pub weapon: Option<EquipmentType>,
    pub offhand: Option<EquipmentType>,
}

/// Where the item goes on that wearer. What is worn there already is the caller's to take off.
pub fn slot_for(wearer: Wearer, item: &ItemTemplate) -> Result<Slot, EquipRefusal> {
    let kind = item.equipment_type.ok_or(EquipRefusal::NotEquippable)?;
    if item.level > wearer.level + ITEM_LEVEL_AHEAD_MAX {
        return Err(EquipRefusal::LevelTooHigh);
    }
    let is_weapon = matches!(kind, EquipmentType::Weapon1h | EquipmentType::Weapon2h);
    let may_heavy = wearer.archetype == Archetype::Warrior || wearer.knows_heavy_armor;
    if item.armor_class == ArmorClass::Heavy && !is_weapon && !may_heavy {
        return Err(EquipRefusal::HeavyArmor);
    }
    let holds_two_hander = wearer.weapon == Some(EquipmentType::Weapon2h);
    match kind {
        EquipmentType::Weapon2h if wearer.offhand.is_some() => Err(EquipRefusal::HandsFull),
        EquipmentType::Shield if holds_two_hander => Err(EquipRefusal::HandsFull),
        EquipmentType::Weapon1h
            if wearer.archetype == Archetype::Assassin
                && wearer.weapon == Some(EquipmentType::Weapon1h)
                && wearer.offhand.is_none() =>
        {
            Ok(Slot::Offhand)
        }
        EquipmentType::Weapon1h | EquipmentType::Weapon2h => Ok(Slot::Weapon),
        EquipmentType::Shield => Ok(Slot::Offhand),
        EquipmentType::Head => Ok(Slot::Head),
        EquipmentType::Body => Ok(Slot::Body),
        EquipmentType::Arms => Ok(Slot::Arms),
        EquipmentType::Hands => Ok(Slot::Hands),
        EquipmentType::Waist => Ok(Slot::Waist),
        EquipmentType::Legs => Ok(Slot::Legs),
        EquipmentType::Feet => Ok(Slot::Feet),
        EquipmentType::Accessory => Ok(Slot::Accessory),
    }
}

/// Food above a player's reach is refused like equipment.
pub fn may_eat(player_level: u32, item: &ItemTemplate) -> bool {
    item.level <= player_level + ITEM_LEVEL_AHEAD_MAX
}
