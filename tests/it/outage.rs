//! What the platform goes through while people play. A storm of visitors gets in. Postgres hangs or stops for a while: play
//! goes on, whoever wants to come in is told to try again, whoever leaves leaves; and when Postgres is back everything is
//! saved, once, and the doors are open.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::platform::{Home, PATIENCE, Platform, signal};
use crate::support::player::{Guest, Socket, guest, guest_from, hello};
use crate::support::postgres::OwnPostgres;

/// Long enough for a nexus to try several times to reach its Forge.
const AWAY: Duration = Duration::from_secs(5);
/// So many visitors come at once.
const STORM: u8 = 50;
const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/low-water");
/// What whoever wants to come in is told.
const LATER: &str = "The platform is catching its breath. Please try again in a moment.";
const SAVING: &str = "Character is being saved, please try again in a minute.";

fn open(home: &Home, more: impl FnOnce(&mut Command)) -> Platform {
    home.open_with(|command| {
        command.env("GUESTS", "true").env("STARTER_WORLD", WORLD);
        more(command);
    })
}

/// A visitor with an open Forge socket.
struct Player {
    guest: Guest,
    forge: Socket,
    game: Option<Socket>,
}

impl Player {
    async fn new(platform: &Platform) -> Self {
        Self::of(platform, guest(platform)).await
    }

    async fn of(platform: &Platform, guest: Guest) -> Self {
        let mut forge =
            Socket::open(&format!("ws://127.0.0.1:{}/ws/forge/?token={}", platform.port, guest.token)).await;
        while forge.next().await.expect("the Forge answers")["type"] != "connected" {}
        Self { guest, forge, game: None }
    }

    /// Asks the Forge to be let in; the words of a refusal are the error.
    async fn ask(&mut self) -> Result<String, String> {
        self.forge.send(json!({"type": "job", "job": "enter_world", "player_id": self.guest.player}).to_string()).await;
        loop {
            let frame = self.forge.next().await.expect("the Forge answers");
            if (&frame["type"], &frame["job"]) != (&json!("job_complete"), &json!("enter_world")) {
                continue;
            }
            return match frame["job_data"]["ws_uri"].as_str() {
                Some(uri) => Ok(uri.replace("localhost", "127.0.0.1")),
                None => Err(frame["job_data"]["error"].as_str().unwrap().to_owned()),
            };
        }
    }

    /// Comes in; what it has.
    async fn enter(&mut self) -> Result<Owned, String> {
        let mut game = Socket::open(&self.ask().await?).await;
        game.send(hello(&self.guest)).await;
        loop {
            let frame = game.next().await.expect("the world answers");
            match frame["type"].as_str() {
                Some("cmd.state.sync.success") => {
                    self.game = Some(game);
                    return Ok(Owned::of(&frame["data"]["actor"]));
                }
                // What the world has of this character is not with the Forge yet.
                Some("system.connect.error") => return Err(frame["text"].as_str().unwrap().to_owned()),
                _ => {}
            }
        }
    }

    /// Types a line; the answer of this type.
    async fn types(&mut self, line: &str, answer: &str) -> Value {
        let game = self.game.as_mut().unwrap();
        game.send(json!({"type": "cmd.text", "text": line}).to_string()).await;
        loop {
            let frame = game.next().await.unwrap();
            assert!(!frame["type"].as_str().unwrap().ends_with(".error"), "{line}: {frame}");
            if frame["type"] == answer {
                return frame;
            }
        }
    }

    async fn owns(&mut self) -> Owned {
        let game = self.game.as_mut().unwrap();
        game.send(r#"{"type":"cmd.state.sync"}"#).await;
        Owned::of(&game.until("cmd.state.sync.success").await["data"]["actor"])
    }

    /// Leaves the world and sees the connection end.
    async fn leave(&mut self) {
        let mut game = self.game.take().unwrap();
        game.send(r#"{"type":"system.disconnect"}"#).await;
        game.until("system.disconnect.success").await;
        while game.next().await.is_some() {}
    }
}

/// What a character has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owned {
    things: BTreeSet<String>,
    gold: i64,
}

impl Owned {
    fn of(actor: &Value) -> Self {
        let worn = actor["equipment"].as_object().unwrap().values();
        let things = actor["inventory"].as_array().unwrap().iter().chain(worn);
        Self {
            things: things.map(|item| item["key"].as_str().unwrap().to_owned()).collect(),
            gold: actor["gold"].as_i64().unwrap(),
        }
    }
}

/// People play, and Postgres goes away and comes back.
async fn outage(platform: &Platform, away: impl FnOnce(), back: impl AsyncFnOnce()) {
    let mut ann = Player::new(platform).await;
    let mut bob = Player::new(platform).await;
    let mut carl = Player::new(platform).await;
    let (of_ann, of_bob) = (ann.enter().await.unwrap(), bob.enter().await.unwrap());
    assert!(of_ann.things.is_disjoint(&of_bob.things));
    away();

    // Play goes on, and things change hands.
    for round in 0..20 {
        ann.types(&format!("say round {round}"), "cmd.say.success").await;
        bob.types("look", "cmd.look.success").await;
    }
    let candle = of_bob.things.first().unwrap().clone();
    bob.types("drop all", "cmd.drop.success").await;
    ann.types("get all", "cmd.get.success").await;
    bob.types(&format!("give 7 gold player.{}", ann.guest.player), "cmd.give.success").await;
    let (of_ann, of_bob) = (ann.owns().await, bob.owns().await);
    assert!(of_ann.things.contains(&candle) && of_ann.gold == 27 && of_bob.gold == 13, "{of_ann:?} {of_bob:?}");
    // Bob leaves, and neither he nor Carl gets in. Meanwhile his save is tried again and again.
    bob.leave().await;
    let begun = Instant::now();
    while begun.elapsed() < AWAY {
        let (to_carl, to_bob) = tokio::join!(carl.ask(), bob.ask());
        assert_eq!((to_carl, to_bob), (Err(LATER.into()), Err(LATER.into())));
        // Ann does not notice any of it.
        ann.types("say still here", "cmd.say.success").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(ann.owns().await, of_ann);
    back().await;

    // The doors are open again, and everybody has what they had.
    let returned = patiently(&mut bob).await;
    assert_eq!(returned, of_bob);
    assert_eq!(ann.owns().await, of_ann);
    let of_carl = patiently(&mut carl).await;
    for other in [&of_ann, &of_bob] {
        assert!(of_carl.things.is_disjoint(&other.things) && of_carl.gold == 20, "{of_carl:?} {other:?}");
    }
    assert!(of_ann.things.is_disjoint(&of_bob.things));
    // What is saved once more is what is there: everybody leaves, and comes again.
    for (player, owned) in [(&mut ann, &of_ann), (&mut bob, &of_bob), (&mut carl, &of_carl)] {
        player.leave().await;
        assert_eq!(patiently(player).await, *owned);
    }
}

/// Comes in as soon as the Forge lets it.
async fn patiently(player: &mut Player) -> Owned {
    let until = Instant::now() + PATIENCE;
    loop {
        match player.enter().await {
            Ok(owned) => return owned,
            Err(refusal) => {
                assert!(refusal == LATER || refusal == SAVING, "{refusal}");
                assert!(Instant::now() < until, "never let in again: {refusal}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A private Postgres that hangs while this wants it to.
struct Halted<'a>(&'a Home);

impl Halted<'_> {
    fn halt(&self) {
        // The first one first: it would start others.
        signal(self.0.postmaster(), Signal::STOP);
        self.0.living_in("postgres").into_iter().for_each(|pid| signal(pid, Signal::STOP));
    }

    fn release(&self) {
        self.0.living_in("postgres").into_iter().for_each(|pid| signal(pid, Signal::CONT));
    }
}

impl Drop for Halted<'_> {
    fn drop(&mut self) {
        // Nobody can stop it otherwise.
        self.release();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_hangs_and_comes_back() {
    let home = Home::new();
    let platform = open(&home, |_| {});
    let halted = Halted(&home);
    outage(&platform, || halted.halt(), async || halted.release()).await;
    assert_eq!(platform.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_stops_and_is_started_again() {
    let home = Home::new();
    let postgres = std::cell::RefCell::new(OwnPostgres::start());
    let address = postgres.borrow().url();
    let platform = open(&home, |command| {
        command.env("DATABASE_URL", &address).env("REDIS_URL", "off");
    });
    let away = || postgres.borrow_mut().stop();
    let back = async || postgres.borrow_mut().start_again();
    outage(&platform, away, back).await;
    assert_eq!(platform.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_visitors_gets_in_while_others_play() {
    let home = Home::new();
    // So that each comes from an address of their own.
    let platform = open(&home, |command| {
        command.env("TRUSTED_PROXIES", "127.0.0.0/8");
    });
    let mut ann = Player::new(&platform).await;
    let mut everything = ann.enter().await.unwrap().things;
    let guests: Vec<Guest> = (0..STORM).map(|nth| guest_from(&platform, &format!("10.0.0.{nth}"))).collect();
    let mut comers = join_all(guests.into_iter().map(|guest| async {
        let mut comer = Player::of(&platform, guest).await;
        let owned = patiently(&mut comer).await;
        (comer, owned)
    }));
    let inside = loop {
        tokio::select! {
            inside = &mut comers => break inside,
            _ = ann.types("roll", "cmd.roll.success") => {}
        }
    };
    drop(comers);
    ann.types("roll", "cmd.roll.success").await;
    for (_, owned) in &inside {
        assert!(everything.is_disjoint(&owned.things) && owned.gold == 20, "{owned:?}");
        everything.extend(owned.things.iter().cloned());
    }
    let who = ann.types("who", "cmd.who.success").await;
    assert_eq!(who["data"]["players"].as_array().unwrap().len(), 1 + usize::from(STORM));
    drop(inside);
    drop(ann);
    assert_eq!(platform.stop(), Some(0));
}
