//! Writing: cuts, saves and removals, each one batch.

use std::collections::HashSet;

use super::keys::{self, CHANGED, HEADER, Head, Header, META, PIECE, RECORD};
use super::{Cut, KEY_BYTES_MAX, State, StateError, VALUE_BYTES_MAX, within};

/// A record or a meta; its pieces are counted in 16 bits.
const CONTENT_BYTES_MAX: usize = VALUE_BYTES_MAX * u16::MAX as usize;

impl State {
    /// Makes a cut durable, whole or not at all. After [`StateError::Write`] it may be either, and the state is
    /// poisoned; after other errors nothing was written.
    pub fn commit(&mut self, cut: &Cut) -> Result<(), StateError> {
        let stored = self.header(cut.spawn)?;
        check(cut, stored.as_ref())?;
        let mut batch = sled::Batch::default();
        let mut header = Header { incarnation: cut.incarnation, seq: cut.seq, ..Header::default() };
        if cut.full {
            for region in [PIECE, RECORD, CHANGED] {
                self.clear(cut.spawn, region, &mut batch)?;
            }
            header.whole = cut.seq.max(1);
        } else if let Some(stored) = stored {
            (header.count, header.digest, header.whole) = (stored.count, stored.digest, stored.whole);
        }
        let mut seen = HashSet::with_capacity(cut.changes.len());
        for (key, content) in cut.changes.iter().rev() {
            if seen.insert(key.as_slice()) {
                self.change(cut, key, content.as_deref(), &mut header, &mut batch)?;
            }
        }
        if !cut.full {
            self.take_away(cut.spawn, META, &[], &mut batch)?;
        }
        write(cut.spawn, META, &[], &cut.meta, &mut batch);
        batch.insert(keys::region(cut.spawn, HEADER, &[]), header.checked(&cut.meta).to_bytes());
        self.apply(batch)
    }

    /// The Forge has the world as of the cut at `seq`: changes up to it are no longer named by
    /// [`State::changed_since_save`].
    pub fn saved(&mut self, spawn: i64, seq: u64) -> Result<(), StateError> {
        let Some(mut header) = self.header(spawn)? else { return Ok(()) };
        let mut batch = sled::Batch::default();
        for entry in self.scan(&keys::region(spawn, CHANGED, &[]))? {
            let (key, value) = entry?;
            if keys::number(&value) <= seq {
                batch.remove(key);
            }
        }
        if header.whole <= seq.max(1) {
            header.whole = 0;
        }
        batch.insert(keys::region(spawn, HEADER, &[]), header.to_bytes());
        self.apply(batch)
    }

    /// Removes all that is stored of a world.
    pub fn remove(&mut self, spawn: i64) -> Result<(), StateError> {
        let mut batch = sled::Batch::default();
        for entry in self.scan(&keys::world(spawn))? {
            batch.remove(entry?.0);
        }
        self.apply(batch)
    }

    pub(super) fn header(&self, spawn: i64) -> Result<Option<Header>, StateError> {
        let Some(value) = self.get(&keys::region(spawn, HEADER, &[]))? else { return Ok(None) };
        let unreadable = || StateError::Damaged { spawn, detail: "its header is unreadable".to_owned() };
        Header::from_bytes(&value).map(Some).ok_or_else(unreadable)
    }

    fn change(
        &self,
        cut: &Cut,
        key: &[u8],
        content: Option<&[u8]>,
        header: &mut Header,
        batch: &mut sled::Batch,
    ) -> Result<(), StateError> {
        if !cut.full {
            let old = self.content(cut.spawn, RECORD, key)?;
            if old.as_deref() == content {
                return Ok(());
            }
            if let Some(old) = old {
                self.take_away(cut.spawn, RECORD, key, batch)?;
                header.count = header.count.wrapping_sub(1);
                header.digest = header.digest.wrapping_sub(keys::share(key, &old));
            }
            batch.insert(keys::region(cut.spawn, CHANGED, key), &cut.seq.to_le_bytes());
        }
        if let Some(content) = content {
            write(cut.spawn, RECORD, key, content, batch);
            header.count = header.count.wrapping_add(1);
            header.digest = header.digest.wrapping_add(keys::share(key, content));
        }
        Ok(())
    }

    fn clear(&self, spawn: i64, region: u8, batch: &mut sled::Batch) -> Result<(), StateError> {
        for entry in self.scan(&keys::region(spawn, region, &[]))? {
            batch.remove(entry?.0);
        }
        Ok(())
    }

    /// Removes a meta or record with its pieces.
    fn take_away(&self, spawn: i64, region: u8, key: &[u8], batch: &mut sled::Batch) -> Result<(), StateError> {
        let place = keys::region(spawn, region, key);
        if let Some(value) = self.get(&place)? {
            if let Head::Pieces { .. } = keys::head(&value) {
                for entry in self.scan(&keys::pieces(spawn, region, key))? {
                    batch.remove(entry?.0);
                }
            }
            batch.remove(place);
        }
        Ok(())
    }
}

fn write(spawn: i64, region: u8, key: &[u8], content: &[u8], batch: &mut sled::Batch) {
    let (head, pieces) = keys::split(content);
    batch.insert(keys::region(spawn, region, key), head);
    for (index, piece) in (0..).zip(pieces) {
        batch.insert(keys::piece(spawn, region, key, index), piece);
    }
}

fn check(cut: &Cut, stored: Option<&Header>) -> Result<(), StateError> {
    within("a world's header", cut.meta.len(), CONTENT_BYTES_MAX)?;
    for (key, content) in &cut.changes {
        within("a record's key", key.len(), KEY_BYTES_MAX)?;
        within("a record", content.as_ref().map_or(0, Vec::len), CONTENT_BYTES_MAX)?;
    }
    match stored {
        Some(stored) if !cut.full && (cut.incarnation, cut.seq) < (stored.incarnation, stored.seq) => {
            Err(StateError::Order {
                spawn: cut.spawn,
                incarnation: cut.incarnation,
                seq: cut.seq,
                stored_incarnation: stored.incarnation,
                stored_seq: stored.seq,
            })
        }
        _ => Ok(()),
    }
}
