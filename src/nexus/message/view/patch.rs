//! Characters and rooms by name, and what changed of the own character. They refer to views instead of copying from them.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::world::template;

use super::Char;

/// Someone, by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Named {
    /// As others see them.
    Seen(Arc<Char>),
    Called(Box<Called>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Called {
    pub key: String,
    pub name: String,
    pub keywords: String,
}

impl Named {
    pub fn called(key: String, name: String, keywords: String) -> Self {
        Self::Called(Box::new(Called { key, name, keywords }))
    }

    pub fn key(&self) -> &str {
        match self {
            Self::Seen(other) => &other.key,
            Self::Called(other) => &other.key,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Seen(other) => &other.name,
            Self::Called(other) => &other.name,
        }
    }

    pub fn keywords(&self) -> &str {
        match self {
            Self::Seen(other) => &other.keywords,
            Self::Called(other) => &other.keywords,
        }
    }
}

impl Default for Named {
    fn default() -> Self {
        Self::Called(Box::default())
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", self.key())?;
        map.serialize_entry("name", self.name())?;
        map.serialize_entry("keywords", self.keywords())?;
        map.end()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyRef {
    pub key: String,
}

/// A room, by its key.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomRef(pub Arc<template::Room>);

impl Serialize for RoomRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.0.key)?;
        map.end()
    }
}

/// What changed of the own character. Only fields that are there are merged by the client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActorPatch {
    /// Key and name.
    pub who: Named,
    pub room: Option<RoomRef>,
    pub state: Option<&'static str>,
    pub health: Vital,
    pub mana: Vital,
    pub stamina: Vital,
}

/// What is left of a strength, and how much of it there can be and comes back with each Beat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vital {
    pub now: Option<i32>,
    pub max: Option<i32>,
    pub regen: Option<i32>,
}

impl Vital {
    pub fn now(now: i32) -> Self {
        Self { now: Some(now), ..Self::default() }
    }

    pub fn whole(now: i32, max: i32, regen: i32) -> Self {
        Self { now: Some(now), max: Some(max), regen: Some(regen) }
    }
}

impl ActorPatch {
    /// The numbers that are there, under their names.
    pub fn numbers(&self) -> impl Iterator<Item = (&'static str, i32)> {
        let named = [
            ("health", self.health.now),
            ("health_max", self.health.max),
            ("health_regen", self.health.regen),
            ("mana", self.mana.now),
            ("mana_max", self.mana.max),
            ("mana_regen", self.mana.regen),
            ("stamina", self.stamina.now),
            ("stamina_max", self.stamina.max),
            ("stamina_regen", self.stamina.regen),
        ];
        named.into_iter().filter_map(|(name, number)| Some((name, number?)))
    }
}

impl Serialize for ActorPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", self.who.key())?;
        map.serialize_entry("name", self.who.name())?;
        if let Some(room) = &self.room {
            map.serialize_entry("room", room)?;
        }
        if let Some(state) = self.state {
            map.serialize_entry("state", state)?;
        }
        for (name, number) in self.numbers() {
            map.serialize_entry(name, &number)?;
        }
        map.end()
    }
}
