//! The small world of the tests: one of everything, as text in `tests/fixture/world/`.

use super::compile::{Ids, compile};
use super::manifest::{self, Located, Source};
use super::spec::Document;
use super::template::Templates;

/// The texts as they are.
pub fn sources() -> Vec<Source> {
    [
        ("world.yaml", include_str!("../../tests/fixture/world/world.yaml")),
        ("rooms.yaml", include_str!("../../tests/fixture/world/rooms.yaml")),
        ("items.yaml", include_str!("../../tests/fixture/world/items.yaml")),
        ("mobs.yaml", include_str!("../../tests/fixture/world/mobs.yaml")),
        ("skills.yaml", include_str!("../../tests/fixture/world/skills.yaml")),
        ("loaders.yaml", include_str!("../../tests/fixture/world/loaders.yaml")),
        ("triggers.yaml", include_str!("../../tests/fixture/world/triggers.yaml")),
    ]
    .into_iter()
    .map(|(path, text)| Source { path: path.to_owned(), text: text.to_owned() })
    .collect()
}

/// The documents of the texts.
pub fn located() -> Vec<Located> {
    manifest::read(&sources()).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// The documents without their places.
pub fn documents() -> Vec<Document> {
    located().into_iter().map(|located| located.document).collect()
}

/// The ids that [`templates`] are made with.
pub fn ids() -> Ids {
    Ids::sequential(&documents())
}

/// The compiled world: world 1000, rooms from 20000 in the order of their slugs.
pub fn templates() -> Templates {
    compile(&documents(), &ids()).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}
