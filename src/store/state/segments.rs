//! The segments of sled's file, as far as a recovery of sled depends on them.
//!
//! sled's log goes through segments of 512 KiB, each with the number of the byte of the log that it begins with, and of the
//! last byte that was written when it was begun. After a crash sled takes the newest segment, and wants all segments from
//! that last byte on to be there, without a gap; what comes after a gap it throws away.
//!
//! One batch is not written until its end, so all segments that a long batch begins carry a byte from before it. The next
//! write then tells sled that the batch is written, and it may take segments of the batch for free and use them again, in
//! one go with the first segment that carries a newer byte. When power fails and only the former is on the disk, sled finds
//! a gap, and everything after it is gone, whatever was synced. So after each batch the newest segment must be on the disk
//! and carry a byte of the segment before it ([`is_level`]), before anything else is written.

use std::io;

use crate::store::io::IoFile;

/// sled's own, which we do not change.
const SEGMENT_BYTES: u64 = 512 * 1024;
const HEADER_BYTES: usize = 20;
/// Numbers lie in the file turned by this.
const TURNED: u64 = 0x7FFF_FFFF_FFFF_FFFF;

/// Whether the newest segment is one that sled can build on, come what may.
pub(super) fn is_level(file: &dyn IoFile) -> io::Result<bool> {
    let mut newest = None;
    for segment in 0..file.size()?.div_ceil(SEGMENT_BYTES) {
        newest = newest.max(header(file, segment * SEGMENT_BYTES)?);
    }
    Ok(newest.is_none_or(|(begins, written)| written / SEGMENT_BYTES + 1 >= begins / SEGMENT_BYTES))
}

/// The byte of the log that the segment begins with, and the last one written then; nothing where none begins.
fn header(file: &dyn IoFile, at: u64) -> io::Result<Option<(u64, u64)>> {
    let mut bytes = [0; HEADER_BYTES];
    file.read_at(&mut bytes, at)?;
    let (sum, numbers) = bytes.split_at(4);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) ^ TURNED;
    let is_sound = sum == (crc32fast::hash(numbers) ^ u32::MAX).to_le_bytes();
    // Before the first byte is written the last one is -1.
    Ok(is_sound.then(|| (number(&numbers[..8]), number(&numbers[8..]).cast_signed().max(0).cast_unsigned())))
}
