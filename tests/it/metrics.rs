//! What `/metrics` gives of a platform that is played on, and that the operators' document says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;

use realms::nexus::meters::{self, TABLE};
use serde_json::json;

use crate::support::platform::{Home, PATIENCE, until};
use crate::support::player::{enter, guest};

/// An internal address that nobody listens on at the moment.
pub fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn scrape(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/plain; version=0.0.4"), "{head}");
    body.to_owned()
}

/// A sample's value by its name with its labels.
fn samples(scraped: &str) -> BTreeMap<String, f64> {
    let lines = scraped.lines().filter(|line| !line.starts_with('#') && line.contains(' '));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.into(), value.parse().unwrap()))
        .collect()
}

/// Name, kind and meaning of each metric, as the scrape says them.
fn described(scraped: &str) -> BTreeSet<(String, String, String)> {
    let of = |word: &str| -> BTreeMap<String, String> {
        let lines = scraped.lines().filter_map(|line| line.strip_prefix("# ")?.strip_prefix(word)?.strip_prefix(' '));
        lines.map(|line| line.split_once(' ').unwrap()).map(|(name, text)| (name.into(), text.into())).collect()
    };
    let help = of("HELP");
    let types = of("TYPE");
    assert!(help.keys().eq(types.keys()), "each has its meaning: {:?}", help.keys().collect::<Vec<_>>());
    types.into_iter().map(|(name, kind)| (name.clone(), kind, help[&name].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_played_on_gives_the_metrics_of_the_document() {
    let home = Home::new();
    let (internal, world) = (free_address(), concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/low-water"));
    let platform = home.open_with(|command| {
        command.env("GUESTS", "true").env("STARTER_WORLD", world).env("INTERNAL_ADDR", &internal);
    });
    let mut player = enter(&platform, &guest(&platform)).await;
    player.send(json!({"type": "cmd.text", "text": "say I am counted"}).to_string()).await;
    player.until("cmd.say.success").await;
    player.send("{").await;
    player.until("error").await;

    // Looked at once a second, so not at once.
    until("the player shows", || samples(&scrape(&internal))["realms_players"] == 1.0);
    let scraped = scrape(&internal);
    let table = TABLE
        .iter()
        .map(|metric| (metric.name.to_owned(), format!("{:?}", metric.kind).to_lowercase(), metric.help.to_owned()));
    assert_eq!(described(&scraped), table.collect());
    let samples = samples(&scraped);
    for (name, least, most) in [
        ("realms_turn_seconds_count{kind=\"text\"}", 1.0, 1.0),
        ("realms_turn_seconds_count{kind=\"connect\"}", 1.0, 1.0),
        ("realms_turn_seconds_bucket{kind=\"text\",le=\"+Inf\"}", 1.0, 1.0),
        ("realms_turn_seconds_sum{kind=\"text\"}", 1e-9, 60.0),
        ("realms_durable_lag_seconds_count", 3.0, f64::MAX),
        ("realms_durable_lag_seconds_sum", 1e-9, f64::MAX),
        ("realms_journal_group_turns_count", 3.0, f64::MAX),
        ("realms_journal_append_seconds_count", 3.0, f64::MAX),
        ("realms_journal_written_bytes_total", 100.0, f64::MAX),
        ("realms_journal_used_bytes", 1.0, f64::MAX),
        ("realms_journal_condition", 0.0, 0.0),
        ("realms_due_late_seconds_count", 3.0, f64::MAX),
        ("realms_deliveries_total", 3.0, f64::MAX),
        ("realms_outbox_full_total", 0.0, 0.0),
        ("realms_game_connections", 1.0, 1.0),
        ("realms_frames_received_total", 3.0, 3.0),
        ("realms_frames_refused_total{code=\"malformed\"}", 1.0, 1.0),
        ("realms_players_linkless", 0.0, 0.0),
        ("realms_worlds", 1.0, 1.0),
        ("realms_worlds_parked", 0.0, 0.0),
        ("realms_timings", 2.0, f64::MAX),
        ("realms_mobs", 1.0, f64::MAX),
        ("realms_queue_limit{queue=\"inlet_players\"}", 4096.0, 4096.0),
        ("realms_queue_depth{queue=\"mirror\"}", 0.0, 64.0),
        ("realms_cut_commit_seconds_count", 1.0, f64::MAX),
        ("realms_mendings_total{outcome=\"mended\"}", 0.0, 0.0),
    ] {
        let found = samples.get(name).unwrap_or_else(|| panic!("{name} is missing: {scraped}"));
        assert!((least..=most).contains(found), "{name} is {found}, not between {least} and {most}");
    }
    let limits = samples.keys().filter(|name| name.starts_with("realms_queue_limit"));
    assert!(limits.map(|name| name.replace("limit", "depth")).all(|depth| samples.contains_key(&depth)));

    player.send(json!({"type": "system.disconnect"}).to_string()).await;
    while player.next().await.is_some() {}
    until("the connection is gone", || self::samples(&scrape(&internal))["realms_game_connections"] == 0.0);
    assert_eq!(platform.stop(), Some(0));
}

#[test]
fn the_operators_document_lists_every_metric() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operators.md")).unwrap();
    let table = meters::markdown();
    assert!(document.contains(&table), "docs/operators.md must hold this table:\n\n{table}");
}

#[test]
fn names_follow_the_conventions() {
    for metric in TABLE {
        let name = metric.name;
        assert!(name.starts_with("realms_") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert_eq!(name.ends_with("_total"), metric.kind == meters::Kind::Counter, "{name}");
        assert!(metric.help.len() > 10 && !metric.help.ends_with('.'), "{name} says what it is");
    }
}

#[test]
fn the_operators_document_lists_every_limit_of_the_nexus() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operators.md")).unwrap();
    // An unknown name is answered with all that there are.
    let refused = toml::from_str::<realms::nexus::Limits>("none = 1").unwrap_err().message().to_owned();
    let names: Vec<&str> = refused.split('`').skip(3).step_by(2).collect();
    assert!(names.len() >= 7, "{refused}");
    for name in names {
        assert!(document.contains(&format!("\n| `{name}` | ")), "docs/operators.md does not tell of {name}");
    }
}
