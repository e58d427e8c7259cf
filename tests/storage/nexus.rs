//! Power losses of a whole nexus: people play, their world is cut now and then, the nexus is stopped and started; then its
//! folder is rebuilt as a power loss at some moment could have left it. What anybody was shown is in the world that a start
//! brings back, and that world is as it was at that turn, byte for byte.

use std::path::Path;
use std::sync::Arc;

use realms::nexus::Disk;
use realms::store::io::RealIo;
use realms::store::io::crash::Chance;
use realms::store::state::Cut;
use realms::world::character::PlayerId;

use crate::oracle::{Life, recovered};
use crate::platter::{Loss, Platter};
use crate::record::{self, Record};
use crate::rig::{Player, Rig, journal, prepare};

const COMMANDS: usize = 150;
const LINES: [&str; 12] =
    ["north", "south", "east", "west", "look", "say good evening", "inventory", "nod", "stats", "rest", "stand", "who"];

struct Play {
    record: Record,
    /// The world as it began, and when that was durable.
    cut: Cut,
    begun: usize,
    /// When a player had a message, as positions of the record.
    shown: Vec<(usize, PlayerId, u64)>,
}

async fn play(root: &Path, seed: u64) -> Play {
    record::start(root, 0);
    let place = root.join("nexus");
    let cut = prepare(&place);
    let begun = record::position();
    let mut chance = Chance(seed);
    let mut shown = Vec::new();
    let mut said = 0;
    while said < COMMANDS {
        let mut rig = Rig::open(&place, Disk { io: Arc::new(RealIo), journal: journal() }).await;
        let mut people = [rig.enter(1, "Ann").await, rig.enter(2, "Bob").await];
        let see = |player: &Player| (record::position(), player.id, player.seen);
        shown.extend(people.iter().map(see));
        for _ in 0..COMMANDS / 3 {
            let player = &mut people[chance.below(2)];
            player.types(LINES[chance.below(LINES.len())]).await;
            shown.push(see(player));
            said += 1;
            if chance.below(12) == 0 {
                rig.cut().await;
            }
        }
        rig.stop().await;
    }
    Play { record: record::stop(), cut, begun, shown }
}

/// Plays, and loses power at moments of it.
fn lose_power(seed: u64) {
    let _alone = crate::alone();
    let dir = crate::folder();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let play = runtime.block_on(play(dir.path(), seed));
    let life = Life::of(&play.cut, &dir.path().join("nexus"));
    let ops = &play.record.ops;
    println!("play {seed}: {} turns, {} changes, {} looks", life.turns.len(), ops.len(), play.shown.len());

    let mut chance = Chance(seed);
    let cases = crate::cases() / 4;
    let mut moments: Vec<(usize, u64)> = (0..cases).map(|_| (chance.below(ops.len() + 1), chance.draw())).collect();
    moments.sort_unstable();
    let mut platter = Platter::new(&play.record.base);
    let mut applied = 0;
    for (moment, seed) in moments {
        ops[applied..moment].iter().for_each(|op| platter.apply(op));
        applied = moment;
        let loss = Loss::draw(&mut Chance(seed));
        println!("after {moment} changes, seed {seed:#x}: {loss:?}");
        let dir = crate::folder();
        platter.crash(loss, seed).write(dir.path());
        let from = moment.saturating_sub(30);
        crate::shown_on_failure(&ops[from..moment], from, || {
            let found = recovered(&dir.path().join("nexus")).unwrap_or_else(|error| crate::kept(dir.path(), &error));
            let Some(mut world) = found else {
                return assert!(moment < play.begun, "the world is gone");
            };
            let now = life.check(&mut world);
            for (_, player, message) in play.shown.iter().filter(|(position, ..)| *position <= moment) {
                let sent = now.messages.get(player).copied().unwrap_or(0);
                assert!(sent >= *message, "player {player} was shown message {message}, and {sent} is the last");
            }
        });
    }
}

#[test]
fn a_nexus_keeps_what_it_has_shown_1() {
    lose_power(1);
}

#[test]
fn a_nexus_keeps_what_it_has_shown_2() {
    lose_power(2);
}
