//! The world, its zones and rooms.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::layout::{Layout, lay_out};
use super::lex::flag_names;
use super::records::{Exit, Extra, Room};
use super::{ELSEWHERE, Import, report, text};
use crate::world::kinds::*;
use crate::world::spec::*;

const ROOM_FLAGS: [&str; 17] = [
    "dark",
    "death",
    "no_mob",
    "indoors",
    "peaceful",
    "soundproof",
    "no_track",
    "no_magic",
    "tunnel",
    "private",
    "godroom",
    "house",
    "house_crash",
    "atrium",
    "olc",
    "bfs_mark",
    "worldmap",
];

const SECTORS: [&str; 10] =
    ["inside", "city", "field", "forest", "hills", "mountains", "water-swim", "water-noswim", "flying", "underwater"];

const DIAGONALS: [&str; 4] = ["northwest", "northeast", "southeast", "southwest"];

/// Where characters of the stock world begin.
const TEMPLE: i64 = 3001;

impl Import<'_> {
    pub(super) fn world(&mut self) {
        let first = self.original.rooms.keys().next().copied().unwrap_or_default();
        let start = if self.original.rooms.contains_key(&TEMPLE) { TEMPLE } else { first };
        let start = self.room_slug(start).unwrap_or_default();
        let spec = WorldSpec {
            name: "Imported World".into(),
            short_description: "From files in the Circle format.".into(),
            starting_room: start.clone(),
            death_room: start,
            ..WorldSpec::default()
        };
        self.add("circle".into(), |metadata| Document::World { metadata, spec: Box::new(spec) });
        let gold = CurrencySpec { name: "gold".into(), is_default: true };
        self.add("gold".into(), |metadata| Document::Currency { metadata, spec: Box::new(gold) });
    }

    pub(super) fn zones(&mut self) {
        let original = self.original;
        for zone in &original.zones {
            let mut lines = vec![format!("circle zone {} by {}", zone.number, text::one_line(&zone.builders))];
            if zone.reset == 1 {
                lines.push("it resets only while empty".into());
            }
            if !zone.rest.is_empty() {
                lines.push(format!("flags and levels: {}", zone.rest));
            }
            let record = format!("zone {}", zone.number);
            self.report.keep(report::ZONE_TRAITS, &*record, lines.join("; "));
            let spec = ZoneSpec {
                name: text::name(&zone.name, "Unnamed zone"),
                respawn_wait: if zone.reset == 0 { -1 } else { zone.lifespan.clamp(1, 100_000) * 60 },
                notes: self.notes(&record, lines),
                ..ZoneSpec::default()
            };
            let at =
                self.add(self.zone_slug(zone.number), |metadata| Document::Zone { metadata, spec: Box::new(spec) });
            self.zone_at.insert(zone.number, at);
        }
        let homeless: Vec<i64> =
            original.rooms.keys().copied().filter(|vnum| self.zone_of(*vnum) == ELSEWHERE).collect();
        if !homeless.is_empty() {
            let spec = ZoneSpec { name: "Elsewhere".into(), ..ZoneSpec::default() };
            let slug = self.zone_slug(ELSEWHERE);
            let at = self.add(slug, |metadata| Document::Zone { metadata, spec: Box::new(spec) });
            self.zone_at.insert(ELSEWHERE, at);
        }
        for vnum in homeless {
            self.report.keep(report::HOMELESS, format!("room {vnum}"), "no zone has this number");
        }
        self.report.made("zones", self.zone_at.len());
    }

    pub(super) fn rooms(&mut self) {
        let original = self.original;
        let layout = self.layout();
        self.report.islands = layout.islands.len();
        let states = self.door_states();
        for (room, at) in original.rooms.values().zip(&layout.at) {
            let spec = self.room(room, *at, &states);
            self.report.made("exits", spec.exits.len());
            let slug = text::slug(&room.name, room.vnum);
            self.add(slug, |metadata| Document::Room { metadata, spec: Box::new(spec) });
        }
        self.report.made("rooms", original.rooms.len());
    }

    fn layout(&self) -> Layout {
        let rooms = &self.original.rooms;
        let index: BTreeMap<i64, usize> = rooms.keys().enumerate().map(|(index, vnum)| (*vnum, index)).collect();
        let exits: Vec<Vec<(Direction, usize)>> = rooms
            .values()
            .map(|room| {
                let ways = room
                    .exits
                    .iter()
                    .filter_map(|exit| Some((*Direction::ALL.get(exit.direction)?, *index.get(&exit.to)?)));
                ways.collect()
            })
            .collect();
        lay_out(&exits)
    }

    /// What the last `D` command of each door says: 0 open, 1 closed, 2 locked.
    fn door_states(&self) -> BTreeMap<(i64, usize), DoorState> {
        let commands =
            self.original.zones.iter().flat_map(|zone| &zone.commands).filter(|command| command.letter == 'D');
        let state = |command: &super::zones::Command| {
            let direction = usize::try_from(*command.numbers.get(1)?).ok()?;
            let state = match command.numbers.get(2)? {
                0 => DoorState::Open,
                1 => DoorState::Closed,
                _ => DoorState::Locked,
            };
            Some(((command.numbers[0], direction), state))
        };
        commands.filter_map(state).collect()
    }

    fn room(&mut self, room: &Room, at: [i32; 3], states: &BTreeMap<(i64, usize), DoorState>) -> RoomSpec {
        let record = format!("room {}", room.vnum);
        let mut lines = vec![format!("circle {record}")];
        let mut exits = IndexMap::new();
        for exit in &room.exits {
            self.exit(room, exit, states, &mut exits, &mut lines);
        }
        let details = self.details(&record, &room.extras, &mut lines);
        let (flags, strange) = room_flags(room.flags, room.sector);
        if !strange.is_empty() {
            let text = format!("flags: {}", strange.join(", "));
            self.report.keep(report::ROOM_FLAGS, &*record, &*text);
            lines.push(text);
        }
        let (room_type, exact) = room_type(room.sector);
        if !exact {
            let sector = usize::try_from(room.sector).ok().and_then(|sector| SECTORS.get(sector).copied());
            let text = format!("sector: {}", sector.map_or_else(|| room.sector.to_string(), str::to_owned));
            self.report.keep(report::SECTORS, &*record, &*text);
            lines.push(text);
        }
        lines.extend(self.trigger_notes(&record, &room.triggers));
        RoomSpec {
            zone: self.zone_slug(self.zone_of(room.vnum)),
            name: text::name(&room.name, "Untitled room"),
            at,
            room_type,
            description: text::flowing(&room.description),
            exits,
            details,
            flags,
            color: String::new(),
            checks: Vec::new(),
            on_get: Vec::new(),
            hint: String::new(),
            notes: self.notes(&record, lines),
        }
    }

    fn exit(
        &mut self,
        room: &Room,
        exit: &Exit,
        states: &BTreeMap<(i64, usize), DoorState>,
        exits: &mut IndexMap<Direction, ExitSpec>,
        lines: &mut Vec<String>,
    ) {
        let record = format!("room {}", room.vnum);
        let look = text::flowing(&exit.look);
        let direction = Direction::ALL.get(exit.direction).copied();
        let name = direction.map_or_else(|| DIAGONALS[(exit.direction - 6).min(3)], Direction::as_str);
        let mut lost = |kind: &'static str, why: &str| {
            self.report.keep(kind, &*record, format!("{name} to {}", exit.to));
            lines.push(format!("exit {name} to room {}: {why}", exit.to));
            if !look.is_empty() {
                lines.push(format!("  looking {name}: {look}"));
            }
        };
        let Some(direction) = direction else {
            return lost(report::DIAGONAL, "no such direction here");
        };
        if exit.to <= 0 && !self.original.rooms.contains_key(&exit.to) {
            return lost(report::NOWHERE, "leads nowhere");
        }
        let Some(to) = self.original.rooms.get(&exit.to).map(|to| text::slug(&to.name, exit.to)) else {
            return lost(report::OUTSIDE, "not imported");
        };
        if exits.contains_key(&direction) {
            return lost(report::SECOND_EXIT, "another exit leads there already");
        }
        let door = (exit.door > 0).then(|| self.door(room, exit, direction, states, lines));
        let plain = door.is_none() && look.is_empty();
        let spec = if plain { ExitSpec::Room(to) } else { ExitSpec::Full(ExitDetail { to, door, look }) };
        exits.insert(direction, spec);
    }

    fn door(
        &mut self,
        room: &Room,
        exit: &Exit,
        direction: Direction,
        states: &BTreeMap<(i64, usize), DoorState>,
        lines: &mut Vec<String>,
    ) -> DoorSpec {
        let record = format!("room {}", room.vnum);
        let traits = match exit.door {
            2 => "pickproof",
            3 => "hidden",
            4 => "pickproof, hidden",
            _ => "",
        };
        if !traits.is_empty() {
            self.report.keep(report::DOOR_TRAITS, &*record, format!("{direction}: {traits}"));
            lines.push(format!("the door {direction} is {traits}"));
        }
        let key = if exit.key > 0 && exit.key != 65_535 { self.item_slug(exit.key) } else { None };
        if key.is_none() && exit.key > 0 && exit.key != 65_535 {
            self.report.keep(report::DOOR_KEYS, &*record, format!("{direction}: object {}", exit.key));
            lines.push(format!("the door {direction} is locked by object {}, which was not imported", exit.key));
        }
        let back = self.original.rooms.get(&exit.to).and_then(|to| {
            to.exits
                .iter()
                .find(|back| back.to == room.vnum && Direction::ALL.get(back.direction) == Some(&direction.opposite()))
        });
        if back.is_some_and(|back| back.door <= 0) {
            self.report.keep(report::ONE_SIDED_DOORS, &*record, format!("{direction}"));
        }
        let name = text::words(&exit.keywords).into_iter().next().unwrap_or_else(|| "door".into());
        let state = states.get(&(room.vnum, exit.direction)).copied().unwrap_or(DoorState::Open);
        DoorSpec { name, state, key, destroy_key: false }
    }

    /// Extra descriptions; a word belongs to the first that has it.
    pub(super) fn details(&mut self, record: &str, extras: &[Extra], lines: &mut Vec<String>) -> Vec<DetailSpec> {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut details = Vec::new();
        for extra in extras {
            let all = text::words(&extra.keywords);
            let words: Vec<String> = all.iter().filter(|word| !seen.contains(*word)).cloned().collect();
            let text = text::flowing(&extra.text);
            if words.len() < all.len() || words.is_empty() || text.is_empty() {
                self.report.keep(report::DETAILS, record, all.join(" "));
                lines.push(format!("extra description {}: {text}", all.join(" ")));
            }
            if !words.is_empty() && !text.is_empty() {
                seen.extend(words.iter().cloned());
                details.push(DetailSpec { words, text, hidden: false });
            }
        }
        details
    }
}

/// Flags of ours, and the names of those that we have none for.
fn room_flags(bits: u64, sector: i64) -> (Vec<RoomFlag>, Vec<String>) {
    let (mut flags, mut strange) = (Vec::new(), Vec::new());
    for name in flag_names(bits, &ROOM_FLAGS) {
        match name.as_str() {
            "dark" => flags.push(RoomFlag::Dark),
            "no_mob" => flags.push(RoomFlag::NoRoam),
            "peaceful" => flags.push(RoomFlag::Peaceful),
            "no_magic" => flags.push(RoomFlag::NoSpell),
            // The type says so too.
            "indoors" if sector == 0 => {}
            _ => strange.push(name),
        }
    }
    (flags, strange)
}

/// The type, and whether it says all that the sector said.
fn room_type(sector: i64) -> (RoomType, bool) {
    match sector {
        0 => (RoomType::Indoor, true),
        1 => (RoomType::City, true),
        2 => (RoomType::Field, true),
        3 => (RoomType::Forest, true),
        4 => (RoomType::Mountain, false),
        5 => (RoomType::Mountain, true),
        6 => (RoomType::Shallow, true),
        7 => (RoomType::Water, true),
        8 => (RoomType::Field, false),
        9 => (RoomType::Shallow, false),
        _ => (RoomType::Indoor, false),
    }
}
