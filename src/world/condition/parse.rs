//! The parser of conditions: words and parentheses to atoms, with every argument checked.

use super::*;

/// A word in lower case, or a parenthesis, and its column.
type Token = (String, usize);

pub(super) fn parse(text: &str) -> Result<Condition, ConditionError> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Condition { root: None });
    }
    let mut parser = Parser { tokens: &tokens, next: 0, end: text.chars().count() + 1, depth: 0 };
    let root = parser.either()?;
    match parser.tokens.get(parser.next) {
        None => Ok(Condition { root: Some(root) }),
        Some((word, column)) => Err(error(*column, format!("'{word}' is not expected here"))),
    }
}

fn error(column: usize, message: impl Into<String>) -> ConditionError {
    ConditionError { column, message: message.into() }
}

fn tokens(text: &str) -> Result<Vec<Token>, ConditionError> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > CONDITION_CHARS_MAX {
        return Err(error(CONDITION_CHARS_MAX, format!("more than {CONDITION_CHARS_MAX} characters")));
    }
    let (mut tokens, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let start = at;
        at += 1;
        match chars[start] {
            c if c.is_whitespace() => continue,
            c @ ('(' | ')') => tokens.push((c.to_string(), start + 1)),
            _ => {
                while at < chars.len() && !chars[at].is_whitespace() && !matches!(chars[at], '(' | ')') {
                    at += 1;
                }
                tokens.push((chars[start..at].iter().collect::<String>().to_lowercase(), start + 1));
            }
        }
    }
    Ok(tokens)
}

fn is_operator(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "(" | ")")
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    /// The column after the text.
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.next).is_some_and(|(next, _)| next == word);
        self.next += usize::from(found);
        found
    }

    fn either(&mut self) -> Result<Expr, ConditionError> {
        let mut left = self.both()?;
        while self.take("or") {
            left = Expr::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expr, ConditionError> {
        let mut left = self.one()?;
        while self.take("and") {
            left = Expr::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expr, ConditionError> {
        let Some((word, column)) = self.tokens.get(self.next) else {
            return Err(error(self.end, "a condition is missing"));
        };
        self.next += 1;
        self.depth += 1;
        if self.depth > CONDITION_DEPTH_MAX {
            return Err(error(*column, format!("nested more than {CONDITION_DEPTH_MAX} deep")));
        }
        let expr = match word.as_str() {
            "not" => Expr::Not(Box::new(self.one()?)),
            "(" => {
                let inner = self.either()?;
                if !self.take(")") {
                    return Err(error(*column, "a parenthesis that does not close"));
                }
                inner
            }
            word if is_operator(word) => return Err(error(*column, format!("a condition is missing before '{word}'"))),
            name => {
                let start = self.next;
                while self.tokens.get(self.next).is_some_and(|(word, _)| !is_operator(word)) {
                    self.next += 1;
                }
                Expr::Atom(atom(name, *column, &self.tokens[start..self.next])?)
            }
        };
        self.depth -= 1;
        Ok(expr)
    }
}

/// Least and most arguments of each atom.
const ATOMS: &[(&str, usize, usize)] = &[
    ("archetype", 1, 1),
    ("core_faction", 1, 1),
    ("currency", 2, 2),
    ("fact_check", 2, 2),
    ("fact_above", 2, 2),
    ("gender", 1, 1),
    ("gold", 1, 1),
    ("gold_above", 1, 1),
    ("has_shield", 0, 0),
    ("has_weapon", 0, 0),
    ("health", 1, 1),
    ("health_below", 1, 1),
    ("in_combat", 0, 1),
    ("is_following", 0, 0),
    ("is_mob", 0, 0),
    ("item_in_eq", 1, 1),
    ("item_in_inv", 1, 2),
    ("item_in_room", 1, 2),
    ("level", 1, 1),
    ("level_above", 1, 1),
    ("level_below", 1, 1),
    ("name", 1, usize::MAX),
    ("marked", 2, 2),
    ("mark_above", 2, 2),
    ("medals", 1, 1),
    ("mob_in_room", 1, 2),
    ("player_in_room", 0, 0),
    ("quest_complete", 1, 1),
    ("standing", 2, 2),
    ("standing_above", 2, 2),
    ("wields_weapon_type", 1, 1),
];

fn atom(name: &str, column: usize, args: &[Token]) -> Result<Atom, ConditionError> {
    let Some((_, least, most)) = ATOMS.iter().find(|(known, ..)| *known == name) else {
        let close = crate::world::manifest::suggestion(name, ATOMS.iter().map(|(known, ..)| *known));
        return Err(error(column, format!("Invalid condition name '{name}'{close}")));
    };
    if args.len() < *least {
        return Err(error(column, format!("Insufficient number of arguments to '{name}'")));
    }
    if let Some((extra, column)) = args.get(*most) {
        return Err(error(*column, format!("'{extra}' is one argument too many for '{name}'; is an `and` missing?")));
    }
    let word = |i: usize| args.get(i).map(|(word, _)| word.clone()).unwrap_or_default();
    let at = |i: usize| args.get(i).map_or(column, |(_, column)| *column);
    let fraction =
        |i: usize| thousandths(&word(i)).ok_or_else(|| error(at(i), format!("'{}' is not a number", word(i))));
    let whole =
        |i: usize| word(i).parse::<i64>().map_err(|_| error(at(i), format!("'{}' is not a whole number", word(i))));
    let count = |i: usize| if args.len() > i { whole(i) } else { Ok(1) };
    let one_of = |known: String| error(at(0), format!("'{}' is not one of {known}", word(0)));
    Ok(match name {
        "archetype" => Atom::Archetype(match word(0).as_str() {
            "classless" => Archetype::Classless,
            code => Archetype::parse(code).ok_or_else(|| one_of(names(Archetype::ALL, Archetype::as_str)))?,
        }),
        "core_faction" => Atom::CoreFaction(word(0)),
        "currency" => Atom::Currency(word(0), whole(1)?),
        "fact_check" => Atom::FactCheck(word(0), word(1)),
        "fact_above" => Atom::FactAbove(word(0), fraction(1)?),
        "gender" => Atom::Gender(Gender::parse(&word(0)).ok_or_else(|| one_of(names(Gender::ALL, Gender::as_str)))?),
        "gold" => Atom::Gold(whole(0)?),
        "gold_above" => Atom::GoldAbove(whole(0)?),
        "has_shield" => Atom::HasShield,
        "has_weapon" => Atom::HasWeapon,
        "health" => Atom::Health(fraction(0)?),
        "health_below" => Atom::HealthBelow(fraction(0)?),
        "in_combat" => Atom::InCombat((!args.is_empty()).then(|| word(0))),
        "is_following" => Atom::IsFollowing,
        "is_mob" => Atom::IsMob,
        "item_in_eq" => Atom::ItemInEq(word(0)),
        "item_in_inv" => Atom::ItemInInv(word(0), count(1)?),
        "item_in_room" => Atom::ItemInRoom(word(0), count(1)?),
        "level" => Atom::Level(whole(0)?),
        "level_above" => Atom::LevelAbove(whole(0)?),
        "level_below" => Atom::LevelBelow(whole(0)?),
        "name" => Atom::Name(args.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ")),
        "marked" => Atom::Marked(word(0), word(1)),
        "mark_above" => Atom::MarkAbove(word(0), fraction(1)?),
        "medals" => Atom::Medals(whole(0)?),
        "mob_in_room" => Atom::MobInRoom(word(0), count(1)?),
        "player_in_room" => Atom::PlayerInRoom,
        "quest_complete" => Atom::QuestComplete(word(0)),
        "standing" => Atom::Standing(word(0), whole(1)?),
        "standing_above" => Atom::StandingAbove(word(0), whole(1)?),
        // The table above admits no other name.
        _ => Atom::WieldsWeaponType(
            WeaponType::parse(&word(0)).ok_or_else(|| one_of(names(WeaponType::ALL, WeaponType::as_str)))?,
        ),
    })
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter().map(|one| name(*one)).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
}
