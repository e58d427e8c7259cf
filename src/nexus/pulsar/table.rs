//! One kind of entity of a world: rows in key order, and the one door through which they change.
//! The door knows what changed since the last cut, and keeps the image of the cut that is being
//! written: a row is encoded as it was before its first change after the cut. To begin a cut costs
//! the same however many rows there are.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::changes::Changes;
use super::record::{RecordError, decode, encode, encode_to};
use super::rows::Rows;

/// A key of a table, as bytes that sort like the key.
pub trait Key: Copy + Ord + Hash {
    /// Appends the key's bytes.
    fn write(self, to: &mut Vec<u8>);
    /// Reads what `write` wrote.
    fn read(from: &[u8]) -> Option<Self>;
}

impl Key for i64 {
    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&(self as u64 ^ (1 << 63)).to_be_bytes());
    }

    fn read(from: &[u8]) -> Option<Self> {
        Some((u64::from_be_bytes(from.try_into().ok()?) ^ (1 << 63)) as i64)
    }
}

impl Key for u64 {
    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.to_be_bytes());
    }

    fn read(from: &[u8]) -> Option<Self> {
        Some(u64::from_be_bytes(from.try_into().ok()?))
    }
}

impl Key for crate::world::internal::ErrandId {
    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.incarnation.to_be_bytes());
        to.extend_from_slice(&self.seq.to_be_bytes());
        to.extend_from_slice(&self.ordinal.to_be_bytes());
    }

    fn read(from: &[u8]) -> Option<Self> {
        if from.len() != 20 {
            return None;
        }
        Some(Self {
            incarnation: u64::from_be_bytes(from[..8].try_into().ok()?),
            seq: u64::from_be_bytes(from[8..16].try_into().ok()?),
            ordinal: u32::from_be_bytes(from[16..].try_into().ok()?),
        })
    }
}

impl Key for super::record::GateId {
    fn write(self, to: &mut Vec<u8>) {
        self.of.write(to);
        self.trigger.write(to);
    }

    fn read(from: &[u8]) -> Option<Self> {
        let (of, trigger) = from.split_at_checked(8)?;
        Some(Self { of: i64::read(of)?, trigger: i64::read(trigger)? })
    }
}

struct Row<R, V> {
    /// The cut interval of the last change; 0 once that change is written.
    mark: u32,
    /// The table's `shows` when the view was made.
    shown: Cell<u32>,
    view: Cell<Option<Arc<V>>>,
    value: R,
}

impl<R, V> Row<R, V> {
    fn new(mark: u32, value: R) -> Self {
        Self { mark, shown: Cell::new(0), view: Cell::new(None), value }
    }
}

/// What of the last cut is not encoded yet.
#[derive(Debug)]
enum Cutting<K> {
    /// Nothing.
    No,
    /// Rows with the mark of the interval before, and what was removed in it.
    Changed,
    /// Rows after this key that did not change since.
    All { after: Option<K> },
}

/// Rows of one kind. `V` is what clients see of one, kept until the row changes.
pub struct Table<K, R, V = ()> {
    rows: Rows<K, Row<R, V>>,
    door: Door<K>,
    /// Raised when all views are out of date.
    shows: u32,
}

/// What passes through: which rows changed, and what the cut has to see of them.
struct Door<K> {
    tag: u8,
    /// Counts the cuts.
    interval: u32,
    /// Rows with the mark of this interval; some twice, and some that are gone.
    changed: Vec<K>,
    /// Gone in this interval, and not back.
    removed: BTreeSet<K>,
    cutting: Cutting<K>,
    /// As `changed` and `removed` were when the cut began; what is encoded is taken out.
    pending: Vec<K>,
    pending_removed: BTreeSet<K>,
    written: Changes,
}

/// Marks that no row has when the table is new lie below.
const FIRST_INTERVAL: u32 = 2;
/// Bytes after which a slice of a cut ends, so that large rows do not make it long.
const SLICE_BYTES_MAX: usize = 64 * 1024;

impl<K: Key> Door<K> {
    /// A row is about to change.
    fn pass<R: Serialize, V>(&mut self, key: K, row: &mut Row<R, V>) {
        if row.mark != self.interval {
            if self.is_pending(key, row.mark) {
                self.write(key, &row.value);
            }
            row.mark = self.interval;
            self.changed.push(key);
        }
    }

    /// A row comes in.
    fn admit<R, V>(&mut self, key: K, value: R) -> Row<R, V> {
        if !self.removed.is_empty() {
            self.removed.remove(&key);
        }
        if !self.pending_removed.is_empty() && self.pending_removed.remove(&key) {
            self.write_gone(key);
        }
        self.changed.push(key);
        Row::new(self.interval, value)
    }

    /// A row goes.
    fn dismiss<R: Serialize, V>(&mut self, key: K, row: &Row<R, V>) {
        if row.mark != self.interval && self.is_pending(key, row.mark) {
            self.write(key, &row.value);
        }
        self.removed.insert(key);
    }

    /// Is a row that did not change since the cut began still to be written?
    fn is_pending(&self, key: K, mark: u32) -> bool {
        match &self.cutting {
            Cutting::No => false,
            Cutting::Changed => mark == self.interval - 1,
            Cutting::All { after } => after.is_none_or(|after| key > after),
        }
    }

    /// Bytes of the record.
    fn write(&mut self, key: K, value: &impl Serialize) -> usize {
        let tag = self.tag;
        self.written.put(|to| write_key(tag, key, to), |to| encode_to(value, to))
    }

    fn write_gone(&mut self, key: K) {
        let tag = self.tag;
        self.written.put_gone(|to| write_key(tag, key, to));
    }

    fn begin_cut(&mut self, cutting: Cutting<K>) {
        debug_assert!(matches!(self.cutting, Cutting::No));
        let (changed, removed) = (std::mem::take(&mut self.changed), std::mem::take(&mut self.removed));
        // Everything is written anyway, and what is not written is gone.
        let is_full = matches!(cutting, Cutting::All { .. });
        (self.pending, self.pending_removed) = if is_full { Default::default() } else { (changed, removed) };
        self.cutting = cutting;
        self.interval += 1;
    }
}

impl<K: Key, R: Serialize + DeserializeOwned, V> Table<K, R, V> {
    /// An empty table whose keys begin with `tag`, in so many shards.
    pub fn new(tag: u8, shards: usize) -> Self {
        let door = Door {
            tag,
            interval: FIRST_INTERVAL,
            changed: Vec::new(),
            removed: BTreeSet::new(),
            cutting: Cutting::No,
            pending: Vec::new(),
            pending_removed: BTreeSet::new(),
            written: Changes::default(),
        };
        Self { rows: Rows::new(shards), door, shows: 0 }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn contains(&self, key: K) -> bool {
        self.rows.get(key).is_some()
    }

    pub fn get(&self, key: K) -> Option<&R> {
        self.rows.get(key).map(|row| &row.value)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &R)> {
        self.rows.iter().map(|(key, row)| (key, &row.value))
    }

    /// Rows whose key is greater than `after`, in order.
    pub fn after(&self, after: K) -> impl Iterator<Item = (K, &R)> {
        self.rows.after(Some(after)).map(|(key, row)| (key, &row.value))
    }

    /// Rows in no order that means anything: for sums, and what is put in order afterwards.
    pub fn values(&self) -> impl Iterator<Item = &R> {
        self.rows.values().map(|row| &row.value)
    }

    /// What clients see of a row; made once between changes.
    pub fn view(&self, key: K, make: impl FnOnce(&R) -> V) -> Option<Arc<V>> {
        let row = self.rows.get(key)?;
        let kept = row.view.take().filter(|_| row.shown.get() == self.shows);
        let view = kept.unwrap_or_else(|| Arc::new(make(&row.value)));
        row.shown.set(self.shows);
        row.view.set(Some(view.clone()));
        Some(view)
    }

    /// Views are made anew, because what they are made of beside the rows has changed.
    pub fn forget_views(&mut self) {
        self.shows += 1;
    }

    /// The door: a row that is about to change.
    pub fn edit(&mut self, key: K) -> Option<&mut R> {
        self.edit_when(key, |_| true)
    }

    /// The door for a row of which this is true.
    pub fn edit_when(&mut self, key: K, holds: impl FnOnce(&R) -> bool) -> Option<&mut R> {
        let row = self.rows.get_mut(key).filter(|row| holds(&row.value))?;
        self.door.pass(key, row);
        row.view.set(None);
        Some(&mut row.value)
    }

    /// The door for what a view shows too, and is changed there in place where one is kept.
    pub fn edit_shown(&mut self, key: K, edit: impl FnOnce(&mut R), show: impl FnOnce(&mut V))
    where
        V: Clone,
    {
        let Some(row) = self.rows.get_mut(key) else { return };
        self.door.pass(key, row);
        edit(&mut row.value);
        if let Some(mut view) = row.view.take().filter(|_| row.shown.get() == self.shows) {
            show(Arc::make_mut(&mut view));
            row.view.set(Some(view));
        }
    }

    /// The view of a row is out of date, by something that is not in the row.
    pub fn forget_view(&mut self, key: K) {
        if let Some(row) = self.rows.get_mut(key) {
            row.view.set(None);
        }
    }

    /// The door for what no view shows.
    pub fn edit_unseen(&mut self, key: K) -> Option<&mut R> {
        let row = self.rows.get_mut(key)?;
        self.door.pass(key, row);
        Some(&mut row.value)
    }

    /// The door to a row that may have to be made first.
    pub fn edit_or_default(&mut self, key: K) -> &mut R
    where
        R: Default,
    {
        let door = &mut self.door;
        let (was_there, row) = self.rows.get_or_insert(key, || door.admit(key, R::default()));
        if was_there {
            self.door.pass(key, row);
            row.view.set(None);
        }
        &mut row.value
    }

    /// Puts a row in; the one that was there comes back.
    pub fn insert(&mut self, key: K, value: R) -> Option<R> {
        let old = self.remove(key);
        self.rows.insert(key, self.door.admit(key, value));
        old
    }

    /// Takes a row out.
    pub fn remove(&mut self, key: K) -> Option<R> {
        let row = self.rows.remove(key)?;
        self.door.dismiss(key, &row);
        Some(row.value)
    }

    /// A cut of what changed begins here. The last one must have been drained.
    pub fn begin_cut(&mut self) {
        self.door.begin_cut(Cutting::Changed);
    }

    /// Everything is part of the cut that begins here.
    pub fn begin_full_cut(&mut self) {
        self.door.begin_cut(Cutting::All { after: None });
    }

    /// Encodes up to `most` rows of the cut; true when none is left.
    pub fn drain(&mut self, most: usize) -> bool {
        let complete = match self.door.cutting {
            Cutting::No => true,
            Cutting::Changed => self.drain_changed(most),
            Cutting::All { after } => self.drain_all(after, most),
        };
        if complete {
            self.door.cutting = Cutting::No;
            self.door.pending = Vec::new();
        }
        complete
    }

    fn drain_changed(&mut self, most: usize) -> bool {
        let (door, mut bytes) = (&mut self.door, 0);
        for _ in 0..most {
            if bytes > SLICE_BYTES_MAX {
                return false;
            }
            if let Some(key) = door.pending.pop() {
                // A row that changed again since is written already, and one that is gone too.
                let Some(row) = self.rows.get_mut(key).filter(|row| row.mark == door.interval - 1) else { continue };
                row.mark = 0;
                bytes += door.write(key, &row.value);
            } else if let Some(key) = door.pending_removed.pop_first() {
                door.write_gone(key);
            } else {
                break;
            }
        }
        door.pending.is_empty() && door.pending_removed.is_empty()
    }

    fn drain_all(&mut self, after: Option<K>, most: usize) -> bool {
        let (mut bytes, mut last) = (0, after);
        let mut rows = self.rows.after(after);
        for (key, row) in rows.by_ref().take(most) {
            last = Some(key);
            if row.mark != self.door.interval {
                bytes += self.door.write(key, &row.value);
            }
            if bytes > SLICE_BYTES_MAX {
                break;
            }
        }
        let complete = rows.next().is_none();
        self.door.cutting = Cutting::All { after: last };
        complete
    }

    /// What the cut has written so far; of a key that is in it twice the last counts.
    pub fn take_written(&mut self) -> Changes {
        std::mem::take(&mut self.door.written)
    }

    /// Puts a stored record in, on recovery.
    ///
    /// # Errors
    /// The record or its key cannot be read.
    pub fn restore(&mut self, key: &[u8], bytes: &[u8]) -> Result<(), RecordError> {
        let key = K::read(key).ok_or(RecordError::Empty)?;
        self.rows.insert(key, Row::new(0, decode(bytes)?));
        Ok(())
    }

    /// Hands every record to `each`, in key order, encoded.
    pub fn each_encoded(&self, mut each: impl FnMut(Vec<u8>, Vec<u8>)) {
        for (key, row) in self.rows.iter() {
            each(key_bytes(self.door.tag, key), encode(&row.value));
        }
    }
}

impl<K: Key + fmt::Debug, R: fmt::Debug, V> fmt::Debug for Table<K, R, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.rows.iter().map(|(key, row)| (key, &row.value))).finish()
    }
}

fn key_bytes<K: Key>(tag: u8, key: K) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(9);
    write_key(tag, key, &mut bytes);
    bytes
}

fn write_key<K: Key>(tag: u8, key: K, to: &mut Vec<u8>) {
    to.push(tag);
    key.write(to);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Records = BTreeMap<Vec<u8>, Option<String>>;

    fn drained(table: &mut Table<i64, String>) -> Records {
        while !table.drain(2) {}
        table.take_written().iter().map(|(k, v)| (k.to_vec(), v.map(|bytes| decode(bytes).unwrap()))).collect()
    }

    fn key(id: i64) -> Vec<u8> {
        key_bytes(b'x', id)
    }

    #[test]
    fn a_cut_shows_its_own_moment_whatever_changes_while_it_is_written() {
        let mut table: Table<i64, String> = Table::new(b'x', 2);
        for id in 1..=5 {
            table.insert(id, format!("old {id}"));
        }
        table.remove(5);
        table.begin_cut();
        *table.edit(1).unwrap() = "new 1".into();
        table.remove(2);
        table.insert(5, "new 5".into());
        table.insert(6, "new 6".into());
        let cut = drained(&mut table);
        assert_eq!(cut[&key(1)].as_deref(), Some("old 1"));
        assert_eq!(cut[&key(2)].as_deref(), Some("old 2"));
        assert_eq!(cut[&key(3)].as_deref(), Some("old 3"));
        assert_eq!(cut[&key(5)], None);
        assert!(!cut.contains_key(&key(6)));
        table.begin_cut();
        let next = drained(&mut table);
        assert_eq!(next[&key(1)].as_deref(), Some("new 1"));
        assert_eq!(next[&key(2)], None);
        assert_eq!(next[&key(5)].as_deref(), Some("new 5"));
        assert_eq!(next[&key(6)].as_deref(), Some("new 6"));
        assert!(!next.contains_key(&key(3)), "what did not change is not written again");
    }

    #[test]
    fn a_full_cut_shows_its_own_moment_whatever_changes_while_it_is_written() {
        let mut table: Table<i64, String> = Table::new(b'x', 2);
        for id in 1..=6 {
            table.insert(id, format!("old {id}"));
        }
        table.begin_cut();
        drained(&mut table);
        table.remove(6);
        *table.edit(4).unwrap() = "newer 4".into();
        table.begin_full_cut();
        assert!(!table.drain(2), "1 and 2 are written, 3 to 5 are not");
        for id in [1, 3] {
            *table.edit(id).unwrap() = format!("new {id}");
        }
        table.remove(2);
        table.remove(4);
        table.insert(6, "new 6".into());
        table.insert(0, "new 0".into());
        let cut = drained(&mut table);
        for (id, value) in [(1, "old 1"), (2, "old 2"), (3, "old 3"), (4, "newer 4"), (5, "old 5")] {
            assert_eq!(cut[&key(id)].as_deref(), Some(value));
        }
        assert_eq!(cut.len(), 5);
        *table.edit(5).unwrap() = "new 5".into();
        assert!(table.take_written().is_empty(), "there is no cut that wants an image");
        table.begin_cut();
        let next = drained(&mut table);
        let new = |id| next[&key(id)].as_deref();
        for id in [0, 1, 3, 5, 6] {
            assert_eq!(new(id), Some(&*format!("new {id}")));
        }
        assert_eq!([new(2), new(4)], [None, None]);
        assert_eq!(next.len(), 7);
    }

    /// Whatever is done to a table, and whenever cuts begin and are drained: what the cuts wrote is the table
    /// as it was when the last one began.
    #[test]
    fn cuts_of_a_table_that_is_played_with_give_the_table() {
        let mut dice = 1u64;
        let mut roll = |below: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % below
        };
        let mut table: Table<i64, String> = Table::new(b'x', 2);
        let (mut stored, mut moment): (Records, Option<(Records, bool)>) = Default::default();
        for step in 0..20_000u64 {
            let id = roll(12) as i64;
            match roll(10) {
                0..3 => drop(table.insert(id, format!("{step}"))),
                3..5 => drop(table.remove(id)),
                5..8 => {
                    if let Some(value) = table.edit(id) {
                        *value = format!("{step}");
                    }
                }
                8 if moment.is_none() => {
                    let is_full = roll(3) == 0;
                    if is_full {
                        table.begin_full_cut()
                    } else {
                        table.begin_cut()
                    }
                    moment = Some((table.iter().map(|(id, v)| (key(id), Some(v.clone()))).collect(), is_full));
                }
                _ => {
                    if table.drain(roll(5) as usize)
                        && let Some((then, is_full)) = moment.take()
                    {
                        if is_full {
                            stored.clear();
                        }
                        stored.extend(drained(&mut table));
                        stored.retain(|_, value| value.is_some());
                        assert_eq!(stored, then, "at step {step}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_view_is_made_anew_after_a_change() {
        let mut table: Table<i64, String, usize> = Table::new(b'x', 2);
        table.insert(1, "four".into());
        assert_eq!(*table.view(1, |text| text.len()).unwrap(), 4);
        table.edit(1).unwrap().push_str("teen");
        assert_eq!(*table.view(1, |text| text.len()).unwrap(), 8);
        assert_eq!(*table.view(1, |_| 0).unwrap(), 8);
        table.forget_views();
        assert_eq!(*table.view(1, |_| 0).unwrap(), 0);
    }

    #[test]
    fn keys_sort_as_their_bytes() {
        let mut bytes: Vec<Vec<u8>> = [i64::MIN, -5, 0, 7, 300, i64::MAX].into_iter().map(key).collect();
        let sorted = bytes.clone();
        bytes.sort();
        assert_eq!(bytes, sorted);
        assert_eq!(i64::read(&key(-5)[1..]), Some(-5));
    }
}
