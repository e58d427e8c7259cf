//! The wall clock jumps by hours, forwards and backwards, while people play. World time does not follow it: nothing
//! bursts, nothing stalls, nobody loses the connection, and what is saved is saved. What is judged by the wall clock,
//! tokens and tickets, is judged by what it says at that moment.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use loadtest::stage::StageOptions;
use realms::world::internal::Ticket;
use serde_json::{Value, json};

use crate::trial::Trial;
use crate::visitor::Visitor;
use crate::{options, place};

/// Seconds.
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// The world in which nobody plays.
const QUIET: usize = 2;

/// The wall clock of a process.
struct Clock {
    dir: tempfile::TempDir,
    hands: File,
}

impl Clock {
    fn new() -> Self {
        let dir = tempfile::tempdir_in(place()).unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/clock.c");
        let built = Command::new("cc")
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(dir.path().join("clock.so"))
            .arg(source)
            .status()
            .expect("a C compiler is installed (Debian: apt-get install gcc libc6-dev)");
        assert!(built.success());
        let hands = File::create(dir.path().join("hands")).unwrap();
        let me = Self { dir, hands };
        me.turn(0);
        me
    }

    /// So many seconds from the true time.
    fn turn(&self, seconds: i64) {
        self.hands.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    fn env(&self) -> Vec<(String, std::ffi::OsString)> {
        let path = |name: &str| -> PathBuf { self.dir.path().join(name) };
        vec![("LD_PRELOAD".into(), path("clock.so").into()), ("WALL_CLOCK".into(), path("hands").into())]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_clock_may_jump_and_world_time_goes_on() {
    let clock = Clock::new();
    let mut trial = Trial::begin(StageOptions { worlds: 3, env: clock.env(), ..options() }).await;
    // Only what is not judged by the wall clock is to be seen.
    trial.stay();
    trial.calm();
    let begun = Instant::now();
    let before: Vec<u64> = trial.chronicles.values().map(|chronicle| chronicle.world.meta.now).collect();
    let playing = trial.play();
    playing.goes_on(100).await;
    let forge = trial.stage.forge.clone();
    let socket = trial.stage.socket.clone();
    let quiet = forge.spawns().nth(QUIET).unwrap();
    let seat = forge.announce(quiet, 899, forge.templates.world.starting_room).await.unwrap();
    let mut observer = Visitor::enter(&socket, &seat).await.unwrap();
    let mut visitors = 900..;
    for turned in [5 * HOUR, -9 * HOUR, 40 * DAY, -1, 0] {
        clock.turn(turned);
        playing.goes_on(100).await;
        // World time does not stand: mobs go on roaming, which they do at Beats.
        roaming(&mut observer).await;
        for spawn in forge.spawns() {
            forge.save(spawn).await.unwrap();
        }
        // A ticket is good for a minute, a token for days: by the clock as it is now.
        let ticket = Ticket { expires: now() + 60, ..forge.ticket(quiet, visitors.next().unwrap(), 1) };
        let seat = forge.present(&ticket).await.unwrap();
        let entered = Visitor::enter(&socket, &seat).await;
        match (turned, entered) {
            (..=0, Ok(visitor)) => visitor.leave().await,
            (HOUR..DAY, Err(refusal)) => assert!(refusal.contains("has expired"), "{refusal}"),
            (DAY.., Err(refusal)) => assert_eq!(refusal, "Invalid authentication token"),
            (turned, entered) => panic!("{turned} s from the time: {:?}", entered.err()),
        }
        playing.undisturbed();
    }
    playing.goes_on(100).await;
    let disk = trial.kill_and_look(playing).await.unwrap_or_else(|problems| panic!("{problems}"));
    let most = begun.elapsed().as_millis() as u64;
    for (world, before) in disk.worlds.values().zip(before) {
        let passed = world.meta.now - before;
        assert!(passed <= most, "{passed} ms of world time in {most} ms");
    }
    trial.end();
}

/// Waits for two mobs to come or go, after this moment.
async fn roaming(observer: &mut Visitor) {
    observer.send(json!({"type": "cmd.text", "text": "look"})).await;
    observer.until("cmd.look.success").await.unwrap();
    for _ in 0..2 {
        let is_mob = |frame: &Value| frame["data"]["actor"]["key"].as_str().is_some_and(|key| key.starts_with("mob."));
        observer.find("a mob roams", is_mob).await.unwrap();
    }
}

/// Unix seconds, as they truly are.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}
