//! Checks of items and of money.

use std::collections::BTreeMap;

use super::places::holds_things;
use super::{AMOUNT_MAX, Checker};
use crate::world::kinds::*;
use crate::world::manifest::{Located, Problem};
use crate::world::spec::*;

/// Things that one new container brings with it, its contents' contents included.
pub const CONTENTS_MAX: u64 = 200;

impl<'a> Checker<'a> {
    pub(super) fn item_spec(&self, slug: &str) -> Option<&'a ItemSpec> {
        match &self.find(DocumentKind::Item, slug)?.document {
            Document::Item { spec, .. } => Some(spec),
            _ => None,
        }
    }

    pub(super) fn item(&mut self, at: &'a Located, spec: &'a ItemSpec) {
        self.name(at, &spec.name);
        self.level(at, spec.level);
        self.range(at, "spec.cost", spec.cost, 0, AMOUNT_MAX);
        self.range(at, "spec.food_value", i64::from(spec.food_value), 0, 1_000);
        if !spec.currency.is_empty() {
            self.reference(at, "spec.currency", DocumentKind::Currency, &spec.currency);
        }
        let equippable = spec.item_type == ItemType::Equippable;
        if spec.equipment_type.is_some() && !equippable {
            self.error(at, "spec.equipment_type", "only an item of type `equippable` is worn");
        }
        if spec.weapon_type.is_some() {
            let kind = spec.equipment_type.unwrap_or(EquipmentType::Weapon1h);
            if !equippable || !matches!(kind, EquipmentType::Weapon1h | EquipmentType::Weapon2h) {
                self.error(at, "spec.weapon_type", "only a weapon has one");
            }
        }
        if !spec.stats.is_empty() && !matches!(spec.item_type, ItemType::Equippable | ItemType::Augment) {
            self.error(at, "spec.stats", "only equippable items and augments have them");
        }
        if spec.stats.contains_key(&Attribute::Armor) {
            self.error(at, "spec.stats.armor", "the armour of an item follows from its slot, class and level");
        }
        for (attribute, value) in &spec.stats {
            self.range(at, format!("spec.stats.{attribute}"), i64::from(*value), -100_000, 100_000);
        }
        if spec.is_persistent && spec.is_pickable {
            self.error(at, "spec.is_persistent", "what persists cannot be picked up: write `is_pickable: false` too");
        }
        if spec.capacity > 0 && !holds_things(spec.item_type) {
            self.error(at, "spec.capacity", "only a container has one");
        }
        if !spec.inventory.is_empty() && !holds_things(spec.item_type) {
            self.error(at, "spec.inventory", "only a container holds things");
        }
        self.stock(at, &spec.inventory);
        self.details(at, &spec.details);
    }

    pub(super) fn stock(&mut self, at: &'a Located, lines: &'a [StockSpec]) {
        for (index, line) in lines.iter().enumerate() {
            let field = format!("spec.inventory.{index}");
            self.reference(at, format!("{field}.item"), DocumentKind::Item, &line.item);
            self.range(at, format!("{field}.probability"), i64::from(line.probability), 1, 100);
            self.copies(at, format!("{field}.copies"), line.copies);
        }
    }

    /// Containers do not hold themselves, nor too much.
    pub(super) fn containers(&mut self) {
        let mut known: BTreeMap<&'a str, u64> = BTreeMap::new();
        for at in self.documents {
            let Document::Item { metadata, spec } = &at.document else { continue };
            let mut path = Vec::new();
            match self.contents(&metadata.slug, &mut known, &mut path) {
                Err(around) => {
                    self.error(at, "spec.inventory", format!("it would hold itself: {}", around.join(" in ")))
                }
                Ok(things) if things > CONTENTS_MAX => {
                    let message = format!("it would bring {things} things with it; {CONTENTS_MAX} is the most");
                    self.error(at, "spec.inventory", message);
                }
                Ok(_) => {}
            }
            if spec.capacity > 0
                && spec.inventory.iter().map(|line| u64::from(line.copies)).sum::<u64>() > u64::from(spec.capacity)
            {
                self.error(at, "spec.inventory", format!("holds more than its capacity of {}", spec.capacity));
            }
        }
    }

    /// How many things are inside a new one; an error is the way around that leads back to it.
    fn contents(
        &self,
        slug: &'a str,
        known: &mut BTreeMap<&'a str, u64>,
        path: &mut Vec<&'a str>,
    ) -> Result<u64, Vec<&'a str>> {
        if let Some(things) = known.get(slug) {
            return Ok(*things);
        }
        if path.contains(&slug) {
            path.push(slug);
            return Err(path.clone());
        }
        path.push(slug);
        let mut things: u64 = 0;
        for line in self.item_spec(slug).map_or(&[][..], |spec| &spec.inventory) {
            let inside = self.contents(&line.item, known, path)?;
            things = things.saturating_add(u64::from(line.copies).saturating_mul(inside.saturating_add(1)));
        }
        path.pop();
        known.insert(slug, things);
        Ok(things)
    }

    /// One default currency; at most one default faction.
    pub(super) fn defaults(&mut self) {
        let currencies: Vec<&'a Located> = self
            .documents
            .iter()
            .filter(|at| matches!(&at.document, Document::Currency { spec, .. } if spec.is_default))
            .collect();
        match currencies[..] {
            [_] => {}
            [] => self.problems.push(Problem::error(
                "",
                0,
                "no `currency` document has `is_default: true`; prices need one, commonly `gold`",
            )),
            [_, second, ..] => self.error(second, "spec.is_default", "another currency is the default already"),
        }
        let factions = self
            .documents
            .iter()
            .filter(|at| matches!(&at.document, Document::Faction { spec, .. } if spec.is_default));
        if let Some(second) = factions.collect::<Vec<_>>().get(1) {
            self.error(second, "spec.is_default", "another faction is the default already");
        }
    }
}
