//! Checks of the world itself, zones, rooms and loaders.

use std::collections::BTreeMap;

use super::{AMOUNT_MAX, COORDINATE_MAX, Checker, WAIT_SECONDS_MAX};
use crate::world::kinds::*;
use crate::world::manifest::{Located, Severity, suggestion};
use crate::world::spec::*;

impl<'a> Checker<'a> {
    pub(super) fn world(&mut self, at: &'a Located, spec: &'a WorldSpec) {
        self.name(at, &spec.name);
        self.reference(at, "spec.starting_room", DocumentKind::Room, &spec.starting_room);
        self.reference(at, "spec.death_room", DocumentKind::Room, &spec.death_room);
        self.range(at, "spec.death_gold_penalty_percent", i64::from(spec.death_gold_penalty_percent), 0, 100);
        self.range(at, "spec.starting_gold", spec.starting_gold, 0, AMOUNT_MAX);
        self.range(at, "spec.clan_registration_cost", spec.clan_registration_cost, 0, AMOUNT_MAX);
        for name in spec.facts.keys() {
            if name.is_empty() || name.chars().any(char::is_whitespace) {
                self.error(at, format!("spec.facts.{name}"), "the name of a fact is one word");
            }
        }
    }

    pub(super) fn zone(&mut self, at: &'a Located, spec: &'a ZoneSpec) {
        self.name(at, &spec.name);
        self.range(at, "spec.respawn_wait", spec.respawn_wait, -1, WAIT_SECONDS_MAX);
        self.optional_reference(at, "spec.center", DocumentKind::Room, spec.center.as_ref());
        if let Some(center) = &spec.center
            && self.zone_of(center).is_some_and(|zone| zone != at.document.slug())
        {
            self.error(at, "spec.center", format!("room `{center}` is in another zone"));
        }
    }

    /// The zone that a room says it is in.
    fn zone_of(&self, room: &str) -> Option<&'a str> {
        match &self.find(DocumentKind::Room, room)?.document {
            Document::Room { spec, .. } => Some(&spec.zone),
            _ => None,
        }
    }

    pub(super) fn room(&mut self, at: &'a Located, spec: &'a RoomSpec) {
        self.name(at, &spec.name);
        self.reference(at, "spec.zone", DocumentKind::Zone, &spec.zone);
        if spec.at.iter().any(|c| !(-COORDINATE_MAX..=COORDINATE_MAX).contains(c)) {
            self.error(at, "spec.at", format!("coordinates go from -{COORDINATE_MAX} to {COORDINATE_MAX}"));
        }
        for (direction, exit) in &spec.exits {
            let field = format!("spec.exits.{direction}");
            let to = if matches!(exit, ExitSpec::Room(_)) { field.clone() } else { format!("{field}.to") };
            self.reference(at, to, DocumentKind::Room, exit.to());
            if let Some(door) = exit.door() {
                self.door(at, &format!("{field}.door"), door);
            }
        }
        self.details(at, &spec.details);
        self.room_checks(at, spec);
        if !is_css_color(&spec.color) {
            self.error(at, "spec.color", format!("`{}` is no CSS colour, as `#47c`, `#4477cc` or `teal`", spec.color));
        }
    }

    fn door(&mut self, at: &Located, field: &str, door: &DoorSpec) {
        let one_word = !door.name.is_empty() && !door.name.chars().any(|c| c.is_whitespace() || c.is_uppercase());
        if !one_word {
            self.error(at, format!("{field}.name"), format!("`{}` is not one lower-case word", door.name));
        }
        if let Some(key) = &door.key {
            self.reference(at, format!("{field}.key"), DocumentKind::Item, key);
        }
        if door.destroy_key && door.key.is_none() {
            self.error(at, format!("{field}.destroy_key"), "there is no key that could break");
        }
    }

    pub(super) fn details(&mut self, at: &Located, details: &[DetailSpec]) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, detail) in details.iter().enumerate() {
            let field = format!("spec.details.{index}");
            if detail.words.is_empty() {
                self.error(at, format!("{field}.words"), "needs at least one word");
            }
            if detail.text.trim().is_empty() {
                self.error(at, format!("{field}.text"), "must not be empty");
            }
            for word in &detail.words {
                if word.is_empty() || word.chars().any(|c| c.is_whitespace() || c.is_uppercase()) {
                    self.error(at, format!("{field}.words"), format!("`{word}` is not one lower-case word"));
                }
                match seen.insert(word, index) {
                    Some(first) if first != index => {
                        let message = format!("`{word}` also belongs to detail {first}, which would never give way");
                        self.error(at, format!("{field}.words"), message);
                    }
                    _ => {}
                }
            }
        }
    }

    /// No two rooms in one place.
    pub(super) fn coordinates(&mut self) {
        let mut seen: BTreeMap<[i32; 3], &'a Located> = BTreeMap::new();
        for at in self.documents {
            let Document::Room { spec, .. } = &at.document else { continue };
            match seen.get(&spec.at) {
                Some(first) => {
                    let [x, y, z] = spec.at;
                    let message = format!("room `{}` is at [{x}, {y}, {z}] too", first.document.slug());
                    self.problems.push(at.problem(Severity::Error, "spec.at", message));
                }
                None => {
                    seen.insert(spec.at, at);
                }
            }
        }
    }

    pub(super) fn loader(&mut self, at: &'a Located, spec: &'a LoaderSpec) {
        self.short_text(at, "spec.name", &spec.name);
        self.reference(at, "spec.zone", DocumentKind::Zone, &spec.zone);
        if let Some(wait) = spec.respawn_wait {
            self.range(at, "spec.respawn_wait", wait, -1, WAIT_SECONDS_MAX);
        }
        if self.conditions(at, "spec.conditions", &spec.conditions).is_some_and(|c| !c.is_about_facts()) {
            self.error(at, "spec.conditions", "a loader can ask only for facts: `fact_check`, `fact_above`");
        }
        let mut earlier: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, rule) in spec.rules.iter().enumerate() {
            self.rule(at, spec, index, rule, &earlier);
            if let Some(name) = &rule.name
                && let Some(first) = earlier.insert(name, index)
            {
                self.error(at, format!("spec.rules.{index}.name"), format!("rule {first} has this name too"));
            }
        }
    }

    fn rule(
        &mut self,
        at: &'a Located,
        spec: &LoaderSpec,
        index: usize,
        rule: &RuleSpec,
        earlier: &BTreeMap<&str, usize>,
    ) {
        let field = format!("spec.rules.{index}");
        if rule.mob.is_some() == rule.item.is_some() {
            self.error(at, &*field, "needs either `mob` or `item`");
        }
        if [&rule.room, &rule.zone, &rule.rule].iter().filter(|target| target.is_some()).count() != 1 {
            self.error(at, &*field, "needs one of `room`, `zone`, `rule`");
        }
        self.optional_reference(at, &format!("{field}.mob"), DocumentKind::Mob, rule.mob.as_ref());
        self.optional_reference(at, &format!("{field}.item"), DocumentKind::Item, rule.item.as_ref());
        self.optional_reference(at, &format!("{field}.room"), DocumentKind::Room, rule.room.as_ref());
        self.optional_reference(at, &format!("{field}.zone"), DocumentKind::Zone, rule.zone.as_ref());
        self.copies(at, format!("{field}.copies"), rule.copies);
        if let Some(room) = &rule.room
            && self.zone_of(room).is_some_and(|zone| zone != spec.zone)
        {
            self.error(
                at,
                format!("{field}.room"),
                format!("room `{room}` is not in the loader's zone `{}`", spec.zone),
            );
        }
        if let Some(item) = &rule.item
            && self.item_spec(item).is_some_and(|item| item.is_persistent)
        {
            self.error(at, format!("{field}.item"), format!("item `{item}` is persistent, and those are never loaded"));
        }
        if let Some(target) = &rule.rule {
            self.rule_target(at, spec, index, rule, target, earlier);
        }
    }

    fn rule_target(
        &mut self,
        at: &'a Located,
        spec: &LoaderSpec,
        index: usize,
        rule: &RuleSpec,
        target: &str,
        earlier: &BTreeMap<&str, usize>,
    ) {
        let field = format!("spec.rules.{index}.rule");
        if rule.mob.is_some() {
            self.error(at, &*field, "a mob cannot be put into what another rule loaded");
        }
        let Some(of) = earlier.get(target) else {
            let message = if spec.rules.iter().any(|other| other.name.as_deref() == Some(target)) {
                format!("rule `{target}` must stand earlier than this one")
            } else {
                format!("no earlier rule has the name `{target}`{}", suggestion(target, earlier.keys().copied()))
            };
            return self.error(at, &*field, message);
        };
        let holder = spec.rules[*of].item.as_deref();
        if let Some(slug) = holder
            && self.item_spec(slug).is_some_and(|item| !holds_things(item.item_type))
        {
            self.error(at, &*field, format!("rule `{target}` loads item `{slug}`, which is no container"));
        }
    }
}

/// Whether things can be put into such an item.
pub(super) const fn holds_things(item_type: ItemType) -> bool {
    matches!(item_type, ItemType::Container | ItemType::Corpse | ItemType::Trash)
}

/// Empty, `#` with 3, 4, 6 or 8 digits, or a plain name.
fn is_css_color(text: &str) -> bool {
    match text.strip_prefix('#') {
        Some(digits) => matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => text.len() <= 32 && text.bytes().all(|b| b.is_ascii_lowercase()),
    }
}
