//! The design of before, written in Rust: commands go into a sorted set of Redis by the time at which they are due; every
//! 10 ms the engine asks for what is due, takes one record (or all of them, in the drained variant), reads and changes the
//! state in Redis, and hands the messages to the sockets. The frames are those recorded from the engine.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use futures_util::StreamExt;
use realms::nexus::outbox::Outbox;
use realms::nexus::pipe::Source;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use tokio::net::TcpListener;
use tokio::process::{Child, Command as Process};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::hall::{self, Command, Grid, Script};
use super::socket::{self, put};
use crate::samples::Samples;

/// Between two polls.
const POLL: Duration = Duration::from_millis(10);
/// Redis answers within this after its start.
const START_MAX: Duration = Duration::from_secs(10);
const TIMINGS: &str = "timings";

/// A Redis of our own, in memory, on a socket in a folder of its own.
pub struct Redis {
    _dir: tempfile::TempDir,
    _child: Child,
    client: redis::Client,
    pub pid: u32,
}

impl Redis {
    /// # Errors
    /// `redis-server` is not installed or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let socket = dir.path().join("redis.sock");
        let child = Process::new(std::env::current_exe()?)
            .args(["leashed", "redis-server"])
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start redis-server; on Debian: sudo apt-get install redis-server")?;
        let pid = child.id().context("redis-server ended")?;
        let client = redis::Client::open(format!("redis+unix://{}", socket.display()))?;
        let deadline = tokio::time::Instant::now() + START_MAX;
        while client.get_multiplexed_async_connection().await.is_err() {
            if tokio::time::Instant::now() > deadline {
                bail!("redis-server does not answer");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { _dir: dir, _child: child, client, pid })
    }
}

type Outboxes = Arc<Mutex<HashMap<i64, Arc<Outbox>>>>;

/// # Errors
/// The listener or Redis fails.
pub async fn serve(
    listener: TcpListener,
    rooms: usize,
    samples: &Samples,
    redis: &Redis,
    drained: bool,
) -> anyhow::Result<()> {
    let outboxes = Outboxes::default();
    let engine = Engine {
        redis: redis.client.get_multiplexed_async_connection().await?,
        grid: Grid::new(rooms),
        script: Script::new(samples),
        outboxes: outboxes.clone(),
    };
    let gate = redis.client.get_multiplexed_async_connection().await?;
    tokio::select! {
        ended = engine.run(drained) => ended,
        ended = socket::accept(listener, move |source, outbox| gateway(source, outbox, gate.clone(), outboxes.clone(), Grid::new(rooms))) => ended,
    }
}

/// One socket: what it says goes into the timings, at once due.
async fn gateway(
    mut source: Source,
    outbox: Arc<Outbox>,
    mut redis: MultiplexedConnection,
    outboxes: Outboxes,
    grid: Grid,
) {
    let Some(Ok(Message::Text(hello))) = source.next().await else { return };
    let player = hall::player(&hello).unwrap_or_default();
    let room = (player.unsigned_abs() as usize).saturating_sub(1) % grid.rooms();
    let entered: redis::RedisResult<()> = redis::pipe()
        .hset(format!("player:{player}"), "room", room)
        .ignore()
        .sadd(format!("room:{room}"), player)
        .ignore()
        .query_async(&mut redis)
        .await;
    if entered.is_err() {
        return;
    }
    outboxes.lock().unwrap_or_else(PoisonError::into_inner).insert(player, outbox.clone());
    put(&outbox, hall::WELCOME);
    let mut number = 0u64;
    while let Some(Ok(message)) = source.next().await {
        let Message::Text(frame) = message else { continue };
        number += 1;
        let now = now_micros();
        // Records of one moment sort by their text: time, then player and number.
        let record = format!("{now:016} {player} {number} {frame}");
        let put: redis::RedisResult<()> = redis.zadd(TIMINGS, record, now / 1000).await;
        if put.is_err() {
            break;
        }
    }
    outboxes.lock().unwrap_or_else(PoisonError::into_inner).remove(&player);
    outbox.end();
    let place: redis::RedisResult<usize> = redis.hget(format!("player:{player}"), "room").await;
    if let Ok(room) = place {
        let _: redis::RedisResult<()> = redis.srem(format!("room:{room}"), player).await;
    }
}

struct Engine {
    redis: MultiplexedConnection,
    grid: Grid,
    script: Script,
    outboxes: Outboxes,
}

impl Engine {
    async fn run(mut self, drained: bool) -> anyhow::Result<()> {
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let most = if drained { -1 } else { 1 };
        loop {
            poll.tick().await;
            let due = now_micros() / 1000;
            let records: Vec<String> = self.redis.zrangebyscore_limit(TIMINGS, "-inf", due, 0, most).await?;
            for record in records {
                let _: () = self.redis.zrem(TIMINGS, &record).await?;
                self.apply(&record).await?;
            }
        }
    }

    async fn apply(&mut self, record: &str) -> anyhow::Result<()> {
        let player = record.split_whitespace().nth(1).and_then(|player| player.parse().ok()).unwrap_or_default();
        let Some(command) = hall::command(record) else { return Ok(()) };
        let key = format!("player:{player}");
        let room: usize = self.redis.hget(&key, "room").await?;
        match command {
            Command::Look => self.put(player, hall::LOOKED),
            Command::Say => {
                let here: Vec<i64> = self.redis.smembers(format!("room:{room}")).await?;
                self.put(player, hall::SAID);
                self.tell(&here, player, hall::HEARD);
            }
            Command::Move { east, north } => {
                let there = self.grid.step(room, east, north);
                let left: Vec<i64> = self.redis.smembers(format!("room:{room}")).await?;
                let came: Vec<i64> = self.redis.smembers(format!("room:{there}")).await?;
                let _: () = self.redis.smove(format!("room:{room}"), format!("room:{there}"), player).await?;
                let _: () = self.redis.hset(&key, "room", there).await?;
                self.put(player, hall::MOVED);
                self.tell(&left, player, hall::LEFT);
                self.tell(&came, player, hall::CAME);
            }
        }
        Ok(())
    }

    fn put(&mut self, player: i64, kind: &'static str) {
        let frame = self.script.next(kind);
        self.send(player, frame);
    }

    fn tell(&mut self, players: &[i64], except: i64, kind: &'static str) {
        let frame = self.script.next(kind);
        for player in players.iter().filter(|player| **player != except) {
            self.send(*player, frame.clone());
        }
    }

    fn send(&self, player: i64, frame: Utf8Bytes) {
        let outboxes = self.outboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outbox) = outboxes.get(&player) {
            put(outbox, &frame);
        }
    }
}

fn now_micros() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
