//! Mobs and their shops.

use super::lex::flag_names;
use super::records::Mob;
use super::{Import, report, text};
use crate::world::check::AMOUNT_MAX;
use crate::world::formulas::{COPIES_MAX, LEVEL_MAX};
use crate::world::kinds::*;
use crate::world::spec::*;

const ACT: [&str; 20] = [
    "special",
    "sentinel",
    "scavenger",
    "is_npc",
    "aware",
    "aggressive",
    "stay_zone",
    "wimpy",
    "aggressive_evil",
    "aggressive_good",
    "aggressive_neutral",
    "memory",
    "helper",
    "no_charm",
    "no_summon",
    "no_sleep",
    "no_bash",
    "no_blind",
    "no_kill",
    "dead",
];

/// Per cent each Beat with which a mob that is no sentinel walks on.
const ROAM_CHANCE: u32 = 10;
/// Circle's shops never run out of what they produce; ours keep so many on the shelf.
const SHELF: u32 = 5;

impl Import<'_> {
    pub(super) fn mobs(&mut self) {
        let original = self.original;
        for mob in original.mobs.values() {
            let spec = self.mob(mob);
            let slug = text::slug(&mob.short, mob.vnum);
            let at = self.add(slug, |metadata| Document::Mob { metadata, spec: Box::new(spec) });
            self.mob_at.insert(mob.vnum, at);
        }
        self.report.made("mobs", original.mobs.len());
    }

    fn mob(&mut self, mob: &Mob) -> MobSpec {
        let record = format!("mob {}", mob.vnum);
        let mut lines = vec![format!(
            "circle {record}: {}; gold {}, experience {}, alignment {}",
            mob.combat, mob.gold, mob.experience, mob.alignment
        )];
        if mob.level > i64::from(LEVEL_MAX) {
            self.report.keep(report::LEVELS, &*record, format!("level {}", mob.level));
            lines.push(format!("level {} before it was clamped", mob.level));
        }
        let has = |bit: u32| mob.act >> bit & 1 == 1;
        let traits = traits(mob);
        if !traits.is_empty() {
            self.report.keep(report::MOB_TRAITS, &*record, traits.join("; "));
            lines.extend(traits);
        }
        lines.extend(self.trigger_notes(&record, &mob.triggers));
        let stays = has(1);
        MobSpec {
            name: text::name(&mob.short, "somebody"),
            keywords: text::words(&mob.aliases),
            description: text::flowing(&mob.description),
            room_description: text::one_line(&mob.long),
            level: mob.level.clamp(1, i64::from(LEVEL_MAX)) as u32,
            mob_type: if mob.sex == 0 { MobType::Beast } else { MobType::Humanoid },
            gender: match mob.sex {
                1 => Gender::Male,
                2 => Gender::Female,
                _ => Gender::NonBinary,
            },
            gold: mob.gold.clamp(0, AMOUNT_MAX),
            roaming: match (stays, has(6)) {
                (true, _) => Roaming::Static,
                (false, true) => Roaming::Zone,
                (false, false) => Roaming::All,
            },
            roam_chance: if stays { 0 } else { ROAM_CHANCE },
            aggression: match (has(18), has(5)) {
                (true, _) => Aggression::Friendly,
                (_, true) => Aggression::Players,
                _ => Aggression::Passive,
            },
            assists: has(12),
            notes: self.notes(&record, lines),
            ..MobSpec::default()
        }
    }

    /// Shops become merchants: what they produce, and what resets give their keepers.
    pub(super) fn shops(&mut self) {
        let original = self.original;
        for shop in &original.shops {
            let record = format!("shop {}", shop.vnum);
            let mut stock: Vec<MerchantStockSpec> = Vec::new();
            for vnum in &shop.products {
                match self.item_slug(*vnum) {
                    Some(item) => stock_up(&mut stock, item, SHELF),
                    None => self.report.keep(report::RESETS_LOST, &*record, format!("sells object {vnum}")),
                }
            }
            for vnum in self.gifts(shop.keeper) {
                if let Some(item) = self.item_slug(vnum) {
                    stock_up(&mut stock, item, 1);
                }
            }
            let rest = shop.rest.iter().map(|line| text::one_line(line)).collect::<Vec<_>>().join("\n");
            let Some(Document::Mob { spec, .. }) = self.mob_at.get(&shop.keeper).map(|at| &mut self.documents[*at])
            else {
                self.report.keep(
                    report::SHOPS_ALONE,
                    record,
                    format!("keeper {}; {}", shop.keeper, rest.replace('\n', "; ")),
                );
                continue;
            };
            let percent = shop
                .buy_profit
                .parse::<f64>()
                .map_or(200, |profit| (profit * 100.0).round().clamp(1.0, 10_000.0) as u32);
            let merchant = spec.merchant.get_or_insert(MerchantSpec { profit_percent: percent, stock: Vec::new() });
            for line in stock {
                stock_up(&mut merchant.stock, line.item, line.num);
            }
            let kept = format!("circle {record}: sells at {}, buys at {}\n{rest}", shop.buy_profit, shop.sell_profit);
            // The report has the whole in any case.
            let _ = super::append(&mut spec.notes, &kept);
            self.report.keep(report::SHOPS, record, kept.replace('\n', "; "));
            self.report.made("merchants", 1);
        }
    }

    /// What `G` commands give a mob, each object once per shelf place.
    fn gifts(&self, keeper: i64) -> Vec<i64> {
        let mut gifts = Vec::new();
        for zone in &self.original.zones {
            let mut mob = None;
            for command in &zone.commands {
                match command.letter {
                    'M' => mob = Some(command.numbers[0]),
                    'G' if mob == Some(keeper) => gifts.push(command.numbers[0]),
                    _ => {}
                }
            }
        }
        gifts
    }
}

fn stock_up(stock: &mut Vec<MerchantStockSpec>, item: String, num: u32) {
    match stock.iter_mut().find(|line| line.item == item) {
        Some(line) => line.num = (line.num + num).min(COPIES_MAX),
        None => stock.push(MerchantStockSpec { item, num: num.min(COPIES_MAX) }),
    }
}

/// What the format says beyond our fields, in lines for the notes.
fn traits(mob: &Mob) -> Vec<String> {
    let mut lines = Vec::new();
    // Sentinel, aggressive, stay_zone, helper and no_kill have counterparts; is_npc says nothing.
    let known = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 12 | 1 << 18;
    let strange = flag_names(mob.act & !known, &ACT);
    if !strange.is_empty() {
        lines.push(format!("traits: {}", strange.join(", ")));
    }
    if mob.affects != 0 {
        lines.push(format!("affect flags: {}", flag_names(mob.affects, &[]).join(", ")));
    }
    if mob.positions != (8, 8) {
        lines.push(format!("positions: {} by default {}", mob.positions.0, mob.positions.1));
    }
    lines.extend(mob.extras.iter().cloned());
    lines
}
