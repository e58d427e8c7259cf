//! A bug in a turn costs that turn and a pause: nothing that was shown is lost, other worlds do not notice, and what
//! cannot be mended waits for the operator, with all that it had.

use std::path::Path;

use super::engine::{Engine, SPAWN};
use crate::nexus::mend::after_torn;
use crate::nexus::pulsar::instruction::{Applied, Instruction, What};
use crate::nexus::pulsar::tests::bombs;
use crate::nexus::pulsar::tests::rig;
use crate::store::mark::Torn;
use crate::store::state::State;
use crate::world::internal::StopOrder;

fn in_quarantine(dir: &Path, kind: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir.join("nexus/quarantine")) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(&format!("-{kind}.quarantine"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_panics_costs_itself_and_nothing_that_was_shown() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path()).await;
    engine.begin().await;
    engine.begin_as(1002).await;
    let mut ann = engine.enter(1, "Ann").await;
    let mut bob = engine.enter_in(1002, 2, "Bob").await;
    engine.type_in(&ann, "alias x look").await;
    ann.until("cmd.alias.success").await;
    let before = engine.head().await.unwrap();

    bombs::lay("say kaboom");
    engine.type_in(&ann, "say kaboom").await;
    engine.type_in(&ann, "alias x").await;
    engine.type_in_world(1002, &bob, "say still here").await;
    let told = ann.until("error").await;
    assert_eq!(told["data"]["code"], "broken");
    // What came while the world was mended is done after it, on the state from before the bug.
    let alias = ann.until("cmd.alias.note").await;
    assert!(alias["text"].as_str().unwrap().contains("look"), "{alias}");
    bob.until("cmd.say.success").await;

    // The same socket plays on; numbers go on; the bug is in quarantine, as it would have been journaled.
    engine.type_in(&ann, "say again").await;
    ann.until("cmd.say.success").await;
    let after = engine.head().await.unwrap();
    assert_eq!(after.0, before.0, "mending is no new beginning");
    assert!(after.1 > before.1);
    assert_eq!(in_quarantine(dir.path(), "turn").len(), 1);
    engine.stop().await;

    // A start finds it whole.
    let engine = Engine::open(dir.path()).await;
    assert!(engine.head().await.unwrap().1 >= after.1);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_whose_turn_panics_goes_on_ticking() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path()).await;
    engine.begin().await;
    let mut ann = engine.enter(1, "Ann").await;
    bombs::lay("beat");
    let file = dir.path().to_owned();
    while in_quarantine(&file, "turn").is_empty() {
        engine.type_in(&ann, "look").await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    bombs::clear("beat");
    // The Beat that follows the one that was left out gives back what a walk cost.
    engine.type_in(&ann, "say on").await;
    ann.until("cmd.say.success").await;
    engine.type_in(&ann, "north").await;
    ann.until("notification.regen").await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_cannot_be_mended_is_parked_with_all_that_it_had_and_comes_back_with_a_better_engine() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path()).await;
    engine.begin().await;
    engine.begin_as(1002).await;
    let mut ann = engine.enter(1, "Ann").await;
    let mut bob = engine.enter_in(1002, 2, "Bob").await;
    engine.type_in(&ann, "say a fine day").await;
    ann.until("cmd.say.success").await;
    engine.type_in(&ann, "alias y inventory").await;
    ann.until("cmd.alias.success").await;
    let shown = engine.head().await.unwrap();

    // A turn that was fine is not when it is applied again: the world cannot be built anew.
    bombs::lay("say a fine day");
    bombs::lay("say boom");
    engine.type_in(&ann, "say boom").await;
    ann.until("error").await;
    let worlds = engine.shared.worlds.clone();
    while !crate::nexus::background::lock(&worlds.parked).contains_key(&SPAWN) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    while in_quarantine(dir.path(), "tail").is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    engine.type_in(&ann, "look").await;
    assert_eq!(ann.until("error").await["data"]["code"], "unavailable");
    assert!(
        worlds.save(SPAWN).await.is_err() && worlds.stop(SPAWN, &StopOrder { epoch: 1, moves: false }).await.is_err(),
        "nobody waits in vain"
    );
    engine.type_in_world(1002, &bob, "say we play on").await;
    bob.until("cmd.say.success").await;
    drop(worlds);
    engine.stop().await;

    // The same engine parks it again, and loses nothing by it.
    let engine = Engine::open(dir.path()).await;
    assert_eq!(engine.head().await, None);
    engine.stop().await;

    // One that has the bug mended brings it back, as it was last shown.
    bombs::clear("say a fine day");
    bombs::clear("say boom");
    let mut engine = Engine::open(dir.path()).await;
    let back = engine.head().await.expect("it is back");
    assert!(back.0 == shown.0 && back.1 >= shown.1, "{back:?} {shown:?}");
    let mut ann = engine.enter(1, "Ann").await;
    engine.type_in(&ann, "alias y").await;
    assert!(ann.until("cmd.alias.note").await["text"].as_str().unwrap().contains("inventory"));
    let worlds = engine.shared.worlds.clone();
    while crate::nexus::background::lock(&worlds.parked).contains_key(&SPAWN) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    drop(worlds);
    engine.stop().await;
    let engine = Engine::open(dir.path()).await;
    assert!(engine.head().await.unwrap().1 >= back.1);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_start_a_parked_world_as_of_its_last_cut() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path()).await;
    engine.begin().await;
    let mut ann = engine.enter(1, "Ann").await;
    engine.type_in(&ann, "say cuckoo").await;
    ann.until("cmd.say.success").await;
    bombs::lay("say cuckoo");
    bombs::lay("say bang");
    engine.type_in(&ann, "say bang").await;
    ann.until("error").await;
    let worlds = engine.shared.worlds.clone();
    while !crate::nexus::background::lock(&worlds.parked).contains_key(&SPAWN) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let before = engine.head().await.unwrap();
    worlds.unpark(SPAWN).await.unwrap();
    let after = engine.head().await.unwrap();
    assert!(after.0 > before.0, "it is another incarnation");
    assert!(worlds.unpark(SPAWN).await.is_err());
    drop(worlds);
    let mut bob = engine.enter(2, "Bob").await;
    engine.type_in(&bob, "say hello").await;
    bob.until("cmd.say.success").await;
    engine.stop().await;
    let engine = Engine::open(dir.path()).await;
    assert_eq!(engine.head().await.unwrap().0, after.0);
    engine.stop().await;
}

#[test]
fn a_timing_from_which_two_processes_were_torn_is_left_out_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(&dir.path().join("state")).unwrap();
    let worlds = [rig::world()];
    let meta = &worlds[0].meta;
    let quarantine = dir.path().join("nexus/quarantine");
    let mut torn_from = |what: What| {
        let turn = postcard::to_stdvec(&Applied { at: 2000, what }).unwrap();
        let torn = Torn { spawn: meta.spawn, incarnation: meta.incarnation, seq: 1, turn };
        after_torn(&mut state, &quarantine, &torn, &worlds).unwrap()
    };
    assert_eq!(torn_from(What::Timer(1)), None, "one death may be anybody's");
    assert_eq!(torn_from(What::Given(Instruction::Beat)), None, "what came from outside happens no more anyway");
    assert_eq!(torn_from(What::Timer(2)), None, "another timing is another suspect");
    assert_eq!(torn_from(What::Timer(2)), Some((meta.spawn, 2)));
    assert_eq!(torn_from(What::Timer(77)), None, "one that is done needs no leaving out");
    assert_eq!(in_quarantine(dir.path(), "torn").len(), 5);
}
