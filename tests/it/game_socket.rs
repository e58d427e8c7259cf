//! The game socket of a running platform: what is wrong with a frame is said to whoever sent it, and nobody else notices.

use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::platform::Home;
use crate::support::player::{Guest, Socket, announce, enter, guest, hello};

fn say(text: &str) -> String {
    json!({"type": "cmd.text", "text": format!("say {text}")}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_frames_are_answered_and_concern_nobody_else() {
    let home = Home::new();
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/low-water");
    let platform = home.open_with(|command| {
        command.env("GUESTS", "true").env("STARTER_WORLD", world);
    });
    let (ann, bob) = (guest(&platform), guest(&platform));
    let mut listener = enter(&platform, &bob).await;
    let url = announce(&platform, &ann).await;

    // Before anyone is shown to be anyone.
    let mut stranger = Socket::open(&url).await;
    for (frame, kind, text) in [
        ("{".to_owned(), "error", "This is not a frame: it ends too early at column 1."),
        (say("hi"), "error", "Connect with a character first."),
        (r#"{"type":"system.connect"}"#.to_owned(), "system.connect.error", "Missing authentication token"),
        (r#"{"type":"system.connect","token":"x"}"#.to_owned(), "system.connect.error", "Missing player_key"),
        (
            r#"{"type":"system.connect","token":"x","data":{"player_key":"player.1"}}"#.to_owned(),
            "system.connect.error",
            "Invalid authentication token",
        ),
        (
            hello(&Guest { token: bob.token.clone(), player: ann.player }),
            "system.connect.error",
            "This is not a character of yours.",
        ),
    ] {
        stranger.send(frame.clone()).await;
        assert_eq!(stranger.until(kind).await["text"], text, "{frame}");
    }
    // The same socket is still good for whoever may play.
    stranger.send(hello(&ann)).await;
    stranger.until("cmd.state.sync.success").await;
    let mut player = stranger;
    player.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(player.until("error").await["text"], "This socket speaks text, not binary.");
    player.send(r#"{"type":"cmd.nonsense","text":"frobnicate"}"#).await;
    player.until("cmd.text.echo").await;
    player.send(say(&"x".repeat(2500))).await;
    assert_eq!(player.until("cmd.text.error").await["data"]["code"], "too_long");

    // A flood is slowed down with words; what went through went through once and in order.
    for nth in 0..120 {
        player.send(say(&format!("<b>{nth}</b>"))).await;
    }
    assert_eq!(player.until("error").await["data"]["code"], "too_fast");
    player.send(r#"{"type":"system.ping"}"#).await;
    let heard = listener.until("notification.cmd.say.success").await;
    assert!(heard["text"].as_str().unwrap().ends_with("says '<b>0</b>'"), "{heard}");

    // A frame beyond the limit ends that connection, and no other.
    player.send(say(&"y".repeat(20_000))).await;
    while player.next().await.is_some() {}
    listener.send(json!({"type": "cmd.text", "text": "roll"}).to_string()).await;
    listener.until("cmd.roll.success").await;

    // The newest socket of a character has it; the older one is closed, with its code.
    let mut newer = enter(&platform, &bob).await;
    while listener.next().await.is_some() {}
    newer.send(json!({"type": "cmd.text", "text": "who"}).to_string()).await;
    let who = newer.until("cmd.who.success").await;
    let linkless = |id: i64| {
        who["data"]["players"].as_array().unwrap().iter().find(|p| p["id"] == id).unwrap()["is_linkless"].clone()
    };
    assert_eq!((linkless(ann.player), linkless(bob.player)), (json!(true), json!(false)));
    newer.send(r#"{"type":"system.disconnect"}"#).await;
    newer.until("system.disconnect.success").await;
    assert_eq!(platform.stop(), Some(0));
}
