//! A worker process: one thread that plays many players. Its parent gives it a plan and says when to go and when to end;
//! it tells its parent each second what it counted. It ends when its parent does.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::LocalSet;

use crate::metronome;
use crate::persona::Dice;
use crate::plan::{Findings, Order, Plan, Word};
use crate::player::{Common, Player, Stage};
use crate::tally::Tally;

/// Players that come in at the same moment.
const ENTERING_MAX: usize = 64;
/// Between two looks at the clock of the slices.
const SLICE: Duration = Duration::from_secs(1);
/// Answers that are still on their way may take this long after the last command.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Runs a worker: plan on standard input, words on standard output.
pub fn run() -> anyhow::Result<()> {
    realms::serve::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut orders = BufReader::new(tokio::io::stdin()).lines();
        let line = orders.next_line().await?.context("no plan came")?;
        let plan: Plan = serde_json::from_str(&line).context("the plan is not understood")?;
        if let Err(error) = play(plan, &mut orders).await {
            say(&Word::Failed { text: format!("{error:#}") })?;
        }
        Ok(())
    })
}

fn say(word: &Word) -> anyhow::Result<()> {
    let mut line = serde_json::to_string(word)?;
    line.push('\n');
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    Ok(out.flush()?)
}

async fn ordered(orders: &mut Lines<BufReader<Stdin>>, wanted: Order) -> anyhow::Result<()> {
    let line = orders.next_line().await?.context("the parent has gone")?;
    if serde_json::from_str::<Order>(&line)? != wanted {
        bail!("another order than {wanted:?} came: {line}");
    }
    Ok(())
}

async fn play(plan: Plan, orders: &mut Lines<BufReader<Stdin>>) -> anyhow::Result<()> {
    let seed = plan.load.seed ^ plan.seats.first().map_or(0, |seat| seat.player as u64);
    let common = Rc::new(Common {
        load: plan.load.clone(),
        record: plan.record,
        tally: RefCell::new(Tally::default()),
        findings: RefCell::new(Findings::default()),
        rooms: RefCell::new(HashMap::new()),
        dice: RefCell::new(Dice::new(seed)),
        open: Cell::new(0),
    });
    let players = enter(&plan, &common).await?;
    say(&Word::In { players: players.len() })?;
    let (stage, staged) = watch::channel(Stage::Waiting);
    let mut tasks = Vec::new();
    let mut lines = Vec::new();
    for (player, is_silent) in players {
        let (line, turns) = mpsc::unbounded_channel();
        if !is_silent {
            lines.push(line);
        }
        tasks.push(tokio::task::spawn_local(player.play(turns, staged.clone())));
    }
    ordered(orders, Order::Go).await?;
    *common.tally.borrow_mut() = Tally::default();
    let begun = Instant::now();
    let length = Duration::from_secs_f64(plan.load.warmup + plan.load.seconds);
    let ticking = match plan.load.rate {
        Some(rate) if !plan.load.closed => Some(metronome::start(lines, rate, seed, begun, begun + length)?),
        _ => None,
    };
    stage.send_replace(Stage::Playing);
    let slices = (length.as_secs_f64() / SLICE.as_secs_f64()).ceil() as u32;
    for second in 0..slices {
        tokio::time::sleep_until((begun + SLICE * (second + 1)).min(begun + length).into()).await;
        let tally = common.tally.borrow_mut().take();
        say(&Word::Slice { second: u64::from(second), tally: Box::new(tally) })?;
    }
    stage.send_replace(Stage::Still);
    if let Some(ticking) = ticking {
        let _ = ticking.join();
    }
    let patience = Instant::now() + DRAIN_MAX;
    while common.open.get() > 0 && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    say(&Word::Still { unanswered: common.open.get() })?;
    ordered(orders, Order::End).await?;
    stage.send_replace(Stage::Over);
    for task in tasks {
        let _ = task.await;
    }
    let findings = std::mem::take(&mut *common.findings.borrow_mut());
    say(&Word::Done(Box::new(findings)))
}

/// Brings everybody in, spread over the ramp.
async fn enter(plan: &Plan, common: &Rc<Common>) -> anyhow::Result<Vec<(Player, bool)>> {
    let begun = Instant::now();
    let places = Rc::new(Semaphore::new(ENTERING_MAX));
    let mut entering = Vec::new();
    for (nth, seat) in plan.seats.iter().cloned().enumerate() {
        let at = plan.load.ramp * nth as f64 / plan.seats.len() as f64;
        let (common, url, places) = (common.clone(), plan.url.clone(), places.clone());
        entering.push(tokio::task::spawn_local(async move {
            tokio::time::sleep_until((begun + Duration::from_secs_f64(at)).into()).await;
            let _place = places.acquire().await;
            let is_silent = common.load.is_silent(&seat);
            Player::enter(common, &url, seat).await.map(|player| (player, is_silent))
        }));
    }
    let mut players = Vec::new();
    for player in entering {
        match player.await? {
            Ok(player) => players.push(player),
            Err(text) => bail!("a player could not come in: {text}"),
        }
    }
    Ok(players)
}
