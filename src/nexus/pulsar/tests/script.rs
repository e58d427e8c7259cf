//! Plays the texts of `tests/script/`. A case begins with `= title` in a world of its own.
//!
//! | line | is |
//! |---|---|
//! | `mara> get rope` | what a player types; every visible frame that follows from it is listed below |
//! | `mara< [cmd.get.success] You get it.` | a frame that a player sees; lines that begin with a bar go on with its text |
//! | `mara! get item_not_found You don't see that.` | a refusal, with its code |
//! | `@enter mara level=3 at=mill` | a direction to the stage: see [`Play::direct`] |
//! | `?` | below a direction: its frames are listed too |
//!
//! A text that ends with ` ...` may go on. A frame without a text is named by its type alone, or not at all.
//! `{slug}` is the key of the first item or mob of that template. `REALMS_BLESS=1` writes what happened into the files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use super::rig::{Rig, character};
use crate::nexus::message::{Data, Frame};
use crate::nexus::pulsar::command::{TABLE, build, split_word};
use crate::nexus::pulsar::instruction::{Act, Instruction};
use crate::nexus::pulsar::record::{Place, Who};
use crate::nexus::pulsar::{load, react, see};
use crate::world::character::{Account, PlayerId};
use crate::world::kinds::*;

pub fn scripts() -> Vec<(PathBuf, String)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/script");
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// What a frame has to be.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    who: String,
    kind: String,
    code: String,
    text: String,
}

impl Line {
    fn of(who: &str, frame: &Frame) -> Self {
        let code = match &frame.data {
            Data::Error(error) => error.code.to_string(),
            _ => String::new(),
        };
        Self { who: who.into(), kind: frame.kind.to_string(), code, text: frame.text().into_owned() }
    }

    fn read(line: &str) -> Option<Self> {
        let (who, rest) = line.split_at(line.find(['<', '!'])?);
        if who.is_empty() || !who.chars().all(|c| c.is_ascii_lowercase()) {
            return None;
        }
        let (mark, rest) = (rest.as_bytes()[0], rest[1..].trim());
        let (kind, code, text) = if mark == b'!' {
            let (command, rest) = split_word(rest);
            let (code, text) = split_word(rest);
            (format!("cmd.{command}.error"), code.to_owned(), text)
        } else {
            let (kind, text) = rest.strip_prefix('[')?.split_once(']')?;
            (kind.to_owned(), String::new(), text.trim())
        };
        Some(Self { who: who.into(), kind, code, text: text.into() })
    }

    fn is_met_by(&self, actual: &Self) -> bool {
        let text = match self.text.strip_suffix("...") {
            Some(start) => actual.text.starts_with(start.trim_end()),
            None => self.text == actual.text,
        };
        text && self.who == actual.who && self.kind == actual.kind && self.code == actual.code
    }

    fn write(&self) -> String {
        let text = self.text.replace('\n', "\n  | ");
        let command = self.kind.strip_prefix("cmd.").and_then(|kind| kind.strip_suffix(".error"));
        match command.filter(|_| !self.code.is_empty()) {
            Some(command) => format!("{}! {command} {} {text}", self.who, self.code),
            None => format!("{}< [{}] {text}", self.who, self.kind).trim_end().to_owned(),
        }
    }
}

/// Everything that was sent while all scripts were played.
pub type Sent = Vec<(PlayerId, Arc<Frame>)>;

struct Play {
    rig: Rig,
    names: BTreeMap<String, PlayerId>,
}

impl Play {
    fn new() -> Self {
        let mut rig = Rig::new();
        // The loaders have run already, and brought nothing.
        rig.world.meta.is_fresh = false;
        Self { rig, names: BTreeMap::new() }
    }

    fn player(&self, name: &str) -> PlayerId {
        *self.names.get(name).unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    /// Puts keys in the place of `{slug}`.
    fn keys(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some((before, after)) = text.split_once('{') {
            let (slug, after) = after.split_once('}').expect("a closing brace");
            let world = &self.rig.world;
            let item = world.items.iter().find(|(_, i)| world.templates.items[&i.template].slug == slug);
            let mob = world.mobs.iter().find(|(_, m)| world.templates.mobs[&m.template].slug == slug);
            let key = match (item, mob, self.names.get(slug)) {
                (Some((id, _)), _, _) => see::item_key(id),
                (_, Some((id, _)), _) => see::mob_key(id),
                (_, _, Some(id)) => see::player_key(*id),
                _ => panic!("nothing is called {slug}"),
            };
            text = format!("{before}{key}{after}");
        }
        text
    }

    /// Directions: what the stage looks like, and what comes from elsewhere than a keyboard.
    fn direct(&mut self, line: &str) {
        let line = self.keys(line);
        let (verb, rest) = split_word(&line);
        let words: Vec<&str> = rest.split_whitespace().collect();
        match (verb, &words[..]) {
            // A character comes in.
            ("enter", [name, settings @ ..]) => self.enter(name, settings),
            // @load item loaf at green | in mara | into sack | with miller; @load mob miller at mill
            ("load", ["mob", slug, "at", room]) => {
                self.rig.make_mob(slug, room);
            }
            ("load", ["item", slug, how, place]) => {
                let place = match *how {
                    "at" => Place::Room(self.rig.room(place)),
                    "in" => Place::Carried(Who::Player(self.player(place))),
                    "into" => Place::Inside(*self.rig.items(place).last().expect("a container")),
                    "with" => Place::Carried(Who::Mob(self.rig.mobs(place)[0])),
                    _ => panic!("@load: {how}"),
                };
                self.rig.make_item(slug, place);
            }
            ("set", [name, field, value]) => self.set(name, field, value),
            ("mute", [name]) => self.order(Instruction::SetMuted { player: self.player(name), muted: true }),
            ("unmute", [name]) => self.order(Instruction::SetMuted { player: self.player(name), muted: false }),
            ("brief", [name]) => {
                let player = self.player(name);
                let mut config = self.rig.world.players.get(player).unwrap().config;
                config.room_brief = true;
                self.order(Instruction::SetConfig { player, config });
            }
            // @hurt wolf 60 40, in per cent of its health; @slay wolf; @clock 1000
            ("hurt", [slug, before, after]) => {
                let (mob, actor) = (self.rig.mobs(slug)[0], self.names.values().next().map(|id| Who::Player(*id)));
                let most = self.rig.world.templates.mobs[&self.rig.mob_template(slug)].stats.health_max;
                let part = |percent: &str| most * percent.parse::<i32>().unwrap() / 100;
                let (before, after) = (part(before), part(after));
                self.rig.happen(|turn| react::hurt(turn, mob, actor, before, after));
            }
            ("slay", [slug]) => {
                let mob = self.rig.mobs(slug)[0];
                self.rig.happen(|turn| {
                    react::on(turn, ReactionEvent::Death, mob, None, "");
                    load::destroy_mob(turn.world, mob);
                });
            }
            ("clock", [minute]) => self.order(Instruction::Clock { minute: minute.parse().unwrap() }),
            // @hurt wolf 5; @rigged 42: chance begins anew from there
            ("hurt", [slug, health]) => {
                let mob = self.rig.mobs(slug)[0];
                self.rig.world.set_health(Who::Mob(mob), health.parse().unwrap());
            }
            ("rigged", [seed]) => self.rig.world.meta.rng = rand_pcg::Pcg64Mcg::new(seed.parse().unwrap()),
            ("config", [field, value]) => self.configure(field, value),
            ("terse", [name]) => {
                let player = self.player(name);
                let mut config = self.rig.world.players.get(player).unwrap().config;
                config.combat_brief = true;
                self.order(Instruction::SetConfig { player, config });
            }
            ("broadcast", _) => self.order(Instruction::Broadcast { text: rest.into() }),
            ("expel", [name, ..]) => {
                let text = split_word(rest).1.to_owned();
                self.order(Instruction::Expel { player: self.player(name), text });
            }
            ("wait", [time]) => {
                let (number, unit) = time.split_at(time.find(|c: char| !c.is_ascii_digit()).expect("a unit"));
                let unit = match unit {
                    "ms" => 1,
                    "s" => 1000,
                    "m" => 60_000,
                    _ => panic!("@wait: {unit}"),
                };
                self.rig.wait(number.parse::<u64>().unwrap() * unit);
            }
            ("unlink", [name]) => drop(self.rig.unlink(self.player(name))),
            ("link", [name]) => self.rig.link(self.player(name), false),
            ("resume", [name]) => self.rig.link(self.player(name), true),
            ("sync", [name]) => {
                let player = self.player(name);
                let session = self.rig.session(player);
                self.order(Instruction::Sync { player, session });
            }
            ("quit", [name]) => {
                let player = self.player(name);
                let session = self.rig.session(player);
                self.order(Instruction::Quit { player, session });
            }
            // @n mara 3 look: a numbered command
            ("n", [name, n, ..]) => {
                let text = split_word(split_word(rest).1).1.to_owned();
                let (player, n) = (self.player(name), n.parse().unwrap());
                self.rig.numbered(player, Some(n), &text);
            }
            // @act mara get item=item.1 name=all from=item.2 | any text
            ("act", [name, action, ..]) => {
                let (fields, text) = rest.split_once('|').unwrap_or((rest, ""));
                let field = |key: &str| {
                    fields
                        .split_whitespace()
                        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
                        .map(str::to_owned)
                };
                let act = Act {
                    action: (*action).to_owned(),
                    item_key: field("item"),
                    item_name: field("name"),
                    from_key: field("from"),
                    text: (!text.trim().is_empty()).then(|| text.trim().to_owned()),
                };
                let player = self.player(name);
                let session = self.rig.session(player);
                self.order(Instruction::Act { player, session, n: None, act });
            }
            // @check mara room green; @check mara stamina 98; @check loaf 2
            ("check", [name, field, value]) => {
                let is = self.get(name, field);
                assert_eq!(is, *value, "{name}'s {field}");
            }
            ("check", [slug, count]) => {
                assert_eq!(self.rig.items(slug).len().to_string(), *count, "how many {slug} there are");
            }
            _ => panic!("no direction: @{line}"),
        }
    }

    /// The world is otherwise than its manifests say.
    fn configure(&mut self, field: &str, value: &str) {
        let set = Arc::make_mut(&mut self.rig.world.templates);
        let config = &mut set.world.config;
        match field {
            "death_mode" => config.death_mode = DeathMode::parse(value).unwrap(),
            "death_route" => config.death_route = DeathRoute::parse(value).unwrap(),
            "pvp_mode" => config.pvp_mode = PvpMode::parse(value).unwrap(),
            "flee_to_unknown_rooms" => config.flee_to_unknown_rooms = value == "true",
            "narrative" => config.is_narrative = value == "true",
            "corpse_decay" => config.has_corpse_decay = value == "true",
            _ => panic!("@config: {field}"),
        }
    }

    fn order(&mut self, instruction: Instruction) {
        self.rig.give(instruction);
    }

    fn enter(&mut self, name: &str, settings: &[&str]) {
        let known = self.names.len() as i64 + 1;
        let id = *self.names.entry(name.into()).or_insert(known);
        let mut character = character(id, &crate::world::keywords::capitalized(name));
        // Bare-handed, unless a script is about what one begins with.
        character.is_initialised = true;
        let mut account = Account { id, name: format!("{name}@example.org"), ..Account::default() };
        for setting in settings {
            let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
            match key {
                "new" => character.is_initialised = false,
                "level" => character.level = value.parse().unwrap(),
                "gold" => character.gold = value.parse().unwrap(),
                "archetype" => character.archetype = Archetype::parse(value).unwrap(),
                "gender" => character.gender = Gender::parse(value).unwrap(),
                "faction" => character.core_faction = Some(value.into()),
                "standing" => {
                    let (code, standing) = value.split_once(':').unwrap();
                    character.factions.push((code.into(), standing.parse().unwrap()));
                }
                "title" => character.title = value.replace('_', " "),
                "description" => character.description = value.replace('_', " "),
                "at" => character.room = Some(self.rig.room(value)),
                "deaf" => character.mute_list.push(value.into()),
                "mark" => character.marks.push((value.into(), "true".into())),
                "health" => character.health = value.parse().ok(),
                "stamina" => character.stamina = value.parse().ok(),
                "mana" => character.mana = value.parse().ok(),
                "account" => account.id = value.parse().unwrap(),
                "experience" => character.experience = value.parse().unwrap(),
                "skill" => character.prowess.skills.push((value.into(), String::new())),
                "autoflee" => character.prowess.autoflee = value.parse().unwrap(),
                "immortal" => character.is_immortal = true,
                "builder" => {
                    account.is_builder = true;
                    account.builder_rank = value.parse().unwrap_or(0);
                }
                "staff" => account.is_staff = true,
                _ => panic!("@enter: {setting}"),
            }
        }
        self.rig.enter(character, account);
    }

    fn set(&mut self, name: &str, field: &str, value: &str) {
        let player = self.player(name);
        let world = &mut self.rig.world;
        match field {
            "stamina" => world.presences.edit(player).unwrap().stamina = value.parse().unwrap(),
            "mana" => world.presences.edit(player).unwrap().mana = value.parse().unwrap(),
            "health" => world.players.edit(player).unwrap().health = value.parse().unwrap(),
            "gold" => world.players.edit(player).unwrap().gold = value.parse().unwrap(),
            "state" => world.players.edit(player).unwrap().state = CharacterState::parse(value).unwrap(),
            "invisible" => world.players.edit(player).unwrap().is_invisible = value == "true",
            _ => panic!("@set: {field}"),
        }
        world.index.tired_players.insert(player);
    }

    fn get(&self, name: &str, field: &str) -> String {
        let world = &self.rig.world;
        let player = self.player(name);
        let Some(row) = world.players.get(player) else { return "gone".into() };
        let presence = world.presences.get(player).unwrap();
        match field {
            "room" => world.templates.rooms[&presence.room].slug.clone(),
            "stamina" => presence.stamina.to_string(),
            "mana" => presence.mana.to_string(),
            "health" => row.health.to_string(),
            "gold" => row.gold.to_string(),
            "level" => row.level.to_string(),
            "experience" => row.experience.to_string(),
            "effects" => world.auras.get(player).map_or(0, |aura| aura.effects.len()).to_string(),
            "foes" => world.fights.get(player).map_or(0, |fight| fight.foes.len()).to_string(),
            "state" => row.state.to_string(),
            "applied" => presence.commands.to_string(),
            "carries" => row.items.len().to_string(),
            "wears" => row.worn.len().to_string(),
            "linkless" => row.is_linkless.to_string(),
            _ => panic!("@check: {field}"),
        }
    }

    fn name_of(&self, player: PlayerId) -> String {
        self.names.iter().find(|(_, id)| **id == player).map_or_else(|| "nobody".into(), |(name, _)| name.clone())
    }
}

/// What is wrong between what was expected and what was seen; None where nothing is.
fn differs(expected: &[Line], actual: &[Line]) -> Option<String> {
    let mut left: BTreeMap<&str, VecDeque<&Line>> = BTreeMap::new();
    for line in actual {
        left.entry(&line.who).or_default().push_back(line);
    }
    for wanted in expected {
        let queue = left.entry(&wanted.who).or_default();
        if !wanted.text.is_empty() {
            while queue.front().is_some_and(|line| line.text.is_empty()) {
                queue.pop_front();
            }
        } else {
            while queue.front().is_some_and(|line| line.text.is_empty() && line.kind != wanted.kind) {
                queue.pop_front();
            }
        }
        match queue.pop_front() {
            Some(line) if wanted.is_met_by(line) => {}
            Some(line) => return Some(format!("expected\n{}\nbut there was\n{}", wanted.write(), line.write())),
            None => return Some(format!("expected\n{}\nbut there was no more", wanted.write())),
        }
    }
    let more = actual.iter().find(|line| {
        !line.text.is_empty()
            && left.get(line.who.as_str()).is_some_and(|queue| queue.iter().any(|l| std::ptr::eq(*l, *line)))
    });
    more.map(|line| format!("there was also\n{}", line.write()))
}

/// Plays one file; what was sent, and the file as it should be.
fn play(text: &str, sent: &mut Sent) -> (Vec<String>, String) {
    let mut problems = Vec::new();
    let mut blessed = Vec::<String>::new();
    let mut play = Play::new();
    let mut title = String::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let number = at + 1;
        at += 1;
        let trimmed = line.trim();
        blessed.push(line.to_owned());
        let is_step = match trimmed.chars().next() {
            None | Some('#') => continue,
            Some('=') => {
                title = trimmed.to_owned();
                play = Play::new();
                continue;
            }
            Some('@') => {
                play.direct(&trimmed[1..]);
                false
            }
            Some(_) => match trimmed.split_once('>') {
                Some((name, typed)) if name.chars().all(|c| c.is_ascii_lowercase()) => {
                    let (player, typed) = (play.player(name), play.keys(typed.trim()));
                    play.rig.text(player, &typed);
                    true
                }
                _ => panic!("line {number}: {line}"),
            },
        };
        let (mut asked, mut expected, mut as_written) = (is_step, Vec::<Line>::new(), Vec::new());
        while let Some(next) = lines.get(at).map(|line| line.trim()) {
            if next == "?" {
                asked = true;
                blessed.push("?".into());
                at += 1;
                continue;
            }
            if let Some(more) = next.strip_prefix('|') {
                let last = expected.last_mut().expect("a text that goes on");
                last.text.push('\n');
                last.text.push_str(more.strip_prefix(' ').unwrap_or(more));
            } else if let Some(read) = Line::read(next) {
                expected.push(read);
                asked = true;
            } else {
                break;
            }
            as_written.push(lines[at].to_owned());
            at += 1;
        }
        let frames = std::mem::take(&mut play.rig.sent);
        let actual: Vec<Line> = frames.iter().map(|(to, frame)| Line::of(&play.name_of(*to), frame)).collect();
        sent.extend(frames);
        match differs(&expected, &actual).filter(|_| asked) {
            None => blessed.extend(as_written),
            Some(problem) => {
                problems.push(format!("line {number}, {title}: {line}\n{problem}"));
                blessed.extend(actual.iter().filter(|line| !line.text.is_empty()).map(Line::write));
            }
        }
    }
    (problems, blessed.join("\n") + "\n")
}

/// Plays every script and hands over every frame that was sent.
pub fn play_all() -> Sent {
    let mut sent = Sent::new();
    for (_, text) in scripts() {
        play(&text, &mut sent);
    }
    sent
}

#[test]
fn scripts_play_as_they_are_written() {
    let bless = std::env::var_os("REALMS_BLESS").is_some();
    let mut all = Vec::new();
    for (path, text) in scripts() {
        let (problems, blessed) = play(&text, &mut Sent::new());
        if bless && blessed != text {
            std::fs::write(&path, blessed).unwrap();
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        all.extend(problems.into_iter().map(|problem| format!("{name}, {problem}")));
    }
    assert!(all.is_empty() || bless, "{}", all.join("\n\n"));
}

#[test]
fn every_command_has_a_script_with_a_success_and_its_refusals_have_codes() {
    let mut typed = BTreeSet::new();
    for (_, text) in scripts() {
        for line in text.lines() {
            if let Some((name, rest)) = line.split_once('>')
                && name.chars().all(|c| c.is_ascii_lowercase())
            {
                typed.insert(split_word(rest).0.to_lowercase());
            }
        }
    }
    let builders = build::TABLE.iter().flat_map(|command| command.names).copied();
    let players = TABLE.iter().map(|command| command.names[0]);
    let missing: Vec<&str> = players.chain(builders).filter(|name| !typed.contains(*name)).collect();
    assert!(missing.is_empty(), "no script in tests/script types {missing:?}");
    for (_, frame) in play_all() {
        if frame.kind.ends_with(".error") && frame.kind.starts_with("cmd.") {
            assert!(matches!(&frame.data, Data::Error(error) if !error.code.is_empty()), "{frame:?}");
            assert!(!frame.text().is_empty());
        }
    }
}
