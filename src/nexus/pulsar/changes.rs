//! What a cut writes: keys with their new records, or without when they are gone. It lies in a few large blocks, and not
//! in a million small ones: another thread gives it back, and the thread that made it would have to tidy up after that.

/// A block ends with the record that makes it longer than this.
const BLOCK_BYTES: usize = 256 * 1024;
/// Before each record: the key's length and the value's; a value that is gone has this one.
const HEAD_BYTES: usize = 8;
const GONE: u32 = u32::MAX;

/// In the order in which they were put in; of a key that is in it twice the last counts.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Per record: the two lengths, each u32 little endian; the key; the value.
    blocks: Vec<Vec<u8>>,
    len: usize,
}

impl Changes {
    /// Puts a record in. Bytes of the value.
    pub fn put(&mut self, key: impl FnOnce(&mut Vec<u8>), value: impl FnOnce(&mut Vec<u8>)) -> usize {
        self.add(key, Some(value))
    }

    /// Puts in that a record is gone.
    pub fn put_gone(&mut self, key: impl FnOnce(&mut Vec<u8>)) {
        self.add(key, None::<fn(&mut Vec<u8>)>);
    }

    fn add(&mut self, key: impl FnOnce(&mut Vec<u8>), value: Option<impl FnOnce(&mut Vec<u8>)>) -> usize {
        let block = self.block();
        let start = block.len();
        block.extend_from_slice(&[0; HEAD_BYTES]);
        key(block);
        let middle = block.len();
        let is_gone = value.is_none();
        if let Some(value) = value {
            value(block);
        }
        let (key_bytes, value_bytes) = (middle - start - HEAD_BYTES, block.len() - middle);
        let length = if is_gone { GONE } else { value_bytes as u32 };
        block[start..start + 4].copy_from_slice(&(key_bytes as u32).to_le_bytes());
        block[start + 4..start + HEAD_BYTES].copy_from_slice(&length.to_le_bytes());
        self.len += 1;
        value_bytes
    }

    fn block(&mut self) -> &mut Vec<u8> {
        if self.blocks.last().is_none_or(|block| block.len() >= BLOCK_BYTES) {
            // The first is small, for the many cuts that are.
            let capacity = if self.blocks.is_empty() { 0 } else { BLOCK_BYTES + BLOCK_BYTES / 8 };
            self.blocks.push(Vec::with_capacity(capacity));
        }
        let last = self.blocks.len() - 1;
        &mut self.blocks[last]
    }

    /// Puts what others wrote behind it.
    pub fn append(&mut self, mut others: Changes) {
        self.len += others.len;
        self.blocks.append(&mut others.blocks);
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Keys and values, each by itself.
    pub fn owned(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        self.iter().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect()
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.blocks.iter().flat_map(|block| {
            let mut rest = block.as_slice();
            std::iter::from_fn(move || {
                let (head, after) = rest.split_at_checked(HEAD_BYTES)?;
                let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
                let (key, after) = after.split_at_checked(number(0) as usize)?;
                let length = number(4);
                let (value, after) = after.split_at_checked(if length == GONE { 0 } else { length as usize })?;
                rest = after;
                Some((key, (length != GONE).then_some(value)))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_in_order() {
        let (mut changes, mut more) = (Changes::default(), Changes::default());
        let value = |nth: usize| vec![nth as u8; nth * 7 % 3_000];
        for nth in 0..1_000usize {
            let to = if nth < 600 { &mut changes } else { &mut more };
            if nth % 10 == 3 {
                to.put_gone(|key| key.extend(nth.to_be_bytes()));
            } else {
                let bytes = to.put(|key| key.extend(nth.to_be_bytes()), |to| to.extend(value(nth)));
                assert_eq!(bytes, value(nth).len());
            }
        }
        changes.append(more);
        assert!(changes.blocks.len() > 3);
        assert_eq!((changes.len(), changes.iter().count()), (1_000, 1_000));
        for (nth, (key, found)) in changes.iter().enumerate() {
            assert_eq!(key, nth.to_be_bytes());
            assert_eq!(found, Some(value(nth)).as_deref().filter(|_| nth % 10 != 3));
        }
    }
}
