//! Holds what we write for people against the code: the tables of PROTOCOL.md and the commands of
//! docs/players.md.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::wire;
use crate::nexus::pulsar::command::TABLE;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The first column of the table after a mark.
fn documented(mark: &str) -> BTreeSet<String> {
    let text = read("PROTOCOL.md");
    let (_, table) = text.split_once(&format!("<!-- {mark} -->")).expect("the mark of a table");
    let rows = table.trim_start().lines().take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.split('`').nth(1).expect("a frame in backticks").to_owned()).collect()
}

fn sources(dir: &Path, to: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, to);
        } else if name.ends_with(".rs") && name != "tests.rs" && name != "inbound.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            to.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned());
        }
    }
}

/// Texts in the sources that are types of frames.
fn written() -> BTreeSet<String> {
    const STARTS: [&str; 6] = ["system.", "cmd.", "notification", "door.", "write.", "affect."];
    let mut texts = Vec::new();
    sources(&root().join("src/nexus"), &mut texts);
    let mut found = BTreeSet::new();
    for line in texts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim_start().starts_with("//")) {
        for text in line.split('"').skip(1).step_by(2) {
            let is_kind = STARTS.iter().any(|start| text.starts_with(start))
                && text.contains('.')
                && !text.ends_with('.')
                && text.chars().all(|c| c.is_ascii_lowercase() || "._/".contains(c));
            if is_kind {
                found.insert(text.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_frame_that_is_sent_is_in_the_protocol_and_no_other() {
    let documented = documented("game-out");
    let mut sent: BTreeSet<String> =
        wire::frames().iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect();
    let is_refusal = |kind: &String| kind.starts_with("cmd.") && kind.ends_with(".error");
    sent.extend(written());
    let sent: BTreeSet<String> = sent.into_iter().filter(|kind| !is_refusal(kind)).collect();
    let missing: Vec<_> = sent.difference(&documented).collect();
    assert!(missing.is_empty(), "PROTOCOL.md does not tell of {missing:?}");
    let general = ["error".to_owned(), "cmd.<command>.error".to_owned()];
    let made_up: Vec<_> = documented.difference(&sent).filter(|kind| !general.contains(kind)).collect();
    assert!(made_up.is_empty(), "PROTOCOL.md tells of frames that nothing sends: {made_up:?}");
}

#[test]
fn every_frame_that_is_read_is_in_the_protocol_and_no_other() {
    let text = read("src/nexus/message/inbound.rs");
    let text = text.split("#[cfg(test)]").next().unwrap();
    let (_, arms) = text.split_once("match kind.as_str() {").expect("where types are told apart");
    let arms = arms.split("other =>").next().unwrap();
    let mut read: BTreeSet<String> = arms
        .lines()
        .filter(|line| line.trim_start().starts_with('"') && line.contains("=>"))
        .filter_map(|line| line.split('"').nth(1))
        .map(str::to_owned)
        .collect();
    read.insert("cmd.<action>".into());
    assert_eq!(read, documented("game-in"));
}

#[test]
fn the_forge_sockets_frames_are_in_the_protocol() {
    let jobs: BTreeSet<String> = crate::forge::jobs::Job::NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(jobs, documented("forge-jobs"));
    let mut texts = Vec::new();
    sources(&root().join("src/forge"), &mut texts);
    let sent: BTreeSet<String> = texts
        .iter()
        .flat_map(|text| text.match_indices("json!({\"type\": \"").map(move |(at, start)| &text[at + start.len()..]))
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(sent, documented("forge-out"));
    let socket = read("src/forge/socket.rs");
    let (_, frames) = socket.split_once("enum Frame {").expect("the frames that are read");
    let frames = frames.split("\n}").next().unwrap();
    let read: BTreeSet<String> = frames
        .lines()
        .map(|line| line.trim().chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(read, documented("forge-in"));
}

fn commands() -> String {
    let mut text = String::from("| command | how | what it does |\n|---|---|---|\n");
    for command in TABLE {
        let others = match &command.names[1..] {
            [] => String::new(),
            others => format!(" ({})", others.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        };
        let format = command.format.replace('|', "\\|");
        text.push_str(&format!("| `{}`{others} | `{format}` | {} |\n", command.names[0], command.description));
    }
    text
}

#[test]
fn the_players_handbook_has_every_command() {
    let path = root().join("docs/players.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- commands").expect("where the commands begin");
    let (mark, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /commands -->").expect("where the commands end");
    let whole = format!("{before}<!-- commands{mark}-->\n{}<!-- /commands -->{after}", commands());
    if std::env::var_os("REALMS_BLESS").is_some() {
        std::fs::write(&path, whole).unwrap();
    } else {
        assert!(whole == text, "the table of commands has changed: run this test with REALMS_BLESS=1");
    }
}
