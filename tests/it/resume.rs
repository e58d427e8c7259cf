//! Coming back: a client whose connection broke gets exactly what it missed, also after the platform was killed, and a
//! command that it sends again is applied once.

use serde_json::{Value, json};

use crate::support::platform::{Home, Platform};
use crate::support::player::{Guest, Socket, announce, enter, guest, hello};

const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/low-water");

fn open(home: &Home) -> Platform {
    home.open_with(|command| {
        command.env("GUESTS", "true").env("STARTER_WORLD", WORLD);
    })
}

fn line(text: &str, n: Option<u64>) -> String {
    json!({"type": "cmd.text", "text": text, "n": n}).to_string()
}

/// Says something, and waits for the answer: from then on it is on the disk.
async fn say(socket: &mut Socket, word: &str) {
    socket.send(line(&format!("say {word}"), None)).await;
    assert_eq!(socket.until("cmd.say.success").await["data"]["message"], word);
}

fn return_hello(guest: &Guest, pass: &str, last: u64) -> String {
    let key = format!("player.{}", guest.player);
    let data = json!({"player_key": key, "resume": pass, "last_seq": last});
    json!({"type": "system.connect", "token": guest.token, "data": data}).to_string()
}

/// A player who notes down what it sees.
struct Witness {
    socket: Socket,
    pass: String,
    /// Numbered frames in the order in which they came.
    seen: Vec<Value>,
}

impl Witness {
    async fn enter(platform: &Platform, guest: &Guest) -> Self {
        let socket = Socket::open(&announce(platform, guest).await).await;
        let mut me = Self { socket, pass: String::new(), seen: Vec::new() };
        me.socket.send(hello(guest)).await;
        let welcome = me.until("system.connect.success").await;
        assert_eq!(welcome.get("seq"), None, "the welcome is about the connection");
        me.pass = welcome["data"]["resume"].as_str().unwrap().to_owned();
        me.until("cmd.state.sync.success").await;
        me
    }

    fn last(&self) -> u64 {
        self.seen.last().unwrap()["seq"].as_u64().unwrap()
    }

    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.socket.next().await.unwrap_or_else(|| panic!("the connection ended before {kind}"));
            if frame.get("seq").is_some() {
                self.seen.push(frame.clone());
            }
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Over a new connection, with what it saw last; gives the welcome.
    async fn come_back(&mut self, url: &str, guest: &Guest) -> Value {
        self.socket = Socket::open(url).await;
        self.socket.send(return_hello(guest, &self.pass, self.last())).await;
        let welcome = self.until("system.connect.success").await;
        assert_eq!((&welcome["data"]["resumed"], welcome.get("seq")), (&json!(true), None));
        welcome
    }

    /// Nothing came twice, nothing is missing, and no snapshot had to fill a gap.
    fn has_seen_all(&self) {
        let numbers: Vec<u64> = self.seen.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect();
        let all: Vec<u64> = (numbers[0]..numbers[0] + numbers.len() as u64).collect();
        assert_eq!(numbers, all);
        let snapshots = self.seen.iter().filter(|frame| frame["type"] == "cmd.state.sync.success").count();
        assert_eq!(snapshots, 1);
    }

    fn heard(&self) -> Vec<&str> {
        let says = self.seen.iter().filter(|frame| frame["type"] == "notification.cmd.say.success");
        says.map(|frame| frame["data"]["message"].as_str().unwrap()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_gets_exactly_what_was_missed_also_after_a_kill() {
    let home = Home::new();
    let platform = open(&home);
    let (ann, bob) = (guest(&platform), guest(&platform));
    let mut speaker = enter(&platform, &bob).await;
    let url = announce(&platform, &ann).await;
    let mut witness = Witness::enter(&platform, &ann).await;
    say(&mut speaker, "one").await;
    witness.until("notification.cmd.say.success").await;

    // The connection breaks; the speaker goes on.
    witness.socket = Socket::open(&url).await;
    for word in ["two", "three", "four"] {
        say(&mut speaker, word).await;
    }
    let welcome = witness.come_back(&url, &ann).await;
    let missed = welcome["data"]["seq"].as_u64().unwrap();
    while witness.last() < missed {
        witness.socket.send(r#"{"type":"system.ping"}"#).await;
        witness.until("system.pong").await;
    }
    say(&mut speaker, "five").await;
    while witness.heard().last() != Some(&"five") {
        witness.until("notification.cmd.say.success").await;
    }
    assert_eq!(witness.heard(), ["one", "two", "three", "four", "five"]);
    witness.has_seen_all();

    // The platform is killed right after an answer. What the witness was not sent any more is made again.
    witness.socket.send(line("say I am here", Some(1))).await;
    witness.until("cmd.say.success").await;
    say(&mut speaker, "six").await;
    platform.kill();
    let platform = open(&home);
    let url = format!("ws://127.0.0.1:{}/ws/game/cmd", platform.port);
    let welcome = witness.come_back(&url, &ann).await;
    assert_eq!(welcome["data"]["last_n"], 1);
    // What was answered already is sent again, as a client does that did not see the answer.
    witness.socket.send(line("say I am here", Some(1))).await;
    witness.socket.send(line("say still", Some(2))).await;
    witness.until("cmd.say.success").await;
    assert_eq!(witness.seen.last().unwrap()["data"]["message"], "still", "a command that was applied is left out");
    assert_eq!(witness.heard().last(), Some(&"six"));
    witness.has_seen_all();
    assert_eq!(platform.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_opens_nothing_but_its_owners_stay() {
    let home = Home::new();
    let platform = open(&home);
    let (ann, bob) = (guest(&platform), guest(&platform));
    let url = announce(&platform, &ann).await;
    let mut witness = Witness::enter(&platform, &ann).await;
    let refused = async |frame: String| {
        let mut socket = Socket::open(&url).await;
        socket.send(frame).await;
        socket.until("system.connect.error").await["data"]["code"].as_str().unwrap().to_owned()
    };
    // Somebody else's token; a pass that was tampered with; a number that was never sent.
    let thief = Guest { token: bob.token.clone(), player: ann.player };
    assert_eq!(refused(return_hello(&thief, &witness.pass, 1)).await, "denied");
    assert_eq!(refused(return_hello(&ann, &format!("{}AA", witness.pass), 1)).await, "denied");
    assert_eq!(refused(return_hello(&ann, &witness.pass, 1_000_000)).await, "gone");
    witness.socket.send(line("look", None)).await;
    witness.until("cmd.look.success").await;

    // What lies further back than what is kept: a snapshot, and then on with the numbers as they are.
    let mut back = Socket::open(&url).await;
    back.send(return_hello(&ann, &witness.pass, 0)).await;
    let welcome = back.until("system.connect.success").await;
    let snapshot = back.next().await.unwrap();
    assert_eq!(snapshot["type"], "cmd.state.sync.success");
    assert!(snapshot["seq"].as_u64() > welcome["data"]["seq"].as_u64(), "{snapshot}");

    // Who has left and come again is not who was here before.
    back.send(r#"{"type":"system.disconnect"}"#).await;
    back.until("system.disconnect.success").await;
    assert_eq!(refused(return_hello(&ann, &witness.pass, 1)).await, "gone");
    let _again = enter(&platform, &ann).await;
    assert_eq!(refused(return_hello(&ann, &witness.pass, 1)).await, "gone");
    assert_eq!(platform.stop(), Some(0));
}
