//! Clients who do what none should: each ends its own connection at most, with a reason, and the others get theirs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::engine::PATIENCE;
use super::port::{Port, Raw, command, frame};
use crate::nexus::Limits;
use crate::nexus::ending::{self, Ending};
use crate::nexus::message::inbound::FRAME_BYTES_MAX;

/// The first byte of a text frame that is whole.
const TEXT: u8 = 0x81;

async fn ends(raw: &mut Raw, ending: Ending) {
    let wanted = ending.text.map(|text| (ending.code, text.to_owned()));
    assert_eq!(raw.ending().await, wanted);
}

fn quick() -> Limits {
    // Answers to pings are counted like any other frame.
    let ping_every = Duration::from_millis(50);
    Limits { ping_every, commands_per_second: 1000.0, commands_burst: 1000.0, ..Limits::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_too_large_ends_its_connection_with_words() {
    let port = Port::open(Limits::default()).await;
    let mut ann = port.raw_player(1, "Ann", None).await;
    let most = command(&"x".repeat(FRAME_BYTES_MAX - command("").len()));
    ann.text(&most).await;
    // As large as it may be, and then too long for a line.
    assert_eq!(ann.until("cmd.text.error").await["data"]["code"], "too_long");
    ann.frame(TEXT, format!("{most} ").as_bytes()).await;
    assert_eq!(ann.until("error").await["data"]["code"], "too_long");
    ends(&mut ann, ending::LARGE).await;
    port.others_talk(5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_make_one_message_and_are_bounded_together() {
    let port = Port::open(Limits::default()).await;
    let mut ann = port.raw_player(1, "Ann", None).await;
    let text = command("say in pieces");
    let (start, rest) = text.as_bytes().split_at(10);
    let (middle, end) = rest.split_at(10);
    ann.frame(0x01, start).await;
    ann.frame(0x89, b"between").await;
    ann.frame(0x00, middle).await;
    ann.frame(0x80, end).await;
    assert_eq!(ann.until("cmd.say.success").await["data"]["message"], "in pieces");
    // Each piece is small, all of them are too large.
    ann.frame(0x01, &[b' '; 1000]).await;
    while ann.frame(0x00, &[b' '; 1000]).await {}
    ends(&mut ann, ending::LARGE).await;
    port.others_talk(5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_frames_are_answered_with_words_and_text_must_be_utf8() {
    let port = Port::open(Limits::default()).await;
    let mut ann = port.raw_player(1, "Ann", None).await;
    ann.frame(0x82, &[0, 1, 2, 255]).await;
    assert_eq!(ann.until("error").await["data"]["code"], "malformed");
    ann.text(&command("say still here")).await;
    ann.until("cmd.say.success").await;
    ann.frame(TEXT, b"{\"type\":\"cmd.text\",\"text\":\"say \xff\"}").await;
    ends(&mut ann, ending::NOT_UTF8).await;
    port.others_talk(5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_protocol_ends_its_connection() {
    let port = Port::open(Limits::default()).await;
    let unmasked = [TEXT, 2, b'{', b'}'].to_vec();
    let hello = frame(TEXT, b"{}");
    for (what, bytes) in [
        ("compressed, which was not agreed on", frame(0xc1, b"{}")),
        ("another bit of extensions", frame(0xa1, b"{}")),
        ("and the last of them", frame(0x91, b"{}")),
        ("an unknown kind of message", frame(0x83, b"{}")),
        ("an unknown kind of control frame", frame(0x8b, b"{}")),
        ("a ping in pieces", frame(0x09, b"{}")),
        ("a long ping", frame(0x89, &[0; 126])),
        ("a piece of nothing", frame(0x80, b"{}")),
        ("a message in a message", [frame(0x01, b"{"), hello].concat()),
        ("not masked", unmasked),
    ] {
        let mut raw = port.raw(None).await;
        raw.bytes(&bytes).await;
        assert_eq!(raw.ending().await.map(|(code, _)| code), Some(ending::PROTOCOL.code), "{what}");
    }
    // A length beyond all memory is refused before anything of it is kept.
    let mut raw = port.raw(None).await;
    raw.bytes(&[TEXT, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, b'x']).await;
    ends(&mut raw, ending::LARGE).await;
    port.others_talk(5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_extension_is_agreed_on_and_strange_ends_are_ends() {
    let port = Port::open(Limits::default()).await;
    let mut raw = port.connect("127.0.0.1").await;
    let head = raw.upgrade("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 ") && !head.to_lowercase().contains("extensions"), "{head}");
    for close in [&[][..], &[3], &999u16.to_be_bytes(), &[3, 232, 255, 254]] {
        let mut raw = port.raw(None).await;
        raw.frame(0x88, close).await;
        // Whatever it said, it hears an end, and the connection is over.
        assert!(raw.ending().await.is_some(), "{close:?}");
    }
    // What comes after the end is not read.
    let mut ann = port.raw_player(1, "Ann", None).await;
    ann.bytes(&[frame(0x88, &1000u16.to_be_bytes()), frame(TEXT, command("say too late").as_bytes())].concat()).await;
    ends(&mut ann, ending::CLOSED).await;
    port.until_linkless(1, 1).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_frames_is_slowed_with_words_and_then_ended() {
    let port = Port::open(Limits { commands_per_second: 1.0, ..Limits::default() }).await;
    let mut ann = port.raw_player(1, "Ann", None).await;
    let flood: Vec<u8> =
        (0..1000).flat_map(|nth| frame(TEXT, command(&format!("say flood {nth}")).as_bytes())).collect();
    ann.bytes(&flood).await;
    assert_eq!(ann.until("error").await["data"]["code"], "too_fast");
    ends(&mut ann, ending::HASTY).await;
    port.until_linkless(1, 1).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_pings_and_of_binary_frames_end_too() {
    let port = Port::open(Limits { commands_per_second: 1.0, ..Limits::default() }).await;
    for first in [0x89, 0x8a, 0x82] {
        let mut raw = port.raw(None).await;
        let flood: Vec<u8> = (0..1000).flat_map(|_| frame(first, b"x")).collect();
        raw.bytes(&flood).await;
        ends(&mut raw, ending::HASTY).await;
    }
    port.others_talk(5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_without_content_that_never_end_are_bounded_in_bytes() {
    let limits = Limits { ping_every: Duration::from_secs(3600), commands_per_second: 0.001, ..Limits::default() };
    let port = Port::open(limits).await;
    let mut ann = port.raw_player(1, "Ann", None).await;
    ann.frame(0x01, b"{").await;
    let empty = frame(0x00, b"").repeat(1000);
    let flooding = async { while ann.bytes(&empty).await {} };
    tokio::time::timeout(PATIENCE, flooding).await.expect("it does not read without an end");
    ends(&mut ann, ending::FLOOD).await;
    port.others_talk(5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_sockets_and_others_have_theirs() {
    let port = Port::open(Limits { sockets_per_address: 3, ..Limits::default() }).await;
    let held = [port.raw(None).await, port.raw(None).await, port.raw(None).await];
    for _ in 0..50 {
        let mut fourth = port.connect("127.0.0.1").await;
        assert!(fourth.upgrade("").await.starts_with("HTTP/1.1 429 "));
    }
    let mut elsewhere = port.connect("127.0.0.7").await;
    assert!(elsewhere.upgrade("").await.starts_with("HTTP/1.1 101 "));
    drop(held);
    let again = async { while !port.connect("127.0.0.1").await.upgrade("").await.starts_with("HTTP/1.1 101 ") {} };
    tokio::time::timeout(PATIENCE, again).await.expect("there is a place again");
    port.others_talk(5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_says_who_they_are_is_sent_away() {
    let port = Port::open(Limits { greeting_max: Duration::from_millis(200), ..quick() }).await;
    let mut mute = port.raw(None).await;
    ends(&mut mute, ending::STRANGER).await;
    let mut talks = port.raw(None).await;
    let talk = async {
        while talks.frame(TEXT, b"{\"type\":\"system.ping\"}").await {
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
    };
    tokio::time::timeout(PATIENCE, talk).await.expect("however much they talk");
    // Bob and Carol said who they are, and are there longer than that.
    port.others_talk(5).await;
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_is_given_up_and_who_answers_pings_is_not() {
    let limits = Limits { silence_max: Duration::from_millis(1500), greeting_max: Duration::from_secs(600), ..quick() };
    let port = Port::open(limits).await;
    let mut quiet = port.enter(1, "Ann").await;
    let mut silent = port.raw_player(2, "Dan", None).await;
    let mut half = port.raw_player(3, "Eve", None).await;
    half.bytes(&frame(TEXT, command("say never whole").as_bytes())[..20]).await;
    let mut trickle = port.raw_player(4, "Fay", None).await;
    let trickling = async {
        let whole = frame(TEXT, &[b' '; FRAME_BYTES_MAX]);
        for byte in whole {
            if !trickle.bytes(&[byte]).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // The quiet one reads, and so its library answers; the other two who behave do as well while they talk.
    let over = AtomicBool::new(false);
    let others = async {
        while !over.load(Ordering::Relaxed) {
            port.others_talk(1).await;
        }
    };
    let ended = async {
        for raw in [&mut silent, &mut half] {
            ends(raw, ending::SILENT).await;
        }
        trickling.await;
    };
    let ended = async {
        tokio::select! {
            () = async { loop { drop(quiet.message().await) } } => {}
            ended = tokio::time::timeout(PATIENCE, ended) => ended.expect("the silent are given up"),
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(others, ended);
    let linkless = port.population().await.linkless;
    assert!(!linkless.contains(&1) && [2, 3].iter().all(|player| linkless.contains(player)), "{linkless:?}");
    quiet.send(command("say I am here")).await;
    quiet.until("cmd.say.success").await;
    port.close().await;
}
