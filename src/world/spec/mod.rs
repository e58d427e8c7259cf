//! What a builder writes: one document per thing, as YAML, with slugs for identity.
//! These types are the manifest format; `manifest.rs` reads and writes them, `compile.rs`
//! turns them into [`super::template::Templates`]. References between documents are slugs
//! of the same world. Unknown fields are errors.

mod folk;
mod places;
mod skills;
mod things;
mod triggers;

use serde::{Deserialize, Serialize, Serializer};
use serde_saphyr::FlowSeq;

use super::kinds::*;
pub use folk::*;
pub use places::*;
pub use skills::*;
pub use things::*;
pub use triggers::*;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Short lists stay on one line in YAML; other formats see a plain list.
fn on_one_line<T: Serialize, S: Serializer>(list: &T, serializer: S) -> Result<S::Ok, S::Error> {
    FlowSeq(list).serialize(serializer)
}

/// A stable name of a thing within its world and kind: `[a-z0-9][a-z0-9-]*`, at most 64 bytes.
pub type Slug = String;

/// `metadata` of every document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    pub slug: Slug,
    /// The slug of the world; may be left out where a `world` document of the same folder names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<Slug>,
}

/// One document: `kind`, `metadata`, `spec`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Document {
    World { metadata: Metadata, spec: Box<WorldSpec> },
    Zone { metadata: Metadata, spec: Box<ZoneSpec> },
    Room { metadata: Metadata, spec: Box<RoomSpec> },
    Item { metadata: Metadata, spec: Box<ItemSpec> },
    Mob { metadata: Metadata, spec: Box<MobSpec> },
    Loader { metadata: Metadata, spec: Box<LoaderSpec> },
    Faction { metadata: Metadata, spec: Box<FactionSpec> },
    Currency { metadata: Metadata, spec: Box<CurrencySpec> },
    Social { metadata: Metadata, spec: Box<SocialSpec> },
    StartingEquipment { metadata: Metadata, spec: Box<StartingEquipmentSpec> },
    Trigger { metadata: Metadata, spec: Box<TriggerSpec> },
    FactSchedule { metadata: Metadata, spec: Box<FactScheduleSpec> },
    Skill { metadata: Metadata, spec: Box<SkillSpec> },
}

impl Document {
    pub fn kind(&self) -> DocumentKind {
        match self {
            Self::World { .. } => DocumentKind::World,
            Self::Zone { .. } => DocumentKind::Zone,
            Self::Room { .. } => DocumentKind::Room,
            Self::Item { .. } => DocumentKind::Item,
            Self::Mob { .. } => DocumentKind::Mob,
            Self::Loader { .. } => DocumentKind::Loader,
            Self::Faction { .. } => DocumentKind::Faction,
            Self::Currency { .. } => DocumentKind::Currency,
            Self::Social { .. } => DocumentKind::Social,
            Self::StartingEquipment { .. } => DocumentKind::StartingEquipment,
            Self::Trigger { .. } => DocumentKind::Trigger,
            Self::FactSchedule { .. } => DocumentKind::FactSchedule,
            Self::Skill { .. } => DocumentKind::Skill,
        }
    }

    pub fn metadata(&self) -> &Metadata {
        match self {
            Self::World { metadata, .. }
            | Self::Zone { metadata, .. }
            | Self::Room { metadata, .. }
            | Self::Item { metadata, .. }
            | Self::Mob { metadata, .. }
            | Self::Loader { metadata, .. }
            | Self::Faction { metadata, .. }
            | Self::Currency { metadata, .. }
            | Self::Social { metadata, .. }
            | Self::StartingEquipment { metadata, .. }
            | Self::Trigger { metadata, .. }
            | Self::FactSchedule { metadata, .. }
            | Self::Skill { metadata, .. } => metadata,
        }
    }

    pub fn metadata_mut(&mut self) -> &mut Metadata {
        match self {
            Self::World { metadata, .. }
            | Self::Zone { metadata, .. }
            | Self::Room { metadata, .. }
            | Self::Item { metadata, .. }
            | Self::Mob { metadata, .. }
            | Self::Loader { metadata, .. }
            | Self::Faction { metadata, .. }
            | Self::Currency { metadata, .. }
            | Self::Social { metadata, .. }
            | Self::StartingEquipment { metadata, .. }
            | Self::Trigger { metadata, .. }
            | Self::FactSchedule { metadata, .. }
            | Self::Skill { metadata, .. } => metadata,
        }
    }

    /// Unique among the documents of its kind in its world.
    pub fn slug(&self) -> &str {
        &self.metadata().slug
    }
}

fn hundred() -> u32 {
    100
}
fn is_hundred(n: &u32) -> bool {
    *n == 100
}
fn one() -> u32 {
    1
}
fn is_one(n: &u32) -> bool {
    *n == 1
}
