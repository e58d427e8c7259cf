//! The clock of an open loop, on a thread of its own: says to each player when its next command is due, by a schedule that
//! is fixed before the first command. The runtime's timers wake to the millisecond; this one is ten times finer.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::persona::Dice;

/// Every player gets `rate` turns a second, each from a phase of its own, until the end.
///
/// # Errors
/// The thread cannot be started.
pub fn start(
    players: Vec<UnboundedSender<Instant>>,
    rate: f64,
    seed: u64,
    begin: Instant,
    end: Instant,
) -> std::io::Result<JoinHandle<()>> {
    let period = Duration::from_secs_f64(1.0 / rate.max(1e-6));
    let mut dice = Dice::new(seed);
    let mut order: Vec<(Duration, UnboundedSender<Instant>)> =
        players.into_iter().map(|player| (period.mul_f64(dice.share()), player)).collect();
    order.sort_by_key(|(phase, _)| *phase);
    std::thread::Builder::new().name("metronome".into()).spawn(move || {
        for round in 0u32.. {
            for (phase, player) in &order {
                let due = begin + period * round + *phase;
                if due >= end {
                    return;
                }
                let now = Instant::now();
                if due > now {
                    std::thread::sleep(due - now);
                }
                // A player who has left misses its turn.
                let _ = player.send(due);
            }
            if order.is_empty() {
                return;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_player_gets_its_turns_and_no_more() {
        let (a, mut at_a) = tokio::sync::mpsc::unbounded_channel();
        let (b, mut at_b) = tokio::sync::mpsc::unbounded_channel();
        let begin = Instant::now();
        start(vec![a, b], 100.0, 3, begin, begin + Duration::from_millis(50)).unwrap().join().unwrap();
        for turns in [&mut at_a, &mut at_b] {
            let mut due = Vec::new();
            while let Ok(at) = turns.try_recv() {
                due.push(at);
            }
            assert_eq!(due.len(), 5);
            assert!(due.windows(2).all(|pair| pair[1] - pair[0] == Duration::from_millis(10)));
        }
    }
}
