//! Items and mobs as templates: what builders leave out is computed.

use super::{Compiler, details};
use crate::world::formulas;
use crate::world::keywords;
use crate::world::kinds::*;
use crate::world::manifest::Problem;
use crate::world::spec::*;
use crate::world::template::*;

impl Compiler<'_> {
    fn stock(&self, lines: &[StockSpec]) -> Result<Vec<Stock>, Problem> {
        let line = |line: &StockSpec| {
            let item = self.id(DocumentKind::Item, &line.item)?;
            Ok(Stock { item, probability: line.probability, copies: line.copies })
        };
        lines.iter().map(line).collect()
    }

    pub(super) fn item(&self, slug: &str, spec: &ItemSpec) -> Result<ItemTemplate, Problem> {
        let equippable = spec.item_type == ItemType::Equippable;
        let equipment_type = equippable.then_some(spec.equipment_type.unwrap_or(EquipmentType::Weapon1h));
        let stats: Vec<(Attribute, i32)> = spec.stats.iter().map(|(attribute, value)| (*attribute, *value)).collect();
        let quality = match (spec.quality, equipment_type) {
            (Quality::Normal, Some(kind)) => formulas::quality(spec.level, kind, &stats),
            (written, _) => written,
        };
        let currency = if spec.currency.is_empty() { self.default_currency() } else { &spec.currency };
        Ok(ItemTemplate {
            id: self.id(DocumentKind::Item, slug)?,
            slug: slug.to_owned(),
            name: spec.name.clone(),
            keywords: keywords::item_keywords(&spec.keywords, &spec.name, quality, spec.item_type, equipment_type),
            description: spec.description.clone(),
            ground_description: or(&spec.ground_description, || keywords::ground_line(&spec.name, spec.is_pickable)),
            item_type: spec.item_type,
            level: spec.level,
            quality,
            equipment_type,
            armor_class: spec.armor_class,
            weapon_type: spec.weapon_type,
            stats,
            cost: spec.cost,
            currency: currency.to_owned(),
            food_value: spec.food_value,
            food_type: spec.food_type,
            is_boat: spec.is_boat,
            is_pickable: spec.is_pickable,
            is_persistent: spec.is_persistent,
            capacity: spec.capacity,
            hit_msg_first: or(&spec.hit_msg_first, || "hit".into()),
            hit_msg_third: or(&spec.hit_msg_third, || "hits".into()),
            on_use_cmd: spec.on_use_cmd.clone(),
            on_use_description: spec.on_use_description.clone(),
            on_use_equipped: spec.on_use_equipped,
            details: details(&spec.details),
            inventory: self.stock(&spec.inventory)?,
        })
    }

    fn default_currency(&self) -> &str {
        let code = self.documents.iter().find_map(|document| match document {
            Document::Currency { metadata, spec } if spec.is_default => Some(metadata.slug.as_str()),
            _ => None,
        });
        code.unwrap_or("gold")
    }

    pub(super) fn mob(&self, slug: &str, spec: &MobSpec) -> Result<MobTemplate, Problem> {
        let factions = spec.core_faction.iter().chain(spec.factions.keys()).map(String::as_str);
        let stats = if spec.stats.is_empty() {
            formulas::suggest_stats(spec.level, spec.archetype, spec.is_elite)
        } else {
            formulas::explicit_stats(spec.stats.iter().map(|(attribute, value)| (*attribute, *value)))
        };
        let merchant = match &spec.merchant {
            None => None,
            Some(merchant) => {
                let line = |line: &MerchantStockSpec| Ok((self.id(DocumentKind::Item, &line.item)?, line.num));
                let stock = merchant.stock.iter().map(line).collect::<Result<_, Problem>>()?;
                Some(Merchant { profit_percent: merchant.profit_percent, stock })
            }
        };
        Ok(MobTemplate {
            id: self.id(DocumentKind::Mob, slug)?,
            slug: slug.to_owned(),
            name: spec.name.clone(),
            title: spec.title.clone(),
            keywords: keywords::mob_keywords(&spec.keywords, &spec.name, spec.gender, factions),
            description: spec.description.clone(),
            room_description: or(&spec.room_description, || keywords::room_line(&spec.name)),
            level: spec.level,
            mob_type: spec.mob_type,
            archetype: spec.archetype,
            gender: spec.gender,
            gold: match (spec.gold, spec.mob_type) {
                (0, MobType::Humanoid) => formulas::humanoid_gold(spec.level),
                (gold, _) => gold,
            },
            experience: match spec.experience {
                0 => formulas::suggest_experience(spec.level, spec.is_elite),
                experience => experience,
            },
            roaming: spec.roaming,
            roam_chance: spec.roam_chance,
            aggression: spec.aggression,
            fights_back: spec.fights_back,
            is_elite: spec.is_elite,
            is_invisible: spec.is_invisible,
            assists: spec.assists,
            regen_rate: spec.regen_rate,
            stats,
            hit_msg_first: or(&spec.hit_msg_first, || "hit".into()),
            hit_msg_third: or(&spec.hit_msg_third, || "hits".into()),
            traits: spec.traits.clone(),
            inventory: self.stock(&spec.inventory)?,
            merchant,
            core_faction: spec.core_faction.clone(),
            factions: spec.factions.iter().map(|(code, standing)| (code.clone(), *standing)).collect(),
            reactions: spec.reactions.iter().map(reaction).collect(),
            combat_script: lines(&spec.combat_script),
            use_abilities: spec.use_abilities,
            teaches: spec.teaches.clone(),
            teaching_conditions: spec.teaching_conditions.clone(),
        })
    }
}

fn or(written: &str, made: impl FnOnce() -> String) -> String {
    if written.is_empty() { made() } else { written.to_owned() }
}

fn reaction(written: &ReactionSpec) -> Reaction {
    Reaction {
        event: written.event,
        matcher: written.matcher.clone(),
        conditions: written.conditions.clone(),
        script: super::triggers::lines(&written.script),
        gate_delay: written.gate_delay,
    }
}

fn lines(script: &str) -> Vec<String> {
    script.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
