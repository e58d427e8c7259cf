//! What may befall a nexus, done to it as a process on a real disk: it is killed, stopped, started twice, cut off from
//! Forge and Redis, and has its clock turned, while people play. `REALMS_SEED` takes another seed, `REALMS_KILLS` more
//! kills.

mod away;
mod chronicle;
mod client;
mod disk;
mod kills;
mod ledger;
mod oracle;
mod stops;
mod trial;
mod view;

use std::path::{Path, PathBuf};
use std::time::Duration;

use loadtest::stage::StageOptions;
use realms::world::compile::{Ids, compile};
use realms::world::manifest::{self, Source};
use realms::world::template::Templates;

/// On a loaded machine everything takes its time; what takes this long does not come any more.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// The world in which it all happens.
pub fn town() -> Templates {
    let source = Source { path: "town.yaml".into(), text: include_str!("town.yaml").into() };
    let said = |problems: Vec<manifest::Problem>| problems.iter().map(|p| format!("{p}\n")).collect::<String>();
    let located = manifest::read(&[source]).unwrap_or_else(|problems| panic!("{}", said(problems)));
    let documents: Vec<_> = located.into_iter().map(|located| located.document).collect();
    compile(&documents, &Ids::sequential(&documents)).unwrap_or_else(|problems| panic!("{}", said(problems)))
}

/// A folder on the disk that the build is on: no memory file system.
pub fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// A stage for a test. The nexus is the one that was built beside the harness.
pub fn options() -> StageOptions {
    let harness = Path::new(env!("CARGO_BIN_EXE_loadtest"));
    let nexus = harness.with_file_name("nexus");
    assert!(nexus.exists(), "there is no {}: `cargo nextest run --workspace` builds it", nexus.display());
    StageOptions::new(harness.to_owned(), nexus, place())
}

/// A number from the environment.
pub fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}
