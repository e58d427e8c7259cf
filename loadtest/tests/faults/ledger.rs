//! The books: every item is in one place of all worlds and the Forge together, none is lost but what was eaten, and gold
//! only changes hands.

use std::collections::{BTreeMap, BTreeSet};

use realms::nexus::pulsar::record::{Ask, Place, Who};
use realms::nexus::pulsar::world::World;
use realms::world::character::{Character, ItemId, PlayerId};
use realms::world::internal::Errand;
use realms::world::template::WorldId;

use crate::client::{Client, Deed};

/// Gold in a world, and on its way out of it.
pub fn gold_of(world: &World) -> i64 {
    let players: i64 = world.players.iter().map(|(_, player)| player.gold).sum();
    let mobs: i64 = world.mobs.iter().map(|(_, mob)| mob.gold).sum();
    players + mobs + leaving(world).map(|character| character.gold).sum::<i64>()
}

/// Who has left a world, and is on the way to the Forge.
pub fn leaving(world: &World) -> impl Iterator<Item = &Character> {
    world.errands.iter().filter_map(|(_, open)| match &open.what {
        Ask::Forge(Errand::SaveCharacter { character, release: true }) => Some(&**character),
        _ => None,
    })
}

/// Everything that a player has in a world, worn things and the contents of baskets included.
pub fn things_of(world: &World, player: PlayerId) -> BTreeSet<ItemId> {
    let holder = |id: ItemId| {
        let mut at = id;
        loop {
            match world.items.get(at)?.place {
                Place::Inside(outer) => at = outer,
                Place::Carried(who) | Place::Worn(who, _) => return Some(who),
                Place::Room(_) => return None,
            }
        }
    };
    world.items.iter().map(|(id, _)| id).filter(|id| holder(*id) == Some(Who::Player(player))).collect()
}

/// What all books together should say.
#[derive(Default)]
pub struct Ledger {
    /// Every item that was ever seen, and is not eaten.
    known: BTreeSet<ItemId>,
    eaten: BTreeSet<ItemId>,
}

impl Ledger {
    /// Looks into all worlds and at whom the Forge keeps. `start` is what a character begins with, `mobs` what the mobs of
    /// each world do.
    pub fn audit(
        &mut self,
        worlds: &BTreeMap<WorldId, World>,
        kept: &[Character],
        clients: &[Client],
        (start, mobs): (i64, i64),
    ) -> Vec<String> {
        let mut problems = Vec::new();
        let mut places: BTreeMap<ItemId, Vec<String>> = BTreeMap::new();
        let mut people: BTreeSet<PlayerId> = BTreeSet::new();
        let mut gold = 0;
        for (spawn, world) in worlds {
            problems.extend(realms::nexus::pulsar::sound::problems(world));
            gold += gold_of(world);
            for (id, item) in world.items.iter() {
                places.entry(id).or_default().push(format!("{:?} of world {spawn}", item.place));
            }
            let here = world.players.iter().map(|(id, _)| id);
            for id in here.chain(leaving(world).map(|character| character.id)) {
                if !people.insert(id) {
                    problems.push(format!("player {id} is twice"));
                }
            }
            for character in leaving(world) {
                list(character, "on the way to the Forge with", &mut places);
            }
        }
        // The Forge's copy of someone who is in a world, or on the way, is an old one.
        for character in kept.iter().filter(|character| people.insert(character.id)) {
            gold += character.gold;
            list(character, "with the Forge and", &mut places);
        }
        for (id, places) in places.iter().filter(|(_, places)| places.len() > 1) {
            problems.push(format!("item {id} is {}", places.join(", and ")));
        }
        let owed = people.len() as i64 * start + worlds.len() as i64 * mobs;
        if gold != owed {
            problems.push(format!("{gold} pieces of gold where {owed} should be"));
        }
        let now: BTreeSet<ItemId> = places.into_keys().collect();
        let eating: BTreeSet<ItemId> = clients.iter().flat_map(eaten_by).collect();
        for id in self.known.difference(&now) {
            if !eating.contains(id) {
                problems.push(format!("item {id} is gone, and nobody ate it"));
            }
        }
        self.eaten.extend(self.known.difference(&now));
        problems.extend(now.intersection(&self.eaten).map(|id| format!("item {id} was eaten, and is back")));
        self.known = now;
        problems
    }
}

/// What a client ate, or may have.
fn eaten_by(client: &Client) -> impl Iterator<Item = ItemId> + '_ {
    let open = client.open.iter().filter_map(|sent| match sent.deed {
        Deed::Eat(item) => Some(item),
        _ => None,
    });
    open.chain(client.ate.iter().copied())
}

fn list(character: &Character, how: &str, places: &mut BTreeMap<ItemId, Vec<String>>) {
    for item in &character.items {
        places.entry(item.id).or_default().push(format!("{how} {}", character.name));
    }
}
