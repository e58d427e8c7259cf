//! Going out of the world: by `quit`, by an order, or because the world stops. The traveller moves
//! into an errand to the Forge, which holds it until the Forge has it.

use crate::nexus::message::view::Named;
use crate::nexus::message::{Data, Frame};
use crate::world::character::{Character, ItemId, PlayerId, Prowess, SavedItem, SavedPlace};
use crate::world::internal::Errand;
use crate::world::kinds::*;
use crate::world::template::RoomId;

use super::instruction::Instruction;
use super::record::{Ask, Place, Player, Presence, Viewed, Who};
use super::see;
use super::turn::{Out, Turn};
use super::world::World;
use super::{beat, combat, connect, load, skill};

/// `quit`.
pub fn quit(turn: &mut Turn, player: PlayerId) {
    let held = turn
        .world
        .room_of(Who::Player(player))
        .and_then(|room| turn.world.templates.rooms.get(&room))
        .is_some_and(|room| room.has(RoomFlag::NoQuit));
    if held {
        let frame = Frame::new("system.disconnect.error", "You cannot leave the world from here.", Data::Empty {});
        return turn.tell(player, frame);
    }
    if turn.world.is_fighting(Who::Player(player)) {
        let text = "You cannot leave the world in the middle of a fight.";
        return turn.tell(player, Frame::new("system.disconnect.error", text, Data::Empty {}));
    }
    let exit_to = turn.world.meta.root;
    turn.tell(player, Frame::new("system.disconnect.success", "", Data::Disconnected { exit_to }));
    remove(turn, player, "leaves the world");
}

/// The Forge or an operator takes a player out.
pub fn expel(turn: &mut Turn, player: PlayerId, text: &str) -> bool {
    if !turn.world.players.contains(player) {
        return false;
    }
    let exit_to = turn.world.meta.root;
    turn.print(player, "write.game", text);
    turn.tell(player, Frame::new("system.disconnect.success", "", Data::Disconnected { exit_to }));
    remove(turn, player, "vanishes");
    true
}

/// Players of one turn who leave a world that stops.
pub const STOP_CHUNK: usize = 16;

/// The world stops: everyone leaves, some in each turn. One that moves goes on elsewhere as it is, and its players come
/// back there: their clients are not told to leave, their connections end.
pub fn stop(turn: &mut Turn, moves: bool) -> bool {
    let players: Vec<PlayerId> = turn.world.players.iter().map(|(id, _)| id).take(STOP_CHUNK).collect();
    for player in players {
        if moves {
            turn.print(player, "write.game", "The world moves to another server. You will be back in a moment.");
            remove(turn, player, "fades for a moment");
        } else {
            expel(turn, player, "The world is closing its doors. What you have is safe.");
        }
    }
    if turn.world.players.is_empty() {
        turn.world.meta.is_stopped = !moves;
        turn.out.outs.push(Out::Stopped);
    } else {
        turn.world.schedule(0, if moves { Instruction::Move } else { Instruction::Stop });
    }
    true
}

/// Takes the rows of a player out of the world and hands the character to the Forge.
fn remove(turn: &mut Turn, player: PlayerId, how: &str) {
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let Some(character) = save_of(turn.world, player) else { return };
    let invisible = turn.world.players.get(player).is_some_and(|p| p.is_invisible);
    turn.out.outs.push(Out::Detach { player });
    let items: Vec<ItemId> = character.items.iter().rev().map(|item| item.id).collect();
    for item in items {
        turn.world.destroy_item(item);
    }
    turn.world.depart(Who::Player(player), room);
    turn.world.players.remove(player);
    turn.world.presences.remove(player);
    // Whoever is nowhere is not followed.
    combat::leave(turn, Who::Player(player));
    turn.world.forget_fights(Who::Player(player));
    turn.world.viewed.remove(player);
    turn.world.index.names.remove(&character.name.to_lowercase());
    turn.world.index.linkless.remove(&player);
    turn.world.index.tired_players.remove(&player);
    if !invisible {
        let lower = character.name.to_lowercase();
        let actor = Named::called(see::player_key(player), character.name.clone(), lower);
        let text = format!("{} {how}.", character.name);
        turn.tell_room(
            room,
            &[],
            Frame::new("notification.movement.exit", text, Data::Exit { actor, direction: None }),
        );
    }
    turn.ask(Ask::Forge(Errand::SaveCharacter { character: Box::new(character), release: true }));
    connect::who_changed(turn);
}

impl World {
    /// Off the Pulsar thread, when a world begins again from its image. The Forge has every character of the image, as
    /// they were then or later, so none is in the world; and after a stop in good order a world that many share is populated
    /// anew: only what is persistent still lies where it was. A single player's world goes on as it was left.
    pub fn settle_from_image(&mut self) {
        let players: Vec<(PlayerId, Option<RoomId>)> =
            self.players.iter().map(|(id, _)| (id, self.room_of(Who::Player(id)))).collect();
        for (player, room) in players {
            let items: Vec<ItemId> = self
                .players
                .get(player)
                .map(|row| row.items.iter().chain(row.worn.values()).copied().collect())
                .unwrap_or_default();
            for item in items {
                self.destroy_item(item);
            }
            if let Some(room) = room {
                self.depart(Who::Player(player), room);
            }
            self.forget_fights(Who::Player(player));
            self.players.remove(player);
            self.presences.remove(player);
            self.viewed.remove(player);
        }
        if std::mem::take(&mut self.meta.is_stopped) && self.templates.world.config.is_multiplayer {
            self.meta.is_fresh = true;
            let mobs: Vec<i64> = self.mobs.iter().map(|(id, _)| id).collect();
            for mob in mobs {
                load::destroy_mob(self, mob);
            }
            let litter: Vec<ItemId> = self
                .items
                .iter()
                .filter(|(_, item)| {
                    let template = self.templates.items.get(&item.template);
                    matches!(item.place, Place::Room(_)) && !template.is_some_and(|t| t.is_persistent)
                })
                .map(|(id, _)| id)
                .collect();
            for item in litter {
                self.destroy_item(item);
            }
            let waiting: Vec<u64> = self.waiting.iter().map(|(arrival, _)| arrival).collect();
            for arrival in waiting {
                self.waiting.remove(arrival);
            }
            beat::wind_up(self);
        }
        self.reindex();
    }
}

/// A character as the Forge keeps it.
pub fn save_of(world: &World, id: PlayerId) -> Option<Character> {
    let (player, presence) = (world.players.get(id)?, world.presences.get(id)?);
    let mut items = Vec::new();
    for (slot, item) in &player.worn {
        save_item(world, *item, SavedPlace::Worn(*slot), &mut items);
    }
    for item in &player.items {
        save_item(world, *item, SavedPlace::Inventory, &mut items);
    }
    let empty = Viewed::default();
    let prowess = skill::saved::prowess(player, world.auras.get(id), world.cooldowns.get(id), world.meta.now);
    Some(character(player, presence, world.viewed.get(id).unwrap_or(&empty), items, prowess))
}

/// A character put together from its rows.
pub fn character(
    player: &Player,
    presence: &Presence,
    viewed: &Viewed,
    items: Vec<SavedItem>,
    prowess: Prowess,
) -> Character {
    Character {
        id: player.id,
        name: player.name.clone(),
        title: player.title.clone(),
        description: player.description.clone(),
        level: player.level,
        archetype: player.archetype,
        gender: player.gender,
        experience: player.experience,
        health: Some(player.health),
        mana: Some(presence.mana),
        stamina: Some(presence.stamina),
        gold: player.gold,
        glory: player.glory,
        medals: player.medals,
        currencies: player.currencies.iter().map(|(c, n)| (c.clone(), *n)).collect(),
        is_immortal: player.is_immortal,
        is_muted: player.is_muted,
        room: Some(presence.room),
        core_faction: player.core_faction.clone(),
        factions: player.factions.iter().map(|(c, n)| (c.clone(), *n)).collect(),
        viewed_rooms: viewed.rooms.iter().copied().collect(),
        aliases: player.aliases.iter().map(|(a, b)| (a.clone(), b.clone())).collect(),
        marks: player.marks.iter().map(|(a, b)| (a.clone(), b.clone())).collect(),
        mute_list: player.mute_list.iter().cloned().collect(),
        is_initialised: true,
        items,
        prowess,
    }
}

fn save_item(world: &World, id: ItemId, place: SavedPlace, to: &mut Vec<SavedItem>) {
    let Some(item) = world.items.get(id) else { return };
    to.push(SavedItem { id, template: item.template, place, label: item.label.clone() });
    for inner in &item.items {
        save_item(world, *inner, SavedPlace::Inside(id), to);
    }
}
