//! Reading: worlds whole and checked, single records, and what changed since the last save.

use super::keys::{self, CHANGED, Head, Header, META, RECORD};
use super::{State, StateError};

/// Key and content.
pub type Record = (Vec<u8>, Vec<u8>);

/// A world as of its last cut.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub meta: Vec<u8>,
    pub incarnation: u64,
    pub seq: u64,
    /// All live records in the order of their keys.
    pub records: Vec<Record>,
    pub count: u64,
    pub digest: u128,
}

/// What a cut says of itself.
#[derive(Clone, Debug)]
pub struct CutHead {
    pub meta: Vec<u8>,
    pub incarnation: u64,
    pub seq: u64,
    pub count: u64,
    pub digest: u128,
}

/// What a save must bring to the Forge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// A full cut came since: everything changed, and `keys` are only those changed after it.
    pub whole: bool,
    /// Records written or removed, in order.
    pub keys: Vec<Vec<u8>>,
}

impl State {
    /// The last cut of a world, proven against its count and digest.
    pub fn load(&self, spawn: i64) -> Result<Option<Loaded>, StateError> {
        let mut records = Vec::new();
        let head = self.read(spawn, |key, content| records.push((key.to_vec(), content.to_vec())))?;
        Ok(head.map(|head| Loaded {
            meta: head.meta,
            incarnation: head.incarnation,
            seq: head.seq,
            records,
            count: head.count,
            digest: head.digest,
        }))
    }

    /// The last cut of a world, record by record in the order of their keys. What `each` got is proven against the cut's
    /// count and digest when this returns, and not before.
    pub fn read(&self, spawn: i64, each: impl FnMut(&[u8], &[u8])) -> Result<Option<CutHead>, StateError> {
        let Some(header) = self.header(spawn)? else { return Ok(None) };
        let meta = self.content(spawn, META, &[])?.unwrap_or_default();
        if header.check_of(&meta) != header.check {
            return Err(StateError::Damaged { spawn, detail: "its header does not belong to its content".to_owned() });
        }
        let (count, digest) = self.records(spawn, each)?;
        if (count, digest) != (header.count, header.digest) {
            let Header { count: stored, digest: wanted, .. } = header;
            let detail = format!("{count} records of digest {digest:032x} instead of {stored} of {wanted:032x}");
            return Err(StateError::Damaged { spawn, detail });
        }
        Ok(Some(CutHead { meta, incarnation: header.incarnation, seq: header.seq, count, digest }))
    }

    /// Incarnation and sequence of a world's last cut.
    pub fn cut_of(&self, spawn: i64) -> Result<Option<(u64, u64)>, StateError> {
        Ok(self.header(spawn)?.map(|header| (header.incarnation, header.seq)))
    }

    /// The worlds that have a cut, in order.
    pub fn spawns(&self) -> Result<Vec<i64>, StateError> {
        let mut spawns = Vec::new();
        let mut from = b"w".to_vec();
        while let Some((key, _)) = self.first_from(&from)? {
            let Some(spawn) = keys::spawn_of(&key) else { break };
            spawns.push(spawn);
            from = [&keys::world(spawn)[..], &[u8::MAX]].concat();
        }
        Ok(spawns)
    }

    /// Incarnation, sequence and digest of a world's last cut.
    pub fn head(&self, spawn: i64) -> Result<Option<(u64, u64, u128)>, StateError> {
        Ok(self.header(spawn)?.map(|header| (header.incarnation, header.seq, header.digest)))
    }

    /// The engine's header of a world as of the last cut.
    pub fn meta(&self, spawn: i64) -> Result<Option<Vec<u8>>, StateError> {
        self.content(spawn, META, &[])
    }

    /// The keys of a world's records that begin so, in order.
    pub fn keys(&self, spawn: i64, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StateError> {
        let region = keys::region(spawn, RECORD, &[]);
        let from = keys::region(spawn, RECORD, prefix);
        self.scan(&from)?.map(|entry| Ok(entry?.0[region.len()..].to_vec())).collect()
    }

    /// One record as of the last cut.
    pub fn record(&self, spawn: i64, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.content(spawn, RECORD, key)
    }

    /// What cuts changed since the last [`State::saved`].
    pub fn changed_since_save(&self, spawn: i64) -> Result<Changed, StateError> {
        let whole = self.header(spawn)?.is_some_and(|header| header.whole > 0);
        let prefix = keys::region(spawn, CHANGED, &[]);
        let keys: Result<_, _> = self.scan(&prefix)?.map(|entry| Ok(entry?.0[prefix.len()..].to_vec())).collect();
        Ok(Changed { whole, keys: keys? })
    }

    /// Hands every record over; their number and digest.
    fn records(&self, spawn: i64, mut each: impl FnMut(&[u8], &[u8])) -> Result<(u64, u128), StateError> {
        let prefix = keys::region(spawn, RECORD, &[]);
        let (mut count, mut digest) = (0, 0u128);
        for entry in self.scan(&prefix)? {
            let (key, value) = entry?;
            let key = &key[prefix.len()..];
            let pieces;
            let content = match keys::head(&value) {
                Head::Inline(content) => content,
                head => {
                    pieces = self.assemble(spawn, RECORD, key, &head)?;
                    &pieces
                }
            };
            count += 1;
            digest = digest.wrapping_add(keys::share(key, content));
            each(key, content);
        }
        Ok((count, digest))
    }

    /// The content of a meta or record.
    pub(super) fn content(&self, spawn: i64, region: u8, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let Some(value) = self.get(&keys::region(spawn, region, key))? else { return Ok(None) };
        self.assemble(spawn, region, key, &keys::head(&value)).map(Some)
    }

    fn assemble(&self, spawn: i64, region: u8, key: &[u8], head: &Head<'_>) -> Result<Vec<u8>, StateError> {
        let damaged = || StateError::Damaged { spawn, detail: format!("record {} is incomplete", show(key)) };
        match head {
            Head::Inline(content) => Ok(content.to_vec()),
            Head::Unreadable => Err(damaged()),
            Head::Pieces { length } => {
                let mut content = Vec::new();
                for index in 0.. {
                    if content.len() >= *length {
                        break;
                    }
                    let piece = self.get(&keys::piece(spawn, region, key, index))?.ok_or_else(damaged)?;
                    content.extend_from_slice(&piece);
                }
                if content.len() == *length { Ok(content) } else { Err(damaged()) }
            }
        }
    }
}

fn show(key: &[u8]) -> String {
    String::from_utf8_lossy(key).escape_debug().to_string()
}
