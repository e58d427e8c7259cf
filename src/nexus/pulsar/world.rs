//! The world as one value: everything that a spawn is, in tables that know what changed. Reading is
//! free; changing goes through the tables' doors and the few functions that keep two rows in step.
//! What can be worked out from the rows (indexes, active sets) is kept beside them and never stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::world::character::{ItemId, PlayerId};
use crate::world::internal::ErrandId;
use crate::world::template::{FactScheduleId, RoomId, RuleId, Templates, ZoneId};

use super::super::message::view;
use super::super::timings::Timings;
use super::combat::rows::{Aura, CharId, Cooldowns, Fight};
use super::instruction::Instruction;
use super::record::*;
use super::table::Table;

/// Shards of tables with up to millions, tens of thousands, and thousands of rows.
const MANY: usize = 64;
const SOME: usize = 8;
const FEW: usize = 1;

/// A spawn of a root world.
#[derive(Debug)]
pub struct World {
    pub meta: Meta,
    pub templates: Arc<Templates>,
    pub rooms: Table<RoomId, RoomState>,
    pub mobs: Table<MobId, Mob, view::Char>,
    pub items: Table<ItemId, Item, view::Item>,
    /// Boxed, so that what is looked up most, their views, lies close together.
    pub players: Table<PlayerId, Box<Player>, view::Char>,
    pub presences: Table<PlayerId, Presence>,
    pub viewed: Table<PlayerId, Viewed>,
    pub waiting: Table<u64, Timing>,
    pub errands: Table<ErrandId, OpenErrand>,
    pub zone_resets: Table<ZoneId, Stamp>,
    pub loader_runs: Table<i64, Stamp>,
    pub staged: Table<u64, Staged>,
    /// How often the Forge has stored a character that left; an older copy of it may not come back.
    pub departed: Table<PlayerId, Stamp>,
    /// Until when triggers wait; `u64::MAX` for ever.
    pub gates: Table<GateId, Stamp>,
    /// When facts last changed by their schedules.
    pub fact_changes: Table<FactScheduleId, Stamp>,
    /// Of those who fight, by character.
    pub fights: Table<CharId, Fight>,
    /// Of those on whom something works, by character.
    pub auras: Table<CharId, Aura>,
    pub cooldowns: Table<CharId, Cooldowns>,
    /// Derived from `waiting`, and arrivals from outside.
    pub timings: Timings,
    pub index: Index,
    /// Ordinal of the next errand of the current turn.
    pub(super) ordinal: u32,
}

/// Worked out from the rows.
#[derive(Debug, Default)]
pub struct Index {
    /// Lower-case name to player.
    pub names: BTreeMap<String, PlayerId>,
    /// Live things by the rule that loaded them.
    pub rules: BTreeMap<RuleId, u32>,
    /// Players by zone: a zone without any sleeps.
    pub awake: BTreeMap<ZoneId, BTreeSet<PlayerId>>,
    /// Mobs that may roam, by the zone that they are in.
    pub roamers: BTreeMap<ZoneId, BTreeSet<MobId>>,
    /// Players and mobs below a maximum.
    pub tired_players: BTreeSet<PlayerId>,
    pub tired_mobs: BTreeMap<ZoneId, BTreeSet<MobId>>,
    /// Mobs that react to time or to notices, by the zone that they are in.
    pub attentive: BTreeMap<ZoneId, BTreeSet<MobId>>,
    /// Players whose link is lost.
    pub linkless: BTreeSet<PlayerId>,
}

impl World {
    /// A world with nobody and nothing in it.
    pub fn empty(meta: Meta, templates: Arc<Templates>) -> Self {
        Self {
            meta,
            templates,
            rooms: Table::new(b'R', SOME),
            mobs: Table::new(b'M', MANY),
            items: Table::new(b'I', MANY),
            players: Table::new(b'P', SOME),
            presences: Table::new(b'p', SOME),
            viewed: Table::new(b'V', SOME),
            waiting: Table::new(b'T', FEW),
            errands: Table::new(b'E', FEW),
            zone_resets: Table::new(b'Z', FEW),
            loader_runs: Table::new(b'L', FEW),
            staged: Table::new(b'S', FEW),
            departed: Table::new(b'D', FEW),
            gates: Table::new(b'G', FEW),
            fact_changes: Table::new(b'F', FEW),
            fights: Table::new(b'B', SOME),
            auras: Table::new(b'A', FEW),
            cooldowns: Table::new(b'C', FEW),
            timings: Timings::default(),
            index: Index::default(),
            ordinal: 0,
        }
    }

    /// Schedules an instruction of the world's own, `after` milliseconds from now.
    pub fn schedule(&mut self, after: u64, instruction: Instruction) {
        let due = self.meta.now.saturating_add(after);
        let arrival = self.meta.next_arrival;
        self.meta.next_arrival += 1;
        self.waiting.insert(arrival, Timing { due, instruction });
        self.timings.wait(due, arrival);
    }

    /// Schedules an instruction that knows its own number; the number.
    pub fn schedule_numbered(&mut self, after: u64, make: impl FnOnce(u64) -> Instruction) -> u64 {
        let number = self.meta.next_arrival;
        self.schedule(after, make(number));
        number
    }

    /// An id for a new mob or item; none when the block is used up and no other is granted.
    pub fn new_id(&mut self) -> Option<i64> {
        if self.meta.ids.0 >= self.meta.ids.1 {
            self.meta.ids = self.meta.ids_next.take()?;
        }
        let id = self.meta.ids.0;
        self.meta.ids.0 += 1;
        Some(id)
    }

    /// Opens an errand: the question stays in the state until its answer is applied.
    pub fn open_errand(&mut self, what: Ask) -> OpenErrand {
        let id = ErrandId { incarnation: self.meta.incarnation, seq: self.meta.seq, ordinal: self.ordinal };
        self.ordinal += 1;
        let open = OpenErrand { id, what };
        self.errands.insert(id, open.clone());
        open
    }

    /// A number from 0 to `below - 1`, evenly; 0 for an empty range. Multiply and shift, so that no
    /// change of a library can change outcomes.
    pub fn roll(&mut self, below: u32) -> u32 {
        use rand_pcg::rand_core::Rng;
        ((u64::from(below) * (self.meta.rng.next_u64() >> 32)) >> 32) as u32
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.roll(100) < percent
    }

    /// The zone of a room; none for a room that the templates do not have.
    pub fn zone_of(&self, room: RoomId) -> Option<ZoneId> {
        self.templates.ground().zones.get(&room).copied()
    }

    /// The room of a character.
    pub fn room_of(&self, who: Who) -> Option<RoomId> {
        match who {
            Who::Player(id) => self.presences.get(id).map(|p| p.room),
            Who::Mob(id) => self.mobs.get(id).map(|m| m.room),
        }
    }

    /// Who is in a room, in order of arrival.
    pub fn chars_in(&self, room: RoomId) -> &[Who] {
        self.rooms.get(room).map_or(&[], |r| &r.chars)
    }

    /// The players in a room, in order of arrival.
    pub fn players_in(&self, room: RoomId) -> impl Iterator<Item = PlayerId> + '_ {
        self.chars_in(room).iter().filter_map(|who| match who {
            Who::Player(id) => Some(*id),
            Who::Mob(_) => None,
        })
    }

    /// What a character carries, not what it wears.
    pub fn carried(&self, who: Who) -> &[ItemId] {
        match who {
            Who::Player(id) => self.players.get(id).map_or(&[], |p| &p.items),
            Who::Mob(id) => self.mobs.get(id).map_or(&[], |m| &m.items),
        }
    }

    fn room_row(&mut self, room: RoomId) -> &mut RoomState {
        self.rooms.edit_or_default(room)
    }

    /// Brings a character from one room's list into another's, and the indexes along. Its own row is the caller's. True
    /// if that is another zone.
    pub(super) fn shift(&mut self, who: Who, from: RoomId, to: RoomId) -> bool {
        if self.zone_of(from) != self.zone_of(to) {
            self.depart(who, from);
            self.arrive(who, to);
            return true;
        }
        if let Some(row) = self.rooms.edit(from) {
            row.chars.retain(|other| *other != who);
        }
        self.room_row(to).chars.push(who);
        false
    }

    /// Puts a character into a room's list and the indexes. Its own row is the caller's.
    pub(super) fn arrive(&mut self, who: Who, room: RoomId) {
        self.room_row(room).chars.push(who);
        let Some(zone) = self.zone_of(room) else { return };
        match who {
            Who::Player(id) => {
                self.index.awake.entry(zone).or_default().insert(id);
            }
            Who::Mob(id) => self.index_mob(id, zone),
        }
    }

    /// Takes a character out of a room's list and the indexes.
    pub(super) fn depart(&mut self, who: Who, room: RoomId) {
        if let Some(row) = self.rooms.edit(room) {
            row.chars.retain(|other| *other != who);
        }
        let Some(zone) = self.zone_of(room) else { return };
        match who {
            Who::Player(id) => {
                let asleep = self.index.awake.get_mut(&zone).is_some_and(|players| {
                    players.remove(&id);
                    players.is_empty()
                });
                if asleep {
                    self.index.awake.remove(&zone);
                    let now = self.meta.now;
                    self.meta.asleep.insert(zone, now);
                }
            }
            Who::Mob(id) => self.unindex_mob(id, zone),
        }
    }

    pub(super) fn unindex_mob(&mut self, id: MobId, zone: ZoneId) {
        for set in [&mut self.index.roamers, &mut self.index.tired_mobs, &mut self.index.attentive] {
            if let Some(mobs) = set.get_mut(&zone) {
                mobs.remove(&id);
            }
        }
    }

    fn index_mob(&mut self, id: MobId, zone: ZoneId) {
        let Some(mob) = self.mobs.get(id) else { return };
        if mob.roams {
            self.index.roamers.entry(zone).or_default().insert(id);
        }
        if mob.tired {
            self.index.tired_mobs.entry(zone).or_default().insert(id);
        }
        if self.templates.watch().attentive.contains_key(&mob.template) {
            self.index.attentive.entry(zone).or_default().insert(id);
        }
    }

    /// Sees to it that a mob's row and the indexes know what its template makes of it.
    pub(super) fn judge_mob(&mut self, id: MobId) {
        let Some(mob) = self.mobs.get(id) else { return };
        let Some(template) = self.templates.mobs.get(&mob.template) else { return };
        let ((roams, tired), room) = (mob.by(template), mob.room);
        if (roams, tired) == (mob.roams, mob.tired) {
            return;
        }
        if let Some(mob) = self.mobs.edit_unseen(id) {
            (mob.roams, mob.tired) = (roams, tired);
        }
        let Some(zone) = self.zone_of(room) else { return };
        for (set, is_in) in [(&mut self.index.roamers, roams), (&mut self.index.tired_mobs, tired)] {
            if is_in {
                set.entry(zone).or_default().insert(id);
            } else if let Some(mobs) = set.get_mut(&zone) {
                mobs.remove(&id);
            }
        }
    }

    /// Moves an item: out of the list that names it, into another. `place` must exist.
    pub fn move_item(&mut self, id: ItemId, place: Place) {
        let Some(item) = self.items.get(id) else { return };
        let from = item.place;
        self.unlist(id, from);
        match place {
            Place::Room(room) => self.room_row(room).items.push(id),
            Place::Carried(Who::Player(player)) => {
                if let Some(row) = self.players.edit(player) {
                    row.items.push(id);
                }
            }
            Place::Carried(Who::Mob(mob)) => {
                if let Some(row) = self.mobs.edit(mob) {
                    row.items.push(id);
                }
            }
            Place::Worn(Who::Player(player), slot) => {
                if let Some(row) = self.players.edit(player) {
                    row.worn.insert(slot, id);
                }
            }
            Place::Worn(Who::Mob(mob), slot) => {
                if let Some(row) = self.mobs.edit(mob) {
                    row.worn.push((slot, id));
                }
            }
            Place::Inside(container) => {
                if let Some(row) = self.items.edit(container) {
                    row.items.push(id);
                }
            }
        }
        if let Some(item) = self.items.edit(id) {
            item.place = place;
        }
        if self.is_held_by_player(id) {
            self.free_of_rules(id);
        }
    }

    fn is_held_by_player(&self, id: ItemId) -> bool {
        let mut at = id;
        while let Some(item) = self.items.get(at) {
            match item.place {
                Place::Inside(outer) => at = outer,
                Place::Carried(who) | Place::Worn(who, _) => return matches!(who, Who::Player(_)),
                Place::Room(_) => return false,
            }
        }
        false
    }

    /// What a player holds, and all that is in it, no longer counts for the rules that loaded it.
    fn free_of_rules(&mut self, id: ItemId) {
        let Some(item) = self.items.get(id) else { return };
        let (rule, inside) = (item.rule, item.items.clone());
        if let Some(rule) = rule {
            if let Some(item) = self.items.edit(id) {
                item.rule = None;
            }
            self.uncount(rule);
        }
        for inner in inside {
            self.free_of_rules(inner);
        }
    }

    fn unlist(&mut self, id: ItemId, from: Place) {
        match from {
            Place::Room(room) => {
                if let Some(row) = self.rooms.edit(room) {
                    row.items.retain(|other| *other != id);
                }
            }
            Place::Carried(Who::Player(player)) => {
                if let Some(row) = self.players.edit(player) {
                    row.items.retain(|other| *other != id);
                }
            }
            Place::Carried(Who::Mob(mob)) => {
                if let Some(row) = self.mobs.edit(mob) {
                    row.items.retain(|other| *other != id);
                }
            }
            Place::Worn(Who::Player(player), slot) => {
                if let Some(row) = self.players.edit(player) {
                    row.worn.remove(&slot);
                }
            }
            Place::Worn(Who::Mob(mob), slot) => {
                if let Some(row) = self.mobs.edit(mob) {
                    row.worn.retain(|(s, other)| !(*s == slot && *other == id));
                }
            }
            Place::Inside(container) => {
                if let Some(row) = self.items.edit(container) {
                    row.items.retain(|other| *other != id);
                }
            }
        }
    }

    /// Makes an item exist, in a place that exists. The id is new.
    pub(super) fn add_item(&mut self, item: Item) {
        let (id, place) = (item.id, item.place);
        if let Some(rule) = item.rule {
            *self.index.rules.entry(rule).or_default() += 1;
        }
        self.items.insert(id, item);
        self.move_item(id, place);
    }

    /// Makes an item and all that is in it cease to exist.
    pub fn destroy_item(&mut self, id: ItemId) {
        let Some(item) = self.items.get(id) else { return };
        let (place, inside) = (item.place, item.items.clone());
        for inner in inside {
            self.destroy_item(inner);
        }
        self.unlist(id, place);
        self.forget_gates(id);
        if let Some(rule) = self.items.remove(id).and_then(|item| item.rule) {
            self.uncount(rule);
        }
    }

    pub(super) fn uncount(&mut self, rule: RuleId) {
        if let Some(count) = self.index.rules.get_mut(&rule) {
            *count -= 1;
            if *count == 0 {
                self.index.rules.remove(&rule);
            }
        }
    }
}
