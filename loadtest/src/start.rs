//! `loadtest start`: how long a Nexus takes from its process's first moment to being ready, and to the first answered
//! `look` of a player, with a world on its disk.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::machine::Machine;
use crate::run::{Target, nexus};
use crate::stage::{Stage, StageOptions};
use crate::wire::{self, Class};
use crate::world;

/// A player hears the answer within this time, or not at all.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Measure how fast a Nexus is there again
#[derive(Args, Clone, Debug)]
pub struct StartCommand {
    /// How often it is stopped and started
    #[arg(long, default_value_t = 10)]
    pub times: usize,
    /// Fail when the median to the first look is not below this many milliseconds
    #[arg(long, value_name = "MS")]
    pub below: Option<f64>,
    #[command(flatten)]
    pub target: Target,
}

impl StartCommand {
    /// Starts it again and again; the exit status.
    ///
    /// # Errors
    /// It does not start or does not answer.
    pub async fn run(&self) -> anyhow::Result<u8> {
        let machine = Machine::look(&self.target.dir)?;
        let templates = world::templates(&self.target.world, self.target.world_folder.as_deref())?;
        let (name, rooms) = (templates.world.config.name.clone(), templates.rooms.len());
        let options = StageOptions {
            durability: self.target.durability.clone(),
            seed: self.target.world.seed,
            ..StageOptions::new(std::env::current_exe()?, nexus(self.target.nexus.as_ref())?, self.target.dir.clone())
        };
        let mut stage = Stage::open(options, templates).await?;
        // Once with a player in it, so that the world is one that was played in.
        look(&stage).await?;
        let (mut ready, mut looks) = (Vec::new(), Vec::new());
        for nth in 0..self.times {
            let registrations = stage.registrations();
            let begun = stage.restart().await?;
            stage.wait_again(registrations).await?;
            let registered = begun.elapsed();
            look(&stage).await?;
            let looked = begun.elapsed();
            eprintln!("{:>3}  ready {:>7.1} ms  first look {:>7.1} ms", nth + 1, millis(registered), millis(looked));
            ready.push(millis(registered));
            looks.push(millis(looked));
        }
        stage.close().await?;
        println!("{}\n{name} ({rooms} rooms), {} starts", machine.describe(), self.times);
        println!("ready       median {:>7.1} ms, slowest {:>7.1} ms", median(&mut ready), slowest(&ready));
        let middle = median(&mut looks);
        println!("first look  median {middle:>7.1} ms, slowest {:>7.1} ms", slowest(&looks));
        Ok(u8::from(self.below.is_some_and(|below| middle >= below)))
    }
}

/// Enters and looks around; returns when the answer is there.
async fn look(stage: &Stage) -> anyhow::Result<()> {
    let begun = Instant::now();
    let seat = stage.admit(1, 0).await?.pop().context("a seat")?;
    let looking = async {
        let (mut socket, _) = tokio_tungstenite::connect_async(&stage.socket).await?;
        let hello = serde_json::json!({
            "type": "system.connect", "data": {"player_key": format!("player.{}", seat.player)}, "token": seat.token,
        });
        socket.send(Message::text(hello.to_string())).await?;
        socket.send(Message::text(r#"{"type":"cmd.text","text":"look"}"#)).await?;
        while let Some(frame) = socket.next().await {
            let Message::Text(frame) = frame? else { continue };
            match wire::kind(&frame).as_deref().map(wire::class) {
                Some(Class::Answer { refused: false }) => return Ok(()),
                Some(Class::Answer { refused: true } | Class::Denied) => bail!("refused: {frame}"),
                _ => {}
            }
        }
        bail!("the server closed the connection")
    };
    let looked = tokio::time::timeout(ANSWER_MAX, looking).await;
    looked.with_context(|| format!("no answer to a look after {:?}", begun.elapsed()))?
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn slowest(times: &[f64]) -> f64 {
    times.iter().copied().fold(0.0, f64::max)
}
