//! `realms play` as a process, with its private Postgres and Redis: started, killed in many ways, stopped.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::support::platform::{Home, realms, signal, text, until};

#[test]
fn it_opens_keeps_its_servers_alive_and_leaves_nothing_behind() {
    let home = Home::new();
    let platform = home.open();
    assert_eq!(platform.get("/healthz").0, 200);
    assert_eq!(platform.get("/readyz").0, 200);
    assert_eq!(platform.get("/api/v1/nothing/"), (404, r#"{"detail":"Not found."}"#.to_owned()));
    // The numbers are not the public's.
    assert_eq!(platform.get("/metrics").0, 404);
    assert_eq!(platform.get("/internal/errands").0, 404);

    // A second platform on the same data is refused in one line.
    let second = home.run(&["play"]);
    assert_eq!(second.status.code(), Some(1));
    let said = text(&second.stderr);
    assert!(said.contains(&format!("is in use by a running platform (process {})", platform.pid())), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");

    // A server that dies alone comes back.
    let (postgres, redis) = (home.postmaster(), home.living_in("redis")[0]);
    signal(postgres, Signal::KILL);
    signal(redis, Signal::KILL);
    until("another Redis", || home.living_in("redis").first().is_some_and(|pid| *pid != redis));
    until("another Postgres", || {
        let path = home.path().join("postgres/postmaster.pid");
        std::fs::read_to_string(path)
            .is_ok_and(|text| text.contains("ready") && !text.starts_with(&postgres.to_string()))
    });
    assert_eq!(platform.get("/readyz").0, 200);

    assert_eq!(platform.stop(), Some(0));
    assert!(home.living_in("postgres").is_empty() && home.living_in("redis").is_empty());
    assert!(!home.path().join("postgres/postmaster.pid").exists(), "Postgres was shut down, not cut off");
    assert!(!home.path().join("run/forge.sock").exists());
}

#[test]
fn after_a_kill_of_any_or_all_processes_the_next_start_recovers() {
    let home = Home::new();
    // The platform alone: its servers end with it, or the next start ends them.
    home.open().kill();
    let platform = home.open();
    assert_eq!(platform.get("/readyz").0, 200);

    // Everything at once, Postgres's own workers too.
    let mut all = home.living_in("postgres");
    all.extend(home.living_in("redis"));
    for pid in all {
        signal(pid, Signal::STOP);
    }
    let (postgres, redis) = (home.living_in("postgres"), home.living_in("redis"));
    platform.kill();
    for pid in postgres.into_iter().chain(redis) {
        signal(pid, Signal::KILL);
    }
    let platform = home.open();
    assert_eq!(platform.get("/readyz").0, 200);

    // A survivor: its parent is gone, and it does not hear of it.
    let survivor = home.postmaster();
    signal(survivor, Signal::STOP);
    platform.kill();
    assert!(home.living_in("postgres").contains(&survivor));
    signal(survivor, Signal::CONT);
    let platform = home.open();
    assert_ne!(home.postmaster(), survivor);
    assert_eq!(platform.stop(), Some(0));
    assert!(home.living_in("postgres").is_empty() && home.living_in("redis").is_empty());
}

#[test]
fn a_start_that_is_stopped_half_way_leaves_nothing_running() {
    let home = Home::new();
    let mut child = home.command(&["play"]).spawn().unwrap();
    until("a server is starting", || home.path().join("redis").exists() && !home.living_in("redis").is_empty());
    signal(child.id(), Signal::TERM);
    assert!(child.wait().unwrap().code().is_some());
    until("the servers are gone", || home.living_in("redis").is_empty() && home.living_in("postgres").is_empty());
    assert_eq!(home.open().stop(), Some(0));
}

#[test]
fn a_taken_port_is_one_line_that_says_what_to_do() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = home.command(&["play", "--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        "realms: port {port} on 127.0.0.1 is taken by another program: stop that one, or choose another port with PORT\n"
    );
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn an_unreachable_database_is_one_line_without_its_password() {
    let home = Home::new();
    let output = home
        .command(&["play"])
        .env("DATABASE_URL", "postgres://realms:do-not-tell@127.0.0.1:1/realms")
        .env("REDIS_URL", "off")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.starts_with("realms: cannot reach Postgres at ") && said.contains("DATABASE_URL"), "{said}");
    assert!(said.trim_end().lines().count() == 1 && !said.contains("do-not-tell"), "{said}");
}

#[test]
fn root_is_told_when_its_servers_cannot_reach_the_data() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let data = closed.path().join("deep/data");
    let output = realms(&["play", "--port", "0"]).env("DATA_DIR", &data).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains(&format!("cannot enter {}:", closed.path().display())), "{said}");
    assert!(said.contains("DATA_DIR=/var/lib/realms") && said.contains("chmod o+x"), "{said}");
}
