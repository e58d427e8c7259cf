//! What may befall a nexus, done to it as a process on a real disk: it is killed, stopped, started twice, cut off from
//! Forge and Redis, and has its clock turned, while people play. `REALMS_SEED` takes another seed, `REALMS_KILLS` more
//! kills.

mod away;
mod chronicle;
mod client;
mod clock;
mod disk;
mod kills;
mod ledger;
mod oracle;
mod redis;
mod stops;
mod trial;
mod view;
mod visitor;

use std::path::{Path, PathBuf};
use std::time::Duration;

use loadtest::stage::StageOptions;
use realms::world::compile::{Ids, compile};
use realms::world::manifest::{self, Source};
use realms::world::template::Templates;

/// On a loaded machine everything takes its time; what takes this long does not come any more.
pub const PATIENCE: Duration = Duration::from_secs(90);
const MOOR_ROOMS: usize = 30;

/// The world in which it all happens.
pub fn town() -> Templates {
    let source = Source { path: "town.yaml".into(), text: format!("{}{}", include_str!("town.yaml"), moor()) };
    let said = |problems: Vec<manifest::Problem>| problems.iter().map(|p| format!("{p}\n")).collect::<String>();
    let located = manifest::read(&[source]).unwrap_or_else(|problems| panic!("{}", said(problems)));
    let documents: Vec<_> = located.into_iter().map(|located| located.document).collect();
    compile(&documents, &Ids::sequential(&documents)).unwrap_or_else(|problems| panic!("{}", said(problems)))
}

/// A row of rooms where nobody gets to, and crows that never rest in them: much that changes unseen, so that a cut takes
/// its time.
fn moor() -> String {
    let mut text = String::new();
    for nth in 0..MOOR_ROOMS {
        let (west, east) = (nth.checked_sub(1), Some(nth + 1).filter(|east| *east < MOOR_ROOMS));
        let way = |name: &str, to: Option<usize>| to.map(|to| format!("{name}: moor-{to}, ")).unwrap_or_default();
        text += &format!(
            "---\nkind: room\nmetadata: {{slug: moor-{nth}}}\nspec: {{zone: fields, name: The Moor, at: [{nth}, 5, 0], \
             type: road, description: Heather., exits: {{{}{}}}}}\n",
            way("west", west),
            way("east", east),
        );
    }
    text += "---\nkind: loader\nmetadata: {slug: moor}\nspec:\n  zone: fields\n  name: What flies there\n  rules:\n";
    for nth in 0..MOOR_ROOMS {
        text += &format!("    - {{mob: crow, room: moor-{nth}, copies: 15}}\n").repeat(2);
    }
    text
}

/// A folder on the disk that the build is on: no memory file system.
pub fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// The load harness's program.
pub fn harness() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_loadtest"))
}

/// A stage for a test. The nexus is the one that was built beside the harness.
pub fn options() -> StageOptions {
    let harness = harness();
    let nexus = harness.with_file_name("nexus");
    assert!(nexus.exists(), "there is no {}: `cargo nextest run --workspace` builds it", nexus.display());
    StageOptions::new(harness.to_owned(), nexus, place())
}

/// A number from the environment.
pub fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// Asks again and again until there is something.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never: {what}"))
}
