//! What the house style asks of the sources and a machine can see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, ending: &str, to: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, to);
        } else if path.to_string_lossy().ends_with(ending) {
            to.push(path);
        }
    }
}

/// Path from the root, and content.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for dir in ["src", "tests/it", "loadtest/src", "loadtest/tests"] {
        files(&root().join(dir), ".rs", &mut found);
    }
    found.sort();
    let name = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    found.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("tests.rs")
        || path.ends_with("/fixture.rs")
}

/// A source without its tests, which stand at the end.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod ").map_or(text, |at| &text[..at])
}

#[test]
fn no_file_is_longer_than_a_reader_likes() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| text.lines().count() > LINES_MAX)
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "more than {LINES_MAX} lines; make it a folder: {long:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| !is_test(path) && !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "without a //! at the top: {silent:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TO", "FIX", "XX"].map(|start| {
        format!(
            "{start}{}",
            if start == "TO" {
                "DO"
            } else if start == "FIX" {
                "ME"
            } else {
                "X"
            }
        )
    });
    let macros = ["unimplemented", "todo"].map(|name| format!("{name}!("));
    let left: Vec<String> = sources()
        .iter()
        .flat_map(|(path, text)| {
            let bad = |line: &str| words.iter().chain(&macros).any(|word| line.contains(word.as_str()));
            text.lines()
                .enumerate()
                .filter(|(_, line)| bad(line))
                .map(|(at, _)| format!("{path}:{}", at + 1))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(left.is_empty(), "{left:#?}");
}

/// What each top-level module may use of the others. An arrow that is not here goes the wrong way.
const EDGES: &[(&str, &[&str])] = &[
    ("address", &[]),
    ("world", &[]),
    ("token", &[]),
    ("config", &["address"]),
    ("folder", &["world"]),
    ("store", &["world", "config"]),
    ("link", &["config", "world"]),
    ("nexus", &["world", "store", "link", "config", "token", "address"]),
    ("forge", &["world", "store", "link", "config", "token", "address"]),
    ("herald", &["config"]),
    ("probe", &[]),
    ("shutdown", &[]),
    ("telemetry", &["config"]),
];

/// The crate paths that a source uses: the parts after `crate::`.
fn uses(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || before == '_' {
            continue;
        }
        let path: String =
            text[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
        if let Some(list) =
            text[at + 7 + path.len()..].strip_prefix('{').filter(|_| path.is_empty() || path.ends_with("::"))
        {
            let list = list.split('}').next().unwrap_or("");
            for name in list.split(',') {
                let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !name.is_empty() {
                    found.insert(format!("{path}{name}"));
                }
            }
        }
        if !path.is_empty() {
            found.insert(path.trim_end_matches(':').to_owned());
        }
    }
    found
}

#[test]
fn modules_use_only_what_lies_to_their_right() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut wrong = BTreeSet::new();
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with("src/") && !is_test(path)) {
        let module = path["src/".len()..].split(['/', '.']).next().unwrap();
        let Some(right) = allowed.get(module) else { continue };
        for used in uses(without_tests(text)) {
            let other = used.split("::").next().unwrap();
            let is_module =
                root().join("src").join(other).is_dir() || root().join("src").join(format!("{other}.rs")).is_file();
            if is_module && other != module && !right.contains(&other) {
                wrong.insert(format!("{path} uses {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn pulsar() -> Vec<(String, String)> {
    let files = sources().into_iter().filter(|(path, _)| path.starts_with("src/nexus/pulsar/") && !is_test(path));
    files.map(|(path, text)| (path, without_tests(&text).to_owned())).collect()
}

#[test]
fn the_heart_uses_only_the_vocabulary() {
    const NEXUS: [&str; 5] = ["message", "timings", "beat", "tic", "pulsar"];
    let mut wrong = Vec::new();
    for (path, text) in pulsar() {
        for used in uses(&text) {
            let mut parts = used.split("::");
            let fits = match parts.next() {
                Some("world") => true,
                Some("nexus") => parts.next().is_none_or(|part| NEXUS.contains(&part)),
                _ => false,
            };
            if !fits {
                wrong.push(format!("{path} uses crate::{used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_heart_has_no_clock_no_chance_no_hash_map_and_no_io() {
    const FORBIDDEN: [&str; 24] = [
        "std::time",
        "Instant::",
        "SystemTime",
        "OffsetDateTime",
        "std::thread",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "HashMap",
        "HashSet",
        "async fn",
        ".await",
        "tokio",
        "crossbeam",
        "rand::",
        "thread_rng",
        "OsRng",
        "getrandom",
        "aws_lc_rs",
        "println!",
        "tracing::",
        ".unwrap()",
        ".expect(",
    ];
    let mut wrong = Vec::new();
    for (path, text) in pulsar() {
        for (at, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            // A word begins where no letter stands before it: an `Errand::` is no `rand::`.
            let has = |word: &str| {
                code.match_indices(word).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            };
            wrong.extend(FORBIDDEN.iter().filter(|word| has(word)).map(|word| format!("{path}:{} {word}", at + 1)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_command_has_help() {
    for command in realms::nexus::pulsar::command::TABLE {
        let name = command.names[0];
        assert!(command.names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase())), "{name}");
        assert!(command.format.starts_with(name), "the format of {name} begins with its name");
        assert!(command.description.ends_with('.') && command.description.len() > 5, "{name} says what it does");
        assert!(!command.examples.is_empty() && !command.group.is_empty(), "{name} has examples and a group");
    }
    let names: Vec<&str> =
        realms::nexus::pulsar::command::TABLE.iter().flat_map(|command| command.names.iter().copied()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "no name is given twice");
}

#[test]
fn every_command_of_builders_has_help_and_a_place_in_the_manual() {
    let manual = std::fs::read_to_string(root().join("docs/builders.md")).unwrap();
    let table = realms::nexus::pulsar::command::build::TABLE;
    for command in table {
        let name = command.names[0];
        assert!(command.names.iter().all(|name| name.starts_with('/')), "{name}");
        assert!(command.format.starts_with(name), "the format of {name} begins with its name");
        assert!(command.description.ends_with('.') && !command.examples.is_empty(), "{name} says what it does");
        assert!((1..=4).contains(&command.rank), "{name} is for some rank");
        for name in command.names {
            assert!(manual.contains(&format!("`{name}")), "docs/builders.md does not tell of {name}");
        }
    }
    let names: Vec<&str> = table.iter().flat_map(|command| command.names.iter().copied()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "no name is given twice");
}
