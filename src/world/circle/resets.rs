//! Zone resets as loaders: what is given to a mob or put into a container becomes a rule on the rule
//! that loads the holder. A loader belongs to the zone of the rooms that it fills.

use std::collections::BTreeMap;

use super::zones::{Command, Zone};
use super::{Import, report};
use crate::world::formulas::COPIES_MAX;
use crate::world::spec::*;

/// Rules of one loader; a longer chain of commands goes on in the next.
const RULES_MAX: usize = 300;

/// The loaders of one zone's commands, one per zone that they fill.
#[derive(Default)]
struct Loaders {
    /// By the zone that is filled: loaders of rules.
    of_zone: BTreeMap<i64, Vec<Vec<RuleSpec>>>,
}

/// Where a loaded thing's rule is.
#[derive(Clone, Copy)]
struct Spot {
    zone: i64,
    loader: usize,
    rule: usize,
}

impl Loaders {
    /// Adds a rule that stands on its own, or one more copy to an identical one before it.
    fn add(&mut self, zone: i64, rule: RuleSpec) -> Spot {
        let loaders = self.of_zone.entry(zone).or_insert_with(|| vec![Vec::new()]);
        if loaders.last().is_some_and(|rules| rules.len() >= RULES_MAX) {
            loaders.push(Vec::new());
        }
        let loader = loaders.len() - 1;
        let rules = &mut loaders[loader];
        // A rule that others build on has a name; it must stay what they were made for.
        if let Some(last) = rules.last_mut()
            && last.name.is_none()
            && (RuleSpec { copies: 1, ..last.clone() }) == rule
            && last.copies < COPIES_MAX
        {
            last.copies += 1;
        } else {
            rules.push(rule);
        }
        Spot { zone, loader, rule: rules.len() - 1 }
    }

    /// Adds an item to what another rule loads.
    fn add_into(&mut self, spot: Spot, item: String) -> Spot {
        let rules = match self.of_zone.get_mut(&spot.zone).and_then(|loaders| loaders.get_mut(spot.loader)) {
            Some(rules) => rules,
            None => return spot,
        };
        if rules[spot.rule].copies > 1 {
            // Only one of the copies holds it.
            rules[spot.rule].copies -= 1;
            let alone = RuleSpec { copies: 1, name: None, ..rules[spot.rule].clone() };
            rules.push(alone);
            return self.add_into(Spot { rule: self.of_zone[&spot.zone][spot.loader].len() - 1, ..spot }, item);
        }
        let name = format!("load-{}", spot.rule + 1);
        let holder = rules[spot.rule].name.get_or_insert(name).clone();
        let same = rules.iter().position(|rule| {
            rule.rule.as_ref() == Some(&holder)
                && rule.item.as_ref() == Some(&item)
                && rule.name.is_none()
                && rule.copies < COPIES_MAX
        });
        if let Some(rule) = same {
            rules[rule].copies += 1;
            return Spot { rule, ..spot };
        }
        rules.push(RuleSpec { item: Some(item), rule: Some(holder), ..empty_rule() });
        Spot { rule: rules.len() - 1, ..spot }
    }
}

fn empty_rule() -> RuleSpec {
    RuleSpec { name: None, mob: None, item: None, room: None, zone: None, rule: None, copies: 1 }
}

/// What the commands of one zone refer back to.
#[derive(Default)]
struct Last {
    /// The last mob: its number, and its rule, or what became of the command.
    mob: Option<(i64, Result<Spot, &'static str>)>,
    /// The last of each object that can hold something.
    objects: BTreeMap<i64, Spot>,
}

impl Import<'_> {
    pub(super) fn resets(&mut self) {
        let original = self.original;
        let mut living: BTreeMap<i64, i64> = BTreeMap::new();
        for zone in &original.zones {
            let (mut loaders, mut last) = (Loaders::default(), Last::default());
            for command in &zone.commands {
                self.command(zone, command, &mut loaders, &mut last, &mut living);
            }
            self.write_loaders(zone, loaders);
        }
    }

    fn write_loaders(&mut self, zone: &Zone, loaders: Loaders) {
        for (filled, rule_lists) in loaders.of_zone {
            let parts = rule_lists.len();
            for (part, rules) in rule_lists.into_iter().enumerate().filter(|(_, rules)| !rules.is_empty()) {
                self.report.made("loaders", 1);
                self.report.made("rules", rules.len());
                let mut slug = format!("resets-{}", zone.number);
                if filled != zone.number {
                    slug.push_str(&format!("-in-{filled}"));
                }
                if parts > 1 {
                    slug.push_str(&format!("-part-{}", part + 1));
                }
                let spec = LoaderSpec {
                    zone: self.zone_slug(filled),
                    name: format!("Resets of zone {}", zone.number),
                    description: String::new(),
                    respawn_wait: None,
                    conditions: String::new(),
                    is_group: false,
                    rules,
                };
                self.add(slug, |metadata| Document::Loader { metadata, spec: Box::new(spec) });
            }
        }
    }

    fn command(
        &mut self,
        zone: &Zone,
        command: &Command,
        loaders: &mut Loaders,
        last: &mut Last,
        living: &mut BTreeMap<i64, i64>,
    ) {
        let record = format!("zone {}", zone.number);
        let n = &command.numbers;
        match command.letter {
            'M' => {
                last.mob = Some((n[0], Err(report::RESETS_LOST)));
                let (Some(mob), Some(room)) = (self.mob_slug(n[0]), n.get(2).and_then(|room| self.room_slug(*room)))
                else {
                    return self.report.keep(report::RESETS_LOST, record, &*command.text);
                };
                if command.follows {
                    self.report.keep(report::RESETS_UNCHAINED, &*record, &*command.text);
                }
                let count = living.entry(n[0]).or_default();
                if *count >= n[1] {
                    last.mob = Some((n[0], Err(report::RESETS_LIMITED)));
                    return self.report.keep(report::RESETS_LIMITED, record, &*command.text);
                }
                *count += 1;
                let rule = RuleSpec { mob: Some(mob), room: Some(room), ..empty_rule() };
                last.mob = Some((n[0], Ok(loaders.add(self.zone_of(n[2]), rule))));
            }
            'O' => {
                let (Some(item), Some(room)) = (self.item_slug(n[0]), n.get(2).and_then(|room| self.room_slug(*room)))
                else {
                    return self.report.keep(report::RESETS_LOST, record, &*command.text);
                };
                if command.follows {
                    self.report.keep(report::RESETS_UNCHAINED, &*record, &*command.text);
                }
                let rule = RuleSpec { item: Some(item), room: Some(room), ..empty_rule() };
                let spot = loaders.add(self.zone_of(n[2]), rule);
                last.objects.insert(n[0], spot);
            }
            'G' | 'E' => {
                let is_stock = command.letter == 'G' && last.mob.is_some_and(|(mob, _)| self.keepers.contains(&mob));
                match (self.item_slug(n[0]), last.mob) {
                    // The merchant has it on the shelf.
                    (Some(_), Some(_)) if is_stock => {}
                    (Some(item), Some((_, Ok(spot)))) => {
                        let spot = loaders.add_into(spot, item);
                        last.objects.insert(n[0], spot);
                    }
                    // What a mob that is not loaded would have got goes with it.
                    (Some(_), Some((_, Err(why)))) => self.report.keep(why, record, &*command.text),
                    _ => self.report.keep(report::RESETS_LOST, record, &*command.text),
                }
            }
            'P' => {
                let holder = n.get(2).and_then(|holder| last.objects.get(holder).copied());
                let holds = n
                    .get(2)
                    .and_then(|holder| self.original.objects.get(holder))
                    .is_some_and(|object| object.kind == 15);
                match (self.item_slug(n[0]), holder) {
                    (Some(item), Some(spot)) if holds => {
                        let spot = loaders.add_into(spot, item);
                        last.objects.insert(n[0], spot);
                    }
                    _ => self.report.keep(report::RESETS_LOST, record, &*command.text),
                }
            }
            'D' => {
                let door = self.original.rooms.get(&n[0]).and_then(|room| {
                    room.exits.iter().find(|exit| Some(exit.direction as i64) == n.get(1).copied() && exit.door > 0)
                });
                if door.is_none() {
                    self.report.keep(report::RESETS_LOST, record, &*command.text);
                }
            }
            'R' => self.report.keep(report::RESETS_REMOVE, record, &*command.text),
            _ => {
                self.report.keep(report::RESETS_SCRIPT, &*record, &*command.text);
                self.note_zone(zone.number, &format!("reset command: {}", command.text));
            }
        }
    }
}
