//! Follows the commands of single players from frame to delivery while an operator looks. A followed command
//! reports each stage as it passes it; a task writes the reports to the log and keeps them for whoever asked.
//! Nothing is followed by default: then a command costs one look at a counter. Reports name commands of the table, numbers
//! and times, and never what was typed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tracing::Span;

use crate::world::character::PlayerId;

use super::background::lock;
use super::message::Message;
use super::pulsar::command;
use super::pulsar::instruction::Instruction;

/// Players that are followed at once.
pub const TRACES_MAX: usize = 8;
/// A trace ends by itself after at most this.
pub const TRACE_TIME_MAX: Duration = Duration::from_secs(3600);
/// Reports that are kept of one player until they are fetched; older ones give way.
const KEPT_MAX: usize = 4096;
/// Reports that wait to be written down; more are left out and counted.
const REPORTS_MAX: usize = 1024;
/// Ids of recipients that a report names; the count has all of them.
const NAMED_MAX: usize = 16;
/// A trace that has ended can be read for so long.
const READABLE_AFTER: Duration = Duration::from_secs(60);
/// Between two looks for traces that have ended.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a command has just passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The frame was read and understood.
    Read,
    /// There was room in the inlet.
    Given,
    /// The Pulsar thread took it from the inlet.
    Taken,
    /// Its turn was applied.
    Applied,
    /// Its turn is on the disk.
    Durable,
    /// Its messages are let out although its turn may not be on the disk yet (durability "relaxed").
    Released,
    /// Its messages are in the outboxes.
    Delivered,
    /// The player's own socket has written them.
    Written,
    /// It came to an end before: refused, dropped, or its socket was gone.
    Ended,
}

/// One stage of one command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Counts the reports of a trace.
    pub number: u64,
    pub player: PlayerId,
    /// Counts the commands that were followed.
    pub command: u64,
    /// The command's name in the table, or what kind of frame it was.
    pub name: String,
    pub stage: Stage,
    /// Microseconds since the frame was read.
    pub at_us: u64,
    /// Microseconds since the stage before.
    pub after_us: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryReport>,
}

/// What is known of the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnReport {
    pub spawn: i64,
    /// The world's sequence after it.
    pub seq: u64,
    /// World milliseconds.
    pub world_ms: u64,
    /// Wall time of the turn.
    pub micros: u64,
}

/// What is known of its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReport {
    pub messages: usize,
    pub deliveries: usize,
    /// The recipients, or the first of them.
    pub to: Vec<PlayerId>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceOrder {
    pub player: PlayerId,
    /// How long; 0 ends a trace.
    pub seconds: u64,
}

/// What became of it so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TraceReports {
    pub reports: Vec<Report>,
    /// Reports that gave way or were left out, since the trace began.
    pub missed: u64,
    pub ended: bool,
}

/// Why a player is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceRefused {
    #[error("{TRACES_MAX} players are followed already")]
    Full,
    #[error("a trace takes at most {} seconds", TRACE_TIME_MAX.as_secs())]
    TooLong,
}

/// Who is followed. Clones are of the same.
#[derive(Clone)]
pub struct Tracer(Arc<Shared>);

struct Shared {
    /// How many are followed: while it is 0, nothing else is looked at.
    on: AtomicUsize,
    traces: Mutex<BTreeMap<PlayerId, Trace>>,
    reports: mpsc::Sender<Report>,
    missed: AtomicU64,
}

struct Trace {
    until: Instant,
    ended: bool,
    commands: u64,
    next_report: u64,
    kept: VecDeque<Report>,
    missed: u64,
}

/// A command that is followed. Dropped on its way, it says that it ended.
pub struct Followed {
    shared: Arc<Shared>,
    pub player: PlayerId,
    pub session: u64,
    command: u64,
    name: &'static str,
    read: Instant,
    last: Instant,
    delivery: DeliveryReport,
    is_done: bool,
}

impl Tracer {
    /// A tracer, and the end of its line for [`write_down`].
    pub fn new() -> (Self, mpsc::Receiver<Report>) {
        let (reports, line) = mpsc::channel(REPORTS_MAX);
        let (on, missed) = (AtomicUsize::new(0), AtomicU64::new(0));
        (Self(Arc::new(Shared { on, traces: Mutex::default(), reports, missed })), line)
    }

    /// Follows a player, or follows them for another while.
    ///
    /// # Errors
    /// Too many are followed, or for too long.
    pub fn follow(&self, order: TraceOrder) -> Result<(), TraceRefused> {
        let time = Duration::from_secs(order.seconds);
        if time > TRACE_TIME_MAX {
            return Err(TraceRefused::TooLong);
        }
        let mut traces = lock(&self.0.traces);
        let others = traces.iter().filter(|(player, trace)| **player != order.player && !trace.ended).count();
        if others >= TRACES_MAX {
            return Err(TraceRefused::Full);
        }
        let until = Instant::now() + time;
        match traces.get_mut(&order.player).filter(|trace| !trace.ended) {
            Some(trace) => trace.until = until,
            None if order.seconds == 0 => {}
            None => {
                let fresh =
                    Trace { until, ended: false, commands: 0, next_report: 1, kept: VecDeque::new(), missed: 0 };
                traces.insert(order.player, fresh);
                tracing::info!(target: "realms::trace", player = order.player, seconds = order.seconds, "following a player");
            }
        }
        self.0.count(&traces);
        Ok(())
    }

    /// What was reported of a player after report `after`. None when nobody asked for it, or too long ago.
    pub fn reports(&self, player: PlayerId, after: u64) -> Option<TraceReports> {
        let traces = lock(&self.0.traces);
        let trace = traces.get(&player)?;
        let reports = trace.kept.iter().filter(|report| report.number > after).cloned().collect();
        let missed = trace.missed + self.0.missed.load(Ordering::Relaxed);
        Some(TraceReports { reports, missed, ended: trace.ended })
    }

    /// A command that was just read, if its player is followed.
    pub fn command(&self, player: PlayerId, session: u64, instruction: &Instruction) -> Option<Box<Followed>> {
        if self.0.on.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let now = Instant::now();
        let command = {
            let mut traces = lock(&self.0.traces);
            let trace = traces.get_mut(&player).filter(|trace| !trace.ended && now < trace.until)?;
            trace.commands += 1;
            trace.commands
        };
        let (shared, name, delivery) = (self.0.clone(), name_of(instruction), DeliveryReport::default());
        let mut followed =
            Followed { shared, player, session, command, name, read: now, last: now, delivery, is_done: false };
        followed.pass(Stage::Read);
        Some(Box::new(followed))
    }
}

impl Shared {
    fn count(&self, traces: &BTreeMap<PlayerId, Trace>) {
        self.on.store(traces.values().filter(|trace| !trace.ended).count(), Ordering::Relaxed);
    }

    /// Ends what has had its time.
    fn look(&self) {
        let now = Instant::now();
        let mut traces = lock(&self.traces);
        for (player, trace) in traces.iter_mut().filter(|(_, trace)| !trace.ended && now >= trace.until) {
            trace.ended = true;
            tracing::info!(target: "realms::trace", player, commands = trace.commands, "following a player has ended");
        }
        traces.retain(|_, trace| !trace.ended || now < trace.until + READABLE_AFTER);
        self.count(&traces);
    }

    fn keep(&self, report: &Report) {
        let mut traces = lock(&self.traces);
        let Some(trace) = traces.get_mut(&report.player) else { return };
        trace.kept.push_back(Report { number: trace.next_report, ..report.clone() });
        trace.next_report += 1;
        if trace.kept.len() > KEPT_MAX {
            trace.kept.pop_front();
            trace.missed += 1;
        }
    }
}

impl Followed {
    /// The command passes a stage now.
    pub fn pass(&mut self, stage: Stage) {
        self.report(stage, None);
    }

    /// Its turn was applied.
    pub fn applied(&mut self, turn: TurnReport) {
        self.report(Stage::Applied, Some(turn));
    }

    /// Counts a message that its turn yielded.
    pub fn count(&mut self, message: &Message) {
        self.delivery.messages += 1;
        self.delivery.deliveries += message.to.len();
        for (player, _) in &message.to {
            if self.delivery.to.len() < NAMED_MAX && !self.delivery.to.contains(player) {
                self.delivery.to.push(*player);
            }
        }
    }

    fn report(&mut self, stage: Stage, turn: Option<TurnReport>) {
        let now = Instant::now();
        let micros = |since: Instant| now.saturating_duration_since(since).as_micros() as u64;
        let report = Report {
            number: 0,
            player: self.player,
            command: self.command,
            name: self.name.to_owned(),
            stage,
            at_us: micros(self.read),
            after_us: micros(self.last),
            turn,
            delivery: (stage == Stage::Delivered).then(|| self.delivery.clone()),
        };
        self.last = now;
        self.is_done = matches!(stage, Stage::Written | Stage::Ended);
        if self.shared.reports.try_send(report).is_err() {
            self.shared.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        if !self.is_done {
            self.report(Stage::Ended, None);
        }
    }
}

impl std::fmt::Debug for Followed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Followed({} {})", self.player, self.command)
    }
}

/// A name that gives nothing away: one of the table's, whatever was typed.
fn name_of(instruction: &Instruction) -> &'static str {
    let known = |word: &str| command::find(&word.to_lowercase()).map_or("other", |command| command.names[0]);
    match instruction {
        Instruction::Text { text, .. } if text.trim_start().starts_with('\'') => "say",
        Instruction::Text { text, .. } => known(command::split_word(text).0),
        Instruction::Act { act, .. } => known(&act.action),
        Instruction::Connect { .. } | Instruction::Resume { .. } => "(connect)",
        Instruction::Sync { .. } => "(sync)",
        Instruction::Quit { .. } => "(quit)",
        _ => "(other)",
    }
}

/// Writes reports to the log and keeps them, until the line closes. Each command is a span of its own.
pub async fn write_down(tracer: Tracer, mut line: mpsc::Receiver<Report>) {
    let mut spans: HashMap<(PlayerId, u64), Span> = HashMap::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        let report = tokio::select! {
            report = line.recv() => report,
            _ = look.tick() => {
                tracer.0.look();
                continue;
            }
        };
        let Some(report) = report else { return };
        tracer.0.keep(&report);
        tell(&report, &mut spans);
    }
}

fn tell(report: &Report, spans: &mut HashMap<(PlayerId, u64), Span>) {
    let Report { player, command, name, stage, at_us, after_us, turn, delivery, .. } = report;
    if spans.len() >= REPORTS_MAX {
        // Ends of commands were left out of the line: their spans are given up.
        spans.clear();
    }
    let fresh = || tracing::info_span!(target: "realms::trace", "command", player, command, name);
    let span = spans.entry((*player, *command)).or_insert_with(fresh).clone();
    span.in_scope(|| match (turn, delivery) {
        (Some(TurnReport { spawn, seq, world_ms, micros }), _) => {
            tracing::info!(target: "realms::trace", ?stage, at_us, after_us, spawn, seq, world_ms, turn_us = micros);
        }
        (_, Some(DeliveryReport { messages, deliveries, to })) => {
            tracing::info!(target: "realms::trace", ?stage, at_us, after_us, messages, deliveries, ?to);
        }
        _ => tracing::info!(target: "realms::trace", ?stage, at_us, after_us),
    });
    if matches!(stage, Stage::Written | Stage::Ended) {
        spans.remove(&(*player, *command));
    }
}

#[cfg(test)]
mod tests;
