//! Objects as items.

use indexmap::IndexMap;

use super::lex::flag_names;
use super::records::Object;
use super::{Import, report, text};
use crate::world::check::AMOUNT_MAX;
use crate::world::formulas::LEVEL_MAX;
use crate::world::kinds::*;
use crate::world::spec::*;

const TYPES: [&str; 24] = [
    "undefined",
    "light",
    "scroll",
    "wand",
    "staff",
    "weapon",
    "furniture",
    "free",
    "treasure",
    "armor",
    "potion",
    "worn",
    "other",
    "trash",
    "free",
    "container",
    "note",
    "drink container",
    "key",
    "food",
    "money",
    "pen",
    "boat",
    "fountain",
];

const WEAR: [&str; 15] = [
    "take", "finger", "neck", "body", "head", "legs", "feet", "hands", "arms", "shield", "about", "waist", "wrist",
    "wield", "hold",
];

const APPLIES: [&str; 25] = [
    "none",
    "strength",
    "dexterity",
    "intelligence",
    "wisdom",
    "constitution",
    "charisma",
    "class",
    "level",
    "age",
    "weight",
    "height",
    "mana",
    "health",
    "movement",
    "gold",
    "experience",
    "armour class",
    "hit roll",
    "damage roll",
    "save: para",
    "save: rod",
    "save: petri",
    "save: breath",
    "save: spell",
];

impl Import<'_> {
    pub(super) fn items(&mut self) {
        let original = self.original;
        for object in original.objects.values() {
            let spec = self.item(object);
            let slug = text::slug(&object.short, object.vnum);
            self.add(slug, |metadata| Document::Item { metadata, spec: Box::new(spec) });
        }
        if !original.objects.is_empty() {
            self.report.keep(report::WEIGHTS, "every object", "weight and rent");
        }
        self.report.made("items", original.objects.len());
    }

    fn item(&mut self, object: &Object) -> ItemSpec {
        let record = format!("object {}", object.vnum);
        let mut lines = vec![format!("circle {record}")];
        let (item_type, equipment_type) = kind(object);
        let equippable = item_type == ItemType::Equippable;
        let stats = self.applies(&record, object, equippable, &mut lines);
        let traits = traits(object);
        if !traits.is_empty() {
            self.report.keep(report::ITEM_TRAITS, &*record, traits.join("; "));
            lines.extend(traits);
        }
        lines.push(format!("weight {}, rent {}", object.weight, object.rent));
        // An extra description under one of the object's own names is what one sees when one looks at it.
        let aliases = text::words(&object.aliases);
        let own = object
            .extras
            .iter()
            .position(|extra| text::words(&extra.keywords).iter().any(|word| aliases.contains(word)));
        let description = own.map(|at| text::flowing(&object.extras[at].text)).unwrap_or_default();
        let others = object.extras.iter().enumerate().filter(|(at, _)| Some(*at) != own).map(|(_, extra)| extra);
        let others: Vec<super::records::Extra> = others
            .map(|extra| super::records::Extra { keywords: extra.keywords.clone(), text: extra.text.clone() })
            .collect();
        let details = self.details(&record, &others, &mut lines);
        lines.extend(self.trigger_notes(&record, &object.triggers));
        let (first, third) = hit_messages(object);
        ItemSpec {
            name: text::name(&object.short, "an unnamed thing"),
            keywords: aliases,
            description,
            ground_description: text::one_line(&object.long),
            item_type,
            level: object.level.clamp(1, i64::from(LEVEL_MAX)) as u32,
            equipment_type,
            weapon_type: equippable.then(|| weapon_type(object, equipment_type)).flatten(),
            stats,
            cost: object.cost.clamp(0, AMOUNT_MAX),
            food_value: if object.kind == 19 { object.values[0].clamp(0, 1_000) as i32 } else { 0 },
            is_boat: object.kind == 22,
            is_pickable: object.wear & 1 == 1,
            hit_msg_first: first.to_owned(),
            hit_msg_third: third.to_owned(),
            details,
            notes: self.notes(&record, lines),
            ..ItemSpec::default()
        }
    }

    fn applies(
        &mut self,
        record: &str,
        object: &Object,
        equippable: bool,
        lines: &mut Vec<String>,
    ) -> IndexMap<Attribute, i32> {
        let mut stats: IndexMap<Attribute, i32> = IndexMap::new();
        for (location, modifier) in &object.applies {
            let attribute = match location {
                1 => Some(Attribute::Strength),
                2 => Some(Attribute::Dexterity),
                3 => Some(Attribute::Intelligence),
                5 => Some(Attribute::Constitution),
                12 => Some(Attribute::ManaMax),
                13 => Some(Attribute::HealthMax),
                14 => Some(Attribute::StaminaMax),
                _ => None,
            };
            match attribute.filter(|_| equippable) {
                Some(attribute) => *stats.entry(attribute).or_default() += (*modifier).clamp(-10_000, 10_000) as i32,
                None => {
                    let name =
                        usize::try_from(*location).ok().and_then(|at| APPLIES.get(at).copied()).unwrap_or("unknown");
                    let text = format!("affects {name} by {modifier}");
                    self.report.keep(report::ITEM_AFFECTS, record, &*text);
                    lines.push(text);
                }
            }
        }
        stats.retain(|_, value| *value != 0);
        stats
    }
}

fn kind(object: &Object) -> (ItemType, Option<EquipmentType>) {
    let slot = slot(object.wear);
    match object.kind {
        1 => (ItemType::Light, None),
        2 | 3 | 4 | 10 => (ItemType::Consumable, None),
        5 => (ItemType::Equippable, Some(EquipmentType::Weapon1h)),
        9 | 11 => match slot {
            Some(slot) => (ItemType::Equippable, Some(slot)),
            None => (ItemType::Inert, None),
        },
        15 => (ItemType::Container, None),
        18 => (ItemType::Key, None),
        19 => (ItemType::Food, None),
        _ => (ItemType::Inert, None),
    }
}

/// The slot of wear bits; several Circle positions share our accessory.
fn slot(wear: u64) -> Option<EquipmentType> {
    let of_bit = [
        (13, EquipmentType::Weapon1h),
        (9, EquipmentType::Shield),
        (3, EquipmentType::Body),
        (4, EquipmentType::Head),
        (5, EquipmentType::Legs),
        (6, EquipmentType::Feet),
        (7, EquipmentType::Hands),
        (8, EquipmentType::Arms),
        (11, EquipmentType::Waist),
        (1, EquipmentType::Accessory),
        (2, EquipmentType::Accessory),
        (10, EquipmentType::Accessory),
        (12, EquipmentType::Accessory),
        (14, EquipmentType::Accessory),
    ];
    of_bit.into_iter().find(|(bit, _)| wear >> bit & 1 == 1).map(|(_, slot)| slot)
}

/// What the format says beyond our fields, in lines for the notes.
fn traits(object: &Object) -> Vec<String> {
    let mut lines = Vec::new();
    let type_name = usize::try_from(object.kind).ok().and_then(|kind| TYPES.get(kind).copied()).unwrap_or("unknown");
    let values: Vec<String> = object.values.iter().map(i64::to_string).collect();
    // Light, treasure, worn, other, trash, key, food and boat are what ours say they are.
    if !matches!(object.kind, 1 | 8 | 11 | 12 | 13 | 18 | 19 | 22) {
        lines.push(format!("type: {type_name}, values {}", values.join(" ")));
    } else if object.values.iter().any(|value| *value != 0) && !matches!(object.kind, 18 | 19) {
        lines.push(format!("values {}", values.join(" ")));
    }
    if object.extra != 0 {
        lines.push(format!("extra flags: {}", flag_names(object.extra, &[]).join(", ")));
    }
    if object.affects != 0 {
        lines.push(format!("affect flags: {}", flag_names(object.affects, &[]).join(", ")));
    }
    let worn: Vec<String> = flag_names(object.wear & !1, &WEAR);
    if worn.len() > 1 || (!worn.is_empty() && !matches!(object.kind, 5 | 9 | 11)) {
        lines.push(format!("worn: {}", worn.join(", ")));
    }
    if object.level > i64::from(LEVEL_MAX) {
        lines.push(format!("level {}", object.level));
    }
    if object.timer != 0 {
        lines.push(format!("timer {}", object.timer));
    }
    let action = text::one_line(&object.action);
    if !action.is_empty() {
        lines.push(format!("action: {action}"));
    }
    lines
}

fn weapon_type(object: &Object, slot: Option<EquipmentType>) -> Option<WeaponType> {
    if slot != Some(EquipmentType::Weapon1h) {
        return None;
    }
    let names = format!("{} {}", object.aliases, object.short).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| names.contains(word));
    Some(if has(&["dagger", "knife", "dirk", "stiletto"]) {
        WeaponType::Dagger
    } else if has(&["sword", "blade", "sabre", "scimitar", "rapier", "katana"]) {
        WeaponType::Sword
    } else if has(&["halberd", "polearm", "glaive", "scythe", "pike"]) {
        WeaponType::Polearm
    } else if has(&["axe", "hatchet"]) {
        WeaponType::Axe
    } else if has(&["spear", "trident", "lance", "javelin"]) {
        WeaponType::Spear
    } else if has(&["staff", "quarterstaff"]) {
        WeaponType::Staff
    } else if has(&["bow", "sling"]) {
        WeaponType::Bow
    } else if has(&["club", "mace", "hammer", "flail", "cudgel", "stick"]) {
        WeaponType::Club
    } else {
        return None;
    })
}

/// The verb of a weapon's kind of attack.
fn hit_messages(object: &Object) -> (&'static str, &'static str) {
    const VERBS: [(&str, &str); 15] = [
        ("", ""),
        ("sting", "stings"),
        ("whip", "whips"),
        ("slash", "slashes"),
        ("bite", "bites"),
        ("bludgeon", "bludgeons"),
        ("crush", "crushes"),
        ("pound", "pounds"),
        ("claw", "claws"),
        ("maul", "mauls"),
        ("thrash", "thrashes"),
        ("pierce", "pierces"),
        ("blast", "blasts"),
        ("punch", "punches"),
        ("stab", "stabs"),
    ];
    let kind = if object.kind == 5 { object.values[3] } else { 0 };
    usize::try_from(kind).ok().and_then(|kind| VERBS.get(kind).copied()).unwrap_or_default()
}
