//! What a set of templates waits for: every trigger and reaction, read once, and found by the words that a text has.
//! Worked out from the templates and never stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::by_id::ById;
use super::condition::Condition;
use super::kinds::ReactionEvent;
use super::matcher::{Matcher, Spoken};
use super::template::*;

/// All that is waited for.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Command triggers, in the order in which they are tried.
    pub commands: Vec<Watched>,
    /// By a word that a text has to have to fit: places in `commands`.
    by_word: BTreeMap<String, Vec<u32>>,
    /// Those that may fit a text whatever its words.
    always: Vec<u32>,
    /// Event triggers of places, in order.
    pub places: Vec<Watched>,
    /// What mobs of a template react to, in order.
    pub mobs: ById<Vec<Watched>>,
    /// Commands that rooms, zones and the world show as something that one can do: places in `commands`.
    shown: BTreeMap<Where, Vec<u32>>,
    /// Actions of items and mobs, by template.
    pub item_actions: ById<Vec<String>>,
    pub mob_actions: ById<Vec<String>>,
    /// Mob templates that react to what happens elsewhere or to nothing but time.
    pub attentive: ById<bool>,
}

/// One trigger or reaction with its expressions read.
#[derive(Clone, Debug)]
pub struct Watched {
    pub rule: Arc<Trigger>,
    /// Names it among the gates of whoever has them: a trigger by its id, a mob's own reaction by -1, -2 and so on.
    pub gate: i64,
    pub matcher: Matcher,
    pub condition: Condition,
    /// Of measured events: seconds, or per cent.
    pub measure: u32,
}

/// A place as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    Room(RoomId),
    Zone(ZoneId),
    World,
}

impl Watched {
    /// None of what cannot be read, which no check lets in.
    fn of(rule: &Arc<Trigger>, gate: i64) -> Option<Self> {
        let measured = rule.event.is_some_and(ReactionEvent::is_measured);
        Some(Self {
            rule: rule.clone(),
            gate,
            matcher: Matcher::parse(if measured { "" } else { &rule.matcher }).ok()?,
            condition: Condition::parse(&rule.conditions).ok()?,
            measure: if measured { rule.matcher.trim().parse().unwrap_or(0) } else { 0 },
        })
    }
}

impl Watch {
    pub fn of(set: &Templates) -> Self {
        let mut watch = Self::default();
        let mut triggers: Vec<&Arc<Trigger>> = set.triggers.values().filter(|trigger| trigger.is_active).collect();
        triggers.sort_by_key(|trigger| (rank(trigger), trigger.order, trigger.id));
        for mob in set.mobs.values() {
            let own = mob.reactions.iter().enumerate().filter_map(|(nth, reaction)| own_reaction(mob, nth, reaction));
            watch.mobs.entry(mob.id).or_default().extend(own);
        }
        for trigger in triggers {
            let Some(watched) = Watched::of(trigger, trigger.id) else { continue };
            match (trigger.event, trigger.target) {
                (None, _) => watch.commands.push(watched),
                (Some(_), Some(Target::Mob(mob))) => watch.mobs.entry(mob).or_default().push(watched),
                (Some(_), _) => watch.places.push(watched),
            }
        }
        watch.mobs.retain(|_, reactions| !reactions.is_empty());
        for (mob, reactions) in &watch.mobs {
            let is_attentive = |event| matches!(event, Some(ReactionEvent::Periodic | ReactionEvent::Notify));
            if reactions.iter().any(|reaction| is_attentive(reaction.rule.event)) {
                watch.attentive.insert(*mob, true);
            }
        }
        watch.sort_words();
        watch.show();
        watch
    }

    fn sort_words(&mut self) {
        let mut common: BTreeMap<&str, usize> = BTreeMap::new();
        for watched in &self.commands {
            for word in watched.matcher.words() {
                *common.entry(word).or_default() += 1;
            }
        }
        let weight = |word: &str| common.get(word).copied().unwrap_or(0);
        for (nth, watched) in (0u32..).zip(&self.commands) {
            if watched.matcher.is_empty() {
                continue;
            }
            match watched.matcher.handles(&weight) {
                None => self.always.push(nth),
                Some(mut words) => {
                    words.sort_unstable();
                    words.dedup();
                    for word in words {
                        self.by_word.entry(word.to_owned()).or_default().push(nth);
                    }
                }
            }
        }
    }

    fn show(&mut self) {
        let label = |to: &mut ById<Vec<String>>, id: i64, label: &str| {
            let labels = to.entry(id).or_default();
            if !labels.iter().any(|known| known == label) {
                labels.push(label.to_owned());
            }
        };
        for (nth, watched) in (0u32..).zip(&self.commands) {
            let text = watched.matcher.label();
            if !watched.rule.display_action || text.is_empty() {
                continue;
            }
            match (watched.rule.target, watched.rule.scope) {
                (Some(Target::Item(item)), _) => label(&mut self.item_actions, item, text),
                (Some(Target::Mob(mob)), _) => label(&mut self.mob_actions, mob, text),
                (None, scope) => self.shown.entry(scope.into()).or_default().push(nth),
            }
        }
    }

    /// Command triggers that may fit, in the order in which they are tried; each once.
    pub fn candidates(&self, spoken: &Spoken) -> Vec<&Watched> {
        let mut found = self.always.clone();
        for word in spoken.words() {
            found.extend(self.by_word.get(word).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|nth| &self.commands[nth as usize]).collect()
    }

    /// Triggers whose action a room shows, its own first.
    pub fn shown(&self, room: RoomId, zone: ZoneId) -> impl Iterator<Item = &Watched> {
        let places = [Where::Room(room), Where::Zone(zone), Where::World];
        let shown = places.into_iter().filter_map(|place| self.shown.get(&place)).flatten();
        shown.map(|nth| &self.commands[*nth as usize])
    }
}

impl From<Scope> for Where {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Room(room) => Self::Room(room),
            Scope::Zone(zone) => Self::Zone(zone),
            Scope::World => Self::World,
        }
    }
}

/// What one touches comes before where one is, and what is near before what is everywhere.
fn rank(trigger: &Trigger) -> u8 {
    match (trigger.target, trigger.scope) {
        (Some(_), _) => 0,
        (None, Scope::Room(_)) => 1,
        (None, Scope::Zone(_)) => 2,
        (None, Scope::World) => 3,
    }
}

/// A mob's own reaction is a trigger of the whole world that is about mobs of its template.
fn own_reaction(mob: &MobTemplate, nth: usize, reaction: &Reaction) -> Option<Watched> {
    let rule = Trigger {
        id: 0,
        slug: format!("reaction {nth} of mob {}", mob.slug),
        scope: Scope::World,
        target: Some(Target::Mob(mob.id)),
        event: Some(reaction.event),
        matcher: reaction.matcher.clone(),
        conditions: reaction.conditions.clone(),
        script: reaction.script.clone(),
        show_details_on_failure: false,
        failure_message: String::new(),
        display_action: false,
        gate_delay: reaction.gate_delay,
        order: 0,
        is_active: true,
    };
    Watched::of(&Arc::new(rule), -1 - nth as i64)
}

impl Templates {
    pub fn watch(&self) -> &Watch {
        self.watch.get_or_make(|| Watch::of(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(id: i64, scope: Scope, matcher: &str) -> (i64, Arc<Trigger>) {
        let trigger = Trigger {
            id,
            slug: format!("t{id}"),
            scope,
            target: None,
            event: None,
            matcher: matcher.into(),
            conditions: String::new(),
            script: Vec::new(),
            show_details_on_failure: false,
            failure_message: String::new(),
            display_action: true,
            gate_delay: 0,
            order: 0,
            is_active: true,
        };
        (id, Arc::new(trigger))
    }

    fn found(watch: &Watch, text: &str) -> Vec<i64> {
        watch.candidates(&Spoken::of(text)).iter().map(|watched| watched.rule.id).collect()
    }

    #[test]
    fn a_text_finds_those_that_may_fit_in_their_order() {
        let mut set = crate::world::fixture::templates();
        set.triggers = [
            trigger(1, Scope::World, "pull lever"),
            trigger(2, Scope::Zone(1), "pull rope or push rope"),
            trigger(3, Scope::Room(9), "pull lever and not gently"),
            trigger(4, Scope::Room(9), "not pull"),
        ]
        .into_iter()
        .collect();
        let watch = Watch::of(&set);
        assert_eq!(found(&watch, "pull the lever"), [3, 4, 1], "near before far, and what may fit anything");
        assert_eq!(found(&watch, "push rope"), [4, 2]);
        assert_eq!(found(&watch, "sing"), [4]);
        let shown: Vec<i64> = watch.shown(9, 1).map(|watched| watched.rule.id).collect();
        assert_eq!(shown, [3, 4, 2, 1]);
    }

    #[test]
    fn of_a_thousand_only_those_with_the_rare_word_are_looked_at() {
        let mut set = crate::world::fixture::templates();
        set.triggers = (1..=1_000).map(|n| trigger(n, Scope::World, &format!("pull the lever number{n}"))).collect();
        let watch = Watch::of(&set);
        assert_eq!(found(&watch, "pull the lever number77"), [77]);
        assert_eq!(found(&watch, "pull the lever"), Vec::<i64>::new());
    }
}
