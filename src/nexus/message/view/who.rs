//! Who is in the world, as a list that many are shown alike.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::world::kept::Kept;

use super::Char;

/// The list, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhoList {
    pub entries: Vec<WhoEntry>,
    /// The list as JSON, made when it is first sent.
    pub json: Kept<Box<str>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WhoEntry {
    pub who: Arc<Char>,
    pub is_idle: bool,
    pub is_immortal: bool,
}

impl Serialize for WhoList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

impl Serialize for WhoEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let who = &*self.who;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &who.id)?;
        map.serialize_entry("key", &who.key)?;
        map.serialize_entry("name", &who.name)?;
        map.serialize_entry("title", &who.title)?;
        map.serialize_entry("level", &who.level)?;
        map.serialize_entry("gender", who.gender)?;
        map.serialize_entry("core_faction", &who.core_faction)?;
        map.serialize_entry("display_faction", &who.display_faction)?;
        map.serialize_entry("clan", &None::<&str>)?;
        map.serialize_entry("is_idle", &self.is_idle)?;
        map.serialize_entry("is_immortal", &self.is_immortal)?;
        map.serialize_entry("is_invisible", &who.is_invisible)?;
        map.serialize_entry("is_linkless", &who.is_linkless)?;
        map.serialize_entry("name_recognition", &false)?;
        map.end()
    }
}
