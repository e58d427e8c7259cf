//! No node waits for one that waits for it: the engine runs with room for one in each of its queues, under everything
//! that goes through them at once.

use std::sync::Arc;

use futures_util::future::join_all;

use super::engine::{Engine, Guest, PATIENCE, SPAWN};
use crate::nexus::drive::Arrival;
use crate::nexus::pulsar::tests::bombs;
use crate::nexus::{Disk, KeeperJob, Queues};
use crate::store::io::RealIo;
use crate::store::journal::JournalOptions;

const WORLDS: [i64; 6] = [SPAWN, 1002, 1003, 1004, 1005, 1006];
const ROUNDS: usize = 60;

/// Segments so small that history is lent many.
fn disk() -> Disk {
    let segment_bytes = 32 * 1024;
    let journal = JournalOptions { segment_bytes, total_bytes: 8 * segment_bytes, lends: true };
    Disk { io: Arc::new(RealIo), journal }
}

async fn open(dir: &std::path::Path) -> Engine {
    Engine::open_on(dir, disk(), Queues::ONE, |options| options.history_bytes = 64 << 20).await
}

async fn hash(engine: &Engine, spawn: i64) -> Option<(u64, [u8; 32])> {
    engine.shared.inward.ask(|done| Arrival::Hash { spawn, done }).await
}

async fn chatter(engine: &Engine, spawn: i64, mut guest: Guest) -> Guest {
    // Some of it is long, so that the journal goes from segment to segment.
    let word = "round and round ".repeat(12);
    for round in 0..ROUNDS {
        engine.type_in_world(spawn, &guest, "look").await;
        engine.type_in_world(spawn, &guest, &format!("say {round} {word}")).await;
        guest.until("cmd.look.success").await;
        guest.until("cmd.say.success").await;
    }
    guest
}

/// Cuts of all worlds at once, with counts and notes between them, as fast as they come.
async fn ask_for_everything(engine: &Engine) {
    let inward = &engine.shared.inward;
    for round in 0..ROUNDS as u8 {
        let cuts = join_all(WORLDS.map(|spawn| inward.ask(move |done| Arrival::Cut { spawn, done })));
        let counts = join_all(WORLDS.map(|spawn| inward.ask(move |done| Arrival::Population { spawn, done })));
        let notes = join_all((0..4).map(|nth| {
            let (done, stored) = tokio::sync::oneshot::channel();
            let note = KeeperJob::Note { name: format!("note {nth}"), bytes: vec![round], done };
            let keeper = engine.shared.worlds.keeper.clone();
            tokio::task::spawn_blocking(move || keeper.send(note).unwrap());
            stored
        }));
        let (cuts, counts, notes) = tokio::join!(cuts, counts, notes);
        assert!(cuts.iter().all(Option::is_some) && counts.iter().all(Option::is_some));
        notes.into_iter().for_each(|stored| stored.unwrap().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_in_a_circle_with_every_queue_at_size_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = open(dir.path()).await;
    for spawn in WORLDS {
        engine.begin_as(spawn).await;
    }
    let mut guests = Vec::new();
    for player in 1..=6 {
        let spawn = WORLDS[player as usize % 3];
        guests.push((spawn, engine.enter_in(spawn, player, &format!("Guest{player}")).await));
    }
    let mut clumsy = engine.enter(7, "Clumsy").await;

    let everything = async {
        let play = join_all(guests.into_iter().map(|(spawn, guest)| chatter(&engine, spawn, guest)));
        let bugs = async {
            for nth in 0..3 {
                let deadly = format!("say mind the gap {nth}");
                bombs::lay(&deadly);
                engine.type_in(&clumsy, &deadly).await;
                clumsy.until("error").await;
            }
        };
        tokio::join!(play, ask_for_everything(&engine), bugs)
    };
    tokio::time::timeout(PATIENCE, everything).await.expect("something waits for ever");

    let mut before = Vec::new();
    for spawn in WORLDS {
        before.push(hash(&engine, spawn).await.unwrap().0);
    }
    assert!(before[0] > 2 * 2 * ROUNDS as u64, "all of it was applied: {before:?}");
    engine.stop().await;
    let engine = open(dir.path()).await;
    for (spawn, seq) in WORLDS.into_iter().zip(before) {
        assert!(hash(&engine, spawn).await.unwrap().0 >= seq, "world {spawn}");
    }
    engine.stop().await;
}
