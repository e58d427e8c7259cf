//! A replay of any moment that is kept is the live run's world of that moment, and says so.

use super::*;
use crate::nexus::pulsar::tests::rig::written;

/// A world that is played for a while through many segments, with cuts, and images now and then.
fn played(history_bytes: u64) -> Live {
    let mut live = Live::with(history_bytes);
    let mut chance = Chance(11);
    live.begin();
    for round in 1..=24 {
        live.play(40, &mut chance);
        live.cut(round % 7 == 0);
        if round % 4 == 0 {
            live.image();
        }
    }
    live.play(25, &mut chance);
    live
}

#[test]
fn any_sequence_is_replayed_to_the_state_that_the_live_run_had() {
    let live = played(1 << 30);
    assert!(live.files(".segment").len() > 5 && live.lived.len() > 500, "{} turns", live.lived.len());
    let past = live.past();
    for ((incarnation, seq), (hash, _)) in live.lived.iter().step_by(37).chain(live.lived.last_key_value()) {
        let until = Until::Seq { incarnation: Some(*incarnation), seq: *seq };
        let mut replayed = past.replay(Request { spawn: SPAWN, until, whole: false }, None).unwrap();
        assert_eq!(replayed.world.meta.seq, *seq);
        assert_eq!(replayed.world.hash(), *hash, "sequence {seq}");
        assert!(replayed.compared.differs.is_none() && replayed.gaps.is_empty());
    }
    let mut whole = live.whole().unwrap();
    assert_eq!(whole.world.hash(), live.lived[&live.at()].0);
    assert_eq!(whole.turns, live.lived.len() as u64);
    assert_eq!((whole.compared.same, whole.compared.differs), (24, None));
}

#[test]
fn every_turn_yields_again_what_it_yielded() {
    let live = played(1 << 30);
    let (_, loaded) = crate::store::history::read_image(&LookIo, &live.files(".image")[0]).unwrap();
    let mut rerun = Rerun::of(&loaded, &live.rig.sets).unwrap();
    let mut count = 0;
    let past = crate::store::journal::Past::open(&live.path().join("journal"), &live.path().join("history"), &LookIo);
    let troubles = past.unwrap().each(
        |_| true,
        |seen| {
            if let Some(applied) = rerun.read(&seen.turn).unwrap() {
                let outs = written(rerun.apply(applied, &live.rig.sets).unwrap());
                let (hash, lived) = &live.lived[&(seen.turn.incarnation, seen.turn.seq)];
                assert_eq!(outs, *lived, "turn {}", seen.turn.seq);
                assert_eq!(rerun.world.hash(), *hash);
                count += 1;
            }
            std::ops::ControlFlow::Continue(())
        },
    );
    assert_eq!((troubles.unwrap(), count), (vec![], live.lived.len()));
}

#[test]
fn trimmed_history_stays_within_its_bound_and_its_rest_is_replayed() {
    let bound = 40 * 1024;
    let live = played(bound);
    let size: u64 = live.files("").iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
    assert!(size <= bound && size > bound / 2, "{size} bytes");
    let mut whole = live.whole().unwrap();
    assert_eq!(whole.world.hash(), live.lived[&live.at()].0);
    assert!(whole.turns < live.lived.len() as u64 && whole.turns > 100, "{} turns", whole.turns);
    assert!(whole.compared.same > 2 && whole.compared.differs.is_none() && whole.gaps.is_empty());
    let refused = live.replay("3").unwrap_err().to_string();
    assert!(
        refused.contains("history of world 1001 begins at 1/") && refused.contains("not kept any more"),
        "{refused}"
    );
}

#[test]
fn world_time_and_wall_clock_are_moments_too() {
    let mut live = Live::new();
    live.begin();
    live.rig.enter_new(1, "Mara");
    live.type_in(1, "north");
    let (north, at) = (live.at(), live.rig.now);
    live.rig.wait(30_000);
    live.flush();
    // The next turns get another millisecond of the wall clock.
    let before = quarantine::now();
    while quarantine::now() <= before + 1 {
        std::hint::spin_loop();
    }
    let between = super::super::until::wall(before + 1);
    live.rig.wait(5_000);
    live.type_in(1, "south");

    let mut replayed = live.replay(&format!("{at}ms")).unwrap();
    assert_eq!((replayed.world.meta.incarnation, replayed.world.meta.seq), north);
    assert_eq!(replayed.world.hash(), live.lived[&north].0);
    let lane = live.rig.room("lane");
    let replayed = live.replay(&between).unwrap();
    assert_eq!(replayed.world.presences.get(1).unwrap().room, lane);
    assert!(replayed.world.meta.now >= at + 28_000 && replayed.world.meta.now <= at + 30_000);
    let last = live.replay("2100-01-01T00:00:00Z").unwrap();
    assert_eq!(last.world.presences.get(1).unwrap().room, live.rig.room("green"));
    assert!(matches!(live.replay("2000-01-01T00:00:00Z"), Err(ReplayError::Before { .. })));
}

#[test]
fn what_is_shown_says_who_is_where_with_what() {
    let mut live = Live::new();
    live.begin();
    live.rig.wait(100);
    live.forge();
    live.rig.enter_new(1, "Mara");
    live.type_in(1, "get pebble");
    live.type_in(1, "wear cap");
    live.rig.unlink(1);
    live.flush();
    let world = live.replay("999999ms").unwrap().world;
    let text = show::text(&world);
    let pebble = world.players.get(1).unwrap().items.iter().find(|id| !world.items.get(**id).unwrap().items.is_empty());
    assert_eq!(pebble, None);
    for line in [
        "1 players, ",
        "player.1 (Mara)\n  in room.",
        "(Village Green), linkless\n  level 1, health ",
        "  carries item.",
        " (a grey pebble)\n",
        "  wears item.",
        " (a cloth cap) (head)\n",
        " (The Mill)\n  mob.",
        " (Old Gregor), with item.",
        " (a flour sack) holding [item.",
    ] {
        assert!(text.contains(line), "{line:?} in\n{text}");
    }
    let all = show::everything(&world);
    assert_eq!(all["players"]["player.1"]["name"], "Mara");
    assert_eq!(all["players"]["player.1"]["presence"]["session"], serde_json::Value::Null);
    assert_eq!(all["mobs"].as_object().unwrap().len(), world.mobs.len());
    assert_eq!(all["items"].as_object().unwrap().len(), world.items.len());
    assert_eq!(all["meta"]["seq"], world.meta.seq);
    assert!(all["timings"].as_object().unwrap().values().any(|timing| timing["does"] == "Beat"));
}
