//! Checks of mobs, factions and socials.

use std::collections::BTreeSet;

use super::{AMOUNT_MAX, Checker, WAIT_SECONDS_MAX};
use crate::world::condition::Condition;
use crate::world::kinds::*;
use crate::world::manifest::Located;
use crate::world::spec::*;

impl<'a> Checker<'a> {
    pub(super) fn mob(&mut self, at: &'a Located, spec: &'a MobSpec) {
        self.name(at, &spec.name);
        self.short_text(at, "spec.title", &spec.title);
        self.level(at, spec.level);
        self.range(at, "spec.roam_chance", i64::from(spec.roam_chance), 0, 100);
        self.range(at, "spec.regen_rate", i64::from(spec.regen_rate), 0, 100);
        self.range(at, "spec.gold", spec.gold, 0, AMOUNT_MAX);
        self.range(at, "spec.experience", spec.experience, 0, AMOUNT_MAX);
        for (attribute, value) in &spec.stats {
            self.range(at, format!("spec.stats.{attribute}"), i64::from(*value), 0, 10_000_000);
        }
        self.stock(at, &spec.inventory);
        if let Some(merchant) = &spec.merchant {
            self.range(at, "spec.merchant.profit_percent", i64::from(merchant.profit_percent), 1, 10_000);
            for (index, line) in merchant.stock.iter().enumerate() {
                self.reference(at, format!("spec.merchant.stock.{index}.item"), DocumentKind::Item, &line.item);
                self.copies(at, format!("spec.merchant.stock.{index}.num"), line.num);
            }
        }
        if let Some(core) = &spec.core_faction {
            self.faction_of(at, "spec.core_faction", core, true);
        }
        for (faction, standing) in &spec.factions {
            let field = format!("spec.factions.{faction}");
            self.faction_of(at, &field, faction, false);
            self.range(at, &*field, *standing, -AMOUNT_MAX, AMOUNT_MAX);
        }
        for (index, reaction) in spec.reactions.iter().enumerate() {
            self.reaction(at, &format!("spec.reactions.{index}"), reaction);
        }
        self.fighting(at, spec);
    }

    fn faction_of(&mut self, at: &Located, field: &str, slug: &str, core: bool) {
        self.reference(at, field, DocumentKind::Faction, slug);
        let is_core = match self.find(DocumentKind::Faction, slug).map(|found| &found.document) {
            Some(Document::Faction { spec, .. }) => spec.is_core,
            _ => return,
        };
        match (core, is_core) {
            (true, false) => self.error(at, field, format!("faction `{slug}` is not a core faction")),
            (false, true) => {
                self.error(at, field, format!("faction `{slug}` is a core faction; a mob has one, in `core_faction`"))
            }
            _ => {}
        }
    }

    fn reaction(&mut self, at: &Located, field: &str, reaction: &ReactionSpec) {
        self.range(at, format!("{field}.gate_delay"), reaction.gate_delay, -WAIT_SECONDS_MAX, WAIT_SECONDS_MAX);
        if reaction.script.trim().is_empty() {
            self.error(at, format!("{field}.script"), "must not be empty");
        }
        self.script(at, &format!("{field}.script"), &reaction.script);
        self.matcher_of(at, &format!("{field}.match"), Some(reaction.event), &reaction.matcher);
        self.conditions(at, &format!("{field}.conditions"), &reaction.conditions);
    }

    /// A condition must be readable, and what it names must exist.
    pub(super) fn conditions(&mut self, at: &Located, field: &str, text: &str) -> Option<Condition> {
        match Condition::parse(text) {
            Err(error) => {
                self.error(at, field, error.to_string());
                None
            }
            Ok(condition) => {
                for (kind, slug) in condition.references() {
                    self.reference(at, field, kind, slug);
                }
                Some(condition)
            }
        }
    }

    pub(super) fn faction(&mut self, at: &'a Located, spec: &'a FactionSpec) {
        self.name(at, &spec.name);
        if spec.is_default && !(spec.is_core && spec.is_selectable) {
            self.error(at, "spec.is_default", "the default faction must be core and selectable");
        }
        if spec.is_selectable && !spec.is_core {
            self.error(at, "spec.is_selectable", "only a core faction is chosen");
        }
        self.optional_reference(at, "spec.starting_room", DocumentKind::Room, spec.starting_room.as_ref());
        self.optional_reference(at, "spec.death_room", DocumentKind::Room, spec.death_room.as_ref());
        let mut last = None;
        for (index, rank) in spec.ranks.iter().enumerate() {
            if last.is_some_and(|last| last >= rank.standing) {
                self.error(at, format!("spec.ranks.{index}.standing"), "ranks must rise");
            }
            last = Some(rank.standing);
        }
    }

    pub(super) fn social(&mut self, at: &'a Located, spec: &'a SocialSpec) {
        let texts = [
            ("targetless_self", &spec.targetless_self, false),
            ("targetless_other", &spec.targetless_other, false),
            ("targeted_self", &spec.targeted_self, true),
            ("targeted_target", &spec.targeted_target, true),
            ("targeted_other", &spec.targeted_other, true),
        ];
        let given: BTreeSet<&str> =
            texts.iter().filter(|(_, text, _)| !text.is_empty()).map(|(name, ..)| *name).collect();
        let targetless = given.iter().filter(|name| name.starts_with("targetless")).count();
        if given.is_empty() {
            self.error(at, "spec", "needs both targetless texts, or all three targeted ones");
        }
        if targetless == 1 {
            self.error(at, "spec", "the targetless texts come together: `targetless_self` and `targetless_other`");
        }
        if ![0, 3].contains(&(given.len() - targetless)) {
            self.error(
                at,
                "spec",
                "the targeted texts come together: `targeted_self`, `targeted_target`, `targeted_other`",
            );
        }
        for (name, text, targeted) in texts {
            for hole in holes(text) {
                if !is_hole(hole, targeted) {
                    let field = format!("spec.{name}");
                    self.error(at, field, format!("nothing can stand for `{{{hole}}}`{}", HOLES_HELP));
                }
            }
        }
    }
}

const HOLES_HELP: &str = "; known are {actor}, {actor.they}, {actor.them}, {actor.their}, {actor.themself}, \
                          and the same of {target} in targeted texts";

/// What stands between braces.
fn holes(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest))
}

fn is_hole(hole: &str, targeted: bool) -> bool {
    let (who, form) = hole.split_once('.').unwrap_or((hole, ""));
    (who == "actor" || (targeted && who == "target")) && matches!(form, "" | "they" | "them" | "their" | "themself")
}
