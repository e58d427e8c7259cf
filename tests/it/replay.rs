//! `realms replay` and `realms journal`, as processes beside a running platform and without one: who had the pebble, and
//! when did it vanish?

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::support::platform::{Home, PATIENCE, Platform, text, until};

const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixture/world");

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(url: &str) -> Self {
        Self(tokio_tungstenite::connect_async(url).await.unwrap().0)
    }

    async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Reads until a frame of this type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("an answer").unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    async fn does(&mut self, line: &str) -> Value {
        let kind = format!("cmd.{}.success", line.split(' ').next().unwrap());
        self.send(json!({"type": "cmd.text", "text": line})).await;
        self.until(&kind).await
    }
}

/// A guest in the world; also their name and number.
async fn enter(platform: &Platform) -> (Socket, String, i64) {
    let (status, body) = platform.post("/api/v1/game/play/", "{}");
    assert_eq!(status, 201, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let (token, player) = (body["access"].as_str().unwrap(), body["player"]["id"].as_i64().unwrap());
    let mut forge = Socket::open(&format!("ws://127.0.0.1:{}/ws/forge/?token={token}", platform.port)).await;
    forge.send(json!({"type": "job", "job": "enter_world", "player_id": player})).await;
    let done = forge.until("job_complete").await;
    let url = done["job_data"]["ws_uri"].as_str().unwrap().replace("localhost", "127.0.0.1");
    let mut socket = Socket::open(&url).await;
    let hello = json!({"type": "system.connect", "data": {"player_key": format!("player.{player}")}, "token": token});
    socket.send(hello).await;
    let sync = socket.until("cmd.state.sync.success").await;
    (socket, sync["data"]["actor"]["name"].as_str().unwrap().to_owned(), player)
}

/// What a tool prints that succeeds.
fn told(home: &Home, args: &[&str]) -> String {
    let output = home.run(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The one line with which a tool refuses.
fn refused(home: &Home, args: &[&str]) -> String {
    let output = home.run(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", text(&output.stdout));
    text(&output.stderr).lines().last().unwrap_or_default().trim_start_matches("realms: ").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_had_the_pebble_and_when_did_it_vanish() {
    let home = Home::new();
    let platform = home.open_with(|command| {
        command.env("GUESTS", "true").env("STARTER_WORLD", WORLD);
    });
    let (mut socket, name, player) = enter(&platform).await;
    let pebble = loop {
        // The loaders bring it a moment after the world has begun.
        socket.send(json!({"type": "cmd.text", "text": "get pebble"})).await;
        let message = tokio::time::timeout(PATIENCE, socket.0.next()).await.unwrap().unwrap().unwrap();
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if frame["type"] == "cmd.get.success" {
            break frame["data"]["items"][0]["key"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    };
    socket.does(&format!("drop {pebble}")).await;
    socket.does(&format!("get {pebble}")).await;
    socket.send(json!({"type": "cmd.text", "text": "quit"})).await;
    socket.until("system.disconnect.success").await;

    // Beside the running platform; its first image comes with the world's first cut.
    until("the world can be replayed", || home.run(&["replay", "--world", "the mill"]).status.success());
    let story = told(&home, &["replay", "--world", "the mill", "--explain", &pebble]);
    let who = format!("player.{player} ({name})");
    for line in [
        format!("{pebble} (a grey pebble) came into being, on the ground in room."),
        ", loaded by rule ".to_owned(),
        "(Village Green), and is carried by ".to_owned() + &who,
        format!("{who} types \"drop {pebble}\"\n    dropped: it was carried by {who}, and is on the ground in room."),
        format!("{who} types \"get {pebble}\"\n    picked up: "),
        format!("{pebble} (a grey pebble) left the world with {who}, whose save has it; it was carried by {who}"),
    ] {
        assert!(story.contains(&line), "{line:?} in\n{story}");
    }
    let as_json = told(&home, &["replay", "--world", "the mill", "--explain", &pebble, "--json"]);
    let as_json: Value = serde_json::from_str(&as_json).unwrap();
    assert_eq!((&as_json["thing"], &as_json["replay"]["gaps"]), (&json!(pebble), &json!([])));
    let events = as_json["events"].as_array().unwrap();
    let dropped = events.iter().find(|event| event["cause"].as_str().unwrap().contains("types \"drop")).unwrap();
    platform.kill();

    // At rest, and then after a restart, the past is the same.
    let moment = dropped["seq"].to_string();
    let lies = format!("there lies {pebble} (a grey pebble)");
    let then = told(&home, &["replay", "--world", "the mill", "--until", &moment]);
    assert!(then.contains(&lies) && then.contains(&format!("at sequence {moment} of incarnation ")), "{then}");
    let state = |said: &str| said.lines().find(|line| line.starts_with("state ")).unwrap().to_owned();
    let before: Value = {
        let before = (dropped["seq"].as_u64().unwrap() - 1).to_string();
        let all = told(&home, &["replay", "--world", "the mill", "--until", &before, "--json"]);
        serde_json::from_str(&all).unwrap()
    };
    assert_eq!(before["items"][&pebble]["place"], json!({"Carried": {"Player": player}}));
    let platform = home.open();
    let again = told(&home, &["replay", "--world", "the mill", "--until", &moment]);
    assert_eq!(state(&again), state(&then));
    // A stop cuts the world, which the replay is held against.
    assert_eq!(platform.stop(), Some(0));
    let whole = told(&home, &["replay", "--world", "the mill", "--whole"]);
    assert!(whole.contains("; equal to the live run at 1 recorded moments, the last at "), "{whole}");
    let story_again = told(&home, &["replay", "--world", "the mill", "--explain", &pebble]);
    let events_of =
        |story: &str| story.lines().filter(|line| line.starts_with(' ')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(events_of(&story_again), events_of(&story));

    assert!(
        refused(&home, &["replay", "--world", "atlantis"])
            .starts_with("no image of world atlantis is kept here; history has ")
    );
    let nobody = refused(&home, &["replay", "--world", "the mill", "--explain", "item.5"]);
    assert!(nobody.starts_with("item.5 was not in world "), "{nobody}");
    assert!(refused(&home, &["replay", "--world", "the mill", "--explain", "sword"]).contains("is no thing"));
    assert!(refused(&home, &["replay", "--world", "the mill", "--until", "noon"]).contains("is no moment"));

    let spawn = before["meta"]["key"].as_str().unwrap();
    let dump = told(&home, &["journal", "dump", "--world", spawn]);
    let typed = dump.lines().find(|line| line.ends_with(&format!("player.{player} types \"drop {pebble}\""))).unwrap();
    let fields: Vec<&str> = typed.split(' ').collect();
    assert_eq!((fields[2], fields[3].split('/').nth(1)), (&spawn["world.".len()..], Some(moment.as_str())));
    assert!(fields[0].starts_with("20") && fields[0].ends_with('Z'), "{typed}");
    assert_eq!(told(&home, &["journal", "dump", "--world", "7"]).lines().count(), 1);
    let with_hex = told(&home, &["journal", "dump", "--hex"]);
    let hex = with_hex.lines().find(|line| line.starts_with(typed)).unwrap().rsplit(' ').next().unwrap();
    assert!(hex.len() > 20 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hex}");
    let verified = told(&home, &["journal", "verify"]);
    assert!(
        verified.contains("Worlds can be replayed from these images on:") && verified.contains("The Mill"),
        "{verified}"
    );
}

#[test]
fn without_history_a_replay_says_which_setting_keeps_it() {
    let home = Home::new();
    assert!(refused(&home, &["replay", "--world", "1000"]).starts_with("there is no nexus in "));
    let platform = home.open_with(|command| {
        command.env("HISTORY_MIB", "0").env("STARTER_WORLD", WORLD);
    });
    told(&home, &["world", "start", "mill"]);
    let none = refused(&home, &["replay", "--world", "the mill"]);
    assert!(none.starts_with("no image of a world is kept in ") && none.contains("HISTORY_MIB"), "{none}");
    assert_eq!(platform.stop(), Some(0));
    assert!(!home.path().join("nexus/main/history").exists());
}
