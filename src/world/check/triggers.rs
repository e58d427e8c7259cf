//! Checks of triggers, of scripts everywhere, of what rooms check, and of facts that change by themselves.

use super::{Checker, NAME_CHARS_MAX, WAIT_SECONDS_MAX};
use crate::world::kinds::*;
use crate::world::manifest::Located;
use crate::world::matcher::Matcher;
use crate::world::script::{Cron, Place, Script, Text};
use crate::world::spec::*;

/// Checks of one room, and things that it watches being taken.
pub const ROOM_CHECKS_MAX: usize = 20;
/// Values of one fact's schedule.
pub const FACT_VALUES_MAX: usize = 100;
/// Seconds between two changes of a fact at the least.
pub const FACT_SECONDS_MIN: i64 = 2;

impl<'a> Checker<'a> {
    pub(super) fn trigger(&mut self, at: &'a Located, spec: &'a TriggerSpec) {
        self.place_of(at, spec);
        self.optional_reference(at, "spec.item", DocumentKind::Item, spec.item.as_ref());
        self.optional_reference(at, "spec.mob", DocumentKind::Mob, spec.mob.as_ref());
        if spec.item.is_some() && spec.mob.is_some() {
            self.error(at, "spec.mob", "a trigger is about an `item` or a `mob`, not both");
        }
        self.matcher_of(at, "spec.match", spec.event, &spec.matcher);
        if let Some(event) = spec.event {
            if spec.item.is_some() {
                self.error(at, "spec.item", "events happen to mobs and places; a trigger about an item is a command");
            }
            if spec.mob.is_none() && !event.is_of_places() {
                let message = format!(
                    "`{event}` happens to mobs; name the `mob` (places have `enter`, `say`, `connect`, `periodic`, `notify`)"
                );
                self.error(at, "spec.event", message);
            }
            for (field, is_set) in [
                ("spec.failure_message", !spec.failure_message.is_empty()),
                ("spec.show_details_on_failure", spec.show_details_on_failure),
            ] {
                if is_set {
                    self.error(at, field, "only a command can fail; an event whose conditions do not hold passes by");
                }
            }
        }
        self.conditions(at, "spec.conditions", &spec.conditions);
        self.script(at, "spec.script", &spec.script);
        if spec.event.is_some() && spec.script.trim().is_empty() {
            self.error(at, "spec.script", "must not be empty");
        }
        self.range(at, "spec.gate_delay", spec.gate_delay, -WAIT_SECONDS_MAX, WAIT_SECONDS_MAX);
    }

    fn place_of(&mut self, at: &Located, spec: &TriggerSpec) {
        let wanted = |scope: TriggerScope| scope == spec.scope;
        for (field, kind, scope, slug) in [
            ("room", DocumentKind::Room, TriggerScope::Room, &spec.room),
            ("zone", DocumentKind::Zone, TriggerScope::Zone, &spec.zone),
        ] {
            match slug {
                Some(slug) if wanted(scope) => self.reference(at, format!("spec.{field}"), kind, slug),
                Some(_) => {
                    let message = format!("a trigger of the scope `{}` has no `{field}`", spec.scope);
                    self.error(at, format!("spec.{field}"), message);
                }
                None if wanted(scope) => {
                    self.error(at, "spec.scope", format!("a trigger of the scope `{scope}` needs a `{field}`"));
                }
                None => {}
            }
        }
    }

    /// What a trigger or reaction matches. `None` is a command.
    pub(super) fn matcher_of(&mut self, at: &Located, field: &str, event: Option<ReactionEvent>, text: &str) {
        if let Some(event) = event.filter(|event| event.is_measured()) {
            let (most, what) = match event {
                ReactionEvent::Health => (100, "the per cent of health below which it happens, from 1 to 100"),
                _ => (i64::from(u32::MAX), "the seconds between two times, from 2 on"),
            };
            let least = if event == ReactionEvent::Health { 1 } else { FACT_SECONDS_MIN };
            if !text.trim().parse::<i64>().is_ok_and(|number| (least..=most).contains(&number)) {
                self.error(at, field, format!("needs {what}"));
            }
            return;
        }
        match Matcher::parse(text) {
            Err(error) => self.error(at, field, error.to_string()),
            Ok(matcher) if matcher.is_empty() => match event {
                None => self.error(at, field, "a command needs the words that it answers to"),
                Some(ReactionEvent::Say) => {
                    self.error(at, field, "a reaction to speech needs the words that it answers");
                }
                _ => {}
            },
            Ok(_) => {}
        }
    }

    /// A script must be readable.
    pub(super) fn script(&mut self, at: &Located, field: &str, text: &str) {
        if let Err(error) = Script::parse(text) {
            self.error(at, field, error.to_string());
        }
    }

    pub(super) fn room_checks(&mut self, at: &Located, spec: &RoomSpec) {
        for (field, count) in [("checks", spec.checks.len()), ("on_get", spec.on_get.len())] {
            if count > ROOM_CHECKS_MAX {
                self.error(at, format!("spec.{field}"), format!("{count} of them; {ROOM_CHECKS_MAX} is the most"));
            }
        }
        for (index, check) in spec.checks.iter().enumerate() {
            let field = format!("spec.checks.{index}");
            if self.conditions(at, &format!("{field}.conditions"), &check.conditions).is_some_and(|c| c.is_empty()) {
                self.error(at, format!("{field}.conditions"), "must say whom it bars; `level 1` bars everyone");
            }
            if check.failure_message.trim().is_empty() {
                self.error(at, format!("{field}.failure_message"), "must not be empty");
            }
            if let Some(direction) = check.direction {
                if check.prevent == Prevent::Enter {
                    self.error(at, format!("{field}.direction"), "only ways out have a direction");
                } else if !spec.exits.contains_key(&direction) {
                    self.error(at, format!("{field}.direction"), format!("the room has no exit {direction}"));
                }
            }
        }
        for (index, taken) in spec.on_get.iter().enumerate() {
            let field = format!("spec.on_get.{index}");
            self.reference(at, format!("{field}.item"), DocumentKind::Item, &taken.item);
            self.optional_reference(at, &format!("{field}.transport"), DocumentKind::Room, taken.transport.as_ref());
            self.conditions(at, &format!("{field}.conditions"), &taken.conditions);
            if taken.message.trim().is_empty() && taken.transport.is_none() {
                self.error(at, field, "needs a `message`, a `transport`, or both");
            }
        }
        let is_hint =
            |hint: &str| hint.split_once(':').is_some_and(|(id, text)| !id.is_empty() && !text.trim().is_empty());
        if !spec.hint.is_empty() && !is_hint(&spec.hint) {
            self.error(at, "spec.hint", "is written `id:text`, as in `2:Type look.`");
        }
    }

    pub(super) fn fact_schedule(&mut self, at: &'a Located, spec: &'a FactScheduleSpec) {
        let is_word = |text: &str| !text.is_empty() && !text.chars().any(char::is_whitespace);
        if !is_word(&spec.fact) || spec.fact.chars().count() > NAME_CHARS_MAX {
            self.error(at, "spec.fact", "the name of a fact is one word");
        }
        if spec.values.is_empty() || spec.values.len() > FACT_VALUES_MAX {
            self.error(at, "spec.values", format!("{} values; 1 to {FACT_VALUES_MAX} are needed", spec.values.len()));
        }
        for (index, value) in spec.values.iter().enumerate() {
            if !is_word(value) || value.chars().count() > NAME_CHARS_MAX {
                self.error(at, format!("spec.values.{index}"), "a value is one word");
            }
        }
        match (spec.every, spec.cron.is_empty()) {
            (0, true) => self.error(at, "spec.every", "needs either `every` or `cron`"),
            (0, false) => {
                if let Err(message) = Cron::parse(&spec.cron) {
                    self.error(at, "spec.cron", message);
                }
            }
            (every, true) => self.range(at, "spec.every", every, FACT_SECONDS_MIN, WAIT_SECONDS_MAX),
            (_, false) => self.error(at, "spec.cron", "needs either `every` or `cron`, not both"),
        }
        if let Err(error) = Text::parse(&spec.message, Place::FactChange) {
            self.error(at, "spec.message", error.to_string());
        }
    }
}
