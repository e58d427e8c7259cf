//! Reads the documents of a world: one query per kind.

use deadpool_postgres::GenericClient;
use serde_json::Value;

use super::{Thing, Things, WorldsError};
use crate::world::kinds::DocumentKind;
use crate::world::spec::{Document, Metadata};
use crate::world::template::WorldId;

/// The table of a kind; of the world itself none.
pub(super) fn table(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::World => "world",
        DocumentKind::Zone => "zone",
        DocumentKind::Room => "room",
        DocumentKind::Item => "item_template",
        DocumentKind::Mob => "mob_template",
        DocumentKind::Loader => "loader",
        DocumentKind::Faction => "faction",
        DocumentKind::Currency => "currency",
        DocumentKind::Social => "social",
        DocumentKind::StartingEquipment => "starting_equipment",
        DocumentKind::Trigger => "trigger",
        DocumentKind::FactSchedule => "fact_schedule",
        DocumentKind::Skill => "skill",
    }
}

/// Everything that the world has or had, each to stay as it is.
pub(super) async fn read(
    client: &impl GenericClient,
    world: Option<WorldId>,
    slug: &str,
) -> Result<Things, WorldsError> {
    let mut things = Things::new();
    let Some(world) = world else { return Ok(things) };
    for kind in DocumentKind::ALL {
        let sql = match kind {
            DocumentKind::World => "select id, slug, spec, false from world where id = $1".to_owned(),
            _ => format!("select id, slug, spec, removed_ts is not null from {} where world_id = $1", table(*kind)),
        };
        for row in client.query(&sql, &[&world]).await? {
            let slug: String = row.get(1);
            let before = if row.get(3) { None } else { Some(document(*kind, &slug, row.get(2))?) };
            let after = before.clone().map(Into::into);
            things.insert((*kind, slug), Thing { id: Some(row.get(0)), before, after });
        }
    }
    tracing::debug!(world = slug, things = things.len(), "read a world");
    Ok(things)
}

fn document(kind: DocumentKind, slug: &str, spec: Value) -> Result<Document, WorldsError> {
    let metadata = Metadata { slug: slug.to_owned(), world: None };
    let read = match kind {
        DocumentKind::World => serde_json::from_value(spec).map(|spec| Document::World { metadata, spec }),
        DocumentKind::Zone => serde_json::from_value(spec).map(|spec| Document::Zone { metadata, spec }),
        DocumentKind::Room => serde_json::from_value(spec).map(|spec| Document::Room { metadata, spec }),
        DocumentKind::Item => serde_json::from_value(spec).map(|spec| Document::Item { metadata, spec }),
        DocumentKind::Mob => serde_json::from_value(spec).map(|spec| Document::Mob { metadata, spec }),
        DocumentKind::Loader => serde_json::from_value(spec).map(|spec| Document::Loader { metadata, spec }),
        DocumentKind::Faction => serde_json::from_value(spec).map(|spec| Document::Faction { metadata, spec }),
        DocumentKind::Currency => serde_json::from_value(spec).map(|spec| Document::Currency { metadata, spec }),
        DocumentKind::Social => serde_json::from_value(spec).map(|spec| Document::Social { metadata, spec }),
        DocumentKind::StartingEquipment => {
            serde_json::from_value(spec).map(|spec| Document::StartingEquipment { metadata, spec })
        }
        DocumentKind::Trigger => serde_json::from_value(spec).map(|spec| Document::Trigger { metadata, spec }),
        DocumentKind::FactSchedule => {
            serde_json::from_value(spec).map(|spec| Document::FactSchedule { metadata, spec })
        }
        DocumentKind::Skill => serde_json::from_value(spec).map(|spec| Document::Skill { metadata, spec }),
    };
    read.map_err(|error| WorldsError::Database(format!("{} `{slug}` cannot be read: {error}", kind.as_str())))
}
