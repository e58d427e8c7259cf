//! Gates: how long a trigger waits before it happens again, for each place, item or mob that it happens to.

use crate::nexus::pulsar::record::{GateId, Stamp};
use crate::nexus::pulsar::world::World;
use crate::world::template::TriggerId;

/// When it opens, in world milliseconds; `u64::MAX` never, none where it is open.
pub fn until(world: &World, of: i64, trigger: TriggerId) -> Option<u64> {
    world.gates.get(GateId { of, trigger }).map(|stamp| stamp.0)
}

/// Until when a gate is shut from now on, by its delay in seconds: 0 not at all, negative for ever.
pub fn closing(now: u64, delay: i64) -> Option<u64> {
    match delay {
        0 => None,
        seconds if seconds < 0 => Some(u64::MAX),
        seconds => Some(now.saturating_add(seconds.unsigned_abs().saturating_mul(1000))),
    }
}

/// Shuts a gate.
pub fn shut(world: &mut World, of: i64, trigger: TriggerId, delay: i64) {
    let gate = GateId { of, trigger };
    match closing(world.meta.now, delay) {
        Some(until) => drop(world.gates.insert(gate, Stamp(until))),
        None => drop(world.gates.remove(gate)),
    }
}

impl World {
    /// An item or mob ceases to be, and its gates with it.
    pub(in crate::nexus::pulsar) fn forget_gates(&mut self, of: i64) {
        if self.gates.is_empty() {
            return;
        }
        let first = GateId { of, trigger: i64::MIN };
        let own = self.gates.after(first).map(|(gate, _)| gate).take_while(|gate| gate.of == of);
        for gate in own.collect::<Vec<_>>() {
            self.gates.remove(gate);
        }
    }
}
