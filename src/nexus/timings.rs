//! The heap of one world: what is due, in order of (due, class, arrival). The world's own timings
//! come before arrivals from outside at the same millisecond. It never polls: `next_due` tells
//! when to wake.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pulsar::instruction::Instruction;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// A timing of the world's own, kept in its state under this number.
    Own(u64),
    /// From outside, by order of arrival; the instruction lies in `given`.
    Given(u64),
}

/// What is next.
#[derive(Debug)]
pub enum Due {
    Own { due: u64, arrival: u64 },
    Given { due: u64, instruction: Instruction },
}

#[derive(Debug, Default)]
pub struct Timings {
    heap: BinaryHeap<Reverse<(u64, Entry)>>,
    given: std::collections::VecDeque<Instruction>,
    /// Number of the instruction at the front of `given`.
    front: u64,
}

impl Timings {
    /// A timing of the world's own.
    pub fn wait(&mut self, due: u64, arrival: u64) {
        self.heap.push(Reverse((due, Entry::Own(arrival))));
    }

    /// An instruction from outside, due at `due`, which must not lie before that of the last one given.
    pub fn give(&mut self, due: u64, instruction: Instruction) {
        let number = self.front + self.given.len() as u64;
        self.given.push_back(instruction);
        self.heap.push(Reverse((due, Entry::Given(number))));
    }

    /// When the next one is due, in world milliseconds.
    pub fn next_due(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }

    /// Takes the next one that is due by `now`.
    pub fn pop(&mut self, now: u64) -> Option<Due> {
        if self.next_due()? > now {
            return None;
        }
        let Reverse((due, entry)) = self.heap.pop()?;
        match entry {
            Entry::Own(arrival) => Some(Due::Own { due, arrival }),
            Entry::Given(number) => {
                // Given ones are due in the order in which they came, so it is the front one.
                debug_assert_eq!(number, self.front);
                self.front += 1;
                self.given.pop_front().map(|instruction| Due::Given { due, instruction })
            }
        }
    }

    pub fn len(&self) -> usize {
        self.heap.len()
    }

    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// How many arrivals from outside wait.
    pub fn given_len(&self) -> usize {
        self.given.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(timings: &mut Timings, now: u64) -> Vec<String> {
        std::iter::from_fn(|| timings.pop(now))
            .map(|due| match due {
                Due::Own { due, arrival } => format!("{due} own {arrival}"),
                Due::Given { due, instruction: Instruction::Broadcast { text } } => format!("{due} {text}"),
                Due::Given { .. } => "?".into(),
            })
            .collect()
    }

    #[test]
    fn what_is_due_comes_in_order_of_time_then_own_before_given_then_arrival() {
        let mut timings = Timings::default();
        timings.wait(20, 1);
        timings.wait(10, 2);
        for text in ["a", "b"] {
            timings.give(10, Instruction::Broadcast { text: text.into() });
        }
        timings.give(30, Instruction::Broadcast { text: "c".into() });
        assert_eq!(order(&mut timings, 25), ["10 own 2", "10 a", "10 b", "20 own 1"]);
        assert_eq!(timings.next_due(), Some(30));
        assert_eq!(order(&mut timings, 30), ["30 c"]);
    }

    #[test]
    fn a_timing_in_fifty_years_waits_and_a_hundred_thousand_at_once_all_come() {
        let mut timings = Timings::default();
        timings.wait(50 * 365 * 86_400_000, 0);
        for arrival in 1..=100_000 {
            timings.wait(7, arrival);
        }
        assert_eq!(order(&mut timings, 7).len(), 100_000);
        assert_eq!(timings.len(), 1);
    }
}
