//! Selectors: which things a player means. `all`, `all.word`, `2.word`, `item.17`, `word`; a word has
//! to be one of the thing's keywords, whole.

use crate::world::character::{ItemId, PlayerId};

use super::super::record::Who;
use super::super::world::World;

/// What a selector asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector<'a> {
    All,
    AllOf(&'a str),
    Nth(usize, &'a str),
    Id(i64),
}

impl<'a> Selector<'a> {
    pub fn parse(text: &'a str) -> Self {
        if text.eq_ignore_ascii_case("all") {
            return Self::All;
        }
        match text.split_once('.') {
            Some((first, word)) if first.eq_ignore_ascii_case("all") => Self::AllOf(word),
            Some(("item" | "mob" | "player", id)) => match id.parse() {
                Ok(id) => Self::Id(id),
                Err(_) => Self::Nth(1, text),
            },
            Some((n, word)) => match n.parse::<usize>() {
                Ok(n) if n > 0 => Self::Nth(n, word),
                _ => Self::Nth(1, text),
            },
            None => Self::Nth(1, text),
        }
    }

    /// The word that a refusal shows.
    pub fn word(&self) -> String {
        match self {
            Self::All => "thing".into(),
            Self::AllOf(word) | Self::Nth(_, word) => (*word).to_owned(),
            Self::Id(_) => "thing like that".into(),
        }
    }

    /// May it mean several things?
    pub fn is_plural(&self) -> bool {
        matches!(self, Self::All | Self::AllOf(_))
    }

    /// Picks from things in their order.
    pub fn pick<'w, T: Copy>(
        &self,
        things: impl Iterator<Item = T>,
        id: impl Fn(T) -> i64,
        words: impl Fn(T) -> &'w [String],
    ) -> Vec<T> {
        let called = |thing: T, word: &str| words(thing).iter().any(|w| w.eq_ignore_ascii_case(word));
        match self {
            Self::All => things.collect(),
            Self::AllOf(word) => things.filter(|t| called(*t, word)).collect(),
            Self::Nth(n, word) => things.filter(|t| called(*t, word)).skip(n - 1).take(1).collect(),
            Self::Id(wanted) => things.filter(|t| id(*t) == *wanted).take(1).collect(),
        }
    }
}

/// Picks items of a list.
pub fn items(world: &World, selector: &Selector, from: &[ItemId]) -> Vec<ItemId> {
    selector.pick(from.iter().copied(), |id| id, |id| item_words(world, id))
}

fn item_words(world: &World, id: ItemId) -> &[String] {
    let Some(item) = world.items.get(id) else { return &[] };
    match &item.own {
        Some(own) => &own.keywords,
        None => world.templates.items.get(&item.template).map_or(&[], |template| &template.keywords),
    }
}

/// Picks one character in the room with the player: a mob by keyword, a player by name.
pub fn character(world: &World, player: PlayerId, text: &str) -> Option<Who> {
    character_for(world, Who::Player(player), text)
}

/// The same for anyone; mobs see everybody.
pub fn character_for(world: &World, by: Who, text: &str) -> Option<Who> {
    let room = world.room_of(by)?;
    let sees_all = by.player().is_none_or(|player| world.players.get(player).is_some_and(|row| row.is_immortal));
    let is_seen = |who: &Who| *who == by || sees_all || world.char_view(*who).is_some_and(|view| !view.is_invisible);
    let here = world.chars_in(room).iter().copied().filter(is_seen);
    let (n, word) = match Selector::parse(text) {
        Selector::Nth(n, word) => (n, word),
        Selector::Id(id) => {
            return here.into_iter().find(|who| match who {
                Who::Player(other) => *other == id && text.starts_with("player."),
                Who::Mob(other) => *other == id && text.starts_with("mob."),
            });
        }
        _ => return None,
    };
    if word.eq_ignore_ascii_case("me") || word.eq_ignore_ascii_case("self") {
        return Some(by);
    }
    here.into_iter().filter(|who| is_called(world, *who, word)).nth(n - 1)
}

fn is_called(world: &World, who: Who, word: &str) -> bool {
    match who {
        Who::Player(id) => world.players.get(id).is_some_and(|p| p.name.eq_ignore_ascii_case(word)),
        Who::Mob(id) => world
            .mobs
            .get(id)
            .and_then(|mob| world.templates.mobs.get(&mob.template))
            .is_some_and(|t| t.keywords.iter().any(|w| w.eq_ignore_ascii_case(word))),
    }
}

#[cfg(test)]
mod tests {
    use super::Selector;

    #[test]
    fn selectors_are_read_as_written() {
        assert_eq!(Selector::parse("ALL"), Selector::All);
        assert_eq!(Selector::parse("all.bread"), Selector::AllOf("bread"));
        assert_eq!(Selector::parse("2.guard"), Selector::Nth(2, "guard"));
        assert_eq!(Selector::parse("item.99"), Selector::Id(99));
        assert_eq!(Selector::parse("sword"), Selector::Nth(1, "sword"));
        assert_eq!(Selector::parse("0.guard"), Selector::Nth(1, "0.guard"));
        assert_eq!(Selector::parse("item.x"), Selector::Nth(1, "item.x"));
    }
}
