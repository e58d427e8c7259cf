//! Clients who read slowly or not at all: what waits for them is bounded, and nobody waits for them.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::engine::PATIENCE;
use super::port::{Port, command};
use crate::nexus::Limits;

/// Bytes that the system keeps for a client who does not read; the least that it takes.
const WINDOW: u32 = 4096;

fn unhurried() -> Limits {
    Limits { commands_per_second: 1e6, commands_burst: 1e6, ..Limits::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_is_cut_off_and_comes_back_and_the_others_do_not_notice() {
    let port = Port::open(unhurried()).await;
    let mut ann = port.raw(Some(WINDOW)).await;
    ann.text(&port.hello(1, "Ann")).await;
    let welcome = ann.until("system.connect.success").await;
    let pass = welcome["data"]["resume"].as_str().unwrap().to_owned();
    let last = ann.until("cmd.state.sync.success").await["seq"].as_u64().unwrap();
    // She stands with the others, hears nothing any more, and they talk until what waits for her is too much.
    port.until_linkless(1, 200).await;
    let mut rest = Vec::new();
    let read = ann.stream.read_to_end(&mut rest);
    let _ = tokio::time::timeout(PATIENCE, read).await.expect("her connection has ended");

    // She missed more than is kept for her: she gets the world anew, and hears what comes from then on.
    let mut ann = port.come_back(1, &pass, last).await;
    ann.until("system.connect.success").await;
    let snapshot = ann.until("cmd.state.sync.success").await["seq"].as_u64().unwrap();
    assert!(snapshot > last + 200);
    port.others_talk(3).await;
    for nth in 1..=3 {
        let heard = ann.until("notification.cmd.say.success").await;
        assert_eq!(heard["seq"].as_u64(), Some(snapshot + nth), "without a gap");
    }
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_never_reads_the_answers_is_cut_off() {
    let port = Port::open(unhurried()).await;
    let mut ann = port.raw_player(1, "Ann", Some(WINDOW)).await;
    let asking = async { while ann.frame(0x81, b"{\"type\":\"cmd.state.sync\"}").await {} };
    tokio::time::timeout(PATIENCE, asking).await.expect("nobody listens any more");
    port.until_linkless(1, 5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_gets_everything_in_order_and_nobody_waits() {
    const SAID: u64 = 400;
    let port = Port::open(unhurried()).await;
    let mut ann = port.raw_player(1, "Ann", Some(WINDOW)).await;
    ann.text(&command("look")).await;
    let first = ann.until("cmd.look.success").await["seq"].as_u64().unwrap();
    // All is said and heard by the others before she reads the first of it.
    port.others_talk(SAID).await;
    let reading = async {
        for nth in 1..=SAID {
            let heard = ann.until("notification.cmd.say.success").await;
            assert_eq!(heard["seq"].as_u64(), Some(first + nth));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("she gets all of it");
    assert!(!port.population().await.linkless.contains(&1));
    port.close().await;
}
