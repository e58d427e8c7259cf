//! The journal's inner steps: frames into segments, segments round the ring, and a recovered directory into a journal.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

impl Journal {
    /// Does one slice of preparation: the next segment, then the ballast. True when more is to be done; after false
    /// there is nothing, or no space, and asking again after a while is enough. For moments between groups.
    pub fn tend(&mut self) -> bool {
        if self.broken {
            return false;
        }
        let running_out = self.used.back().is_none_or(|segment| segment.written * 2 >= segment.size);
        let wanted = self.free.is_empty() && running_out && self.may_make();
        let result = if wanted || self.mill.is_growing() {
            self.mill.grow().map(|segment| self.free.extend(segment))
        } else if !self.mill.has_ballast() {
            self.mill.grow_ballast()
        } else {
            return false;
        };
        // A full disk would say so at each call: once is enough until it works again.
        static FAILED: AtomicBool = AtomicBool::new(false);
        match &result {
            Err(error) if !FAILED.swap(true, Ordering::Relaxed) => {
                tracing::warn!(dir = %self.dir.display(), %error, "the journal cannot prepare space");
            }
            Err(_) => {}
            Ok(()) => FAILED.store(false, Ordering::Relaxed),
        }
        result.is_ok()
    }

    /// Appends the group to what is pending, as the next frame of the chain.
    pub(super) fn encode(&mut self, group: &Group) {
        let header = Header {
            checksum: 0,
            length: 0,
            turns: 0,
            worlds: 0,
            previous: self.previous,
            journal: self.id,
            sequence: self.next,
            durable: self.durable,
            oldest: self.oldest_needed(),
            written: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        };
        self.previous = frame::encode(group, &header, &mut self.pending);
        self.next += 1;
    }

    /// Writes and syncs what is pending into the current segment, and takes it for durable only then.
    pub(super) fn write_pending(&mut self) -> Result<u64, JournalError> {
        let Some(segment) = self.used.back_mut() else { return Err(JournalError::Broken) };
        let bytes = self.pending.len();
        let end = segment.written + bytes as u64;
        let filled = end.next_multiple_of(PAGE_BYTES).min(segment.size);
        self.pending.resize(bytes + (filled - end) as usize, 0);
        let result = segment
            .file
            .write_at(&self.pending, segment.written)
            .map_err(|error| ("write", error))
            .and_then(|()| segment.file.sync_data().map_err(|error| ("sync", error)));
        self.pending.truncate(bytes);
        if let Err((what, error)) = result {
            segment.tainted = true;
            self.broken = true;
            let path = self.mill.path(segment.number);
            return Err(JournalError::io(what, &path)(error));
        }
        self.accept();
        self.release();
        Ok(self.durable)
    }

    fn accept(&mut self) {
        let Some(segment) = self.used.back_mut() else { return };
        let mut at = 0;
        while let Some(frame) = Frame::read(&self.pending[at..], &self.id) {
            let bytes = padded(frame.header.length);
            segment.note(frame.header.sequence, bytes as u64, frame.worlds());
            self.durable = frame.header.sequence;
            self.declared = frame.header.oldest;
            at += bytes;
        }
        self.pending.clear();
    }

    /// Sees to it that the current segment takes this many bytes, by turning to the next one if need be.
    pub(super) fn make_room(&mut self, bytes: u64) -> Result<(), JournalError> {
        if self.used.back().is_some_and(|segment| segment.written + bytes + SEAL_BYTES <= segment.size) {
            return Ok(());
        }
        if self.free.is_empty() && self.has_undeclared() {
            self.encode(&Group::new());
            self.write_pending()?;
        }
        let segment = match self.free.pop() {
            Some(segment) => segment,
            None if self.may_make() || self.mill.is_growing() => {
                let made = self.mill.make().map_err(JournalError::io("make a segment in", &self.dir));
                made.or_else(|error| self.take_back().ok_or(error))?
            }
            None => self.take_back().ok_or(JournalError::Full)?,
        };
        self.used.push_back(segment);
        Ok(())
    }

    /// Turns segments over that a durable frame declares free.
    fn release(&mut self) {
        while self.used.len() > 1 && self.used.front().is_some_and(|segment| segment.last < self.declared) {
            if let Some(segment) = self.used.pop_front() {
                self.retire(segment);
            }
        }
    }

    /// A segment is no longer needed: it is lent out to be copied, where history is kept and keeps up.
    fn retire(&mut self, segment: Segment) {
        if !self.options.lends || segment.last == 0 {
            self.recycle(segment);
        } else if self.lent.len() < LENT_SEGMENTS_MAX {
            self.lend(segment);
        } else {
            self.unkept += 1;
            self.recycle(segment);
        }
    }

    fn lend(&mut self, segment: Segment) {
        let Segment { number, written: bytes, last, .. } = segment;
        self.lend.push(Lent { number, path: self.mill.path(number), bytes, last });
        self.lent.push(segment);
    }

    /// Takes the lent segments back for play, copied or not: a copier finds them changed.
    fn take_back(&mut self) -> Option<Segment> {
        self.lend.clear();
        for segment in std::mem::take(&mut self.lent) {
            self.unkept += 1;
            self.recycle(segment);
        }
        self.free.pop()
    }

    /// Keeps a segment for new frames, or removes it.
    pub(super) fn recycle(&mut self, mut segment: Segment) {
        let path = self.mill.path(segment.number);
        let files = self.used.len() + self.free.len() + usize::from(self.mill.is_growing());
        let fits = segment.size == self.options.segment_bytes && (files as u64) < self.segments_max();
        if segment.tainted || !fits {
            drop(segment);
            forget_file(&*self.io, &path);
        } else {
            segment.reuse();
            self.free.push(segment);
        }
    }

    /// Takes over what a scan found; gives the turns of the chain.
    pub(super) fn adopt(&mut self, segments: Vec<Scanned>, chain: &[Found]) -> Result<Tail, JournalError> {
        let proven = chain.iter().map(|frame| frame.durable).max().unwrap_or(0);
        let mut parts = Vec::new();
        let mut in_chain = vec![false; segments.len()];
        for (place, frames) in recover::by_segment(chain) {
            in_chain[place] = true;
            let found = &segments[place];
            let mut segment = self.reopen(found)?;
            segment.start = frames[0].offset;
            segment.written = segment.start;
            let mut worlds = found.worlds.iter().peekable();
            for frame in frames {
                while worlds.next_if(|(sequence, _)| *sequence < frame.sequence).is_some() {}
                let held = std::iter::from_fn(|| worlds.next_if(|(sequence, _)| *sequence == frame.sequence));
                segment.note(frame.sequence, frame.bytes, held.map(|(_, world)| *world));
            }
            let doubtful = frames.iter().find(|frame| frame.sequence > proven);
            if let Some(frame) = doubtful {
                write_again(&segment, frame.offset).map_err(JournalError::io("write again", &found.path))?;
            }
            parts.push(Part { path: found.path.clone(), start: segment.start, end: segment.written });
            self.used.push_back(segment);
        }
        // What was lent, or was to be, when the last run ended. A copy of frames that are in the chain is not.
        let first = chain.first().map_or(0, |frame| frame.sequence);
        for (found, _) in segments.iter().zip(&in_chain).filter(|(_, used)| !**used) {
            let mut segment = self.reopen(found)?;
            (segment.written, segment.last) = recover::linked(&found.frames, first);
            if self.options.lends && segment.last > 0 { self.lend(segment) } else { self.recycle(segment) }
        }
        self.lend.sort_by_key(|lent| lent.last);
        if self.used.is_empty() {
            self.make_room(SEAL_BYTES)?;
        }
        self.io.sync_dir(&self.dir).map_err(JournalError::io("sync", &self.dir))?;
        Ok(Tail { io: self.io.clone(), journal: self.id, parts, spawn: None })
    }

    fn reopen(&self, found: &Scanned) -> Result<Segment, JournalError> {
        let open = self.io.open(&found.path).and_then(|file| Segment::open(found.number, file));
        open.map_err(JournalError::io("open", &found.path))
    }

    /// The first frame that a recovery needs; the next one when nothing is held.
    pub(super) fn oldest_needed(&self) -> u64 {
        let held = self.used.iter().find(|segment| !segment.holders.is_empty());
        held.map_or(self.next, |segment| segment.needed_from)
    }

    fn has_undeclared(&self) -> bool {
        self.used.len() > 1 && self.used.front().is_some_and(|segment| segment.last < self.oldest_needed())
    }

    fn may_make(&self) -> bool {
        let sound = self.used.iter().filter(|segment| !segment.tainted).count();
        ((sound + self.free.len()) as u64) < self.segments_max()
    }

    /// Bytes that the next group may have.
    pub(super) fn room(&self) -> u64 {
        if !self.free.is_empty() || !self.lent.is_empty() || self.may_make() || self.has_undeclared() {
            return self.options.segment_bytes - SEAL_BYTES;
        }
        self.used.back().map_or(0, |segment| segment.size.saturating_sub(segment.written + SEAL_BYTES))
    }

    pub(super) fn largest_group(&self) -> u64 {
        (GROUP_BYTES_MAX as u64).min(self.options.segment_bytes / 2)
    }

    pub(super) fn segments_max(&self) -> u64 {
        (self.options.total_bytes / self.options.segment_bytes).max(SEGMENTS_MIN)
    }

    pub(super) fn too_large(&self, bytes: usize) -> JournalError {
        JournalError::TooLarge { bytes, segment_bytes: self.options.segment_bytes }
    }
}

/// Writes what is there from `offset` on once more and syncs it: a frame that was read may be in memory only, and a
/// system that once failed to write a page takes it for clean.
fn write_again(segment: &Segment, offset: u64) -> io::Result<()> {
    let mut bytes = vec![0; (segment.written - offset) as usize];
    segment.file.read_at(&mut bytes, offset)?;
    segment.file.write_at(&bytes, offset)?;
    segment.file.sync_data()
}
