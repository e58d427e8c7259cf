//! What happens to players and mobs, in words.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use crate::nexus::pulsar::instruction::Instruction;
use crate::nexus::pulsar::record::{Mob, Player, Presence, Who};
use crate::world::character::ItemId;
use crate::world::kinds::Slot;

use super::Told;

/// Numbers of messages and the time of the last command change with everything; they are no story.
pub(super) fn same_presence(a: &Presence, b: &Presence) -> bool {
    let of = |presence: &Presence| {
        let Presence { room, mana, stamina, session, linkless_since, .. } = *presence;
        (room, mana, stamina, session, linkless_since)
    };
    of(a) == of(b)
}

impl Told<'_> {
    pub fn player_came(&self, player: &Player, presence: &Presence) -> String {
        let (who, room) = (self.names.who(Who::Player(player.id)), self.names.room(presence.room));
        let count = player.items.len() + player.worn.len();
        let has = format!("with {count} things and {} gold", player.gold);
        match (self.first, presence.session) {
            (true, Some(session)) => format!("{who} is in {room} {has}, played by socket {session}"),
            (true, None) => format!("{who} is in {room} {has}, linkless"),
            (false, _) => format!("{who} came into the world, in {room}, {has}"),
        }
    }

    pub fn player_went(&self, player: &Player, presence: &Presence) -> String {
        let (who, room) = (self.names.who(Who::Player(player.id)), self.names.room(presence.room));
        let count = player.items.len() + player.worn.len();
        format!("{who} left the world from {room} with {count} things and {} gold", player.gold)
    }

    pub fn player_changed(&self, (a, here): (&Player, &Presence), (b, there): (&Player, &Presence)) -> Vec<String> {
        let mut what = Vec::new();
        if here.room != there.room {
            what.push(format!("went from {} to {}", self.names.room(here.room), self.names.room(there.room)));
        }
        match (here.session, there.session) {
            (before, Some(session)) if before != Some(session) => what.push(format!("is played by socket {session}")),
            (Some(session), None) => what.push(format!("lost socket {session}: linkless")),
            _ => {}
        }
        number(&mut what, "health", a.health, b.health);
        number(&mut what, "mana", here.mana, there.mana);
        number(&mut what, "stamina", here.stamina, there.stamina);
        number(&mut what, "gold", a.gold, b.gold);
        number(&mut what, "glory", a.glory, b.glory);
        number(&mut what, "medals", a.medals, b.medals);
        number(&mut what, "experience", a.experience, b.experience);
        number(&mut what, "level", a.level, b.level);
        map(&mut what, "currency", &a.currencies, &b.currencies);
        map(&mut what, "standing with", &a.factions, &b.factions);
        map(&mut what, "mark", &a.marks, &b.marks);
        map(&mut what, "alias", &a.aliases, &b.aliases);
        self.lists("carries", &a.items, &b.items, &mut what);
        let worn = |row: &Player| row.worn.iter().map(|(slot, item)| (*slot, *item)).collect::<Vec<_>>();
        self.worn(&worn(a), &worn(b), &mut what);
        other(&mut what, "state", &a.state, &b.state);
        other(&mut what, "name", &a.name, &b.name);
        other(&mut what, "title", &a.title, &b.title);
        other(&mut what, "description", &a.description, &b.description);
        other(&mut what, "faction", &a.core_faction, &b.core_faction);
        other(&mut what, "muted", &a.is_muted, &b.is_muted);
        other(&mut what, "immortal", &a.is_immortal, &b.is_immortal);
        other(&mut what, "invisible", &a.is_invisible, &b.is_invisible);
        other(&mut what, "mute list", &a.mute_list, &b.mute_list);
        other(&mut what, "settings", &a.config, &b.config);
        other(&mut what, "account", &a.account, &b.account);
        other(&mut what, "last told by", &a.reply_to, &b.reply_to);
        what
    }

    pub fn mob_came(&self, mob: &Mob) -> String {
        let (who, room) = (self.names.mob(mob), self.names.room(mob.room));
        let rule = mob.rule.map(|rule| format!(", loaded by rule {rule}")).unwrap_or_default();
        let how = if self.first { "is" } else { "came into being" };
        format!("{who} {how} in {room}{rule}")
    }

    pub fn mob_went(&self, mob: &Mob) -> String {
        let why = match self.cause {
            Some(Instruction::Templates { .. }) => ": the new templates have no place for it",
            _ => "",
        };
        format!("{} ceased to exist; it was in {}{why}", self.names.mob(mob), self.names.room(mob.room))
    }

    pub fn mob_changed(&self, a: &Mob, b: &Mob) -> Vec<String> {
        let mut what = Vec::new();
        if a.room != b.room {
            what.push(format!("went from {} to {}", self.names.room(a.room), self.names.room(b.room)));
        }
        number(&mut what, "health", a.health, b.health);
        number(&mut what, "mana", a.mana, b.mana);
        number(&mut what, "stamina", a.stamina, b.stamina);
        number(&mut what, "gold", a.gold, b.gold);
        self.lists("carries", &a.items, &b.items, &mut what);
        self.worn(&a.worn, &b.worn, &mut what);
        other(&mut what, "template", &a.template, &b.template);
        other(&mut what, "rule", &a.rule, &b.rule);
        other(&mut what, "ground", &a.ground, &b.ground);
        other(&mut what, "reactions that wait", &a.gates, &b.gates);
        what
    }

    fn worn(&self, old: &[(Slot, ItemId)], new: &[(Slot, ItemId)], what: &mut Vec<String>) {
        let came = new.iter().filter(|worn| !old.contains(worn));
        what.extend(came.map(|(slot, item)| format!("now wears {} ({slot})", self.names.item(*item))));
        let went = old.iter().filter(|worn| !new.contains(worn));
        what.extend(went.map(|(slot, item)| format!("no longer wears {} ({slot})", self.names.item(*item))));
    }
}

fn number<N: Display + PartialEq>(what: &mut Vec<String>, name: &str, old: N, new: N) {
    if old != new {
        what.push(format!("{name} {old} -> {new}"));
    }
}

fn other<T: Debug + PartialEq>(what: &mut Vec<String>, name: &str, old: &T, new: &T) {
    if old != new {
        what.push(format!("{name} {old:?} -> {new:?}"));
    }
}

fn map<V: Debug + PartialEq>(what: &mut Vec<String>, name: &str, old: &BTreeMap<String, V>, new: &BTreeMap<String, V>) {
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    for key in keys.filter(|key| old.get(*key) != new.get(*key)) {
        let of = |map: &BTreeMap<String, V>| map.get(key).map_or_else(|| "none".into(), |value| format!("{value:?}"));
        what.push(format!("{name} {key} {} -> {}", of(old), of(new)));
    }
}
