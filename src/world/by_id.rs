//! Maps from ids to things, in a stable order, with a lookup that costs a multiplication. Ids come from our own
//! sequences, so nobody outside can choose them to collide.

use std::hash::{BuildHasherDefault, Hasher};

use indexmap::IndexMap;

/// Things by id, in the order in which they were put in.
pub type ById<T> = IndexMap<i64, T, BuildHasherDefault<IdHasher>>;

/// Spreads one number over all bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

/// Odd, with its bits well mixed: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl Hasher for IdHasher {
    fn write_i64(&mut self, id: i64) {
        self.0 = (self.0 ^ id as u64).wrapping_mul(SPREAD);
    }

    fn write_u64(&mut self, number: u64) {
        self.write_i64(number as i64);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_i64(i64::from(number));
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(SPREAD);
        }
    }

    fn finish(&self) -> u64 {
        // The table takes its place from the low bits, which a multiplication mixes least.
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_and_keep_their_order() {
        let map: ById<i64> = (0..10_000).map(|nth| (nth * 37 + 20_000, nth)).collect();
        assert!(map.iter().all(|(id, nth)| map.get(id) == Some(nth)));
        assert!(map.values().copied().eq(0..10_000));
        assert_eq!(map.get(&20_001), None);
    }

    #[test]
    fn ids_in_a_row_fall_into_places_of_their_own() {
        let place = |id: i64| {
            let mut hasher = IdHasher::default();
            hasher.write_i64(id);
            hasher.finish() % 1024
        };
        let places: std::collections::BTreeSet<u64> = (20_000..20_512).map(place).collect();
        assert!(places.len() > 300, "{} of 512", places.len());
    }
}
