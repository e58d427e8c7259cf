//! The people of a stage: invented players, each with an account of its own.

use realms::world::character::{Character, PlayerId};
use realms::world::kinds::{Archetype, Gender};
use realms::world::template::RoomId;

/// A name of letters alone: Bota, Botb, … Botaa.
pub fn name(mut number: PlayerId) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        letters.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    letters.iter().rev().fold("Bot".to_owned(), |name, letter| name + &letter.to_string())
}

/// A character who has never been in a world.
pub fn character(id: PlayerId, room: RoomId) -> Character {
    Character {
        id,
        name: name(id),
        title: String::new(),
        description: String::new(),
        level: 1,
        archetype: Archetype::Warrior,
        gender: Gender::Female,
        experience: 0,
        health: None,
        mana: None,
        stamina: None,
        gold: 0,
        glory: 0,
        medals: 0,
        currencies: Vec::new(),
        is_immortal: false,
        is_muted: false,
        room: Some(room),
        core_faction: None,
        factions: Vec::new(),
        viewed_rooms: Vec::new(),
        aliases: Vec::new(),
        marks: Vec::new(),
        mute_list: Vec::new(),
        is_initialised: false,
        items: Vec::new(),
        prowess: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_letters_and_differ() {
        let names: std::collections::BTreeSet<String> = (1..2000).map(super::name).collect();
        assert_eq!(names.len(), 1999);
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic())));
    }
}
