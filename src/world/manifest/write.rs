//! From documents to texts: one canonical form, so that exports compare well. Kinds in a fixed
//! order, documents by slug, mappings without an order of their own by name, defaults left out.

use indexmap::IndexMap;

use super::{Problem, Source, subject};
use crate::world::kinds::DocumentKind;
use crate::world::spec::{Document, ExitSpec};

/// Columns of a folded text.
const FOLD_COLUMNS: usize = 100;

/// The documents in canonical order and spelling. Within one world the name of the world is left out.
pub fn canonical(documents: &[Document]) -> Vec<Document> {
    let has_world = documents.iter().any(|d| d.kind() == DocumentKind::World);
    let mut sorted: Vec<Document> = documents.to_vec();
    for document in &mut sorted {
        if has_world {
            document.metadata_mut().world = None;
        }
        match document {
            Document::World { spec, .. } => spec.facts.sort_keys(),
            Document::Room { spec, .. } => {
                spec.exits.sort_keys();
                for exit in spec.exits.values_mut() {
                    if exit.door().is_none() && exit.look().is_empty() {
                        *exit = ExitSpec::Room(exit.to().clone());
                    }
                }
            }
            Document::Item { spec, .. } => spec.stats.sort_keys(),
            Document::Mob { spec, .. } => {
                spec.stats.sort_keys();
                spec.factions.sort_keys();
            }
            _ => {}
        }
    }
    sorted.sort_by(|a, b| (a.kind(), a.slug()).cmp(&(b.kind(), b.slug())));
    sorted
}

/// The canonical texts: `world.yaml` and one file per kind for what belongs to the world as a whole,
/// one folder per zone for the rest.
pub fn write(documents: &[Document]) -> Result<Vec<Source>, Problem> {
    let mut files: IndexMap<String, String> = IndexMap::new();
    for document in canonical(documents) {
        let path = match &document {
            Document::World { .. } => "world.yaml".to_owned(),
            Document::Item { .. } => "items.yaml".to_owned(),
            Document::Mob { .. } => "mobs.yaml".to_owned(),
            Document::Faction { .. } => "factions.yaml".to_owned(),
            Document::Currency { .. } => "currencies.yaml".to_owned(),
            Document::Social { .. } => "socials.yaml".to_owned(),
            Document::StartingEquipment { .. } => "starting-equipment.yaml".to_owned(),
            Document::Skill { .. } => "skills.yaml".to_owned(),
            Document::Zone { metadata, .. } => format!("{}/zone.yaml", metadata.slug),
            Document::Room { spec, .. } => format!("{}/rooms.yaml", spec.zone),
            Document::Loader { spec, .. } => format!("{}/loaders.yaml", spec.zone),
            Document::Trigger { spec, .. } => match &spec.zone {
                Some(zone) => format!("{zone}/triggers.yaml"),
                None => "triggers.yaml".to_owned(),
            },
            Document::FactSchedule { .. } => "facts.yaml".to_owned(),
        };
        let text = files.entry(path).or_default();
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&write_one(&document)?);
    }
    let mut files: Vec<Source> = files.into_iter().map(|(path, text)| Source { path, text }).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// One document as YAML.
pub fn write_one(document: &Document) -> Result<String, Problem> {
    let options = serde_saphyr::ser_options! {
        compact_list_indent: false,
        folded_wrap_chars: FOLD_COLUMNS,
        prefer_block_scalars: true,
    };
    serde_saphyr::to_string_with_options(document, options).map_err(|error| {
        let name = subject(document.kind(), document.slug());
        Problem::error("", 0, format!("{name} cannot be written as YAML: {error}"))
    })
}
