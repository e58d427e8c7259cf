//! Things of a world by key and name, for people who read about it.

use std::collections::BTreeMap;

use crate::nexus::pulsar::record::{Item, Mob, Place, Who};
use crate::nexus::pulsar::see::{item_key, mob_key, player_key, room_key};
use crate::nexus::pulsar::world::World;
use crate::world::character::{ItemId, PlayerId};
use crate::world::template::RoomId;

/// The names that a world knows, and those of players who were there before.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub world: &'a World,
    pub gone: &'a BTreeMap<PlayerId, String>,
}

impl Names<'_> {
    pub fn player(&self, id: PlayerId) -> Option<String> {
        self.world.players.get(id).map(|row| row.name.clone()).or_else(|| self.gone.get(&id).cloned())
    }

    pub fn who(&self, who: Who) -> String {
        match who {
            Who::Player(id) => named(player_key(id), self.player(id)),
            Who::Mob(id) => self.world.mobs.get(id).map_or_else(|| mob_key(id), |mob| self.mob(mob)),
        }
    }

    pub fn mob(&self, mob: &Mob) -> String {
        let template = self.world.templates.mobs.get(&mob.template);
        named(mob_key(mob.id), template.map(|template| template.name.clone()))
    }

    pub fn item(&self, id: ItemId) -> String {
        self.world.items.get(id).map_or_else(|| item_key(id), |item| self.item_row(item))
    }

    pub fn item_row(&self, item: &Item) -> String {
        let template = self.world.templates.items.get(&item.template);
        named(item_key(item.id), template.map(|template| template.name.clone()))
    }

    pub fn room(&self, id: RoomId) -> String {
        named(room_key(id), self.world.templates.rooms.get(&id).map(|room| room.name.clone()))
    }

    /// Where something is: its own place, and those of what it is in.
    pub fn places(&self, places: &[Place]) -> String {
        let one = |place: &Place| match place {
            Place::Room(room) => format!("on the ground in {}", self.room(*room)),
            Place::Carried(who) => format!("carried by {}", self.who(*who)),
            Place::Worn(who, slot) => format!("worn by {} ({slot})", self.who(*who)),
            Place::Inside(outer) => format!("inside {}", self.item(*outer)),
        };
        places.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// The place of an item, and of what it is in, outwards.
pub(super) fn places_of(world: &World, item: &Item) -> Vec<Place> {
    let mut places = vec![item.place];
    while let Some(Place::Inside(outer)) = places.last()
        && let Some(outer) = world.items.get(*outer)
    {
        places.push(outer.place);
    }
    places
}

fn named(key: String, name: Option<String>) -> String {
    match name {
        Some(name) => format!("{key} ({name})"),
        None => key,
    }
}
