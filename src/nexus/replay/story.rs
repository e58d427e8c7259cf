//! The story of one thing: after every turn it is held against what it was before, and what changed is told with the
//! turn that did it. So nothing in Pulsar has to keep a record of its own doings.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::nexus::pulsar::instruction::{Applied, Instruction, What};
use crate::nexus::pulsar::record::{Ask, Item, Mob, Place, Player, Presence, Who};
use crate::nexus::pulsar::see::{item_key, mob_key, player_key};
use crate::nexus::pulsar::world::World;
use crate::world::character::{ItemId, PlayerId};
use crate::world::internal::Errand;

use super::names::{Names, places_of};
use super::words;

mod people;

/// What a story is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    Item(ItemId),
    Player(PlayerId),
    Mob(i64),
}

impl FromStr for Thing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let thing = text.split_once('.').and_then(|(kind, id)| {
            let id = id.parse().ok()?;
            match kind {
                "item" => Some(Self::Item(id)),
                "player" => Some(Self::Player(id)),
                "mob" => Some(Self::Mob(id)),
                _ => None,
            }
        });
        thing.ok_or_else(|| format!("\"{text}\" is no thing: write item.N, player.N or mob.N"))
    }
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&match self {
            Self::Item(id) => item_key(*id),
            Self::Player(id) => player_key(*id),
            Self::Mob(id) => mob_key(*id),
        })
    }
}

/// A turn that touched the thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub incarnation: u64,
    pub seq: u64,
    /// World time, milliseconds.
    pub at: u64,
    /// Wall clock, milliseconds since 1970.
    pub written: u64,
    /// The instruction in words.
    pub cause: String,
    /// What it did to the thing; nothing where a player did something that changed nothing of theirs.
    pub what: Vec<String>,
}

/// The thing as it was last seen.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Nothing,
    Item(Item, Vec<Place>),
    Player(Box<Player>, Box<Presence>),
    Mob(Mob),
}

/// Tells what happens to a thing.
pub struct Story<'t> {
    thing: Thing,
    tell: &'t mut dyn FnMut(Event),
    last: Seen,
    began: bool,
    was_there: bool,
    /// Names of players who may have left.
    names: BTreeMap<PlayerId, String>,
    cause: Option<Instruction>,
}

impl<'t> Story<'t> {
    pub fn new(thing: Thing, tell: &'t mut dyn FnMut(Event)) -> Self {
        let (last, names) = (Seen::Nothing, BTreeMap::new());
        Self { thing, tell, last, began: false, was_there: false, names, cause: None }
    }

    pub fn thing(&self) -> Thing {
        self.thing
    }

    /// Was the thing there at any moment of what was told?
    pub fn was_there(&self) -> bool {
        self.was_there
    }

    /// The world as of an image: the begin of what is kept, or the other side of a gap.
    pub(super) fn begin(&mut self, world: &World, written: u64) {
        let again = std::mem::replace(&mut self.began, true);
        if self.is_unchanged(world) {
            return;
        }
        let cause = if again { "after turns that are not kept" } else { "when what is kept begins" };
        self.cause = None;
        self.report(world, written, cause.to_owned(), !again);
    }

    /// A turn is about to be applied.
    pub(super) fn before(&mut self, world: &World, applied: &Applied) {
        let instruction = match &applied.what {
            What::Given(instruction) => Some(instruction),
            What::Timer(number) => world.waiting.get(*number).map(|timing| &timing.instruction),
        };
        if let Some(player) = instruction.and_then(words::actor)
            && let Some(row) = world.players.get(player)
            && self.names.get(&player) != Some(&row.name)
        {
            self.names.insert(player, row.name.clone());
        }
        self.cause = instruction.cloned();
    }

    /// It was applied; `note` is what else is known of it.
    pub(super) fn after(&mut self, world: &World, written: u64, note: Option<&str>) {
        let own = self.cause.as_ref().and_then(words::actor).map(Thing::Player) == Some(self.thing);
        if !own && self.is_unchanged(world) {
            return;
        }
        let names = Names { world, gone: &self.names };
        let words = self.cause.as_ref().map(|cause| words::of(cause, &|id| names.player(id)));
        let mut cause = words.unwrap_or_else(|| "a timing of the world's own".into());
        if let Some(note) = note {
            cause = format!("{cause} ({note})");
        }
        self.report(world, written, cause, false);
    }

    fn is_unchanged(&self, world: &World) -> bool {
        match (&self.last, self.thing) {
            (Seen::Nothing, Thing::Item(id)) => !world.items.contains(id),
            (Seen::Nothing, Thing::Player(id)) => !world.players.contains(id),
            (Seen::Nothing, Thing::Mob(id)) => !world.mobs.contains(id),
            (Seen::Item(old, places), _) => {
                world.items.get(old.id).is_some_and(|item| item == old && *places == places_of(world, item))
            }
            (Seen::Player(old, presence), _) => {
                world.players.get(old.id) == Some(old)
                    && world.presences.get(old.id).is_some_and(|new| people::same_presence(presence, new))
            }
            (Seen::Mob(old), _) => world.mobs.get(old.id) == Some(old),
        }
    }

    fn look(&self, world: &World) -> Seen {
        let seen = match self.thing {
            Thing::Item(id) => world.items.get(id).map(|item| Seen::Item(item.clone(), places_of(world, item))),
            Thing::Player(id) => world
                .players
                .get(id)
                .zip(world.presences.get(id))
                .map(|(player, presence)| Seen::Player(player.clone(), Box::new(presence.clone()))),
            Thing::Mob(id) => world.mobs.get(id).cloned().map(Seen::Mob),
        };
        seen.unwrap_or(Seen::Nothing)
    }

    fn report(&mut self, world: &World, written: u64, cause: String, first: bool) {
        let new = self.look(world);
        self.remember(world, &new);
        let names = Names { world, gone: &self.names };
        let told = Told { names, cause: self.cause.as_ref(), first };
        let what = match (&self.last, &new) {
            (Seen::Nothing, Seen::Nothing) => Vec::new(),
            (Seen::Nothing, Seen::Item(item, places)) => vec![told.item_came(item, places)],
            (Seen::Item(item, places), Seen::Nothing) => vec![told.item_went(item, places)],
            (Seen::Item(old, from), Seen::Item(new, to)) => told.item_changed((old, from), (new, to)),
            (Seen::Nothing, Seen::Player(player, presence)) => vec![told.player_came(player, presence)],
            (Seen::Player(player, presence), Seen::Nothing) => vec![told.player_went(player, presence)],
            (Seen::Player(a, here), Seen::Player(b, there)) => told.player_changed((a, here), (b, there)),
            (Seen::Nothing, Seen::Mob(mob)) => vec![told.mob_came(mob)],
            (Seen::Mob(mob), Seen::Nothing) => vec![told.mob_went(mob)],
            (Seen::Mob(old), Seen::Mob(new)) => told.mob_changed(old, new),
            // A story is about one thing.
            _ => Vec::new(),
        };
        self.was_there |= new != Seen::Nothing;
        self.last = new;
        let meta = &world.meta;
        (self.tell)(Event { incarnation: meta.incarnation, seq: meta.seq, at: meta.now, written, cause, what });
    }

    /// Whoever holds the thing now may be gone when that is told.
    fn remember(&mut self, world: &World, seen: &Seen) {
        let mut keep = |id: PlayerId| {
            if let Some(row) = world.players.get(id) {
                self.names.insert(id, row.name.clone());
            }
        };
        match seen {
            Seen::Item(_, places) => places.iter().for_each(|place| {
                if let Place::Carried(Who::Player(id)) | Place::Worn(Who::Player(id), _) = place {
                    keep(*id);
                }
            }),
            Seen::Player(player, _) => keep(player.id),
            Seen::Mob(_) | Seen::Nothing => {}
        }
    }
}

/// Puts changes into words.
struct Told<'a> {
    names: Names<'a>,
    cause: Option<&'a Instruction>,
    /// Nothing was known before.
    first: bool,
}

impl Told<'_> {
    fn item_came(&self, item: &Item, places: &[Place]) -> String {
        let (thing, place) = (self.names.item_row(item), self.names.places(places));
        let rule = item.rule.map(|rule| format!(", loaded by rule {rule}")).unwrap_or_default();
        if self.first {
            return format!("{thing} is {place}{rule}");
        }
        match self.cause {
            Some(Instruction::Connect { player, .. }) => {
                format!("{thing} came in with {}, {place}", self.names.who(Who::Player(*player)))
            }
            _ => format!("{thing} came into being, {place}{rule}"),
        }
    }

    fn item_went(&self, item: &Item, places: &[Place]) -> String {
        let (thing, place) = (self.names.item_row(item), self.names.places(places));
        match self.in_a_save(item.id) {
            Some(player) => {
                let player = self.names.who(Who::Player(player));
                format!("{thing} left the world with {player}, whose save has it; it was {place}")
            }
            None => format!("{thing} ceased to exist; it was {place}"),
        }
    }

    /// The player whose save of this turn has the item.
    fn in_a_save(&self, item: ItemId) -> Option<PlayerId> {
        let meta = &self.names.world.meta;
        let of_turn = |id: &crate::world::internal::ErrandId| (id.incarnation, id.seq) == (meta.incarnation, meta.seq);
        self.names.world.errands.iter().filter(|(id, _)| of_turn(id)).find_map(|(_, open)| match &open.what {
            Ask::Forge(Errand::SaveCharacter { character, .. }) => {
                character.items.iter().any(|saved| saved.id == item).then_some(character.id)
            }
            _ => None,
        })
    }

    fn item_changed(&self, (old, from): (&Item, &[Place]), (new, to): (&Item, &[Place])) -> Vec<String> {
        let mut what = Vec::new();
        let names = &self.names;
        if old.place != new.place {
            what.push(format!(
                "{}: it was {}, and is {}",
                how(old.place, new.place),
                names.places(from),
                names.places(to)
            ));
        } else if from != to {
            // What it is in changed hands or place.
            what.push(format!("moved with what it is in: it was {}, and is {}", names.places(from), names.places(to)));
        }
        if let (Some(rule), None) = (old.rule, new.rule) {
            what.push(format!("no longer counts for rule {rule}"));
        }
        if old.template != new.template {
            what.push(format!("became {}", names.item_row(new)));
        }
        if old.label != new.label {
            what.push(format!("its label was {:?}, and is {:?}", old.label, new.label));
        }
        self.lists("holds", &old.items, &new.items, &mut what);
        what
    }

    /// What came to a list of items, and what went.
    fn lists(&self, verb: &str, old: &[ItemId], new: &[ItemId], what: &mut Vec<String>) {
        let came = new.iter().filter(|item| !old.contains(item));
        what.extend(came.map(|item| format!("now {verb} {}", self.names.item(*item))));
        let went = old.iter().filter(|item| !new.contains(item));
        what.extend(went.map(|item| format!("no longer {verb} {}", self.names.item(*item))));
    }
}

/// The deed in a word.
fn how(from: Place, to: Place) -> &'static str {
    use Place as P;
    match (from, to) {
        (P::Room(_), P::Carried(_) | P::Worn(..)) => "picked up",
        (P::Carried(_) | P::Worn(..), P::Room(_)) => "dropped",
        (P::Carried(a), P::Worn(b, _)) if a == b => "put on",
        (P::Worn(a, _), P::Carried(b)) if a == b => "taken off",
        (P::Carried(_) | P::Worn(..), P::Carried(_) | P::Worn(..)) => "given",
        (P::Inside(_), P::Carried(_) | P::Worn(..)) => "taken out",
        (_, P::Inside(_)) => "put in",
        _ => "moved",
    }
}
