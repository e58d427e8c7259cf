//! Zones, shops, triggers and quests as their files have them (`.zon`, `.shp`, `.trg`, `.qst`).

use super::lex::Lines;
use crate::world::manifest::{Problem, Source};

pub struct Zone {
    pub number: i64,
    pub builders: String,
    pub name: String,
    pub bottom: i64,
    pub top: i64,
    /// Minutes.
    pub lifespan: i64,
    /// 0 never, 1 when empty, 2 always.
    pub reset: i64,
    /// What else stands on the line: flags and levels.
    pub rest: String,
    pub commands: Vec<Command>,
}

/// One reset command: its letter, whether it needs the one before, and its numbers.
pub struct Command {
    pub letter: char,
    pub follows: bool,
    pub numbers: Vec<i64>,
    /// As it stands, for the report.
    pub text: String,
}

pub struct Shop {
    pub vnum: i64,
    pub products: Vec<i64>,
    pub buy_profit: String,
    pub sell_profit: String,
    pub keeper: i64,
    /// The rest as it stands: what it buys, what it says, where and when.
    pub rest: Vec<String>,
}

pub struct Trigger {
    pub vnum: i64,
    pub name: String,
    /// 0 mob, 1 object, 2 room.
    pub attach: i64,
    pub kind: String,
    pub argument: String,
    pub script: String,
}

pub struct Quest {
    pub vnum: i64,
    pub name: String,
    /// The mob that gives it.
    pub master: i64,
    pub text: String,
}

pub fn zones(source: &Source) -> Result<Vec<Zone>, Problem> {
    let mut lines = Lines::new(source);
    let mut zones = Vec::new();
    while let Some(number) = lines.record()? {
        let builders = lines.string("the builders of a zone")?;
        let name = lines.string("the name of a zone")?;
        let line = lines.expect("the numbers of a zone")?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let field = |at: usize| words.get(at).and_then(|word| word.parse().ok());
        let (Some(bottom), Some(top), Some(lifespan), Some(reset)) = (field(0), field(1), field(2), field(3)) else {
            return Err(
                lines.problem(format!("zone #{number}: expected bottom, top, lifespan and mode, found `{line}`"))
            );
        };
        let mut zone = Zone {
            number,
            builders,
            name,
            bottom,
            top,
            lifespan,
            reset,
            rest: words[4..].join(" "),
            commands: Vec::new(),
        };
        loop {
            let line = lines.expect("`S`, the end of a zone")?.trim();
            let mut words = line.split_whitespace();
            let letter = words.next().unwrap_or_default();
            match letter {
                "S" | "$" => break,
                "M" | "O" | "G" | "E" | "P" | "D" | "R" | "T" | "V" => {
                    let mut numbers: Vec<i64> = words.map_while(|word| word.parse().ok()).collect();
                    if numbers.len() < 3 {
                        return Err(lines.problem(format!("zone #{number}: `{line}` has too few numbers")));
                    }
                    let follows = numbers.remove(0) != 0;
                    let letter = letter.chars().next().unwrap_or_default();
                    zone.commands.push(Command { letter, follows, numbers, text: line.to_owned() });
                }
                _ => return Err(lines.problem(format!("zone #{number}: `{line}` is no reset command"))),
            }
        }
        zones.push(zone);
    }
    Ok(zones)
}

/// Shops of the third version; older files have fixed counts and are refused by name.
pub fn shops(source: &Source) -> Result<Vec<Shop>, Problem> {
    let mut lines = Lines::new(source);
    let mut shops = Vec::new();
    match lines.peek() {
        None => return Ok(shops),
        Some(line) if line.starts_with('$') => return Ok(shops),
        Some(line) if line.contains("v3.0") => drop(lines.line()),
        Some(_) => {
            lines.line();
            return Err(lines.problem("not a shop file of CircleMUD v3.0, which begins with that name"));
        }
    }
    while let Some(vnum) = lines.record()? {
        let products = list(&mut lines, "the products of a shop")?;
        let products = products.iter().filter_map(|word| word.parse().ok()).collect();
        let buy_profit = lines.expect("the profit of a shop")?.trim().to_owned();
        let sell_profit = lines.expect("what a shop pays")?.trim().to_owned();
        let mut rest = vec![format!("buys: {}", list(&mut lines, "what a shop buys")?.join(", "))];
        for _ in 0..7 {
            rest.push(format!("says: {}", lines.string("what a shop says")?));
        }
        rest.push(format!("temper: {}", lines.expect("the temper of a shop")?.trim()));
        rest.push(format!("flags: {}", lines.expect("the flags of a shop")?.trim()));
        let keeper = lines.numbers("the keeper of a shop", 1)?[0];
        rest.push(format!("trades with: {}", lines.expect("whom a shop trades with")?.trim()));
        rest.push(format!("rooms: {}", list(&mut lines, "the rooms of a shop")?.join(", ")));
        let mut hours = Vec::new();
        for _ in 0..4 {
            hours.push(lines.expect("the hours of a shop")?.trim());
        }
        rest.push(format!("hours: {}", hours.join(" ")));
        shops.push(Shop { vnum, products, buy_profit, sell_profit, keeper, rest });
    }
    Ok(shops)
}

/// Lines up to `-1`.
fn list<'a>(lines: &mut Lines<'a>, what: &str) -> Result<Vec<&'a str>, Problem> {
    let mut found = Vec::new();
    loop {
        let line = lines.expect(what)?;
        let line = line.split(';').next().unwrap_or(line).trim();
        if line == "-1" {
            return Ok(found);
        }
        found.push(line);
    }
}

pub fn triggers(source: &Source) -> Result<Vec<Trigger>, Problem> {
    let mut lines = Lines::new(source);
    let mut triggers = Vec::new();
    while let Some(vnum) = lines.record()? {
        let name = lines.string("the name of a trigger")?;
        let line = lines.expect("the type of a trigger")?.trim().to_owned();
        let Some(attach) = line.split_whitespace().next().and_then(|word| word.parse().ok()) else {
            return Err(
                lines.problem(format!("trigger #{vnum}: expected what it is attached to and its type, found `{line}`"))
            );
        };
        let argument = lines.string("the argument of a trigger")?;
        let script = lines.string("the script of a trigger")?;
        triggers.push(Trigger { vnum, name, attach, kind: line, argument, script });
    }
    Ok(triggers)
}

pub fn quests(source: &Source) -> Result<Vec<Quest>, Problem> {
    let mut lines = Lines::new(source);
    let mut quests = Vec::new();
    while let Some(vnum) = lines.record()? {
        let mut texts = Vec::new();
        for _ in 0..5 {
            texts.push(lines.string("a text of a quest")?);
        }
        let line = lines.expect("the numbers of a quest")?;
        let master = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(-1);
        let mut numbers = vec![line.trim()];
        while let Some(line) = lines.line() {
            if line.trim() == "S" {
                break;
            }
            numbers.push(line.trim());
        }
        let name = texts[0].clone();
        quests.push(Quest { vnum, name, master, text: format!("{}\n{}", texts.join("\n"), numbers.join("\n")) });
    }
    Ok(quests)
}
