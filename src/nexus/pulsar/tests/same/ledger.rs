//! What there is in a world, and whose: no coin and no thing comes out of nothing or goes to nowhere.

use std::collections::{BTreeMap, BTreeSet};

use super::Step;
use crate::nexus::pulsar::combat::death::CORPSE_DECAY;
use crate::nexus::pulsar::record::{Ask, Item, Place, Who};
use crate::nexus::pulsar::world::World;
use crate::world::character::ItemId;
use crate::world::internal::Errand;
use crate::world::template::CORPSE;

/// Gold in the world and on its way out of it.
fn gold(world: &World) -> i64 {
    let players: i64 = world.players.iter().map(|(_, player)| player.gold).sum();
    let mobs: i64 = world.mobs.iter().map(|(_, mob)| mob.gold).sum();
    let corpses: i64 = world.items.iter().map(|(_, item)| item.gold).sum();
    let leaving: i64 = world
        .errands
        .iter()
        .map(|(_, open)| match &open.what {
            Ask::Forge(Errand::SaveCharacter { character, .. }) => character.gold,
            _ => 0,
        })
        .sum();
    players + mobs + corpses + leaving
}

/// What there is, and whose.
pub(super) struct Ledger {
    gold: i64,
    items: BTreeSet<ItemId>,
    /// What players have, and what is in their corpses.
    owned: BTreeSet<ItemId>,
    /// What crumbles with everything in it, and the coins in it.
    of_mobs: BTreeMap<ItemId, i64>,
    mobs: BTreeSet<i64>,
    of_living: i64,
}

impl Ledger {
    pub(super) fn of(world: &World) -> Self {
        let is_of_mob = |item: &Item| item.own.as_ref().is_some_and(|own| !own.is_players);
        let corpses = world.items.iter().filter(|(_, item)| is_of_mob(item));
        Self {
            gold: gold(world),
            items: world.items.iter().map(|(id, _)| id).collect(),
            owned: world.items.iter().map(|(id, _)| id).filter(|id| is_owned(world, *id)).collect(),
            of_mobs: corpses.map(|(id, item)| (id, item.gold)).collect(),
            mobs: world.mobs.iter().map(|(id, _)| id).collect(),
            of_living: world.mobs.iter().map(|(_, mob)| mob.gold).sum(),
        }
    }

    /// Whatever people do and however they die, only what crumbles with a mob's corpse goes, and only what a new mob
    /// brings comes.
    pub(super) fn balance(&self, world: &World, step: &Step) {
        // What builders do, they may do out of nothing.
        let is_quiet = match step {
            Step::Text(_, text) | Step::Numbered(_, _, text) => !text.starts_with('/'),
            Step::Wait(_) => true,
            _ => false,
        };
        if !is_quiet {
            return;
        }
        let crumbled = self.of_mobs.iter().filter(|(id, _)| !world.items.contains(**id));
        let crumbled: i64 = crumbled.map(|(_, gold)| gold).sum();
        let new = world.mobs.iter().filter(|(id, _)| !self.mobs.contains(id));
        let brought: i64 = new.map(|(_, mob)| mob.gold).sum();
        let due = self.gold - crumbled + brought;
        if matches!(step, Step::Wait(millis) if *millis >= CORPSE_DECAY) {
            // Long enough to be slain and to crumble.
            assert!((due - self.of_living..=due).contains(&gold(world)), "gold after {step:?}");
        } else {
            assert_eq!(gold(world), due, "gold after {step:?}");
        }
        if matches!(step, Step::Wait(..)) {
            let leaving: BTreeSet<ItemId> = world
                .errands
                .iter()
                .filter_map(|(_, open)| match &open.what {
                    Ask::Forge(Errand::SaveCharacter { character, .. }) => Some(character.items.iter().map(|i| i.id)),
                    _ => None,
                })
                .flatten()
                .collect();
            let lost: Vec<_> =
                self.owned.iter().filter(|id| !world.items.contains(**id) && !leaving.contains(*id)).collect();
            assert!(lost.is_empty(), "{step:?} lost {lost:?}");
        } else {
            let made = world.items.iter().filter(|(id, item)| !self.items.contains(id) && item.template != CORPSE);
            let made: Vec<_> = made.map(|(id, _)| id).collect();
            assert!(made.is_empty(), "{step:?} made {made:?} out of nothing");
        }
    }
}

/// Does a player have it, or did one lose it by dying?
fn is_owned(world: &World, id: ItemId) -> bool {
    let Some(item) = world.items.get(id) else { return false };
    match item.place {
        Place::Carried(Who::Player(_)) | Place::Worn(Who::Player(_), _) => true,
        Place::Inside(outer) => {
            is_owned(world, outer)
                || world.items.get(outer).is_some_and(|outer| outer.own.as_ref().is_some_and(|own| own.is_players))
        }
        _ => false,
    }
}
