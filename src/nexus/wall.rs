//! The clock on the wall: each minute of UTC comes to every world as an instruction, for facts that change by it. A
//! world without such facts makes nothing of it, and nothing of it is journaled then.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;

use crate::world::template::WorldId;

use super::background::{Epochs, lock};
use super::game::Inward;
use super::pulsar::instruction::Instruction;

/// Minutes that are told late, after the clock jumped or the machine slept; those before them are gone.
const LATE_MAX: u64 = 5;

/// Runs until shut down.
pub async fn run(inward: Inward, epochs: Epochs, shutdown: CancellationToken) {
    let (mut last, _) = now();
    loop {
        let (_, second) = now();
        let left = Duration::from_secs(60 - second) + Duration::from_millis(50);
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(left) => {}
        }
        let (minute, _) = now();
        let spawns: Vec<WorldId> = lock(&epochs).keys().copied().collect();
        for minute in due(last, minute) {
            for spawn in &spawns {
                inward.internal(*spawn, Instruction::Clock { minute }).await;
            }
        }
        // A clock that was set back tells nothing twice.
        last = last.max(minute);
    }
}

/// The minute since 1970, and the second within it.
fn now() -> (u64, u64) {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    (seconds / 60, seconds % 60)
}

fn due(last: u64, now: u64) -> std::ops::RangeInclusive<u64> {
    (last + 1).max((now + 1).saturating_sub(LATE_MAX))..=now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_come_once_and_not_too_late() {
        assert_eq!(due(10, 11).collect::<Vec<_>>(), [11]);
        assert_eq!(due(10, 10).count(), 0);
        assert_eq!(due(10, 9).count(), 0, "set back");
        assert_eq!(due(10, 13).collect::<Vec<_>>(), [11, 12, 13]);
        assert_eq!(due(10, 1_000).collect::<Vec<_>>(), [996, 997, 998, 999, 1_000]);
    }
}
