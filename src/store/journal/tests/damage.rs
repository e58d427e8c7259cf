//! Flipped bytes and missing files: damage stops the start and names the tool, a torn end does not.

use super::*;
use crate::store::io::crash::Loss;

/// Six frames, of which the last is a seal if wanted; also where each frame begins.
fn journal(seal: bool) -> (MemoryIo, Vec<Owned>, Vec<u64>) {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    let mut turns = Vec::new();
    let mut begins = Vec::new();
    for seq in 1..=5 {
        begins.push(journal.used_bytes());
        turns.push(turn(1000, seq, 600));
        journal.append(&group(&turns[turns.len() - 1..])).unwrap();
    }
    begins.push(journal.used_bytes());
    if seal {
        journal.seal().unwrap();
        journal.seal().unwrap();
        begins.push(journal.used_bytes());
    }
    (io, turns, begins)
}

fn segment(number: u64) -> PathBuf {
    Path::new(DIR).join(format!("{number:08}.segment"))
}

fn flipped(io: &MemoryIo, at: u64) -> MemoryIo {
    let copy = io.crash(io.operations(), Loss::Nothing);
    copy.corrupt(&segment(1), |bytes| bytes[at as usize] ^= 0x10);
    copy
}

#[test]
fn a_flipped_byte_under_a_later_frame_is_damage() {
    let (io, turns, begins) = journal(true);
    let sealed_from = begins[5];
    for at in (0..sealed_from).step_by(7) {
        let frame = begins.iter().rposition(|begin| *begin <= at).unwrap();
        // The zeros after a frame mean nothing; everything else does.
        let padding = at >= begins[frame] + 72 + 40 + 16 + 600;
        match open(&flipped(&io, at)) {
            Ok((_, recovered)) => assert!(padding && recovered == turns, "byte {at}"),
            Err(error) => {
                assert!(!padding && error.to_string().contains("realms journal verify"), "byte {at}: {error}");
                let report = verify(Path::new(DIR), &flipped(&io, at)).unwrap();
                assert!(report.damage.is_some() && report.chain.is_none());
            }
        }
    }
}

#[test]
fn a_flipped_byte_in_the_seal_costs_nothing() {
    let (io, turns, begins) = journal(true);
    for at in begins[5]..begins[6] {
        assert_eq!(open(&flipped(&io, at)).unwrap().1, turns);
    }
}

#[test]
fn a_broken_last_frame_without_a_seal_is_a_torn_end() {
    let (io, turns, begins) = journal(false);
    let copy = flipped(&io, begins[4] + 100);
    let report = verify(Path::new(DIR), &copy).unwrap();
    assert_eq!((report.chain, report.damage), (Some((1, 4)), None));
    let (mut journal, recovered) = open(&copy).unwrap();
    assert_eq!(recovered, turns[..4]);
    assert_eq!(journal.append(&group(&turns[4..])).unwrap(), 5);
}

#[test]
fn a_refused_journal_is_left_as_it_was() {
    let (io, _, begins) = journal(true);
    let copy = flipped(&io, begins[2] + 80);
    assert!(open(&copy).is_err());
    assert_eq!(copy.operations(), 0);
}

#[test]
fn a_missing_segment_is_damage() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    for seq in 1..=60 {
        journal.append(&group(&[turn(1000, seq, 700)])).unwrap();
    }
    assert!(journal.segments().0 >= 4);
    drop(journal);
    for number in 1..=3 {
        let copy = io.crash(io.operations(), Loss::Nothing);
        copy.remove(&segment(number)).unwrap();
        assert!(matches!(open(&copy).err(), Some(JournalError::Damaged { .. })), "segment {number}");
    }
}

#[test]
fn a_lost_or_broken_identity_is_damage() {
    let (io, _, _) = journal(false);
    let meta = Path::new(DIR).join("journal");
    let copy = io.crash(io.operations(), Loss::Nothing);
    copy.remove(&meta).unwrap();
    assert!(matches!(open(&copy).err(), Some(JournalError::Damaged { .. })));
    for at in 0..58 {
        let copy = io.crash(io.operations(), Loss::Nothing);
        copy.corrupt(&meta, |bytes| bytes[at] ^= 1);
        assert!(matches!(open(&copy).err(), Some(JournalError::Damaged { .. })), "byte {at}");
    }
}

#[test]
fn frames_of_another_journal_are_not_taken() {
    let (io, _, _) = journal(false);
    let (other, turns, _) = journal(false);
    let mut foreign = vec![0; SEGMENT_BYTES as usize];
    io.open(&segment(1)).unwrap().read_at(&mut foreign, 0).unwrap();
    let place = Path::new(DIR).join("00000009.segment");
    other.create(&place).unwrap().write_at(&foreign, 0).unwrap();
    assert_eq!(open(&other).unwrap().1, turns);
}

/// A dump goes on behind the damage: it shows whatever can be read.
#[test]
fn a_dump_shows_what_is_left() {
    let (io, _, begins) = journal(true);
    let (seen, troubles) = past_of(&flipped(&io, begins[2] + 80), Path::new(DIR));
    assert_eq!(seen.iter().map(|turn| turn.2).collect::<Vec<_>>(), [1, 2, 4, 5]);
    assert!(troubles[0].contains("frame 3 cannot be read"), "{troubles:?}");
}
