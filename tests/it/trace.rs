//! `realms nexus trace`: one player's commands, stage by stage, on the operator's screen and in the log.

use std::fs::File;
use std::process::Stdio;
use std::sync::mpsc::Receiver;

use serde_json::json;

use crate::support::platform::{Home, PATIENCE, lines_of, text};
use crate::support::player::{Socket, enter, guest};

/// A command that came all the way passes these, in this order.
const STAGES: [&str; 7] = ["read", "given", "taken", "applied", "durable", "delivered", "written"];

/// One line of the tool: command, name, stage, and what else it says.
#[derive(Debug)]
struct Line {
    command: u64,
    name: String,
    stage: String,
    more: String,
}

fn line(text: &str) -> Line {
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words[1].parse::<u64>().is_ok() && words[2].starts_with('+'), "times: {text}");
    let (command, name, stage) = (words[0].parse().unwrap(), words[3].into(), words[4].into());
    Line { command, name, stage, more: words[5..].join(" ") }
}

/// What is said until command `nth` was written.
fn until_written(said: &Receiver<String>, nth: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    loop {
        let next = line(&said.recv_timeout(PATIENCE).expect("the tool goes on"));
        let is_last = next.command == nth && next.stage == "written";
        lines.push(next);
        if is_last {
            return lines;
        }
    }
}

async fn types(socket: &mut Socket, text: &str, answer: &str) {
    socket.send(json!({"type": "cmd.text", "text": text}).to_string()).await;
    socket.until(answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_players_commands_are_followed_and_nothing_that_anyone_typed_is_told() {
    let home = Home::new();
    let (world, log) =
        (concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/low-water"), tempfile::NamedTempFile::new().unwrap());
    let platform = home.open_with(|command| {
        let to: File = log.reopen().unwrap();
        command.env("GUESTS", "true").env("STARTER_WORLD", world).stderr(to);
    });
    let (ann, bob) = (guest(&platform), guest(&platform));
    let (mut anns, mut bobs) = (enter(&platform, &ann).await, enter(&platform, &bob).await);

    let name = format!("player.{}", ann.player);
    let mut tool = home.command(&["nexus", "trace", &name, "--for", "10m"]).stdout(Stdio::piped()).spawn().unwrap();
    let said = lines_of(tool.stdout.take().unwrap());
    let first = said.recv_timeout(PATIENCE).unwrap();
    assert!(first.starts_with("Following ") && first.contains(&name) && first.contains("600 s"), "{first}");
    assert!(said.recv_timeout(PATIENCE).unwrap().starts_with("command "));

    types(&mut anns, "say my secret", "cmd.say.success").await;
    types(&mut bobs, "say his secret", "cmd.say.success").await;
    types(&mut anns, "secretword", "cmd.text.echo").await;
    let lines = until_written(&said, 2);
    let of = |nth: u64| lines.iter().filter(move |line| line.command == nth);
    for nth in [1, 2] {
        assert_eq!(of(nth).map(|line| line.stage.as_str()).collect::<Vec<_>>(), STAGES, "{lines:#?}");
    }
    assert_eq!(of(1).count() + of(2).count(), lines.len(), "ann's two commands and no other: {lines:#?}");
    assert!(of(1).all(|line| line.name == "say") && of(2).all(|line| line.name == "other"), "{lines:#?}");
    let more = |nth: u64, stage: &str| of(nth).find(|line| line.stage == stage).unwrap().more.clone();
    assert!(more(1, "applied").contains(" ms, took "), "{lines:#?}");
    let both = [ann.player.to_string(), bob.player.to_string()];
    let told = more(1, "delivered");
    assert!(told.starts_with("2 messages, 2 deliveries, to "), "{told}");
    assert!(both.iter().all(|id| told.split_whitespace().any(|word| word == id)), "{told}");
    assert_eq!(more(2, "delivered"), format!("1 messages, 1 deliveries, to {}", ann.player));
    tool.kill().unwrap();
    tool.wait().unwrap();

    // A trace ends by itself, and so does the tool. Names that nobody has are said to be none.
    let short = home.run(&["nexus", "trace", &name, "--for", "1s"]);
    assert!(short.status.success(), "{}", text(&short.stderr));
    assert!(text(&short.stdout).ends_with("The trace has ended.\n"), "{}", text(&short.stdout));
    types(&mut anns, "say unseen", "cmd.say.success").await;
    let nobody = home.run(&["nexus", "trace", "nobody at all"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert_eq!(text(&nobody.stderr).trim(), "realms: there is no character nobody at all");

    assert_eq!(platform.stop(), Some(0));
    let log = std::fs::read_to_string(log.path()).unwrap();
    let traced: Vec<&str> = log.lines().filter(|line| line.contains("at_us=")).collect();
    assert_eq!(traced.len(), 2 * STAGES.len(), "{log}");
    assert!(traced.iter().all(|line| line.contains(&format!("player={}", ann.player))), "{traced:#?}");
    assert!(!log.contains("secret") && !log.contains("unseen"), "{log}");
}
