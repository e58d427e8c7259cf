//! Space: segments go round, nothing that is needed is overwritten, and the journal says how full it is.

use super::*;

fn append(journal: &mut Journal, spawn: i64, seq: u64) -> Result<u64, JournalError> {
    journal.append(&group(&[turn(spawn, seq, 700)]))
}

fn segment_files(io: &MemoryIo) -> usize {
    io.list(Path::new(DIR)).unwrap().iter().filter(|name| name.ends_with(".segment")).count()
}

#[test]
fn the_ring_turns_for_ever_in_bounded_space() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    for seq in 1..=2000 {
        append(&mut journal, 1000, seq).unwrap();
        if seq % 10 == 0 {
            journal.covered(1000, 1, seq - 5);
        }
        assert!(journal.used_bytes() <= 3 * SEGMENT_BYTES);
    }
    assert!(segment_files(&io) <= 4);
    drop(journal);
    let (_, recovered) = open(&io).unwrap();
    let seqs: Vec<u64> = recovered.iter().map(|turn| turn.2).collect();
    assert!(seqs[0] <= 1996 && seqs.last() == Some(&2000));
}

#[test]
fn one_world_without_a_cut_keeps_everything_after_it() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    append(&mut journal, 7, 1).unwrap();
    let mut seq = 0;
    let full = loop {
        seq += 1;
        match append(&mut journal, 1000, seq) {
            Ok(_) => journal.covered(1000, 1, seq),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, JournalError::Full));
    assert_eq!(journal.oldest_holders(), [7]);
    drop(journal);
    let (mut journal, recovered) = open(&io).unwrap();
    assert_eq!((recovered.len() as u64, recovered[0].0), (seq, 7));
    journal.covered(1000, 1, seq - 1);
    assert!(matches!(append(&mut journal, 1000, seq), Err(JournalError::Full)));
    journal.covered(7, 1, 1);
    append(&mut journal, 1000, seq).unwrap();
    assert_eq!(journal.fullness(), Fullness::Open);
    drop(journal);
    assert_eq!(open(&io).unwrap().1, [turn(1000, seq, 700)]);
}

#[test]
fn fullness_goes_through_its_stages_and_back() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    let mut stages = vec![journal.fullness()];
    let mut seq = 0;
    loop {
        seq += 1;
        let result = append(&mut journal, 1000, seq);
        if stages.last() != Some(&journal.fullness()) {
            stages.push(journal.fullness());
        }
        if result.is_err() {
            break;
        }
    }
    assert_eq!(stages, [Fullness::Open, Fullness::Half, Fullness::Internal, Fullness::Full]);
    assert_eq!(journal.used_bytes() * 8 / journal.total_bytes(), 7);
    journal.covered(1000, 1, seq / 2);
    assert!(journal.fullness() < Fullness::Internal);
    journal.covered(1000, 1, seq);
    assert_eq!((journal.fullness(), journal.frames()), (Fullness::Open, 0));
    append(&mut journal, 1000, seq).unwrap();
}

#[test]
fn a_forgotten_world_holds_nothing() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    append(&mut journal, 7, 1).unwrap();
    append(&mut journal, 8, 1).unwrap();
    assert_eq!(journal.holders().into_iter().collect::<Vec<_>>(), [7, 8]);
    journal.forget(7);
    assert_eq!(journal.holders().into_iter().collect::<Vec<_>>(), [8]);
    assert!(journal.tail_of(7).is_empty());
}

#[test]
fn a_new_incarnation_covers_the_old_one_whatever_its_sequence() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    append(&mut journal, 7, 5000).unwrap();
    let mut next = Group::new();
    next.push(7, 2, 3, b"after a reset").unwrap();
    journal.append(&next).unwrap();
    journal.covered(7, 1, 9999);
    assert_eq!(journal.frames(), 2, "a late cut of the old one does not cover the new one");
    journal.covered(7, 2, 3);
    assert_eq!(journal.frames(), 0);
}

#[test]
fn a_world_is_read_back_while_the_journal_goes_on() {
    let io = MemoryIo::new();
    let (mut journal, _) = open(&io).unwrap();
    for seq in 1..=40 {
        append(&mut journal, 7 + (seq % 2) as i64, seq).unwrap();
    }
    let tail = journal.tail_of(8);
    for seq in 41..=60 {
        append(&mut journal, 7, seq).unwrap();
    }
    let odd: Vec<u64> = turns_of(&tail).unwrap().iter().map(|turn| turn.2).collect();
    assert_eq!(odd, (1..=40).step_by(2).collect::<Vec<u64>>());
}

#[test]
fn another_segment_size_takes_over_as_old_segments_are_covered() {
    let io = MemoryIo::new();
    let mut seq = 0;
    for size in [SEGMENT_BYTES, 2 * SEGMENT_BYTES, SEGMENT_BYTES / 2] {
        let options = JournalOptions { segment_bytes: size, total_bytes: 8 * size, lends: false };
        let (mut journal, recovered) = open_with(&io, options).unwrap();
        assert_eq!(recovered.last().map_or(0, |turn| turn.2), seq);
        for _ in 0..60 {
            seq += 1;
            journal.covered(1000, 1, seq.saturating_sub(5));
            append(&mut journal, 1000, seq).unwrap();
        }
        assert!(journal.used_bytes() <= 3 * size);
    }
}
