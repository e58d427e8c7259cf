//! The condition language: what must hold for a reaction, a loader, later a quest or a skill.
//! Atoms with arguments, joined by `and`, `or`, `not` and parentheses. Parsing finds every
//! mistake that a builder can make; evaluation asks a [`View`] and never fails.

mod parse;

use std::fmt;

use super::kinds::*;

/// Characters of one condition.
pub const CONDITION_CHARS_MAX: usize = 1_000;
/// Parentheses and `not`s within one another.
pub const CONDITION_DEPTH_MAX: usize = 32;

/// A parsed condition; the empty one always holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    root: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expr {
    Atom(Atom),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
}

/// One question. Numbers are in thousandths where facts, marks and shares may have fractions.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Atom {
    Archetype(Archetype),
    CoreFaction(String),
    Currency(String, i64),
    FactCheck(String, String),
    FactAbove(String, i64),
    Gender(Gender),
    Gold(i64),
    GoldAbove(i64),
    HasShield,
    HasWeapon,
    Health(i64),
    HealthBelow(i64),
    InCombat(Option<String>),
    IsFollowing,
    IsMob,
    ItemInEq(String),
    ItemInInv(String, i64),
    ItemInRoom(String, i64),
    Level(i64),
    LevelAbove(i64),
    LevelBelow(i64),
    Name(String),
    Marked(String, String),
    MarkAbove(String, i64),
    Medals(i64),
    MobInRoom(String, i64),
    PlayerInRoom,
    QuestComplete(String),
    Standing(String, i64),
    StandingAbove(String, i64),
    WieldsWeaponType(WeaponType),
}

/// Where a condition cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {})", self.message, self.column)
    }
}

impl std::error::Error for ConditionError {}

/// What a condition may ask about.
pub struct View<'a> {
    /// None where only the world is asked, as for loaders: then only facts can hold.
    pub actor: Option<Actor<'a>>,
    pub fact: &'a dyn Fn(&str) -> Option<&'a str>,
}

/// The one that a condition is about.
pub struct Actor<'a> {
    pub name: &'a str,
    pub level: u32,
    pub archetype: Archetype,
    pub gender: Gender,
    pub core_faction: Option<&'a str>,
    pub health: i32,
    pub health_max: i32,
    pub gold: i64,
    pub medals: i64,
    pub is_mob: bool,
    pub is_following: bool,
    pub is_fighting: bool,
    /// The keywords of what it fights.
    pub target_keywords: &'a [String],
    pub has_weapon: bool,
    pub weapon_type: Option<WeaponType>,
    pub has_shield: bool,
    pub mark: &'a dyn Fn(&str) -> Option<&'a str>,
    /// How many or how much; 0 for what is unknown.
    pub count: &'a dyn Fn(Count<'_>) -> i64,
}

/// What is counted around an actor. Names are slugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count<'a> {
    Currency(&'a str),
    Standing(&'a str),
    /// Items of the template that it carries, worn ones aside.
    Carried(&'a str),
    Worn(&'a str),
    /// Items of the template on the ground of its room.
    ItemsInRoom(&'a str),
    MobsInRoom(&'a str),
    PlayersInRoom,
    /// 1 when the quest is complete.
    QuestComplete(&'a str),
}

/// Whether a condition holds, and what to tell when it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub holds: bool,
    /// Why not: the reason of the last atom that failed, where the condition has neither `or` nor `not`; else empty.
    pub detail: String,
}

impl Condition {
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        parse::parse(text)
    }

    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Whether it asks about facts alone, as loaders must.
    pub fn is_about_facts(&self) -> bool {
        let mut facts = true;
        self.each_atom(&mut |atom| facts &= matches!(atom, Atom::FactCheck(..) | Atom::FactAbove(..)));
        facts
    }

    /// The documents that it names.
    pub fn references(&self) -> Vec<(DocumentKind, &str)> {
        let mut found = Vec::new();
        self.each_atom(&mut |atom| match atom {
            Atom::CoreFaction(slug) | Atom::Standing(slug, _) | Atom::StandingAbove(slug, _) => {
                found.push((DocumentKind::Faction, slug.as_str()));
            }
            Atom::Currency(slug, _) if !matches!(slug.as_str(), "gold" | "medals") => {
                found.push((DocumentKind::Currency, slug));
            }
            Atom::ItemInEq(slug) | Atom::ItemInInv(slug, _) | Atom::ItemInRoom(slug, _) => {
                found.push((DocumentKind::Item, slug));
            }
            Atom::MobInRoom(slug, _) => found.push((DocumentKind::Mob, slug)),
            _ => {}
        });
        found
    }

    fn each_atom<'a>(&'a self, visit: &mut dyn FnMut(&'a Atom)) {
        fn walk<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Atom)) {
            match expr {
                Expr::Atom(atom) => visit(atom),
                Expr::Not(inner) => walk(inner, visit),
                Expr::And(a, b) | Expr::Or(a, b) => {
                    walk(a, visit);
                    walk(b, visit);
                }
            }
        }
        if let Some(root) = &self.root {
            walk(root, visit);
        }
    }

    pub fn evaluate(&self, view: &View<'_>) -> Outcome {
        let Some(root) = &self.root else { return Outcome { holds: true, detail: String::new() } };
        let (mut plain, mut detail) = (true, String::new());
        let holds = eval(root, view, &mut plain, &mut detail);
        Outcome { holds, detail: if holds || !plain { String::new() } else { detail } }
    }
}

/// Every atom is asked, so that the last failing one gives the reason.
fn eval(expr: &Expr, view: &View<'_>, plain: &mut bool, detail: &mut String) -> bool {
    match expr {
        Expr::Atom(atom) => match ask(atom, view) {
            Ok(()) => true,
            Err(reason) => {
                *detail = reason;
                false
            }
        },
        Expr::Not(inner) => {
            *plain = false;
            !eval(inner, view, plain, detail)
        }
        Expr::And(a, b) => {
            let first = eval(a, view, plain, detail);
            eval(b, view, plain, detail) && first
        }
        Expr::Or(a, b) => {
            *plain = false;
            let first = eval(a, view, plain, detail);
            eval(b, view, plain, detail) || first
        }
    }
}

fn ask(atom: &Atom, view: &View<'_>) -> Result<(), String> {
    match atom {
        Atom::FactCheck(name, value) => match (view.fact)(name) {
            None => Err("Fact is not set.".into()),
            Some(fact) => when(fact.to_lowercase() == *value, || "Fact differs.".into()),
        },
        Atom::FactAbove(name, n) => match (view.fact)(name) {
            None => Err("Fact is not set.".into()),
            Some(fact) => {
                when(thousandths(fact).is_some_and(|fact| fact > *n), || format!("Fact is not above {}.", shown(*n)))
            }
        },
        _ => match &view.actor {
            Some(actor) => ask_actor(atom, actor),
            None => Err("There is nobody to ask.".into()),
        },
    }
}

fn ask_actor(atom: &Atom, actor: &Actor<'_>) -> Result<(), String> {
    let count = actor.count;
    let share = |percent: i64| (i64::from(actor.health) * 100_000).cmp(&(percent * i64::from(actor.health_max)));
    let level = i64::from(actor.level);
    match atom {
        Atom::FactCheck(..) | Atom::FactAbove(..) => Ok(()),
        Atom::Archetype(a) => when(actor.archetype == *a, || {
            let name = if *a == Archetype::Classless { "classless" } else { a.as_str() };
            format!("You are not {}.", with_article(name))
        }),
        Atom::CoreFaction(code) => {
            when(actor.core_faction == Some(code), || "You are not of this core faction.".into())
        }
        Atom::Currency(code, n) => {
            let held = match code.as_str() {
                "gold" => actor.gold,
                "medals" => actor.medals,
                code => count(Count::Currency(code)),
            };
            when(held >= *n, || format!("Not enough {code}."))
        }
        Atom::Gender(g) => when(actor.gender == *g, || format!("You are {}.", actor.gender.as_str().replace('_', "-"))),
        Atom::Gold(n) => when(actor.gold >= *n, || "Not enough gold.".into()),
        Atom::GoldAbove(n) => when(actor.gold > *n, || "Not enough gold.".into()),
        Atom::HasShield => when(actor.has_shield, || "No shield equipped.".into()),
        Atom::HasWeapon => when(actor.has_weapon, || "No weapon equipped.".into()),
        Atom::Health(percent) => when(share(*percent).is_ge(), || "Not enough health.".into()),
        Atom::HealthBelow(percent) => when(share(*percent).is_lt(), || "Health is too high.".into()),
        Atom::InCombat(None) => when(actor.is_fighting, || "Not in combat.".into()),
        Atom::InCombat(Some(keyword)) => {
            when(actor.is_fighting, || "Not in combat.".into())?;
            let against = actor.target_keywords.iter().any(|known| known == keyword);
            when(against, || "Not in combat against target.".into())
        }
        Atom::IsFollowing => when(actor.is_following, || "Not following anyone.".into()),
        Atom::IsMob => when(actor.is_mob, || "You are not a mob.".into()),
        Atom::ItemInEq(slug) => when(count(Count::Worn(slug)) > 0, || "Item not equipped.".into()),
        Atom::ItemInInv(slug, n) => when(count(Count::Carried(slug)) >= *n, || "Items not in inventory.".into()),
        Atom::ItemInRoom(slug, n) => {
            when(count(Count::ItemsInRoom(slug)) >= *n, || "Required item is not in the room.".into())
        }
        Atom::Level(n) => when(level >= *n, || format!("You are not level {n}.")),
        Atom::LevelAbove(n) => when(level > *n, || format!("You are not above level {n}.")),
        Atom::LevelBelow(n) => when(level < *n, || format!("You are not below level {n}.")),
        Atom::Name(name) => {
            let own = actor.name.to_lowercase();
            let first = own.split_whitespace().next().unwrap_or_default();
            when(own == *name || first == name, || "Name does not match.".into())
        }
        Atom::Marked(mark, value) => match (actor.mark)(mark) {
            None => Err("Player is not marked.".into()),
            Some(marked) => when(marked.to_lowercase() == *value, || "Mark differs.".into()),
        },
        Atom::MarkAbove(mark, n) => match (actor.mark)(mark) {
            None => Err("Player is not marked.".into()),
            Some(marked) => when(thousandths(marked).is_some_and(|marked| marked > *n), || {
                format!("Mark is not above {}.", shown(*n))
            }),
        },
        Atom::Medals(n) => when(actor.medals >= *n, || "Not enough medals.".into()),
        Atom::MobInRoom(slug, n) => when(count(Count::MobsInRoom(slug)) >= *n, || "Mob is not in room.".into()),
        Atom::PlayerInRoom => when(count(Count::PlayersInRoom) > 0, || "No player in room.".into()),
        Atom::QuestComplete(slug) => {
            when(count(Count::QuestComplete(slug)) > 0, || "You have not completed that quest.".into())
        }
        Atom::Standing(code, n) => when(count(Count::Standing(code)) >= *n, || "Faction standing too low.".into()),
        Atom::StandingAbove(code, n) => when(count(Count::Standing(code)) > *n, || "Faction standing too low.".into()),
        Atom::WieldsWeaponType(kind) => {
            when(actor.weapon_type == Some(*kind), || format!("You are not wielding {}.", with_article(kind.as_str())))
        }
    }
}

fn when(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}

fn with_article(word: &str) -> String {
    format!("{} {word}", if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })
}

/// A decimal number in thousandths; digits beyond the third are cut off.
fn thousandths(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    let value = whole.parse::<i64>().ok()? * 1_000 + fraction.parse::<i64>().ok()?;
    Some(if negative { -value } else { value })
}

fn shown(thousandths: i64) -> String {
    let (sign, n) = (if thousandths < 0 { "-" } else { "" }, thousandths.unsigned_abs());
    let text = format!("{sign}{}.{:03}", n / 1_000, n % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
