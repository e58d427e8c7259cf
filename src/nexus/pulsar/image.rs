//! A world as records, and back: cuts (what changed, as of one turn), recovery, and the hash that
//! tells whether two worlds are the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::world::character::{Character, ItemId, PlayerId, SavedItem, SavedPlace};
use crate::world::template::{RuleId, Templates, ZoneId};

use super::changes::Changes;
use super::combat::rows::{Aura, Cooldowns, FIRST_MOB};
use super::record::{Item, Meta, Mob, MobId, Player, Presence, RecordError, Viewed, decode, encode};
use super::skill::saved;
use super::world::{Index, World};
use super::{beat, leave};

/// The head of a cut: the world's scalars at its moment.
#[derive(Clone, Debug)]
pub struct CutHead {
    pub seq: u64,
    pub incarnation: u64,
    pub meta: Vec<u8>,
}

/// Keys and values.
pub type Records = Vec<(Vec<u8>, Vec<u8>)>;

macro_rules! each_table {
    ($world:expr, $table:ident => $body:expr) => {{
        {
            let $table = &mut $world.rooms;
            $body
        }
        {
            let $table = &mut $world.mobs;
            $body
        }
        {
            let $table = &mut $world.items;
            $body
        }
        {
            let $table = &mut $world.players;
            $body
        }
        {
            let $table = &mut $world.presences;
            $body
        }
        {
            let $table = &mut $world.viewed;
            $body
        }
        {
            let $table = &mut $world.waiting;
            $body
        }
        {
            let $table = &mut $world.errands;
            $body
        }
        {
            let $table = &mut $world.zone_resets;
            $body
        }
        {
            let $table = &mut $world.loader_runs;
            $body
        }
        {
            let $table = &mut $world.staged;
            $body
        }
        {
            let $table = &mut $world.departed;
            $body
        }
        {
            let $table = &mut $world.gates;
            $body
        }
        {
            let $table = &mut $world.fact_changes;
            $body
        }
        {
            let $table = &mut $world.fights;
            $body
        }
        {
            let $table = &mut $world.auras;
            $body
        }
        {
            let $table = &mut $world.cooldowns;
            $body
        }
    }};
}

impl World {
    /// Begins a cut at this turn boundary. The last one must be drained. `full` writes every record.
    pub fn begin_cut(&mut self, full: bool) -> CutHead {
        each_table!(self, table => if full { table.begin_full_cut() } else { table.begin_cut() });
        CutHead { seq: self.meta.seq, incarnation: self.meta.incarnation, meta: encode(&self.meta) }
    }

    /// Encodes up to about `most` records of the cut; true when it is complete.
    pub fn drain_cut(&mut self, most: usize) -> bool {
        let mut complete = true;
        each_table!(self, table => complete = complete && table.drain(most));
        complete
    }

    /// What the complete cut writes.
    pub fn take_cut(&mut self) -> Changes {
        let mut changes = Changes::default();
        each_table!(self, table => changes.append(table.take_written()));
        changes
    }

    /// The world of a cut.
    ///
    /// # Errors
    /// A record cannot be read, or its key begins with a tag that this engine does not know.
    pub fn restore<'a>(
        meta: &[u8],
        records: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        templates: Arc<Templates>,
    ) -> Result<Self, RecordError> {
        let mut restoring = Restoring::new(meta, templates)?;
        for (key, bytes) in records {
            restoring.put(key, bytes)?;
        }
        Ok(restoring.world())
    }

    /// Works the indexes out anew.
    pub fn reindex(&mut self) {
        self.index = Index::default();
        let mut rules: Vec<RuleId> = self.mobs.values().filter_map(|mob| mob.rule).collect();
        rules.extend(self.items.values().filter_map(|item| item.rule));
        rules.sort_unstable();
        let counts = rules.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32));
        self.index.rules = counts.collect();
        self.reindex_players();
        self.reindex_mobs();
    }

    /// What is known of players beside their rows.
    pub(super) fn reindex_players(&mut self) {
        let index = &mut self.index;
        (index.names, index.linkless, index.awake) = Default::default();
        for (id, player) in self.players.iter() {
            index.names.insert(player.name.to_lowercase(), id);
            index.tired_players.insert(id);
            if player.is_linkless {
                index.linkless.insert(id);
            }
        }
        for (id, presence) in self.presences.iter() {
            if let Some(room) = self.templates.rooms.get(&presence.room) {
                index.awake.entry(room.zone).or_default().insert(id);
            }
        }
    }

    /// Which mobs may roam, and which are tired.
    pub(super) fn reindex_mobs(&mut self) {
        let (mut roamers, mut tired) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        let mut attentive = BTreeMap::<_, Vec<_>>::new();
        let watch = self.templates.watch();
        let is_attentive = |mob: &Mob| watch.attentive.contains_key(&mob.template);
        for mob in self.mobs.values().filter(|mob| mob.roams || mob.tired || is_attentive(mob)) {
            let Some(zone) = self.zone_of(mob.room) else { continue };
            if mob.roams {
                roamers.entry(zone).or_default().push(mob.id);
            }
            if mob.tired {
                tired.entry(zone).or_default().push(mob.id);
            }
            if is_attentive(mob) {
                attentive.entry(zone).or_default().push(mob.id);
            }
        }
        let sets = |lists: BTreeMap<ZoneId, Vec<MobId>>| {
            lists.into_iter().map(|(zone, mobs)| (zone, mobs.into_iter().collect())).collect()
        };
        (self.index.roamers, self.index.tired_mobs) = (sets(roamers), sets(tired));
        self.index.attentive = sets(attentive);
    }

    /// The hash of everything that is state, in canonical order: two worlds with the same hash go on
    /// the same from here.
    pub fn hash(&mut self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(encode(&self.meta));
        each_table!(self, table => table.each_encoded(|key, value| {
            hasher.update((key.len() as u32).to_le_bytes());
            hasher.update(&key);
            hasher.update((value.len() as u32).to_le_bytes());
            hasher.update(&value);
        }));
        hasher.finalize().into()
    }

    /// Every record, in the order of the tables; with the encoded meta.
    pub fn records(&mut self) -> (Vec<u8>, Records) {
        let mut records = Vec::new();
        each_table!(self, table => table.each_encoded(|key, value| records.push((key, value))));
        (encode(&self.meta), records)
    }
}

/// A world that is being read back, record by record.
pub struct Restoring(World);

impl Restoring {
    /// # Errors
    /// The head of the cut cannot be read.
    pub fn new(meta: &[u8], templates: Arc<Templates>) -> Result<Self, RecordError> {
        Ok(Self(World::empty(decode::<Meta>(meta)?, templates)))
    }

    /// Takes a record in. In the order of the keys it is fastest.
    ///
    /// # Errors
    /// The record cannot be read, or its key begins with a tag that this engine does not know.
    pub fn put(&mut self, key: &[u8], bytes: &[u8]) -> Result<(), RecordError> {
        let world = &mut self.0;
        let (tag, rest) = key.split_first().ok_or(RecordError::Empty)?;
        match tag {
            b'R' => world.rooms.restore(rest, bytes),
            b'M' => world.mobs.restore(rest, bytes),
            b'I' => world.items.restore(rest, bytes),
            b'P' => world.players.restore(rest, bytes),
            b'p' => world.presences.restore(rest, bytes),
            b'V' => world.viewed.restore(rest, bytes),
            b'T' => world.waiting.restore(rest, bytes),
            b'E' => world.errands.restore(rest, bytes),
            b'Z' => world.zone_resets.restore(rest, bytes),
            b'L' => world.loader_runs.restore(rest, bytes),
            b'S' => world.staged.restore(rest, bytes),
            b'D' => world.departed.restore(rest, bytes),
            b'G' => world.gates.restore(rest, bytes),
            b'F' => world.fact_changes.restore(rest, bytes),
            b'B' => world.fights.restore(rest, bytes),
            b'A' => world.auras.restore(rest, bytes),
            b'C' => world.cooldowns.restore(rest, bytes),
            other => Err(RecordError::Version(*other)),
        }
    }

    /// The world, with what follows from its records.
    pub fn world(self) -> World {
        let mut world = self.0;
        for (arrival, timing) in world.waiting.iter() {
            world.timings.wait(timing.due, arrival);
        }
        world.reindex();
        if world.waiting.is_empty() {
            beat::wind_up(&mut world);
        }
        world
    }
}

/// The player whom a record is about, by its key.
pub fn player_of_key(key: &[u8]) -> Option<PlayerId> {
    use super::table::Key as _;
    let (tag, rest) = key.split_first()?;
    matches!(tag, b'P' | b'p' | b'V' | b'A' | b'C').then(|| i64::read(rest)).flatten().filter(|id| *id < FIRST_MOB)
}

/// A character as its stored records have it at the world's time `now`; `read` gives the record of a key.
pub fn character_of(id: PlayerId, now: u64, read: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Character> {
    fn get<T: serde::de::DeserializeOwned>(tag: u8, id: i64, read: &impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<T> {
        use super::table::Key as _;
        let mut key = vec![tag];
        id.write(&mut key);
        decode(&read(&key)?).ok()
    }
    let player: Player = get(b'P', id, &read)?;
    let presence: Presence = get(b'p', id, &read)?;
    let viewed: Viewed = get(b'V', id, &read).unwrap_or_default();
    let mut items = Vec::new();
    let mut open: Vec<(ItemId, SavedPlace)> = player.worn.iter().map(|(s, i)| (*i, SavedPlace::Worn(*s))).collect();
    open.extend(player.items.iter().map(|item| (*item, SavedPlace::Inventory)));
    open.reverse();
    while let Some((item, place)) = open.pop() {
        let Some(row) = get::<Item>(b'I', item, &read) else { continue };
        items.push(SavedItem { id: item, template: row.template, place, label: row.label });
        open.extend(row.items.iter().rev().map(|inner| (*inner, SavedPlace::Inside(item))));
    }
    let (aura, cooldowns): (Option<Aura>, Option<Cooldowns>) = (get(b'A', id, &read), get(b'C', id, &read));
    let prowess = saved::prowess(&player, aura.as_ref(), cooldowns.as_ref(), now);
    Some(leave::character(&player, &presence, &viewed, items, prowess))
}

/// The head of a stored cut, without the rest.
///
/// # Errors
/// The record cannot be read.
pub fn read_meta(meta: &[u8]) -> Result<Meta, RecordError> {
    decode(meta)
}
