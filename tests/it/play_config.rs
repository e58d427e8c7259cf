//! Settings: the order of their sources, what is refused and in which words, and that secrets stay secret.

use std::ffi::OsString;
use std::net::SocketAddr;

use clap::Parser;
use realms::config::{self, Config, ConfigError, Durability, Loaded};
use realms::forge::Limits;

use crate::support::platform::{Home, file, realms, text};

#[derive(Parser, Debug)]
struct Program {
    #[command(flatten)]
    config: Config,
}

fn load(args: &[&str]) -> Result<Loaded<Program>, ConfigError> {
    let args = std::iter::once(&"program").chain(args).map(OsString::from);
    config::load(args, |program: &mut Program| &mut program.config)
}

/// What loading settings from a file with this text says.
fn refusal(content: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir.path().join("realms.toml"), content);
    let error = load(&["--config", &path]).unwrap_err().to_string();
    assert!(!error.trim_end().contains('\n'), "one line: {error}");
    error[error.find("realms.toml").unwrap()..].to_owned()
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(
        &dir.path().join("realms.toml"),
        "port = 9000\nguests = true\ndurability = \"relaxed\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n",
    );
    let config = load(&["--config", &path, "--port", "9001"]).unwrap().cli.config;
    assert_eq!(config.port, 9001);
    assert!(config.guests);
    assert_eq!(config.durability, Durability::Relaxed);
    assert_eq!(config.trusted_proxies, ["10.0.0.0/8", "::1/128"]);
    assert_eq!(config.bind.to_string(), "127.0.0.1");
}

#[test]
fn the_environment_wins_over_the_file_and_loses_to_flags() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir.path().join("realms.toml"), "port = 9000\nguests = true\nnexus_name = \"quay\"\n");
    let output = realms(&["config", "--nexus-name", "reef"])
        .env("REALMS_CONFIG", &path)
        .env("PORT", "9002")
        .env("NEXUS_NAME", "moor")
        .env("SERVICE_TOKEN", "do-not-tell")
        .output()
        .unwrap();
    let shown = text(&output.stdout);
    assert!(shown.contains("port = \"9002\"  # environment, PORT"), "{shown}");
    assert!(shown.contains("guests = \"true\"  # "), "{shown}");
    assert!(shown.contains("realms.toml:2"), "{shown}");
    assert!(shown.contains("nexus_name = \"reef\"  # flag"), "{shown}");
    assert!(shown.contains("service_token = \"(secret)\""), "{shown}");
    assert!(!shown.contains("do-not-tell"), "{shown}");
}

#[test]
fn unknown_keys_and_bad_values_name_their_line() {
    assert_eq!(
        refusal("port = 1\n\ndatadir = \"x\"\n"),
        "realms.toml:3: unknown setting \"datadir\"; did you mean \"data_dir\"?"
    );
    assert_eq!(refusal("colour = 1\n"), "realms.toml:1: unknown setting \"colour\"; docs/operators.md lists them");
    let port = refusal("\nport = 70000\n");
    assert!(port.starts_with("realms.toml:2: port: ") && port.contains("70000"), "{port}");
    assert!(refusal("bind = \"here\"\n").starts_with("realms.toml:1: bind: "));
    assert!(refusal("public_url = \"play.example.org\"\n").contains("must start with http:// or https://"));
    assert!(refusal("trusted_proxies = [\"10.0.0.0/33\"]\n").contains("must be 0 to 32"));
    assert!(refusal("nexus_name = \"../up\"\n").contains("must be 1 to 63 of a-z"));
    assert!(refusal("durability = \"never\"\n").contains("never"));
    assert!(refusal("[port]\nx = 1\n").contains("port must be a text, a number"));
    assert!(refusal("port = \n").starts_with("realms.toml:1: "));
    assert!(refusal("port = 1\nport = 2\n").starts_with("realms.toml:2: "));
}

#[test]
fn limits_come_from_their_table() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("realms.toml");
    let named = file(&path, "port = 1\n[forge_limits]\nlogins_per_minute = 3\n");
    let limits: Limits = load(&["--config", &named]).unwrap().section("forge_limits").unwrap();
    assert_eq!(limits, Limits { logins_per_minute: 3, ..Limits::default() });

    let named = file(&path, "port = 1\n[forge_limits]\nlogins = 3\n");
    let error = load(&["--config", &named]).unwrap().section::<Limits>("forge_limits").unwrap_err().to_string();
    assert!(error.contains("realms.toml:3: forge_limits: unknown field `logins`"), "{error}");
}

#[test]
fn a_missing_or_huge_file_is_named() {
    let error = load(&["--config", "/nowhere/realms.toml"]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the settings file /nowhere/realms.toml: "), "{error}");
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir.path().join("realms.toml"), &"# filler\n".repeat(40_000));
    assert!(load(&["--config", &path]).unwrap_err().to_string().contains("is too long for settings"));
}

#[test]
fn secrets_come_from_files_never_from_flags_and_are_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let token = file(&dir.path().join("token"), "do-not-tell\n");
    let config = load(&["--service-token-file", &token]).unwrap().cli.config;
    assert!(config.service_token.as_ref().unwrap().matches("do-not-tell"));
    assert!(!format!("{config:?}").contains("do-not-tell"));

    let error = load(&["--service-token", "do-not-tell"]).unwrap_err().to_string();
    assert!(error.contains("set SERVICE_TOKEN or SERVICE_TOKEN_FILE"), "{error}");
    assert!(!error.contains("do-not-tell"), "{error}");

    let both = file(&dir.path().join("realms.toml"), "service_token = \"do-not-tell\"\n");
    let error = load(&["--config", &both, "--service-token-file", &token]).unwrap_err().to_string();
    assert_eq!(error, "both SERVICE_TOKEN and SERVICE_TOKEN_FILE are set: leave one out");

    let help = realms(&["play", "--help"]).env("SERVICE_TOKEN", "do-not-tell").output().unwrap();
    assert!(help.status.success() && !text(&help.stdout).contains("do-not-tell"));
}

#[test]
fn addresses_follow_from_one_another() {
    let bound: SocketAddr = "127.0.0.1:8123".parse().unwrap();
    let config = load(&["--port", "8123"]).unwrap().cli.config;
    assert_eq!(config.public_url(bound), "http://localhost:8123");
    assert_eq!(config.ws_uri(bound), "ws://localhost:8123/ws/game/cmd");
    assert_eq!(config.internal_addr().to_string(), "127.0.0.1:8124");
    let config = load(&["--public-url", "https://play.example.org/"]).unwrap().cli.config;
    assert_eq!(config.ws_uri(bound), "wss://play.example.org/ws/game/cmd");
}

#[test]
fn the_operators_document_lists_every_setting() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operators.md")).unwrap();
    let table = config::markdown();
    assert!(document.contains(&table), "docs/operators.md must hold this table:\n\n{table}");
}

#[test]
fn a_bad_log_filter_is_one_line() {
    let home = Home::new();
    let output = home.command(&["config", "--log", "a=b=c"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.starts_with("realms: LOG=\"a=b=c\" is no filter") && said.trim_end().lines().count() == 1, "{said}");
}
