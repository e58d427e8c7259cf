//! How long turns took, kept by the Pulsar thread for one group and told when the group is durable, on the journal's
//! thread: so a turn costs one look at the clock and two additions.

use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram};

use crate::nexus::pulsar::instruction::KINDS;

use super::{DURABLE_LAG, GROUP_BYTES, GROUP_TURNS, JOURNAL_USED, LATE, SYNC, TURN, TURN_CPU};

/// Upper ends of the buckets, in nanoseconds: those of the recorder, which gets the mean of each.
const ENDS: [u64; 19] = [
    2_000,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
    4_000_000_000,
    16_000_000_000,
];

/// Samples of one bucket, and their sum in nanoseconds.
type Cell = (u32, u64);
type Row = [Cell; ENDS.len() + 1];

/// Turn times of one group, by kind of instruction, and how late worlds got their turns.
pub struct Tally {
    kinds: [Row; KINDS.len()],
    late: Row,
    /// The kinds that have samples, a bit each.
    seen: u32,
    /// When the first turn of the group was about to be applied.
    begun: Option<Instant>,
    /// CPU time of this thread when it was last looked at.
    cpu: Duration,
    /// The most CPU time of one turn, by kind.
    longest: [Duration; KINDS.len()],
}

/// Turns of less wall time than this have had less CPU time, and are not looked at.
const LONG: Duration = Duration::from_millis(1);

impl Default for Tally {
    fn default() -> Self {
        let row = Row::default();
        let (cpu, longest) = (Duration::ZERO, [Duration::ZERO; KINDS.len()]);
        Self { kinds: [row; KINDS.len()], late: row, seen: 0, begun: None, cpu, longest }
    }
}

impl Tally {
    /// Turns follow each other from here on.
    pub fn begin(&mut self) -> Instant {
        self.cpu = thread_cpu();
        Instant::now()
    }

    /// A turn of this kind of instruction, from `begun` until now; now.
    pub fn turn(&mut self, kind: usize, begun: Instant) -> Instant {
        let ended = Instant::now();
        self.begun.get_or_insert(begun);
        self.seen |= 1 << kind;
        let wall = ended.saturating_duration_since(begun);
        put(&mut self.kinds[kind], wall.as_nanos() as u64);
        if wall >= LONG {
            let cpu = thread_cpu();
            // Short turns before it are counted with it: it is no less than this.
            self.longest[kind] = self.longest[kind].max(cpu.saturating_sub(self.cpu).min(wall));
            self.cpu = cpu;
        }
        ended
    }

    /// A world gets its turns this many world milliseconds after the first one was due.
    pub fn late(&mut self, millis: u64) {
        put(&mut self.late, millis.saturating_mul(1_000_000));
    }
}

fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn put(row: &mut Row, nanos: u64) {
    let cell = &mut row[ENDS.partition_point(|end| *end < nanos)];
    cell.0 += 1;
    cell.1 += nanos;
}

/// What the journal's thread counts of each group.
pub struct GroupMeters {
    /// Made as they are seen: most kinds are rare.
    kinds: [Option<Histogram>; KINDS.len()],
    late: Histogram,
    lag: Histogram,
    longest: [Duration; KINDS.len()],
    turns: Histogram,
    bytes: Counter,
    pub append: Histogram,
    pub used: Gauge,
}

impl Default for GroupMeters {
    fn default() -> Self {
        Self {
            kinds: [const { None }; KINDS.len()],
            late: LATE.histogram(),
            lag: DURABLE_LAG.histogram(),
            longest: [Duration::ZERO; KINDS.len()],
            turns: GROUP_TURNS.histogram(),
            bytes: GROUP_BYTES.counter(),
            append: SYNC.histogram(),
            used: JOURNAL_USED.gauge(),
        }
    }
}

impl GroupMeters {
    /// A group goes to the disk.
    pub fn group(&self, turns: u32, bytes: usize) {
        self.turns.record(f64::from(turns));
        self.bytes.increment(bytes as u64);
    }

    /// The group is durable and let out: its figures are told, and the tally is empty again.
    pub fn released(&mut self, tally: &mut Tally) {
        if let Some(begun) = tally.begun.take() {
            self.lag.record(begun.elapsed().as_secs_f64());
        }
        tell(&self.late, &mut tally.late);
        let mut seen = std::mem::take(&mut tally.seen);
        while seen != 0 {
            let kind = seen.trailing_zeros() as usize;
            seen &= seen - 1;
            let meter = self.kinds[kind].get_or_insert_with(|| TURN.histogram_of(KINDS[kind]));
            tell(meter, &mut tally.kinds[kind]);
            let longest = std::mem::take(&mut tally.longest[kind]);
            if longest > self.longest[kind] {
                self.longest[kind] = longest;
                TURN_CPU.gauge_of(KINDS[kind]).set(longest.as_secs_f64());
            }
        }
    }
}

fn tell(meter: &Histogram, row: &mut Row) {
    for cell in row.iter_mut().filter(|cell| cell.0 > 0) {
        let (count, sum) = std::mem::take(cell);
        let mean = Duration::from_nanos(sum / u64::from(count));
        meter.record_many(mean.as_secs_f64(), count as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_bit_and_every_bucket_is_the_recorders() {
        assert!(KINDS.len() <= u32::BITS as usize);
        assert_eq!(ENDS.map(|end| Duration::from_nanos(end).as_secs_f64()), crate::probe::BUCKETS_SECONDS);
    }

    #[test]
    fn a_tally_is_told_once_and_is_empty_then() {
        let mut tally = Tally::default();
        let before = Instant::now();
        assert!(tally.turn(2, before) >= before);
        tally.turn(2, before - Duration::from_millis(30));
        tally.late(7);
        let samples = |tally: &Tally| tally.kinds.iter().flatten().map(|cell| cell.0).sum::<u32>();
        assert_eq!((samples(&tally), tally.seen), (2, 1 << 2));
        assert_eq!(tally.kinds[2][ENDS.partition_point(|end| *end < 30_000_000)].0, 1, "thirty milliseconds and a bit");
        assert_eq!(tally.late[ENDS.partition_point(|end| *end < 7_000_000)], (1, 7_000_000));
        GroupMeters::default().released(&mut tally);
        assert_eq!((samples(&tally), tally.seen, tally.begun), (0, 0, None));
        assert!(tally.late.iter().all(|cell| cell.0 == 0));
    }
}
