//! One kind of entity of a world: rows in key order, and the one door through which they change.
//! The door knows what changed since the last cut, and keeps the image of the cut that is being
//! written: a row is encoded as it was before its first change after the cut.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::record::{RecordError, decode, encode};

/// A key of a table, as bytes that sort like the key.
pub trait Key: Copy + Ord {
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

/// What a cut writes: keys with their new bytes, or without when they are gone.
pub type Changes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

#[derive(Debug)]
struct Row<R, V> {
    /// The cut interval of the last change; 0 is none since the last finished cut.
    mark: u32,
    value: R,
    view: OnceCell<Arc<V>>,
}

/// Rows of one kind. `V` is what clients see of one, kept until the row changes.
#[derive(Debug)]
pub struct Table<K, R, V = ()> {
    tag: u8,
    rows: BTreeMap<K, Row<R, V>>,
    interval: u32,
    dirty: BTreeSet<K>,
    /// Keys of the cut being written that are not encoded yet.
    pending: BTreeSet<K>,
    written: Changes,
}

impl<K: Key, R: Serialize + DeserializeOwned, V> Table<K, R, V> {
    /// An empty table whose keys begin with `tag`.
    pub fn new(tag: u8) -> Self {
        Self {
            tag,
            rows: BTreeMap::new(),
            interval: 1,
            dirty: BTreeSet::new(),
            pending: BTreeSet::new(),
            written: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn contains(&self, key: K) -> bool {
        self.rows.contains_key(&key)
    }

    pub fn get(&self, key: K) -> Option<&R> {
        self.rows.get(&key).map(|row| &row.value)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &R)> {
        self.rows.iter().map(|(key, row)| (*key, &row.value))
    }

    /// Rows whose key is greater than `after`, in order.
    pub fn after(&self, after: K) -> impl Iterator<Item = (K, &R)> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.rows.range((Excluded(after), Unbounded)).map(|(key, row)| (*key, &row.value))
    }

    /// What clients see of a row; made once between changes.
    pub fn view(&self, key: K, make: impl FnOnce(&R) -> V) -> Option<Arc<V>> {
        let row = self.rows.get(&key)?;
        Some(row.view.get_or_init(|| Arc::new(make(&row.value))).clone())
    }

    /// Views are made anew, because what they are made of beside the rows has changed.
    pub fn forget_views(&mut self) {
        for row in self.rows.values_mut() {
            row.view.take();
        }
    }

    /// The door: a row that is about to change.
    pub fn edit(&mut self, key: K) -> Option<&mut R> {
        let row = self.rows.get_mut(&key)?;
        if row.mark != self.interval {
            if !self.pending.is_empty() && self.pending.remove(&key) {
                self.written.push((key_bytes(self.tag, key), Some(encode(&row.value))));
            }
            row.mark = self.interval;
            self.dirty.insert(key);
        }
        row.view.take();
        Some(&mut row.value)
    }

    /// Puts a row in; the one that was there comes back.
    pub fn insert(&mut self, key: K, value: R) -> Option<R> {
        let old = self.remove(key);
        if self.pending.remove(&key) {
            self.written.push((key_bytes(self.tag, key), None));
        }
        self.dirty.insert(key);
        self.rows.insert(key, Row { mark: self.interval, value, view: OnceCell::new() });
        old
    }

    /// Takes a row out.
    pub fn remove(&mut self, key: K) -> Option<R> {
        let row = self.rows.remove(&key)?;
        if self.pending.remove(&key) {
            self.written.push((key_bytes(self.tag, key), Some(encode(&row.value))));
        }
        self.dirty.insert(key);
        Some(row.value)
    }

    /// How many rows changed since the last cut began.
    pub fn dirty_len(&self) -> usize {
        self.dirty.len()
    }

    /// A cut begins here: what is dirty becomes pending. The last one must have been drained.
    pub fn begin_cut(&mut self) {
        debug_assert!(self.pending.is_empty());
        self.pending = std::mem::take(&mut self.dirty);
        self.interval += 1;
    }

    /// Everything is part of the cut that begins here.
    pub fn begin_full_cut(&mut self) {
        self.begin_cut();
        self.pending = self.rows.keys().copied().collect();
    }

    /// Encodes up to `most` pending rows; returns how many of them are left.
    pub fn drain(&mut self, most: usize) -> usize {
        for _ in 0..most {
            let Some(key) = self.pending.pop_first() else { break };
            let bytes = self.rows.get(&key).map(|row| encode(&row.value));
            self.written.push((key_bytes(self.tag, key), bytes));
        }
        self.pending.len()
    }

    /// What the cut has written so far.
    pub fn take_written(&mut self, to: &mut Changes) {
        to.append(&mut self.written);
    }

    /// Puts a stored record in, on recovery.
    ///
    /// # Errors
    /// The record or its key cannot be read.
    pub fn restore(&mut self, key: &[u8], bytes: &[u8]) -> Result<(), RecordError> {
        let key = K::read(key).ok_or(RecordError::Empty)?;
        self.rows.insert(key, Row { mark: 0, value: decode(bytes)?, view: OnceCell::new() });
        Ok(())
    }

    /// Hands every record to `each`, in key order, encoded.
    pub fn each_encoded(&self, mut each: impl FnMut(Vec<u8>, Vec<u8>)) {
        for (key, row) in &self.rows {
            each(key_bytes(self.tag, *key), encode(&row.value));
        }
    }
}

fn key_bytes<K: Key>(tag: u8, key: K) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(9);
    bytes.push(tag);
    key.write(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(table: &mut Table<i64, String>) -> BTreeMap<Vec<u8>, Option<String>> {
        table.drain(usize::MAX);
        let mut changes = Vec::new();
        table.take_written(&mut changes);
        changes.into_iter().map(|(k, v)| (k, v.map(|bytes| decode(&bytes).unwrap()))).collect()
    }

    fn key(id: i64) -> Vec<u8> {
        key_bytes(b'x', id)
    }

    #[test]
    fn a_cut_shows_its_own_moment_whatever_changes_while_it_is_written() {
        let mut table: Table<i64, String> = Table::new(b'x');
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
    fn a_view_is_made_anew_after_a_change() {
        let mut table: Table<i64, String, usize> = Table::new(b'x');
        table.insert(1, "four".into());
        assert_eq!(*table.view(1, |text| text.len()).unwrap(), 4);
        table.edit(1).unwrap().push_str("teen");
        assert_eq!(*table.view(1, |text| text.len()).unwrap(), 8);
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
