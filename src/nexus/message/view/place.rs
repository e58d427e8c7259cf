//! Rooms as clients see them: the one that somebody is in, and those on the map.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::world::kinds::*;
use crate::world::template;

use super::{Char, Item};

/// A room in the own room's place, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomView {
    pub room: Arc<template::Room>,
    pub doors: [Option<DoorState>; 6],
    pub inventory: Vec<Arc<Item>>,
    pub chars: Vec<Arc<Char>>,
    /// What this viewer can do here beside what they always can.
    pub actions: Vec<String>,
}

impl Serialize for RoomView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let room = &*self.room;
        let mut map = serializer.serialize_map(None)?;
        map_fields(&mut map, room, &self.doors)?;
        map.serialize_entry("id", &room.id)?;
        map.serialize_entry("name", &room.name)?;
        map.serialize_entry("description", &room.description)?;
        map.serialize_entry("zone", &ZoneRef { key: &room.zone_key, name: &room.zone_name })?;
        map.serialize_entry("inventory", &self.inventory)?;
        map.serialize_entry("chars", &self.chars)?;
        map.serialize_entry("actions", &self.actions)?;
        map.serialize_entry("details", &shown_details(room))?;
        if !room.hint.is_empty() {
            map.serialize_entry("hint", &room.hint)?;
        }
        map.end()
    }
}

/// What of a room one may look at more closely, as clients mark it.
pub fn shown_details(room: &template::Room) -> Vec<&str> {
    room.details.iter().filter(|d| !d.hidden).filter_map(|d| d.words.first()).map(String::as_str).collect()
}

#[derive(Serialize)]
pub struct ZoneRef<'a> {
    pub key: &'a str,
    pub name: &'a str,
}

/// A room on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRoom {
    pub room: Arc<template::Room>,
    pub doors: [Option<DoorState>; 6],
}

impl Serialize for MapRoom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map_fields(&mut map, &self.room, &self.doors)?;
        map.serialize_entry("name", &self.room.name)?;
        map.end()
    }
}

/// What a room and a room on the map have in common.
pub struct MapFields<'a> {
    pub room: &'a template::Room,
    pub doors: &'a [Option<DoorState>; 6],
}

impl Serialize for MapFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map_fields(&mut map, self.room, self.doors)?;
        map.end()
    }
}

fn map_fields<M: SerializeMap>(
    map: &mut M,
    room: &template::Room,
    doors: &[Option<DoorState>; 6],
) -> Result<(), M::Error> {
    const DOORS: [&str; 6] = [
        "north_door_state",
        "east_door_state",
        "south_door_state",
        "west_door_state",
        "up_door_state",
        "down_door_state",
    ];
    map.serialize_entry("key", &room.key)?;
    map.serialize_entry("x", &room.at[0])?;
    map.serialize_entry("y", &room.at[1])?;
    map.serialize_entry("z", &room.at[2])?;
    map.serialize_entry("type", room.room_type.as_str())?;
    map.serialize_entry("color", &room.color)?;
    map.serialize_entry("flags", &room.flags)?;
    for direction in Direction::ALL {
        let exit = room.exit(*direction);
        map.serialize_entry(direction.as_str(), &exit.map(|e| e.to_key.as_str()))?;
        if let Some(door) = exit.and_then(|e| e.door.as_ref()) {
            let state = doors[*direction as usize].unwrap_or(door.default_state);
            map.serialize_entry(DOORS[*direction as usize], state.as_str())?;
        }
    }
    Ok(())
}
