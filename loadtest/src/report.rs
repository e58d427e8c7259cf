//! What a run says at its end: figures by system and phase, whether the run is valid, which expectations were met.
//! As JSON, as a table on the terminal, and (`page.rs`) as one HTML page.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bench::{Phase, Point, Results, Sum};
use crate::expect::{Expectation, Outcome};
use crate::machine::Machine;
use crate::oracle::Verdict;
use crate::plan::Load;
use crate::system::System;
use crate::turns::Turns;

/// A run with a larger share of refused commands measures refusals.
const REFUSED_PERCENT_MAX: f64 = 1.0;
/// Commands that the harness sends later than this at the 99th percentile make its own slowness part of the figures.
const LATE_P99_MS_MAX: f64 = 20.0;
/// Half of what each baseline does on a machine of two cores (saturated, commands a second): none is made weak.
const BASELINES_LEAST: [(System, f64); 3] =
    [(System::Echo, 12_500.0), (System::PollingOne, 42.5), (System::PollingDrained, 325.0)];

#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub players: usize,
    /// Commands a second of each; None: as fast as answers come.
    pub rate: Option<f64>,
    pub seconds: f64,
    pub commands: u64,
    pub commands_per_s: f64,
    pub deliveries_per_s: f64,
    pub mib_per_s: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub cpu_ms_per_command: f64,
    /// Of one core.
    pub cpu_percent: f64,
    pub rss_mib: f64,
    /// What memory grew by since before the first player came in, by player: connection, character and buffers.
    pub rss_kib_per_player: f64,
    pub refused_percent: f64,
    pub unanswered: u64,
    pub dropped: u64,
    /// How late the harness itself sent, at the 99th percentile.
    pub late_p99_ms: f64,
    /// What the harness used, of one core.
    pub client_cpu_percent: f64,
    pub oracle: Verdict,
    pub items_gained: Option<i64>,
    /// The engine's turns since its start; None where it does not tell.
    pub turns: Option<Turns>,
    pub refusals: BTreeMap<String, u64>,
    pub series: Vec<Point>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub command: String,
    pub machine: Machine,
    pub world: String,
    pub durability: String,
    pub loads: BTreeMap<String, Load>,
    pub systems: BTreeMap<System, BTreeMap<String, Figures>>,
    /// Why the figures do not count; empty in a valid run.
    pub invalid: Vec<String>,
    pub expectations: Vec<Outcome>,
}

impl Report {
    pub fn new(machine: Machine, world: String, durability: String, phases: &[Phase], results: Results) -> Self {
        let mut systems: BTreeMap<System, BTreeMap<String, Figures>> = BTreeMap::new();
        let mut invalid = Vec::new();
        if machine.is_memory_file_system {
            invalid.push(format!("the journal is on {}: nothing is made durable there", machine.file_system));
        }
        for ((phase, system), sum) in results {
            let Some(load) = phases.iter().find(|p| p.name == phase).map(|p| &p.load) else { continue };
            let figures = figures(load, &sum);
            invalid.extend(faults(system, &phase, load, &figures, &sum.reason));
            systems.entry(system).or_default().insert(phase, figures);
        }
        // The polling designs cannot take the paced load: their paced figures are those of one player.
        for (_, phases) in systems.iter_mut().filter(|(system, _)| system.is_polling()) {
            if let Some(single) = phases.get("single").cloned() {
                phases.entry("paced".into()).or_insert(single);
            }
        }
        let loads = phases.iter().map(|phase| (phase.name.clone(), phase.load.clone())).collect();
        let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
        let command = format!("loadtest {command}");
        Self { command, machine, world, durability, loads, systems, invalid, expectations: Vec::new() }
    }

    /// Holds the figures against what was expected.
    pub fn judge(&mut self, expectations: &[Expectation]) {
        let systems = serde_json::to_value(&self.systems).unwrap_or_default();
        self.expectations = expectations.iter().map(|expectation| expectation.judge(&systems)).collect();
    }

    /// 0: valid and as expected; 1: an expectation was not met; 3: the run is invalid.
    pub fn status(&self) -> u8 {
        if !self.invalid.is_empty() { 3 } else { u8::from(self.expectations.iter().any(|outcome| !outcome.met)) }
    }

    /// The table for a terminal.
    pub fn table(&self) -> String {
        let mut text = format!("{}\n{}, durability {}\n\n", self.machine.describe(), self.world, self.durability);
        for phase in self.loads.keys() {
            let load = &self.loads[phase];
            let pace = load.rate.map_or("as fast as answers come".into(), |rate| format!("{rate} commands/s each"));
            text += &format!("{phase}: {} players, {pace}\n", load.players);
            text += "  system            commands/s  deliveries/s   p50 ms   p95 ms   p99 ms   max ms   CPU ms/cmd  CPU %     MiB\n";
            let of_phase = || self.systems.iter().filter_map(|(system, phases)| Some((system, phases.get(phase)?)));
            for (system, f) in of_phase() {
                let players = if f.players == load.players { "" } else { " (other load)" };
                text += &format!(
                    "  {:<16}{:>12.0}{:>14.0}{:>9.2}{:>9.2}{:>9.2}{:>9.1}{:>13.4}{:>7.1}{:>8.1}{players}\n",
                    system.as_str(),
                    f.commands_per_s,
                    f.deliveries_per_s,
                    f.p50_ms,
                    f.p95_ms,
                    f.p99_ms,
                    f.max_ms,
                    f.cpu_ms_per_command,
                    f.cpu_percent,
                    f.rss_mib,
                );
            }
            if let Some((_, realms)) = of_phase().find(|(system, _)| **system == System::Realms) {
                for (system, f) in of_phase().filter(|(system, _)| **system != System::Realms) {
                    text += &format!(
                        "  realms to {:<16} commands x {:.2}, deliveries x {:.2}, p50 {:+.2} ms (x {:.3}), p99 {:+.2} ms\n",
                        system.as_str(),
                        ratio(realms.commands_per_s, f.commands_per_s),
                        ratio(realms.deliveries_per_s, f.deliveries_per_s),
                        realms.p50_ms - f.p50_ms,
                        ratio(realms.p50_ms, f.p50_ms),
                        realms.p99_ms - f.p99_ms,
                    );
                }
                let oracle = &realms.oracle;
                text += &format!(
                    "  oracle: {} utterances checked at listeners, {} missing, {} out of order, {} astray",
                    oracle.checked, oracle.missing, oracle.twice_or_out_of_order, oracle.astray
                );
                if let Some(gained) = realms.items_gained {
                    text += &format!("; items gained or lost: {gained}");
                }
                text += "\n";
                if let Some(turns) = &realms.turns {
                    text += &format!(
                        "  turns: {:.0}, 99.9 % within {} ms of wall time; the longest took {:.2} ms of CPU time ({})\n",
                        turns.count, turns.wall_p999_ms, turns.longest_cpu_ms, turns.longest_kind
                    );
                }
            }
            text += "\n";
        }
        for outcome in &self.expectations {
            let value = outcome.value.map_or("not measured".into(), |value| format!("{value:.3}"));
            text += &format!("{} {} (is {value})\n", if outcome.met { "met   " } else { "MISSED" }, outcome.expected);
        }
        for fault in &self.invalid {
            text += &format!("INVALID RUN: {fault}\n");
        }
        text
    }
}

fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

fn figures(load: &Load, sum: &Sum) -> Figures {
    let (tally, seconds) = (&sum.tally, sum.seconds.max(1e-9));
    let commands = tally.answered as f64;
    Figures {
        players: load.players,
        rate: load.rate,
        seconds: sum.seconds,
        commands: tally.answered,
        commands_per_s: commands / seconds,
        deliveries_per_s: tally.deliveries as f64 / seconds,
        mib_per_s: tally.bytes as f64 / seconds / 1024.0 / 1024.0,
        p50_ms: tally.latencies.at(0.5),
        p95_ms: tally.latencies.at(0.95),
        p99_ms: tally.latencies.at(0.99),
        max_ms: tally.latencies.max(),
        cpu_ms_per_command: ratio(sum.cpu_ms, commands),
        cpu_percent: sum.cpu_ms / seconds / 10.0,
        rss_mib: sum.rss_mib,
        rss_kib_per_player: (sum.rss_mib - sum.rss_before_mib.unwrap_or(sum.rss_mib)).max(0.0) * 1024.0
            / (load.players + load.listeners).max(1) as f64,
        refused_percent: ratio(tally.refused as f64 * 100.0, commands),
        unanswered: sum.unanswered,
        dropped: sum.dropped,
        late_p99_ms: tally.lateness.at(0.99),
        client_cpu_percent: sum.client_cpu_ms / seconds / 10.0,
        oracle: sum.verdict.clone(),
        items_gained: sum.items_gained,
        turns: sum.turns.clone(),
        refusals: sum.refusals.clone(),
        series: sum.points.clone(),
    }
}

/// Why figures of one system in one phase do not count.
fn faults(system: System, phase: &str, load: &Load, f: &Figures, reason: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = format!("{} {phase}", system.as_str());
    let mut fault = |text: String| faults.push(format!("{name}: {text}"));
    if f.refused_percent > REFUSED_PERCENT_MAX {
        fault(format!("{:.1} % of the commands were refused ({reason})", f.refused_percent));
    }
    if f.dropped > 0 {
        fault(format!("{} connections ended early ({reason})", f.dropped));
    }
    if f.commands == 0 && load.rate.is_none_or(|rate| rate > 0.0) && load.persona != crate::persona::Persona::Idle {
        fault("no command was answered".into());
    }
    // A polling baseline cannot keep up: that its commands wait is its figure, not a fault.
    if f.unanswered > 0 && !system.is_polling() {
        fault(format!("{} commands were never answered", f.unanswered));
    }
    if f.late_p99_ms > LATE_P99_MS_MAX && load.rate.is_some() {
        fault(format!("the harness sent {:.1} ms late at the 99th percentile: the machine is too busy", f.late_p99_ms));
    }
    if !f.oracle.is_clean() {
        fault(format!("players did not see what they should: {}", f.oracle.problems.join("; ")));
    }
    if let Some(gained) = f.items_gained.filter(|gained| *gained != 0) {
        fault(format!("{gained} items came from nowhere or went there"));
    }
    let least = BASELINES_LEAST.iter().find(|(baseline, _)| *baseline == system && load.rate.is_none());
    if let Some((_, least)) = least.filter(|(_, least)| f.commands_per_s < *least) {
        fault(format!("{:.0} commands/s; this baseline is known to do more than {least}", f.commands_per_s));
    }
    faults
}
