//! What the engine counts and measures of itself, for `/metrics`: the table of all of it, and the handles that the nodes
//! count with. Handles are looked up once. Nothing here is read by the engine, and no label has a player's name.

mod sample;
mod tally;

use metrics::{Counter, Gauge, Histogram};

pub use sample::{Line, Survey, sample};
pub use tally::{GroupMeters, Tally};

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One metric: its name, the name of its label or nothing, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub kind: Kind,
    pub name: &'static str,
    pub label: &'static str,
    pub help: &'static str,
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { kind: Kind::Counter, name, label: "", help }
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric { kind: Kind::Gauge, name, label: "", help }
}

const fn histogram(name: &'static str, help: &'static str) -> Metric {
    Metric { kind: Kind::Histogram, name, label: "", help }
}

pub const TURN: Metric = Metric {
    label: "kind",
    ..histogram(
        "realms_turn_seconds",
        "Wall time of turns, by the kind of their instruction: the thread's waits included",
    )
};
pub const TURN_CPU: Metric = Metric {
    label: "kind",
    ..gauge(
        "realms_turn_cpu_longest_seconds",
        "The most CPU time that one turn took since the start, by kind; only turns of 1 ms of wall time and more are looked at",
    )
};
pub const LATE: Metric = histogram(
    "realms_due_late_seconds",
    "How long the first instruction due had waited each time a world got its turns; world time, so in milliseconds",
);
pub const TIMINGS: Metric = gauge("realms_timings", "Entries of the worlds' heaps: what is due, now or later");
pub const QUEUE: Metric =
    Metric { label: "queue", ..gauge("realms_queue_depth", "What waits between two nodes; see realms_queue_limit") };
pub const QUEUE_LIMIT: Metric =
    Metric { label: "queue", ..gauge("realms_queue_limit", "What may wait between two nodes at the most") };
pub const DURABLE_LAG: Metric = histogram(
    "realms_durable_lag_seconds",
    "From a group's first turn until its messages are let out: with strict durability, once it is on the disk",
);
pub const GROUP_TURNS: Metric = histogram("realms_journal_group_turns", "Turns that became durable together");
pub const GROUP_BYTES: Metric = counter("realms_journal_written_bytes_total", "Bytes of turns given to the journal");
pub const SYNC: Metric = histogram("realms_journal_append_seconds", "Writing and syncing a group");
pub const JOURNAL_USED: Metric = gauge("realms_journal_used_bytes", "Journal space that no cut has freed yet");
pub const CONDITION: Metric = gauge(
    "realms_journal_condition",
    "0 sound, 1 half full, 2 so full that players are refused, 3 failing: nothing is applied",
);
pub const CUT: Metric = histogram("realms_cut_commit_seconds", "Storing a cut");
pub const CUT_RECORDS: Metric = counter("realms_cut_records_total", "Records that cuts have stored or removed");
pub const DELIVERIES: Metric =
    counter("realms_deliveries_total", "Messages put into outboxes, counted for each recipient");
pub const OUTBOX_FULL: Metric =
    counter("realms_outbox_full_total", "Messages that found their outbox full: that socket is closed");
pub const MIRROR_LAG: Metric =
    histogram("realms_mirror_lag_seconds", "From a cut being stored until the mirror in Redis shows it");
pub const MIRROR_KNOWN: Metric =
    gauge("realms_mirror_known", "1 while the mirror in Redis is right; 0 without one, and while it is written anew");
pub const ERRANDS: Metric =
    gauge("realms_errands_open", "Errands open in the worlds: questions that wait for an answer");
pub const ERRANDS_DEFERRED: Metric =
    counter("realms_errands_deferred_total", "Errands that found their line full and are let out again later");
pub const ERRANDS_FAILED: Metric = counter("realms_errand_tries_failed_total", "Tries to reach the Forge that failed");
pub const CONNECTIONS: Metric = gauge("realms_game_connections", "Open game sockets");
pub const REFUSED: Metric = counter(
    "realms_game_connections_refused_total",
    "Game sockets refused because their address has as many as it may",
);
pub const ENDED: Metric = Metric {
    label: "ending",
    ..counter("realms_game_connections_ended_total", "Game sockets that have ended, by how; see PROTOCOL.md")
};
pub const FRAMES: Metric = counter("realms_frames_received_total", "Text frames from clients");
pub const FRAMES_REFUSED: Metric = Metric {
    label: "code",
    ..counter("realms_frames_refused_total", "Frames that their socket answered with an error, by its code")
};
pub const WORLDS: Metric = gauge("realms_worlds", "Worlds that run");
pub const WORLDS_PARKED: Metric =
    gauge("realms_worlds_parked", "Worlds that could not be brought back or mended: an operator has to look");
pub const PLAYERS: Metric = gauge("realms_players", "Characters in the worlds");
pub const LINKLESS: Metric = gauge("realms_players_linkless", "Of these, those whose socket is gone");
pub const MOBS: Metric = gauge("realms_mobs", "Mobs in the worlds");
pub const ITEMS: Metric = gauge("realms_items", "Items in the worlds");
pub const RECOVERY: Metric = gauge("realms_recovery_seconds", "What bringing the worlds back took at the last start");
pub const RECOVERY_TURNS: Metric = gauge("realms_recovery_turns", "Turns replayed at the last start");
pub const PANICS: Metric = counter("realms_turns_panicked_total", "Turns that panicked; each is in quarantine");
pub const MENDINGS: Metric = Metric {
    label: "outcome",
    ..counter("realms_mendings_total", "Worlds built anew after a turn that panicked: mended, or parked")
};

pub const HISTORY_BYTES: Metric = gauge("realms_history_bytes", "Bytes of the past that are kept for replay");
pub const HISTORY_KEEP: Metric =
    histogram("realms_history_keep_seconds", "Copying a segment of the journal into history");
pub const HISTORY_LOST: Metric = counter(
    "realms_history_segments_lost_total",
    "Segments that history did not get: play needed them, or they failed",
);

/// All of them, in the order of the document.
pub const TABLE: &[Metric] = &[
    TURN,
    TURN_CPU,
    LATE,
    TIMINGS,
    QUEUE,
    QUEUE_LIMIT,
    DURABLE_LAG,
    GROUP_TURNS,
    GROUP_BYTES,
    SYNC,
    JOURNAL_USED,
    CONDITION,
    CUT,
    CUT_RECORDS,
    DELIVERIES,
    OUTBOX_FULL,
    MIRROR_LAG,
    MIRROR_KNOWN,
    ERRANDS,
    ERRANDS_DEFERRED,
    ERRANDS_FAILED,
    CONNECTIONS,
    REFUSED,
    ENDED,
    FRAMES,
    FRAMES_REFUSED,
    WORLDS,
    WORLDS_PARKED,
    PLAYERS,
    LINKLESS,
    MOBS,
    ITEMS,
    RECOVERY,
    RECOVERY_TURNS,
    PANICS,
    MENDINGS,
    HISTORY_BYTES,
    HISTORY_KEEP,
    HISTORY_LOST,
];

impl Metric {
    pub fn counter(&self) -> Counter {
        metrics::counter!(self.name)
    }

    pub fn gauge(&self) -> Gauge {
        metrics::gauge!(self.name)
    }

    pub fn histogram(&self) -> Histogram {
        metrics::histogram!(self.name)
    }

    /// With a value of its label; one of few.
    pub fn counter_of(&self, value: &'static str) -> Counter {
        metrics::counter!(self.name, self.label => value)
    }

    /// See [`Self::counter_of`].
    pub fn gauge_of(&self, value: &'static str) -> Gauge {
        metrics::gauge!(self.name, self.label => value)
    }

    /// See [`Self::counter_of`].
    pub fn histogram_of(&self, value: &'static str) -> Histogram {
        metrics::histogram!(self.name, self.label => value)
    }
}

/// Says what each metric means, and shows those without a label from the start: what never happened is 0.
pub fn describe() {
    for metric in TABLE {
        let plain = metric.label.is_empty();
        match metric.kind {
            Kind::Counter => {
                metrics::describe_counter!(metric.name, metric.help);
                plain.then(|| metric.counter().increment(0));
            }
            Kind::Gauge => {
                metrics::describe_gauge!(metric.name, metric.help);
                plain.then(|| metric.gauge().increment(0.0));
            }
            Kind::Histogram => {
                metrics::describe_histogram!(metric.name, metric.help);
                plain.then(|| metric.histogram());
            }
        }
    }
    for outcome in ["mended", "parked"] {
        MENDINGS.counter_of(outcome).increment(0);
    }
    FRAMES_REFUSED.counter_of("too_fast").increment(0);
    TURN_CPU.gauge_of("text").set(0.0);
    for ending in super::ending::ALL {
        ENDED.counter_of(ending.name).increment(0);
    }
}

/// The table of docs/operators.md.
pub fn markdown() -> String {
    let mut table = String::from("| metric | kind | label | meaning |\n|---|---|---|---|\n");
    for Metric { kind, name, label, help } in TABLE {
        let kind = format!("{kind:?}").to_lowercase();
        let label = if label.is_empty() { String::new() } else { format!("`{label}`") };
        table += &format!("| `{name}` | {kind} | {label} | {help} |\n");
    }
    table
}

/// Counts an open socket for as long as it lives.
pub struct Connected(Gauge);

impl Connected {
    pub fn new() -> Self {
        let open = CONNECTIONS.gauge();
        open.increment(1.0);
        Self(open)
    }
}

impl Default for Connected {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
