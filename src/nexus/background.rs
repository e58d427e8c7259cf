//! Background: carries errands to the Forge and brings the answers back as instructions. It never
//! blocks another node. An errand that could not be delivered stays open in its world's state and is
//! carried again; the Forge answers each id once.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use crate::link::{Link, LinkError};
use crate::world::internal::{Answer, Errand, ErrandCall, ErrandId, ErrandReply};
use crate::world::template::WorldId;

use super::drive::Arrival;
use super::game::Inward;
use super::meters::ERRANDS_FAILED;
use super::pulsar::instruction::{Instruction, PART_BYTES_MAX, Reply};
use super::pulsar::record::{Ask, OpenErrand};

/// Errands that are carried at once.
const CARRIED_AT_ONCE: usize = 16;
/// Between two tries while the Forge is away.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MOST: Duration = Duration::from_secs(10);
/// Open errands are let out again this often, for what was lost on the way.
const RESEND_EVERY: Duration = Duration::from_secs(30);

/// The worlds that this nexus runs and the epoch of each one's lease.
pub type Epochs = Arc<Mutex<BTreeMap<WorldId, i64>>>;

pub struct Background {
    pub nexus: String,
    pub link: Link,
    pub inward: Inward,
    pub epochs: Epochs,
}

impl Background {
    /// Runs until the line closes.
    pub async fn run(self, mut line: mpsc::Receiver<(WorldId, OpenErrand)>) {
        let me = Arc::new(self);
        let carried: Arc<Mutex<HashSet<(WorldId, ErrandId)>>> = Arc::default();
        let room = Arc::new(Semaphore::new(CARRIED_AT_ONCE));
        let mut resend = tokio::time::interval(RESEND_EVERY);
        loop {
            let (spawn, errand) = tokio::select! {
                next = line.recv() => match next {
                    Some(next) => next,
                    None => return,
                },
                _ = resend.tick() => {
                    let spawns: Vec<WorldId> = lock(&me.epochs).keys().copied().collect();
                    for spawn in spawns {
                        me.inward.control(Arrival::Resend { spawn });
                    }
                    continue;
                }
            };
            if !lock(&carried).insert((spawn, errand.id)) {
                continue;
            }
            let Ok(permit) = room.clone().acquire_owned().await else { return };
            let (me, carried) = (me.clone(), carried.clone());
            tokio::spawn(async move {
                let id = errand.id;
                me.carry(spawn, errand).await;
                lock(&carried).remove(&(spawn, id));
                drop(permit);
            });
        }
    }

    /// Carries one errand until it is answered, or its world is no longer here.
    async fn carry(&self, spawn: WorldId, open: OpenErrand) {
        let errand = match open.what {
            Ask::Forge(errand) => errand,
            Ask::Whois { name, .. } => Errand::Whois { name },
            Ask::React { .. } | Ask::Loading { .. } => return,
        };
        let mut wait = RETRY_FIRST;
        loop {
            let Some(epoch) = lock(&self.epochs).get(&spawn).copied() else { return };
            let call = ErrandCall { nexus: self.nexus.clone(), spawn, epoch, id: open.id, errand: errand.clone() };
            match self.link.post::<ErrandReply>("/internal/errands", &call).await {
                Ok(reply) => return self.answer(spawn, open.id, reply.answer).await,
                Err(LinkError::Refused { status, code, text }) => {
                    // Another epoch or another content under a known id: answering would be a lie.
                    tracing::error!(spawn, %status, %code, %text, "the Forge refused an errand");
                    if code == "malformed" || code == "unknown_errand" {
                        let answer = Answer::Refused { code, text };
                        return self.answer(spawn, open.id, answer).await;
                    }
                }
                Err(error) => {
                    ERRANDS_FAILED.counter().increment(1);
                    tracing::debug!(spawn, %error, "the Forge is away; the errand waits");
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_MOST);
        }
    }

    async fn answer(&self, spawn: WorldId, errand: ErrandId, answer: Answer) {
        let answer = match answer {
            Answer::Load(plan) => {
                let Ok(bytes) = postcard::to_stdvec(&plan) else { return };
                let stage = stage_of(errand);
                stage_parts(&self.inward, spawn, stage, &bytes).await;
                Reply::Plan { stage }
            }
            other => Reply::Forge(other),
        };
        self.inward.internal(spawn, Instruction::Answered { errand, answer }).await;
    }
}

/// A stage number for an errand's answer: the same for the same errand, so that a second delivery replaces the first.
fn stage_of(errand: ErrandId) -> u64 {
    (1 << 63) | (errand.seq << 8) | u64::from(errand.ordinal & 0xff)
}

/// Hands a payload to a world in parts.
pub async fn stage_parts(inward: &Inward, spawn: WorldId, stage: u64, bytes: &[u8]) {
    let parts = bytes.len().div_ceil(PART_BYTES_MAX).max(1) as u16;
    for part in 0..parts {
        let from = usize::from(part) * PART_BYTES_MAX;
        let to = (from + PART_BYTES_MAX).min(bytes.len());
        let instruction = Instruction::Stage { stage, part, parts, bytes: bytes[from..to].to_vec() };
        inward.internal(spawn, instruction).await;
    }
}

/// A lock whose holder cannot have left half a change behind.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
