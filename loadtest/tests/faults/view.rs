//! What a client knows of its character, from nothing but the frames that it was shown.

use std::collections::BTreeSet;

use loadtest::wire;
use realms::world::character::PlayerId;
use serde_json::Value;

/// Something that the character carries in its hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    pub id: i64,
    pub is_food: bool,
    pub is_basket: bool,
}

#[derive(Clone, Debug, Default)]
pub struct View {
    pub in_world: bool,
    /// As `room.7`.
    pub room: String,
    pub gold: i64,
    /// Everything that it has, worn things and what lies in baskets included.
    pub things: BTreeSet<i64>,
    pub carried: Vec<Thing>,
    pub exits: Vec<&'static str>,
    /// What lies in the room.
    pub lying: Vec<i64>,
    /// Who else is in the room: by the last word of the name, and by number where it is a player.
    pub others: Vec<(String, Option<PlayerId>)>,
    own: String,
}

impl View {
    /// Takes over what a frame says.
    pub fn read(&mut self, kind: &str, frame: &Value) {
        let data = &frame["data"];
        match kind {
            "system.disconnect.success" => self.in_world = false,
            "cmd.state.sync.success" => {
                self.in_world = true;
                self.own = data["actor"]["key"].as_str().unwrap_or_default().to_owned();
            }
            _ => {}
        }
        if !kind.starts_with("cmd.") && kind != "notification.cmd.give.success" {
            return;
        }
        let actor = &data["actor"];
        if actor["key"] == self.own.as_str() && actor["inventory"].is_array() {
            self.actor(actor);
        }
        if data["room"]["chars"].is_array() {
            self.room(frame, &data["room"]);
        }
    }

    fn actor(&mut self, actor: &Value) {
        self.gold = actor["gold"].as_i64().unwrap_or_default();
        let carried = actor["inventory"].as_array().into_iter().flatten();
        self.carried = carried.clone().filter_map(thing).collect();
        self.things.clear();
        let worn = actor["equipment"].as_object().into_iter().flatten().map(|(_, item)| item);
        carried.chain(worn).for_each(|item| collect(item, &mut self.things));
    }

    fn room(&mut self, frame: &Value, room: &Value) {
        self.room = room["key"].as_str().unwrap_or_default().to_owned();
        self.exits = wire::room(&frame.to_string()).map(|room| room.exits).unwrap_or_default();
        self.lying = room["inventory"].as_array().into_iter().flatten().filter_map(id).collect();
        let chars = room["chars"].as_array().into_iter().flatten();
        let others = chars.filter(|other| other["key"] != self.own.as_str()).filter_map(|other| {
            let name = other["name"].as_str()?.split_whitespace().last()?.to_owned();
            let player = other["key"].as_str()?.strip_prefix("player.").and_then(|id| id.parse().ok());
            Some((name, player))
        });
        self.others = others.collect();
    }
}

fn thing(item: &Value) -> Option<Thing> {
    Some(Thing { id: id(item)?, is_food: item["type"] == "food", is_basket: item["is_container"] == true })
}

fn id(item: &Value) -> Option<i64> {
    item["key"].as_str()?.strip_prefix("item.")?.parse().ok()
}

/// The item and whatever lies in it.
fn collect(item: &Value, to: &mut BTreeSet<i64>) {
    to.extend(id(item));
    item["inventory"].as_array().into_iter().flatten().for_each(|inner| collect(inner, to));
}
