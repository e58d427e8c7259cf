//! Measuring: puts servers under the same loads in turn, round after round, so that what else the machine does meets all
//! of them alike. While one is measured the others are halted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;

use crate::crew::{Crew, Played};
use crate::oracle::Verdict;
use crate::plan::Load;
use crate::process::{self, Usage};
use crate::samples::Samples;
use crate::system::{Server, System};
use crate::tally::Tally;
use crate::turns::Turns;

/// A load with a name, and the systems that are put under it.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    pub name: String,
    pub load: Load,
    pub systems: Vec<System>,
}

/// One second of one system in one phase.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    pub round: usize,
    pub second: usize,
    pub commands: u64,
    pub deliveries: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub cpu_percent: f64,
    pub rss_mib: f64,
}

/// Everything measured of one system in one phase, over all rounds.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    pub tally: Tally,
    pub seconds: f64,
    pub cpu_ms: f64,
    pub client_cpu_ms: f64,
    pub rss_mib: f64,
    /// Before the first player came in.
    pub rss_before_mib: Option<f64>,
    pub unanswered: u64,
    pub dropped: u64,
    pub reason: String,
    pub refusals: BTreeMap<String, u64>,
    pub verdict: Verdict,
    /// How many items the world had more at the end than at the beginning; None where nobody can say.
    pub items_gained: Option<i64>,
    /// What the engine's own metrics say of its turns, since its start.
    pub turns: Option<Turns>,
    pub points: Vec<Point>,
}

/// What the rounds gave: phase, system.
pub type Results = BTreeMap<(String, System), Sum>;

/// The servers of a run.
pub struct Bench {
    /// The engine, or the server in its place.
    pub subject: Server,
    pub rooms: usize,
    /// For the files that baselines read.
    pub dir: PathBuf,
    baselines: BTreeMap<System, Server>,
    samples: Samples,
}

impl Bench {
    pub fn new(subject: Server, rooms: usize, dir: PathBuf) -> Self {
        Self { subject, rooms, dir, baselines: BTreeMap::new(), samples: Samples::default() }
    }

    /// Measures all phases, `rounds` times.
    ///
    /// # Errors
    /// A server or a worker failed.
    pub async fn run(&mut self, phases: &[Phase], rounds: usize) -> anyhow::Result<Results> {
        let mut results = Results::new();
        for round in 0..rounds {
            for phase in phases {
                for system in &phase.systems {
                    let title = format!("{:<16}{:<10}{}/{rounds}", system.as_str(), phase.name, round + 1);
                    let sum = results.entry((phase.name.clone(), *system)).or_default();
                    self.one(*system, &phase.load, round, &title, sum)
                        .await
                        .with_context(|| title.trim().to_owned())?;
                }
            }
        }
        Ok(results)
    }

    async fn one(
        &mut self,
        system: System,
        load: &Load,
        round: usize,
        title: &str,
        sum: &mut Sum,
    ) -> anyhow::Result<()> {
        if system != System::Realms && !self.baselines.contains_key(&system) {
            let file = self.dir.join("frames.json");
            if system.needs_samples() {
                if !self.samples.is_complete() {
                    anyhow::bail!(
                        "nothing is recorded yet that it could send: measure realms first, with moves, looks and says"
                    );
                }
                std::fs::write(&file, serde_json::to_vec(&self.samples)?)?;
            }
            let file = system.needs_samples().then_some(&file);
            self.baselines.insert(system, Server::baseline(system, self.rooms, file).await?);
        }
        self.halt_all_but(system);
        let record = system == System::Realms && !self.samples.is_complete();
        let server = match system {
            System::Realms => &mut self.subject,
            other => self.baselines.get_mut(&other).context("a baseline that runs")?,
        };
        sum.rss_before_mib.get_or_insert(process::usage_of(&server.pids()).rss_mib);
        // Listeners are there at the baselines too, so that a word has as many hearers.
        let seats = server.admit(load.players, load.listeners).await?;
        let crew = Crew::enter(server.url(), load, seats, record).await?;
        let before = server.population().await;
        let played = measure(server, crew, load, round, title, sum).await?;
        if let (Some(before), Some(after)) = (before, server.population().await) {
            *sum.items_gained.get_or_insert(0) += after.items as i64 - before.items as i64;
        }
        sum.turns = server.turns().await.or(sum.turns.take());
        self.samples.add(played.findings.samples);
        sum.unanswered += played.unanswered;
        sum.dropped += played.findings.dropped;
        if sum.reason.is_empty() {
            sum.reason = played.findings.reason;
        }
        for (kind, count) in played.findings.refusals {
            *sum.refusals.entry(kind).or_default() += count;
        }
        sum.verdict.add(played.verdict);
        Ok(())
    }

    fn halt_all_but(&self, system: System) {
        let servers = std::iter::once((&System::Realms, &self.subject)).chain(&self.baselines);
        for (which, server) in servers {
            if *which == system {
                server.resume();
            } else {
                server.pause();
            }
        }
    }

    /// Ends all servers.
    ///
    /// # Errors
    /// One did not end cleanly.
    pub async fn close(self) -> anyhow::Result<()> {
        for server in self.baselines.into_values() {
            server.close().await?;
        }
        self.subject.close().await
    }
}

async fn measure(
    server: &Server,
    crew: Crew,
    load: &Load,
    round: usize,
    title: &str,
    sum: &mut Sum,
) -> anyhow::Result<Played> {
    let (pids, clients) = (server.pids(), crew.pids());
    let read = || (process::usage_of(&pids), process::usage_of(&clients), Instant::now());
    let mut last = read();
    let warmup = load.warmup.ceil() as usize;
    crew.play(load, |second, slice| {
        let now = read();
        let (cpu, client, seconds) = (now.0.cpu_ms - last.0.cpu_ms, now.1.cpu_ms - last.1.cpu_ms, now.2 - last.2);
        let point = point(round, second, slice, cpu / seconds.as_secs_f64() / 10.0, now.0);
        last = now;
        eprintln!("{}", progress(title, &point, second < warmup));
        if second >= warmup {
            sum.tally.add(slice);
            sum.seconds += seconds.as_secs_f64();
            sum.cpu_ms += cpu;
            sum.client_cpu_ms += client;
            sum.rss_mib = sum.rss_mib.max(now.0.rss_mib);
            sum.points.push(point);
        }
    })
    .await
}

fn point(round: usize, second: usize, slice: &Tally, cpu_percent: f64, usage: Usage) -> Point {
    Point {
        round,
        second,
        commands: slice.answered,
        deliveries: slice.deliveries,
        p50_ms: slice.latencies.at(0.5),
        p99_ms: slice.latencies.at(0.99),
        cpu_percent,
        rss_mib: usage.rss_mib,
    }
}

fn progress(title: &str, point: &Point, is_warmup: bool) -> String {
    format!(
        "{title} {:>4} s {:>7} commands/s {:>8} deliveries/s  p50 {:>8.2} p99 {:>8.2} ms  cpu {:>4.0} %  {:>5.0} MiB{}",
        point.second + 1,
        point.commands,
        point.deliveries,
        point.p50_ms,
        point.p99_ms,
        point.cpu_percent,
        point.rss_mib,
        if is_warmup { "  (warm-up)" } else { "" }
    )
}
