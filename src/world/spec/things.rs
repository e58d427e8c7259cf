//! Manifests of items and of money.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{DetailSpec, Slug, hundred, is_default, is_hundred, is_one, on_one_line, one};
use crate::world::kinds::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ItemSpec {
    pub name: String,
    /// Words that select it; empty takes the words of the name.
    #[serde(skip_serializing_if = "is_default", serialize_with = "on_one_line")]
    pub keywords: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    /// The line in the room; empty gives "<Name> lies here."
    #[serde(skip_serializing_if = "is_default")]
    pub ground_description: String,
    #[serde(rename = "type")]
    pub item_type: ItemType,
    pub level: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub quality: Quality,
    /// For equippable items; an equippable without a slot is a one-handed weapon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equipment_type: Option<EquipmentType>,
    #[serde(skip_serializing_if = "is_default")]
    pub armor_class: ArmorClass,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weapon_type: Option<WeaponType>,
    #[serde(skip_serializing_if = "is_default")]
    pub stats: IndexMap<Attribute, i32>,
    #[serde(skip_serializing_if = "is_default")]
    pub cost: i64,
    /// A currency slug; empty is the world's default currency.
    #[serde(skip_serializing_if = "is_default")]
    pub currency: Slug,
    #[serde(skip_serializing_if = "is_default")]
    pub food_value: i32,
    #[serde(skip_serializing_if = "is_default")]
    pub food_type: FoodType,
    #[serde(skip_serializing_if = "is_default")]
    pub is_boat: bool,
    pub is_pickable: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub is_persistent: bool,
    /// How many things a container holds; 0 is the engine's limit.
    #[serde(skip_serializing_if = "is_default")]
    pub capacity: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub hit_msg_first: String,
    #[serde(skip_serializing_if = "is_default")]
    pub hit_msg_third: String,
    #[serde(skip_serializing_if = "is_default")]
    pub on_use_cmd: String,
    #[serde(skip_serializing_if = "is_default")]
    pub on_use_description: String,
    #[serde(skip_serializing_if = "is_default")]
    pub on_use_equipped: bool,
    /// What `look WORD` answers while one holds or sees the item.
    #[serde(skip_serializing_if = "is_default")]
    pub details: Vec<DetailSpec>,
    /// What a new container holds.
    #[serde(skip_serializing_if = "is_default")]
    pub inventory: Vec<StockSpec>,
    #[serde(skip_serializing_if = "is_default")]
    pub notes: String,
}

impl Default for ItemSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            keywords: Vec::new(),
            description: String::new(),
            ground_description: String::new(),
            item_type: ItemType::Inert,
            level: 1,
            quality: Quality::Normal,
            equipment_type: None,
            armor_class: ArmorClass::Light,
            weapon_type: None,
            stats: IndexMap::new(),
            cost: 0,
            currency: String::new(),
            food_value: 0,
            food_type: FoodType::Stamina,
            is_boat: false,
            is_pickable: true,
            is_persistent: false,
            capacity: 0,
            hit_msg_first: String::new(),
            hit_msg_third: String::new(),
            on_use_cmd: String::new(),
            on_use_description: String::new(),
            on_use_equipped: false,
            details: Vec::new(),
            inventory: Vec::new(),
            notes: String::new(),
        }
    }
}

/// Items inside a container, or carried by a mob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockSpec {
    pub item: Slug,
    /// Per cent, 1 to 100, rolled for each copy.
    #[serde(default = "hundred", skip_serializing_if = "is_hundred")]
    pub probability: u32,
    /// 1 to 15.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub copies: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CurrencySpec {
    pub name: String,
    pub is_default: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartingEquipmentSpec {
    pub item: Slug,
    /// Left out: every archetype.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archetype: Option<Archetype>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub num: u32,
}
