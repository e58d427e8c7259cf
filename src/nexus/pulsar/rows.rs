//! Things by key: found in one step however many there are, gone through in the order of their keys, and never moved
//! all at once as they become more: they lie in shards that grow one by one.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hash};

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::world::by_id::IdHasher;

type Shard<K, T> = IndexMap<K, T, BuildHasherDefault<IdHasher>>;

/// See the module.
#[derive(Debug)]
pub struct Rows<K, T> {
    /// A power of two. Within one, things lie in no order that means anything.
    shards: Vec<Shard<K, T>>,
    order: BTreeSet<K>,
}

impl<K: Copy + Ord + Hash, T> Rows<K, T> {
    /// In so many shards, rounded up to a power of two: with tens of thousands of things in each, one that grows does not
    /// hold a turn up.
    pub fn new(shards: usize) -> Self {
        Self { shards: (0..shards.next_power_of_two()).map(|_| Shard::default()).collect(), order: BTreeSet::new() }
    }

    fn shard(&self, key: K) -> usize {
        // Bits that the shard's own table hardly looks at.
        (BuildHasherDefault::<IdHasher>::default().hash_one(key) >> 40) as usize & (self.shards.len() - 1)
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn get(&self, key: K) -> Option<&T> {
        self.shards[self.shard(key)].get(&key)
    }

    pub fn get_mut(&mut self, key: K) -> Option<&mut T> {
        let shard = self.shard(key);
        self.shards[shard].get_mut(&key)
    }

    /// Puts a thing in that is not there, or finds the one that is: which of both comes back with it.
    pub fn get_or_insert(&mut self, key: K, make: impl FnOnce() -> T) -> (bool, &mut T) {
        let shard = self.shard(key);
        match self.shards[shard].entry(key) {
            Entry::Occupied(found) => (true, found.into_mut()),
            Entry::Vacant(place) => {
                self.order.insert(key);
                (false, place.insert(make()))
            }
        }
    }

    /// Puts a thing in; the one that was there comes back.
    pub fn insert(&mut self, key: K, thing: T) -> Option<T> {
        let shard = self.shard(key);
        let old = self.shards[shard].insert(key, thing);
        if old.is_none() {
            self.order.insert(key);
        }
        old
    }

    pub fn remove(&mut self, key: K) -> Option<T> {
        let shard = self.shard(key);
        let thing = self.shards[shard].swap_remove(&key)?;
        self.order.remove(&key);
        Some(thing)
    }

    /// In the order of the keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &T)> {
        self.order.iter().filter_map(|key| Some((*key, self.get(*key)?)))
    }

    /// Those whose key is greater than `after`, in order; all of them without one.
    pub fn after(&self, after: Option<K>) -> impl Iterator<Item = (K, &T)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let keys = self.order.range((after.map_or(Unbounded, Excluded), Unbounded));
        keys.filter_map(|key| Some((*key, self.get(*key)?)))
    }

    /// In no order that means anything: for sums, and what is put in order afterwards.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.shards.iter().flat_map(|shard| shard.values())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_does_what_a_sorted_map_does() {
        let mut dice = 1u64;
        let mut roll = |below: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % below
        };
        for shards in [1, 8] {
            let (mut rows, mut model) = (Rows::new(shards), BTreeMap::new());
            for step in 0..4_000u64 {
                let key = roll(60) as i64 - 20;
                match roll(5) {
                    0 | 1 => assert_eq!(rows.insert(key, step), model.insert(key, step)),
                    2 => assert_eq!(rows.remove(key), model.remove(&key)),
                    3 => {
                        let known = model.contains_key(&key);
                        let (found, thing) = rows.get_or_insert(key, || step);
                        assert_eq!((found, *thing), (known, *model.entry(key).or_insert(step)));
                    }
                    _ => assert_eq!(rows.get_mut(key), model.get_mut(&key)),
                }
                assert_eq!((rows.len(), rows.is_empty()), (model.len(), model.is_empty()));
                assert!(rows.iter().eq(model.iter().map(|(key, thing)| (*key, thing))));
                assert!(rows.iter().rev().eq(model.iter().rev().map(|(key, thing)| (*key, thing))));
                let after = model.range(key + 1..).map(|(key, thing)| (*key, thing));
                assert!(rows.after(Some(key)).eq(after));
                assert!(rows.after(None).eq(rows.iter()));
                assert_eq!(rows.values().sum::<u64>(), model.values().sum::<u64>());
            }
        }
    }

    #[test]
    fn ids_in_a_row_are_spread_over_the_shards() {
        let mut rows = Rows::new(64);
        for id in 0..64_000i64 {
            rows.insert((1 << 31) + id, ());
        }
        let sizes: Vec<usize> = rows.shards.iter().map(Shard::len).collect();
        assert!(sizes.iter().all(|size| (700..1_300).contains(size)), "{sizes:?}");
    }
}
