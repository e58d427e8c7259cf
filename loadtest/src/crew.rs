//! The worker processes of one measurement, seen from their parent: started with their plans, told when to go and when to
//! end, their slices added up as they come.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::oracle::Verdict;
use crate::plan::{Findings, Load, Order, Plan, Seat, Word};
use crate::tally::Tally;

/// A worker that says nothing for so long is stuck.
const SILENCE_MAX: Duration = Duration::from_secs(120);
/// What was said last may take so long to reach its hearers.
const SETTLE: Duration = Duration::from_millis(500);

struct Worker {
    child: Child,
    orders: ChildStdin,
    words: Lines<BufReader<ChildStdout>>,
}

/// Players that are all in the world, and wait.
pub struct Crew {
    workers: Vec<Worker>,
}

/// What the players counted and found.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// One for each second, warm-up included.
    pub slices: Vec<Tally>,
    pub unanswered: u64,
    pub findings: Findings,
    pub verdict: Verdict,
}

impl Crew {
    /// Starts the workers and waits until everybody is in the world.
    ///
    /// # Errors
    /// A worker cannot be started, or a player cannot come in.
    pub async fn enter(url: &str, load: &Load, seats: Vec<Seat>, record: bool) -> anyhow::Result<Self> {
        let processes = load.processes.clamp(1, seats.len().max(1));
        let mut workers = Vec::new();
        for nth in 0..processes {
            let seats = seats.iter().skip(nth).step_by(processes).cloned().collect();
            let plan = Plan { url: url.to_owned(), load: load.clone(), seats, record };
            let mut child = Command::new(std::env::current_exe()?)
                .arg("worker")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .context("cannot start a worker")?;
            let mut orders = child.stdin.take().context("a worker without input")?;
            let words = BufReader::new(child.stdout.take().context("a worker without output")?).lines();
            tell(&mut orders, &plan).await?;
            workers.push(Worker { child, orders, words });
        }
        let mut crew = Self { workers };
        for worker in &mut crew.workers {
            match worker.hear().await? {
                Word::In { .. } => {}
                other => bail!("a worker said {other:?} instead of coming in"),
            }
        }
        Ok(crew)
    }

    /// Processes of the workers.
    pub fn pids(&self) -> Vec<u32> {
        self.workers.iter().filter_map(|worker| worker.child.id()).collect()
    }

    /// Lets everybody play. `watch` gets each second as soon as all workers have told it.
    ///
    /// # Errors
    /// A worker failed.
    pub async fn play(mut self, load: &Load, mut watch: impl FnMut(usize, &Tally)) -> anyhow::Result<Played> {
        for worker in &mut self.workers {
            tell(&mut worker.orders, &Order::Go).await?;
        }
        let mut played = Played::default();
        for second in 0..(load.warmup + load.seconds).ceil() as usize {
            let mut whole = Tally::default();
            for worker in &mut self.workers {
                match worker.hear().await? {
                    Word::Slice { tally, .. } => whole.add(&tally),
                    other => bail!("a worker said {other:?} instead of its slice"),
                }
            }
            watch(second, &whole);
            played.slices.push(whole);
        }
        for worker in &mut self.workers {
            match worker.hear().await? {
                Word::Still { unanswered } => played.unanswered += unanswered,
                other => bail!("a worker said {other:?} instead of falling still"),
            }
        }
        tokio::time::sleep(SETTLE).await;
        for worker in &mut self.workers {
            tell(&mut worker.orders, &Order::End).await?;
        }
        for worker in &mut self.workers {
            match worker.hear().await? {
                Word::Done(findings) => add(&mut played.findings, *findings),
                other => bail!("a worker said {other:?} instead of its findings"),
            }
            worker.child.wait().await?;
        }
        played.verdict = played.findings.heard.judge();
        Ok(played)
    }
}

impl Worker {
    async fn hear(&mut self) -> anyhow::Result<Word> {
        let line = tokio::time::timeout(SILENCE_MAX, self.words.next_line()).await.context("a worker is stuck")??;
        let word = serde_json::from_str(&line.context("a worker ended early")?)?;
        match word {
            Word::Failed { text } => bail!(text),
            word => Ok(word),
        }
    }
}

async fn tell(orders: &mut ChildStdin, what: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    orders.write_all(&line).await?;
    Ok(orders.flush().await?)
}

fn add(to: &mut Findings, findings: Findings) {
    to.heard.add(findings.heard);
    to.samples.add(findings.samples);
    to.dropped += findings.dropped;
    if to.reason.is_empty() {
        to.reason = findings.reason;
    }
    for (kind, count) in findings.refusals {
        *to.refusals.entry(kind).or_default() += count;
    }
}
