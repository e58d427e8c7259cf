//! Redis dies, is emptied, hangs, and comes back: nobody who plays notices, and each time the mirror is written anew as a
//! whole, and shows what the worlds have.

use std::time::{Duration, Instant};

use loadtest::stage::nexus::NAME;
use loadtest::stage::{Stage, StageOptions};
use realms::store::mirror::Mirror;
use realms::world::internal::Population;
use realms::world::template::WorldId;
use rustix::process::Signal;
use tokio::process::{Child, Command};

use crate::trial::Trial;
use crate::visitor::Visitor;
use crate::{harness, options, until};

/// Longer than the mirror waits for an answer of Redis, which is 5 s.
const HANG: Duration = Duration::from_secs(7);
/// More cuts than may wait to be mirrored, which is 64.
const CUTS: usize = 70;

struct Redis {
    child: Child,
    dir: tempfile::TempDir,
}

impl Redis {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { child: Self::spawn(&dir), dir }
    }

    fn spawn(dir: &tempfile::TempDir) -> Child {
        Command::new(harness())
            .args(["leashed", "redis-server", "--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(dir.path().join("redis.sock"))
            .arg("--dir")
            .arg(dir.path())
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed (Debian: apt-get install redis-server)")
    }

    fn url(&self) -> String {
        format!("redis+unix://{}", self.dir.path().join("redis.sock").display())
    }

    async fn empty(&self) {
        redis::cmd("FLUSHALL").query_async::<()>(&mut self.connection().await).await.unwrap();
    }

    /// The turn up to which a world is in the mirror.
    async fn mirrored_turn(&self, spawn: WorldId) -> Option<u64> {
        let mut connection = self.connection().await;
        let generation: Option<String> =
            redis::cmd("GET").arg(format!("nexus:{NAME}:current")).query_async(&mut connection).await.unwrap();
        let lease = format!("nexus:{NAME}:{}:w:{spawn}:lease", generation?);
        redis::cmd("HGET").arg(lease).arg("seq").query_async(&mut connection).await.unwrap()
    }

    async fn connection(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    fn signal(&self, signal: Signal) {
        loadtest::process::signal(self.child.id().unwrap(), signal);
    }
}

/// Waits until the mirror is one of another generation than `before`, and shows what the worlds have; its generation.
async fn mirrored(stage: &Stage, mirror: &Mirror, before: Option<&str>) -> String {
    until("the mirror is written anew", async || {
        let generation = mirror.generation(NAME).await.ok().flatten().filter(|new| before != Some(new))?;
        shows_the_worlds(stage, mirror).await.then_some(generation)
    })
    .await
}

async fn shows_the_worlds(stage: &Stage, mirror: &Mirror) -> bool {
    for spawn in stage.forge.spawns() {
        // What is cut is mirrored.
        stage.forge.save(spawn).await.unwrap();
        let world = Population { linkless: Vec::new(), ..stage.population_of(spawn).await.unwrap() };
        if mirror.population(NAME, spawn, 1).await.ok() != Some(world) {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_be_emptied_die_and_hang_and_nobody_notices() {
    let mut redis = Redis::start();
    let mut trial = Trial::begin(StageOptions { worlds: 2, redis: redis.url(), ..options() }).await;
    trial.stay();
    trial.calm();
    let mirror = Mirror::open(&redis.url()).unwrap();
    let playing = trial.play();
    playing.goes_on(200).await;
    let first = mirrored(&trial.stage, &mirror, None).await;

    redis.empty().await;
    playing.goes_on(200).await;
    let second = mirrored(&trial.stage, &mirror, Some(&first)).await;

    redis.child.kill().await.unwrap();
    playing.goes_on(400).await;
    redis.child = Redis::spawn(&redis.dir);
    let third = mirrored(&trial.stage, &mirror, Some(&second)).await;

    redis.signal(Signal::STOP);
    let halted = Instant::now();
    let mut cuts = 0;
    while halted.elapsed() < HANG || cuts < CUTS {
        playing.goes_on(20).await;
        for spawn in trial.stage.forge.spawns() {
            // Neither play nor what is kept on the disk waits for Redis.
            trial.stage.forge.save(spawn).await.unwrap();
            cuts += 1;
        }
    }
    redis.signal(Signal::CONT);
    mirrored(&trial.stage, &mirror, Some(&third)).await;
    playing.goes_on(200).await;
    trial.kill_and_look(playing).await.unwrap_or_else(|problems| panic!("{problems}"));
    trial.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_while_redis_hung_does_not_come_back_over_what_is_newer() {
    let redis = Redis::start();
    let stage = Stage::open(StageOptions { redis: redis.url(), ..options() }, crate::town()).await.unwrap();
    let mirror = Mirror::open(&redis.url()).unwrap();
    mirrored(&stage, &mirror, None).await;
    let spawn = stage.forge.spawns().next().unwrap();
    redis.signal(Signal::STOP);
    // This one is on its way to Redis, and waits there.
    stage.forge.save(spawn).await.unwrap();
    // Someone comes in; that is cut, and waits in line. Then more is cut than can wait, and so the leaving goes under.
    let seat = stage.forge.announce(spawn, 900, stage.forge.templates.world.starting_room).await.unwrap();
    let visitor = Visitor::enter(&stage.socket, &seat).await.unwrap();
    for _ in 0..CUTS {
        stage.forge.save(spawn).await.unwrap();
    }
    visitor.leave().await;
    let left = stage.forge.save(spawn).await.unwrap();
    redis.signal(Signal::CONT);
    // Whatever waited is in by the time that a cut is which was made after the mirror knew of a later one.
    let mut last = left.seq;
    for _ in 0..2 {
        last = until("a later cut is mirrored", async || {
            let seq = stage.forge.save(spawn).await.unwrap().seq;
            (seq > last && redis.mirrored_turn(spawn).await == Some(seq)).then_some(seq)
        })
        .await;
    }
    assert_eq!(mirror.population(NAME, spawn, 1).await.unwrap().players, Vec::<i64>::new());
    stage.close().await.unwrap();
}
