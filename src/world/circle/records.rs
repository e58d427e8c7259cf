//! Rooms, mobs and objects as their files have them (`.wld`, `.mob`, `.obj`).

use super::lex::{Lines, flags};
use crate::world::manifest::{Problem, Source};

pub struct Room {
    pub vnum: i64,
    pub name: String,
    pub description: String,
    pub flags: u64,
    pub sector: i64,
    pub exits: Vec<Exit>,
    pub extras: Vec<Extra>,
    pub triggers: Vec<i64>,
}

pub struct Exit {
    /// 0 north, 1 east, 2 south, 3 west, 4 up, 5 down, then the diagonals.
    pub direction: usize,
    pub look: String,
    pub keywords: String,
    /// 0 none, 1 door, 2 pickproof, 3 hidden, 4 pickproof and hidden.
    pub door: i64,
    pub key: i64,
    pub to: i64,
}

pub struct Extra {
    pub keywords: String,
    pub text: String,
}

pub struct Mob {
    pub vnum: i64,
    pub aliases: String,
    pub short: String,
    pub long: String,
    pub description: String,
    pub act: u64,
    pub affects: u64,
    pub alignment: i64,
    pub level: i64,
    /// The lines of numbers as they stand, for the notes.
    pub combat: String,
    pub gold: i64,
    pub experience: i64,
    pub positions: (i64, i64),
    pub sex: i64,
    /// `Keyword: value` lines.
    pub extras: Vec<String>,
    pub triggers: Vec<i64>,
}

pub struct Object {
    pub vnum: i64,
    pub aliases: String,
    pub short: String,
    pub long: String,
    pub action: String,
    pub kind: i64,
    pub extra: u64,
    pub wear: u64,
    pub affects: u64,
    pub values: Vec<i64>,
    pub weight: i64,
    pub cost: i64,
    pub rent: i64,
    pub level: i64,
    pub timer: i64,
    pub extras: Vec<Extra>,
    /// (location, modifier)
    pub applies: Vec<(i64, i64)>,
    pub triggers: Vec<i64>,
}

pub fn rooms(source: &Source) -> Result<Vec<Room>, Problem> {
    let mut lines = Lines::new(source);
    let mut rooms = Vec::new();
    while let Some(vnum) = lines.record()? {
        let name = lines.string("the name of a room")?;
        let description = lines.string("the description of a room")?;
        let line = lines.expect("the flags of a room")?;
        let words: Vec<&str> = line.split_whitespace().collect();
        // Six fields since tbaMUD: zone, four words of flags, sector; three before.
        let sector = if words.len() >= 6 { words.get(5) } else { words.get(2) };
        let (Some(bits), Some(sector)) =
            (words.get(1).and_then(|word| flags(word)), sector.and_then(|word| word.parse().ok()))
        else {
            return Err(lines.problem(format!("room #{vnum}: expected zone, flags and sector, found `{line}`")));
        };
        let mut room =
            Room { vnum, name, description, flags: bits, sector, exits: vec![], extras: vec![], triggers: vec![] };
        loop {
            let line = lines.expect("`S`, the end of a room")?.trim();
            match line.as_bytes()[0] {
                b'S' => break,
                b'E' => room.extras.push(extra(&mut lines)?),
                b'D' => room.exits.push(exit(&mut lines, line)?),
                _ => return Err(lines.problem(format!("room #{vnum}: expected `D`, `E` or `S`, found `{line}`"))),
            }
        }
        room.triggers = triggers(&mut lines)?;
        rooms.push(room);
    }
    Ok(rooms)
}

fn exit(lines: &mut Lines<'_>, line: &str) -> Result<Exit, Problem> {
    let direction = line[1..].trim().parse().ok().filter(|direction| *direction < 10);
    let direction = direction.ok_or_else(|| lines.problem(format!("`{line}` is no direction from D0 to D9")))?;
    let look = lines.string("what is seen through an exit")?;
    let keywords = lines.string("the words of a door")?;
    let numbers = lines.numbers("an exit (door, key, room)", 3)?;
    Ok(Exit { direction, look, keywords, door: numbers[0], key: numbers[1], to: numbers[2] })
}

fn extra(lines: &mut Lines<'_>) -> Result<Extra, Problem> {
    Ok(Extra { keywords: lines.string("the words of a description")?, text: lines.string("an extra description")? })
}

/// `T vnum` lines, as many as follow.
fn triggers(lines: &mut Lines<'_>) -> Result<Vec<i64>, Problem> {
    let mut triggers = Vec::new();
    while let Some(rest) = lines.peek().and_then(|line| line.trim_start().strip_prefix('T')) {
        let Some(vnum) = rest.split_whitespace().next().and_then(|word| word.parse().ok()) else { break };
        lines.line();
        triggers.push(vnum);
    }
    Ok(triggers)
}

pub fn mobs(source: &Source) -> Result<Vec<Mob>, Problem> {
    let mut lines = Lines::new(source);
    let mut mobs = Vec::new();
    while let Some(vnum) = lines.record()? {
        let aliases = lines.string("the aliases of a mob")?;
        let short = lines.string("the name of a mob")?;
        let long = lines.string("the line of a mob")?;
        let description = lines.string("the description of a mob")?;
        let line = lines.expect("the flags of a mob")?;
        let words: Vec<&str> = line.split_whitespace().collect();
        // Ten fields since tbaMUD: act1-4 aff1-4 alignment letter; four before.
        let wide = words.len() >= 10;
        let bits = |at: usize| words.get(at).and_then(|word| flags(word));
        let (Some(act), Some(affects), Some(alignment), Some(letter)) = (
            bits(0),
            bits(if wide { 4 } else { 1 }),
            words.get(if wide { 8 } else { 2 }).and_then(|word| word.parse().ok()),
            words.get(if wide { 9 } else { 3 }),
        ) else {
            return Err(lines.problem(format!("mob #{vnum}: expected flags, alignment and `S` or `E`, found `{line}`")));
        };
        let combat = lines.expect("level and dice of a mob")?.trim().to_owned();
        let Some(level) = combat.split_whitespace().next().and_then(|word| word.parse().ok()) else {
            return Err(lines.problem(format!("mob #{vnum}: expected a level and dice, found `{combat}`")));
        };
        let money = lines.numbers("gold and experience of a mob", 2)?;
        let stance = lines.numbers("positions and sex of a mob", 3)?;
        let mut extras = Vec::new();
        if *letter == "E" {
            loop {
                match lines.expect("`E`, the end of a mob")?.trim() {
                    "E" => break,
                    line if line.starts_with('#') || line.starts_with('$') => {
                        return Err(lines.problem(format!("mob #{vnum} does not end with `E`")));
                    }
                    line => extras.push(line.to_owned()),
                }
            }
        }
        mobs.push(Mob {
            vnum,
            aliases,
            short,
            long,
            description,
            act,
            affects,
            alignment,
            level,
            combat,
            gold: money[0],
            experience: money[1],
            positions: (stance[0], stance[1]),
            sex: stance[2],
            extras,
            triggers: triggers(&mut lines)?,
        });
    }
    Ok(mobs)
}

pub fn objects(source: &Source) -> Result<Vec<Object>, Problem> {
    let mut lines = Lines::new(source);
    let mut objects = Vec::new();
    while let Some(vnum) = lines.record()? {
        let aliases = lines.string("the aliases of an object")?;
        let short = lines.string("the name of an object")?;
        let long = lines.string("the line of an object")?;
        let action = lines.string("the action text of an object")?;
        let line = lines.expect("type and flags of an object")?;
        let words: Vec<&str> = line.split_whitespace().collect();
        // Thirteen fields since tbaMUD: type, extra1-4, wear1-4, affects1-4; three or four before.
        let wide = words.len() >= 13;
        let bits = |at: usize| words.get(at).and_then(|word| flags(word));
        let (Some(kind), Some(extra_flags), Some(wear)) =
            (words.first().and_then(|word| word.parse().ok()), bits(1), bits(if wide { 5 } else { 2 }))
        else {
            return Err(lines.problem(format!("object #{vnum}: expected type and flags, found `{line}`")));
        };
        let affects = bits(if wide { 9 } else { 3 }).unwrap_or(0);
        let values = lines.numbers("the values of an object", 4)?;
        let trade = lines.numbers("weight, cost and rent of an object", 3)?;
        let mut object = Object {
            vnum,
            aliases,
            short,
            long,
            action,
            kind,
            extra: extra_flags,
            wear,
            affects,
            values,
            weight: trade[0],
            cost: trade[1],
            rent: trade[2],
            level: trade.get(3).copied().unwrap_or(0),
            timer: trade.get(4).copied().unwrap_or(0),
            extras: vec![],
            applies: vec![],
            triggers: vec![],
        };
        while let Some(line) = lines.peek().map(str::trim) {
            match line.as_bytes()[0] {
                b'E' => {
                    lines.line();
                    object.extras.push(extra(&mut lines)?);
                }
                b'A' => {
                    lines.line();
                    let apply = lines.numbers("location and modifier of an affect", 2)?;
                    object.applies.push((apply[0], apply[1]));
                }
                b'T' => {
                    let found = triggers(&mut lines)?;
                    if found.is_empty() {
                        return Err(lines.problem(format!("object #{vnum}: expected `T` and a number, found `{line}`")));
                    }
                    object.triggers.extend(found);
                }
                b'#' | b'$' => break,
                _ => {
                    lines.line();
                    return Err(
                        lines.problem(format!("object #{vnum}: expected `E`, `A`, `T`, `#` or `$`, found `{line}`"))
                    );
                }
            }
        }
        objects.push(object);
    }
    Ok(objects)
}
