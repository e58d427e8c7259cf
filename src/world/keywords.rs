//! The words that select a thing, and the line that a thing gets in a room when its builder
//! wrote none. Words are lower case; the most telling comes first, because clients show it.

use super::kinds::*;

/// Words of a name that select nothing.
const FILLERS: [&str; 10] = ["a", "an", "the", "with", "in", "from", "all", "of", "here", "to"];

/// Every word that selects an item: those of its builder or of its name, then singulars, quality, `item`, and what it is.
pub fn item_keywords(
    written: &[String],
    name: &str,
    quality: Quality,
    item_type: ItemType,
    equipment_type: Option<EquipmentType>,
) -> Vec<String> {
    let mut words = own_words(written, name);
    push(&mut words, quality.as_str());
    push(&mut words, "item");
    match equipment_type {
        Some(EquipmentType::Weapon1h | EquipmentType::Weapon2h) => push(&mut words, "weapon"),
        Some(EquipmentType::Shield) => push(&mut words, "shield"),
        Some(EquipmentType::Accessory) | None => {}
        Some(_) => push(&mut words, "armor"),
    }
    if matches!(item_type, ItemType::Container | ItemType::Corpse | ItemType::Trash) {
        push(&mut words, "container");
    }
    words
}

/// Every word that selects a mob: those of its builder or of its name, then singulars, `mob`, its gender, its factions.
/// A live mob also answers to its key.
pub fn mob_keywords<'a>(
    written: &[String],
    name: &str,
    gender: Gender,
    factions: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let mut words = own_words(written, name);
    push(&mut words, "mob");
    push(&mut words, gender.as_str());
    for code in factions {
        push(&mut words, code);
    }
    words
}

/// "<Name> lies here." for what can be picked up, "<Name> is here." for what cannot.
pub fn ground_line(name: &str, is_pickable: bool) -> String {
    format!("{} {} here.", capitalized(name), if is_pickable { "lies" } else { "is" })
}

/// "<Name> is here."
pub fn room_line(name: &str) -> String {
    ground_line(name, false)
}

/// The text with its first letter in upper case.
pub fn capitalized(text: &str) -> String {
    let mut capitalized = String::with_capacity(text.len());
    capitalize(text, &mut capitalized);
    capitalized
}

/// Appends the text with its first letter in upper case.
pub fn capitalize(text: &str, to: &mut String) {
    let mut chars = text.chars();
    if let Some(first) = chars.next() {
        to.extend(first.to_uppercase());
        to.push_str(chars.as_str());
    }
}

/// The lower-case words of a text, without the punctuation around them.
pub fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| c.is_whitespace() || matches!(c, '/' | '\u{2013}' | '\u{2014}'))
        .map(|token| token.trim_matches(|c: char| !c.is_alphanumeric()).replace('\u{2019}', "'").to_lowercase())
        .filter(|token| !token.is_empty())
}

fn own_words(written: &[String], name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in written.iter().flat_map(|w| words_of(w)) {
        push(&mut words, &word);
    }
    if words.is_empty() {
        let mut of_name: Vec<String> = words_of(name).filter(|word| !FILLERS.contains(&word.as_str())).collect();
        of_name.reverse();
        for word in of_name {
            push(&mut words, &word);
        }
    }
    for index in 0..words.len() {
        if let Some(owner) = words[index].strip_suffix("'s").map(str::to_owned) {
            push(&mut words, &owner);
        }
        if let Some(one) = singular(&words[index]) {
            push(&mut words, &one);
        }
    }
    words
}

fn push(words: &mut Vec<String>, word: &str) {
    if !word.is_empty() && !words.iter().any(|known| known == word) {
        words.push(word.to_owned());
    }
}

/// The singular of an English plural; nothing for words that do not look like one.
pub fn singular(word: &str) -> Option<String> {
    let irregular = match word {
        "men" => "man",
        "women" => "woman",
        "children" => "child",
        "feet" => "foot",
        "teeth" => "tooth",
        "geese" => "goose",
        "mice" => "mouse",
        "lice" => "louse",
        "dice" => "die",
        "oxen" => "ox",
        "knives" => "knife",
        "wives" => "wife",
        "lives" => "life",
        "leaves" | "loaves" | "wolves" | "shelves" | "halves" | "calves" | "thieves" | "elves" | "scarves"
        | "hooves" | "sheaves" | "dwarves" => return Some(format!("{}f", &word[..word.len() - 3])),
        "shoes" | "toes" | "foes" | "hoes" => return Some(word[..word.len() - 1].to_owned()),
        _ => "",
    };
    if !irregular.is_empty() {
        return Some(irregular.to_owned());
    }
    if word.len() < 4 || word.ends_with("'s") || ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        return None;
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 2) {
        return Some(format!("{stem}y"));
    }
    if let Some(stem) = word.strip_suffix("es")
        && ["s", "x", "z", "ch", "sh", "o"].iter().any(|end| stem.ends_with(end))
    {
        return Some(stem.to_owned());
    }
    word.strip_suffix('s').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, equipment: Option<EquipmentType>) -> String {
        item_keywords(&[], name, Quality::Normal, ItemType::Equippable, equipment).join(" ")
    }

    #[test]
    fn the_last_word_of_a_name_comes_first() {
        assert_eq!(item("a pair of oilskin boots", None), "boots oilskin pair boot normal item");
        assert_eq!(
            item("the Weigher's Rusty Sword", Some(EquipmentType::Weapon1h)),
            "sword rusty weigher's weigher normal item weapon"
        );
        assert_eq!(item("an oak \u{201c}targe\u{201d}", Some(EquipmentType::Shield)), "targe oak normal item shield");
    }

    #[test]
    fn a_builders_words_replace_those_of_the_name() {
        let words = item_keywords(&["Locker chests".into()], "a sea-chest", Quality::Imbued, ItemType::Container, None);
        assert_eq!(words, ["locker", "chests", "chest", "imbued", "item", "container"]);
    }

    #[test]
    fn mobs_answer_to_kind_gender_and_faction() {
        let words = mob_keywords(&[], "Old Tam, the weigher", Gender::Male, ["salvors"]);
        assert_eq!(words, ["weigher", "tam", "old", "mob", "male", "salvors"]);
    }

    #[test]
    fn plurals_have_singulars() {
        for (many, one) in [
            ("berries", "berry"),
            ("boxes", "box"),
            ("knives", "knife"),
            ("gloves", "glove"),
            ("wolves", "wolf"),
            ("shoes", "shoe"),
            ("potatoes", "potato"),
            ("torches", "torch"),
            ("men", "man"),
            ("pies", "pie"),
        ] {
            assert_eq!(singular(many).as_deref(), Some(one), "{many}");
        }
        for word in ["glass", "octopus", "iris", "gas", "sword", "tam's"] {
            assert_eq!(singular(word), None, "{word}");
        }
    }

    #[test]
    fn things_have_lines() {
        assert_eq!(ground_line("a brass key", true), "A brass key lies here.");
        assert_eq!(ground_line("the bell", false), "The bell is here.");
        assert_eq!(room_line("\u{e9}lan"), "\u{c9}lan is here.");
    }
}
