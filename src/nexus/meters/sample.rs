//! What is as it is, and not counted as it happens: the depths of the queues, and what the worlds hold. Looked at once
//! a second.

use std::time::Duration;

use metrics::Gauge;
use tokio_util::sync::CancellationToken;

use super::*;

/// Between two looks.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// What the worlds hold, as the Pulsar thread answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    pub worlds: usize,
    pub parked: usize,
    pub timings: usize,
    pub errands: usize,
    pub players: usize,
    pub linkless: usize,
    pub mobs: usize,
    pub items: usize,
}

/// A queue between two nodes.
pub struct Line {
    pub name: &'static str,
    /// What may wait at the most.
    pub limit: usize,
    /// What waits.
    pub depth: Box<dyn Fn() -> usize + Send + Sync>,
}

/// Looks until the shutdown. The lines keep their queues open for as long.
pub async fn sample<F: Future<Output = Option<Survey>> + Send>(
    lines: Vec<Line>,
    condition: impl Fn() -> u8 + Send,
    survey: impl Fn() -> F + Send,
    shutdown: CancellationToken,
) {
    for line in &lines {
        QUEUE_LIMIT.gauge_of(line.name).set(line.limit as f64);
    }
    let depths: Vec<Gauge> = lines.iter().map(|line| QUEUE.gauge_of(line.name)).collect();
    let shown = CONDITION.gauge();
    let held = [WORLDS, WORLDS_PARKED, TIMINGS, ERRANDS, PLAYERS, LINKLESS, MOBS, ITEMS].map(|metric| metric.gauge());
    let mut due = tokio::time::interval(SAMPLE_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = due.tick() => {}
        }
        for (line, gauge) in lines.iter().zip(&depths) {
            gauge.set((line.depth)() as f64);
        }
        shown.set(f64::from(condition()));
        let Some(survey) = survey().await else { continue };
        let Survey { worlds, parked, timings, errands, players, linkless, mobs, items } = survey;
        let found = [worlds, parked, timings, errands, players, linkless, mobs, items];
        held.iter().zip(found).for_each(|(gauge, count)| gauge.set(count as f64));
    }
}
