//! What characters may be called. In multiplayer worlds a name is one word that says who somebody is to all others;
//! in single-player worlds it is whatever the player likes. Uniqueness is the database's to keep.

use super::AppError;

/// Characters of a name in a multiplayer world.
pub const NAME_MAX: usize = 20;
/// Characters of a name in a single-player world.
pub const FREE_NAME_MAX: usize = 60;
/// Characters of a title.
pub const TITLE_MAX: usize = 60;

pub const TAKEN_TEXT: &str = "This name is already taken.";

/// A name and what followed it.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    pub name: String,
    pub title: String,
}

/// How a world wants its names.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    pub is_multiplayer: bool,
    pub non_ascii: bool,
    pub exclusions: &'a [String],
}

/// Reads a name as typed: in multiplayer worlds the first word, capitalised, is the name and the rest the title.
///
/// # Errors
/// 400 `{name: [...]}`
pub fn parse(typed: &str, rules: Rules<'_>) -> Result<Name, AppError> {
    let refused = |text: &str| Err(AppError::field("name", text));
    let words: Vec<&str> = typed.split_whitespace().collect();
    let Some((first, rest)) = words.split_first() else { return refused("Your character needs a name.") };
    if typed.chars().any(char::is_control) {
        return refused("No special characters allowed in player names.");
    }
    if !rules.is_multiplayer {
        let name = words.join(" ");
        if name.chars().count() > FREE_NAME_MAX {
            return refused(&format!("A name has at most {FREE_NAME_MAX} characters."));
        }
        return Ok(Name { name, title: String::new() });
    }
    if first.chars().any(char::is_numeric) {
        return refused("No numbers allowed in player names.");
    }
    let allowed = |c: char| if rules.non_ascii { c.is_alphabetic() } else { c.is_ascii_alphabetic() };
    if !first.chars().all(allowed) {
        return refused("No special characters allowed in player names.");
    }
    let name = capitalised(first);
    if name.chars().count() > NAME_MAX {
        return refused(&format!("A name has at most {NAME_MAX} letters."));
    }
    let key = name.to_lowercase();
    if rules.exclusions.iter().any(|taboo| taboo.trim().to_lowercase() == key) {
        return refused("That name is unavailable.");
    }
    let title = rest.join(" ");
    if title.chars().count() > TITLE_MAX {
        return refused(&format!("The title after the name has at most {TITLE_MAX} characters."));
    }
    Ok(Name { name, title })
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars.flat_map(char::to_lowercase)).collect()
}

/// A name for a guest, from a number by chance: letters only, easy to say, never rude on purpose.
pub fn guest_name(mut chance: u64) -> String {
    const OPENINGS: [&str; 16] =
        ["Bel", "Cor", "Dar", "El", "Fen", "Gal", "Hal", "Il", "Jor", "Kel", "Lor", "Mar", "Nor", "Or", "Per", "Tal"];
    const MIDDLES: [&str; 8] = ["a", "e", "i", "o", "u", "ae", "ia", "eo"];
    const ENDINGS: [&str; 16] = [
        "ban", "dell", "dor", "gar", "len", "lin", "mer", "mond", "nar", "neth", "ric", "ris", "rond", "than", "var",
        "wen",
    ];
    let mut pick = |list: &[&'static str]| {
        let part = list[usize::try_from(chance % list.len() as u64).unwrap_or(0)];
        chance /= list.len() as u64;
        part
    };
    format!("{}{}{}{}{}", pick(&OPENINGS), pick(&MIDDLES), pick(&ENDINGS), pick(&MIDDLES), pick(&ENDINGS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(exclusions: &[String]) -> Rules<'_> {
        Rules { is_multiplayer: true, non_ascii: false, exclusions }
    }

    fn told(typed: &str, rules: Rules<'_>) -> String {
        match parse(typed, rules).unwrap_err() {
            AppError::Fields(fields) if fields[0].0 == "name" => fields[0].1.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_word_is_the_name_and_the_rest_the_title() {
        let name = parse("  eLdrin the  Grey ", rules(&[])).unwrap();
        assert_eq!(name, Name { name: "Eldrin".into(), title: "the Grey".into() });
    }

    #[test]
    fn bad_names_hear_why() {
        let taboo = vec!["GOD".to_owned()];
        for (typed, text) in [
            ("Bob7", "No numbers allowed in player names."),
            ("Bo-b", "No special characters allowed in player names."),
            ("Bøb", "No special characters allowed in player names."),
            ("B\0b", "No special characters allowed in player names."),
            ("god", "That name is unavailable."),
            ("Abcdefghijklmnopqrstu", "A name has at most 20 letters."),
            ("  ", "Your character needs a name."),
        ] {
            assert_eq!(told(typed, rules(&taboo)), text, "{typed}");
        }
    }

    #[test]
    fn worlds_may_allow_other_letters_but_never_invisible_ones() {
        let open = Rules { non_ascii: true, ..rules(&[]) };
        assert_eq!(parse("øystein", open).unwrap().name, "Øystein");
        assert_eq!(told("Bo\u{200b}b", open), "No special characters allowed in player names.");
    }

    #[test]
    fn alone_one_may_be_called_anything() {
        let alone = Rules { is_multiplayer: false, ..rules(&[]) };
        assert_eq!(parse(" R2 D2! ", alone).unwrap(), Name { name: "R2 D2!".into(), title: String::new() });
    }

    #[test]
    fn guests_get_names_that_the_rules_allow() {
        for chance in (0..u64::MAX).step_by(usize::MAX / 997) {
            let name = guest_name(chance);
            assert_eq!(parse(&name, rules(&[])).unwrap().name, name);
        }
    }
}
