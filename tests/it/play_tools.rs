//! The operator's tools, as processes, beside a running platform and without one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::platform::{Home, PATIENCE, realms, text};

const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixture/world");

/// What a tool that succeeds prints.
fn told(home: &Home, args: &[&str]) -> String {
    let output = home.run(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The one line with which a tool refuses.
fn refused(home: &Home, args: &[&str]) -> String {
    let output = home.run(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", text(&output.stdout));
    let line = text(&output.stderr);
    let line = line.lines().last().unwrap_or_default();
    line.strip_prefix("realms: ").unwrap_or(line).to_owned()
}

#[test]
fn the_first_run_makes_an_owner_and_later_runs_leave_it_alone() {
    let home = Home::new();
    let platform = home.open();
    let owner = platform.said.iter().find(|line| line.contains("Owner")).unwrap().clone();
    let link = owner.split_whitespace().last().unwrap();
    assert!(link.starts_with(&format!("http://localhost:{}/login-link/", platform.port)), "{owner}");
    let token = link.rsplit('/').next().unwrap();
    let login = |token: &str| platform.post("/api/v1/auth/email/confirm/", &format!("{{\"token\":\"{token}\"}}"));
    let (status, session) = login(token);
    assert_eq!(status, 201, "{session}");
    assert!(session.contains("\"is_staff\":true") && session.contains("owner@localhost"), "{session}");
    assert_eq!(login(token).0 / 100, 4, "it works once");

    // Beside the running platform the tools know its address.
    assert!(told(&home, &["user", "create", "Mira@example.org"]).starts_with("Mira@example.org is an account"));
    let link = told(&home, &["user", "link", "mira@example.org"]);
    assert!(link.starts_with(&format!("http://localhost:{}/login-link/", platform.port)), "{link}");
    assert_eq!(login(link.trim().rsplit('/').next().unwrap()).0, 201);
    let access = told(&home, &["user", "token", "mira@example.org"]);
    assert_eq!(access.trim().split('.').count(), 3, "a token of three parts");
    assert_eq!(
        told(&home, &["user", "ban", "mira@example.org"]),
        "mira@example.org is banned.\n".replace("mira", "Mira")
    );
    assert!(told(&home, &["user", "unban", "mira@example.org"]).contains("may play again"));
    let nobody = refused(&home, &["user", "link", "nobody@example.org"]);
    assert_eq!(nobody, "there is no account of nobody@example.org; to make one: realms user create nobody@example.org");
    platform.stop();

    let platform = home.open();
    let owner = platform.said.iter().find(|line| line.contains("Owner")).unwrap();
    assert!(owner.contains("realms user link owner@localhost"), "{owner}");
    platform.stop();

    // Without a platform the tools start its database for themselves, and stop it.
    let again = told(&home, &["user", "create", "mira@example.org", "--staff"]);
    assert!(again.contains("a member of the staff"), "{again}");
    assert!(home.living_in("postgres").is_empty());
}

#[test]
fn worlds_are_applied_shown_and_exported() {
    let home = Home::new();
    let platform = home.open();
    let linted = told(&home, &["world", "lint", WORLD]);
    assert!(linted.contains("no errors"), "{linted}");
    let applied = told(&home, &["world", "apply", WORLD]);
    assert!(applied.contains("+ room `chapel`"), "{applied}");
    assert!(told(&home, &["world", "list"]).contains("mill"));
    assert!(told(&home, &["world", "diff", WORLD]).contains("Nothing changes"));

    // Changed text is shown, and asked for where somebody could be in it.
    let copy = home.path().join("copy");
    told(&home, &["world", "export", "mill", copy.to_str().unwrap()]);
    let changed = edit(&copy, "Six benches face a bare wall.", "Five benches face a bare wall.");
    assert!(changed, "the export holds the description");
    let diff = told(&home, &["world", "diff", copy.to_str().unwrap()]);
    assert!(
        diff.contains("Six benches face a bare wall.") && diff.contains("Five benches face a bare wall."),
        "{diff}"
    );
    let asked = refused(&home, &["world", "apply", copy.to_str().unwrap()]);
    assert_eq!(asked, "nothing was changed: there is no terminal to ask on, add --yes");
    told(&home, &["world", "apply", copy.to_str().unwrap(), "--yes"]);
    assert!(told(&home, &["world", "diff", copy.to_str().unwrap()]).contains("Nothing changes"));

    assert!(refused(&home, &["world", "export", "mill", copy.to_str().unwrap()]).contains("is not empty"));
    assert!(refused(&home, &["world", "export", "atlantis", "/tmp/none"]).contains("no world `atlantis`"));
    platform.stop();
}

#[test]
fn lint_names_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("world.yaml"), "kind: world\nmetadata:\n  slug: broken\nspec:\n  colour: red\n")
        .unwrap();
    let output = realms(&["world", "lint", dir.path().to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr) + &text(&output.stdout);
    assert!(said.contains("world.yaml:5:") && said.contains("colour"), "{said}");
    let empty = tempfile::tempdir().unwrap();
    let output = realms(&["world", "lint", empty.path().to_str().unwrap()]).output().unwrap();
    assert!(text(&output.stderr).contains("no manifest here"));
}

#[test]
fn the_journal_can_be_looked_at_without_a_platform() {
    let home = Home::new();
    assert!(refused(&home, &["journal", "verify"]).starts_with("there is no journal in "));
    let platform = home.open();
    told(&home, &["world", "apply", WORLD]);
    told(&home, &["world", "start", "mill"]);
    assert!(told(&home, &["nexus", "list"]).contains("alive"));
    // The world's first turn comes a moment after its start.
    let until = std::time::Instant::now() + PATIENCE;
    while !told(&home, &["journal", "verify"]).contains("A start takes the frames") {
        assert!(std::time::Instant::now() < until, "the journal never has a turn");
    }
    platform.kill();
    let verified = told(&home, &["journal", "verify"]);
    assert!(verified.contains("A start takes the frames"), "{verified}");
    assert!(told(&home, &["journal", "dump"]).lines().count() > 1);
    // Killed in the middle of it, the world runs on where it was.
    let platform = home.open();
    assert!(told(&home, &["world", "list"]).contains("running on main"));
    told(&home, &["world", "stop", "mill"]);
    platform.stop();
}

#[test]
fn a_backup_brings_everything_back() {
    let home = Home::new();
    let file = home.path().with_file_name("platform.backup");
    let file = file.to_str().unwrap();
    let platform = home.open();
    told(&home, &["world", "apply", WORLD]);
    told(&home, &["user", "create", "before@example.org"]);
    let made = told(&home, &["backup", file]);
    assert!(made.contains("holds everything"), "{made}");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    told(&home, &["user", "create", "after@example.org"]);
    assert_eq!(refused(&home, &["restore", file, "--yes"]), "the platform is running: stop it before a restore");
    platform.stop();

    // Not without being asked, and not from just any file.
    assert!(refused(&home, &["restore", file]).contains("add --yes"));
    let other = home.path().with_file_name("other");
    std::fs::write(&other, "PGDMP, not really").unwrap();
    assert!(refused(&home, &["restore", other.to_str().unwrap(), "--yes"]).contains("is no backup of a platform"));
    assert!(told(&home, &["user", "token", "after@example.org"]).contains('.'), "nothing was changed");

    let restored = told(&home, &["restore", file, "--yes"]);
    assert!(restored.contains("is kept as realms_before_restore"), "{restored}");
    assert!(told(&home, &["user", "token", "before@example.org"]).contains('.'));
    assert!(refused(&home, &["user", "token", "after@example.org"]).contains("there is no account"));
    let platform = home.open();
    assert_eq!(platform.get("/readyz").0, 200);
    assert!(told(&home, &["world", "list"]).contains("mill"));
    platform.stop();

    // A second restore keeps the newest "before", and a backup of a stopped platform works as well.
    told(&home, &["backup", file]);
    told(&home, &["restore", file, "--yes"]);
}

/// Replaces a text in the files below a folder; whether it was there.
fn edit(folder: &Path, from: &str, to: &str) -> bool {
    let mut found = false;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found |= edit(&path, from, to);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains(from) {
            std::fs::write(&path, text.replace(from, to)).unwrap();
            found = true;
        }
    }
    found
}
