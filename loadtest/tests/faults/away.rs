//! Forge and Redis are not there when a nexus starts: it comes up, and its worlds run. Nobody can enter until the Forge is
//! back; and then everybody comes at once.

use loadtest::plan::Seat;
use loadtest::stage::{Stage, StageOptions};
use realms::link::Link;
use serde_json::Value;

use crate::trial::Trial;
use crate::visitor::Visitor;
use crate::{options, until};

/// So many come in at once.
const STORM: i64 = 150;

#[tokio::test(flavor = "multi_thread")]
async fn without_forge_and_redis_it_starts_and_when_they_return_everyone_comes_in_at_once() {
    let (public, internal) = (free_port(), free_port());
    let env = vec![
        ("PORT".to_owned(), public.to_string().into()),
        ("INTERNAL_ADDR".to_owned(), format!("127.0.0.1:{internal}").into()),
    ];
    // Nobody listens there.
    let redis = "redis://127.0.0.1:1".into();
    let mut trial = Trial::begin(StageOptions { worlds: 2, redis, env, ..options() }).await;
    trial.calm();
    let playing = trial.play();
    playing.goes_on(300).await;
    trial.kill_and_look(playing).await.unwrap_or_else(|problems| panic!("{problems}"));

    trial.stage.close_forge().await;
    trial.stage.start().unwrap();
    let nexus = Link::new(&format!("http://127.0.0.1:{internal}"), &trial.stage.forge.token).unwrap();
    for spawn in trial.stage.forge.spawns() {
        // It has the world back from its disk, and the world goes on: each Beat is a turn.
        let first = turn_of(&nexus, spawn, 0).await;
        turn_of(&nexus, spawn, first + 2).await;
    }
    let ready = nexus.get::<Value>("/readyz").await;
    assert!(ready.is_err(), "without the Forge's keys nobody can come in: {ready:?}");
    let seat = Seat { player: 1, token: trial.stage.forge.tokens.access(1, 0).unwrap(), listens: false };
    let refused = Visitor::enter(&format!("ws://127.0.0.1:{public}/ws/game/cmd"), &seat).await.err();
    assert_eq!(refused.as_deref(), Some("Invalid authentication token"));

    let registrations = trial.stage.registrations();
    trial.stage.open_forge().unwrap();
    trial.stage.wait_again(registrations).await.unwrap();
    let playing = trial.play();
    playing.goes_on(50).await;
    storm(&trial.stage).await;
    playing.goes_on(200).await;
    let disk = trial.kill_and_look(playing).await.unwrap_or_else(|problems| panic!("{problems}"));
    let people: usize = disk.worlds.values().map(|world| world.players.len()).sum();
    assert!(people >= STORM as usize, "{people}");
    trial.end();
}

/// Many enter in the same moment; each is let in.
async fn storm(stage: &Stage) {
    let rooms: Vec<i64> = stage.forge.templates.rooms.keys().copied().collect();
    let entries: Vec<_> = (0..STORM)
        .map(|nth| {
            let (forge, socket) = (stage.forge.clone(), stage.socket.clone());
            let room = rooms[nth as usize % rooms.len()];
            let spawn = forge.spawns().nth(nth as usize % 2).unwrap();
            tokio::spawn(async move {
                let seat = forge.announce(spawn, 1000 + nth, room).await.unwrap();
                Visitor::enter(&socket, &seat).await
            })
        })
        .collect();
    let mut inside = Vec::new();
    for entry in entries {
        inside.push(entry.await.unwrap().unwrap());
    }
}

/// The turn that a world is at, once it is at least at this one.
async fn turn_of(nexus: &Link, spawn: i64, least: u64) -> u64 {
    until("the world runs", async || {
        let said = nexus.get::<Value>(&format!("worlds/{spawn}/hash")).await.ok()?;
        said["seq"].as_u64().filter(|seq| *seq >= least)
    })
    .await
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
