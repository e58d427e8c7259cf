//! Frames as JSON. What everyone is shown alike (rooms, characters, things) is encoded when it is first sent, kept
//! beside the view, and copied from then on. What comes out is what serde makes of the frame, byte for byte; a test
//! holds every frame to that.

use std::fmt::Write as _;

use serde::Serialize;

use crate::world::character::PlayerId;
use crate::world::keywords::capitalize;
use crate::world::kinds::{Direction, DoorState};
use crate::world::template::{Room, ShownRoom};

use super::view::*;
use super::{Data, Frame, Text};

impl Frame {
    /// The frame as one JSON object.
    pub fn json(&self) -> String {
        let mut json = String::with_capacity(256 + self.data.room().map_or(0, RoomView::json_bytes));
        self.encode(&mut json);
        json
    }

    /// Appends the frame as one JSON object.
    pub fn encode(&self, to: &mut String) {
        to.push_str("{\"type\":");
        quoted(&self.kind, to);
        to.push_str(",\"text\":");
        match (&self.text, self.data.room()) {
            (Text::Plain(text), _) => quoted(text, to),
            (Text::OfRoom { viewer, brief }, Some(room)) => {
                to.push('"');
                room.encode_text(*viewer, *brief, to);
                to.push('"');
            }
            (Text::OfRoom { .. }, None) => to.push_str("\"\""),
            (Text::OfBlow { .. }, _) => quoted(&self.text(), to),
            (Text::Told { who, does }, _) => {
                let begin = to.len();
                to.push('"');
                capitalize(&who.name, to);
                to.push_str(does);
                if is_plain(&to[begin + 1..]) {
                    to.push('"');
                } else {
                    to.truncate(begin);
                    plain(&self.text(), to);
                }
            }
        }
        to.push_str(",\"data\":");
        self.data.encode(to);
        if let Some(group) = &self.group {
            field(",\"group\":", group, to);
        }
        to.push('}');
    }
}

impl Data {
    fn encode(&self, to: &mut String) {
        match self {
            Self::LookRoom(data) => {
                let LookData { actor, target_type, target, map } = &**data;
                looked(actor, target_type, to);
                target.encode(to);
                to.push_str(",\"map\":");
                list(map, to, MapRoom::encode);
            }
            Self::LookChar { actor, target_type, target } => {
                looked(actor, target_type, to);
                to.push_str(&target.shown().json);
            }
            Self::LookItem { actor, target_type, target } => {
                looked(actor, target_type, to);
                to.push_str(&target.shown().json);
            }
            Self::Move(data) => {
                let MoveData { room, actor, direction, map, door_states } = &**data;
                to.push_str("{\"room\":");
                room.encode(to);
                to.push_str(",\"actor\":");
                actor.encode(to);
                to.push_str(",\"direction\":");
                quoted(direction, to);
                to.push_str(",\"map\":");
                list(map, to, MapRoom::encode);
                to.push_str(",\"door_states\":");
                list(door_states, to, plain);
            }
            Self::Enter { actor, direction, room } => {
                to.push_str("{\"actor\":");
                to.push_str(&actor.shown().json);
                optional(",\"direction\":", *direction, to);
                to.push_str(",\"room\":");
                room.encode(to);
            }
            Self::Exit { actor, direction } => {
                to.push_str("{\"actor\":");
                actor.encode(to);
                optional(",\"direction\":", *direction, to);
            }
            Self::Said { actor, message } => {
                to.push_str("{\"actor\":");
                actor.encode(to);
                to.push_str(",\"message\":");
                quoted(message, to);
            }
            Self::Actor { actor } => {
                to.push_str("{\"actor\":");
                actor.encode(to);
            }
            Self::Sync(state) => {
                let StateSync { map, actor, room, world, who_list } = &**state;
                to.push_str("{\"map\":");
                list(map, to, MapRoom::encode);
                field(",\"actor\":", actor, to);
                to.push_str(",\"room\":");
                room.encode(to);
                field(",\"world\":", world, to);
                to.push_str(",\"who_list\":");
                who_list.encode(to);
            }
            Self::Who { players } => {
                to.push_str("{\"players\":");
                players.encode(to);
            }
            Self::WhoList(players) => return players.encode(to),
            Self::Items(data) => data.encode(to),
            other => return plain(other, to),
        }
        to.push('}');
    }
}

/// The begin of what a look shows.
fn looked(actor: &ActorPatch, target_type: &str, to: &mut String) {
    to.push_str("{\"actor\":");
    actor.encode(to);
    to.push_str(",\"target_type\":");
    quoted(target_type, to);
    to.push_str(",\"target\":");
}

impl ActorPatch {
    fn encode(&self, to: &mut String) {
        to.push_str("{\"key\":");
        quoted(self.who.key(), to);
        to.push_str(",\"name\":");
        quoted(self.who.name(), to);
        if let Some(room) = &self.room {
            to.push_str(",\"room\":");
            room.encode(to);
        }
        if let Some(state) = self.state {
            to.push_str(",\"state\":");
            quoted(state, to);
        }
        for (name, number) in self.numbers() {
            to.push_str(",\"");
            to.push_str(name);
            to.push_str("\":");
            // Writing into memory does not fail.
            let _ = write!(to, "{number}");
        }
        to.push('}');
    }
}

impl Named {
    fn encode(&self, to: &mut String) {
        to.push_str("{\"key\":");
        quoted(self.key(), to);
        to.push_str(",\"name\":");
        quoted(self.name(), to);
        to.push_str(",\"keywords\":");
        quoted(self.keywords(), to);
        to.push('}');
    }
}

impl RoomRef {
    fn encode(&self, to: &mut String) {
        to.push_str("{\"key\":");
        quoted(&self.0.key, to);
        to.push('}');
    }
}

impl ItemsData {
    /// Without the object's last brace.
    fn encode(&self, to: &mut String) {
        let Self { actor, items, room, target, source } = self;
        to.push('{');
        if let Some(actor) = actor {
            field("\"actor\":", actor, to);
            to.push(',');
        }
        to.push_str("\"items\":");
        list(items, to, |item, to| to.push_str(&item.shown().json));
        if let Some(room) = room {
            to.push_str(",\"room\":");
            room.encode(to);
        }
        for (name, item) in [(",\"target\":", target), (",\"source\":", source)] {
            if let Some(item) = item {
                to.push_str(name);
                to.push_str(&item.shown().json);
            }
        }
    }
}

impl RoomView {
    /// Bytes of what is copied, as JSON and as a text, about.
    fn json_bytes(&self) -> usize {
        let shown = shown(&self.room);
        let pieces = |shown: &Shown| shown.json.len() + shown.line.len() + 1;
        let items: usize = self.inventory.iter().map(|item| pieces(item.shown())).sum();
        let chars: usize = self.chars.iter().map(|other| pieces(other.shown())).sum();
        2 * shown.head.len() + shown.tail.len() + items + chars
    }

    fn encode(&self, to: &mut String) {
        let shown = shown(&self.room);
        if is_default(&self.doors) {
            to.push_str(&shown.head);
        } else {
            to.push_str(&fields_of(&self.room, &self.doors));
            to.push_str(&shown.head[shown.fields..]);
        }
        to.push_str(",\"inventory\":");
        list(&self.inventory, to, |item, to| to.push_str(&item.shown().json));
        to.push_str(",\"chars\":");
        list(&self.chars, to, |other, to| to.push_str(&other.shown().json));
        to.push_str(",\"actions\":");
        list(&self.actions, to, |action, to| quoted(action, to));
        to.push_str(&shown.tail);
    }

    /// The text of the room as JSON has it, without the quotes.
    fn encode_text(&self, viewer: PlayerId, brief: bool, to: &mut String) {
        let shown = shown(&self.room);
        to.push_str(&shown.head[shown.name.0..shown.name.1]);
        if !brief && !self.room.description.is_empty() {
            to.push_str("\\n");
            to.push_str(&shown.head[shown.description.0..shown.description.1]);
        }
        to.push_str(&shown.exits);
        self.inventory.iter().for_each(|item| to.push_str(&item.shown().line));
        self.others(viewer).for_each(|other| to.push_str(&other.shown().line));
        if let Some(actions) = self.actions_line() {
            to.push_str(&line(&actions));
        }
    }

    /// The text of the room, as a client without rich views prints it.
    pub fn text(&self, viewer: PlayerId, brief: bool) -> String {
        let room = &*self.room;
        let mut text = room.name.clone();
        if !brief && !room.description.is_empty() {
            text.push('\n');
            text.push_str(room.description.trim_end());
        }
        text.push('\n');
        text.push_str(&exits_of(room));
        for item in &self.inventory {
            text.push('\n');
            text.push_str(&item.ground_description);
        }
        for other in self.others(viewer) {
            text.push('\n');
            text.push_str(&other.line());
        }
        if let Some(actions) = self.actions_line() {
            text.push('\n');
            text.push_str(&actions);
        }
        text
    }

    /// What one can do, as a line.
    fn actions_line(&self) -> Option<String> {
        match &self.actions[..] {
            [] => None,
            [action] => Some(format!("Action available: {action}")),
            actions => Some(format!("Actions: {}", actions.join(", "))),
        }
    }

    fn others(&self, viewer: PlayerId) -> impl Iterator<Item = &Char> {
        self.chars
            .iter()
            .map(|other| &**other)
            .filter(move |other| !(other.char_type == "player" && other.id == viewer))
    }
}

impl MapRoom {
    fn encode(&self, to: &mut String) {
        let shown = shown(&self.room);
        if is_default(&self.doors) {
            to.push_str(&shown.head[..shown.fields]);
        } else {
            to.push_str(&fields_of(&self.room, &self.doors));
        }
        to.push_str(",\"name\":\"");
        to.push_str(&shown.head[shown.name.0..shown.name.1]);
        to.push_str("\"}");
    }
}

impl WhoList {
    fn encode(&self, to: &mut String) {
        to.push_str(self.json.get_or_make(|| json_of(self).into()));
    }
}

impl Char {
    fn shown(&self) -> &Shown {
        self.shown.get_or_make(|| Shown { json: json_of(self).into(), line: line(&self.line()) })
    }

    /// The line that a room has for whoever is in it.
    fn line(&self) -> String {
        let mut line = String::with_capacity(self.room_description.len() + 24);
        capitalize(&self.room_description, &mut line);
        if self.is_invisible {
            line.push_str(" (invisible)");
        }
        if self.is_linkless {
            line.push_str(" (linkless)");
        }
        line
    }
}

impl Item {
    fn shown(&self) -> &Shown {
        self.shown.get_or_make(|| Shown { json: json_of(self).into(), line: line(&self.ground_description) })
    }
}

fn is_default(doors: &[Option<DoorState>; 6]) -> bool {
    doors.iter().all(Option::is_none)
}

fn exits_of(room: &Room) -> String {
    let mut text = "[ exits:".to_owned();
    let before = text.len();
    for direction in Direction::ALL.iter().filter(|d| room.exit(**d).is_some()) {
        text.push(' ');
        text.push(direction.as_str().as_bytes()[0].to_ascii_uppercase() as char);
    }
    text.push_str(if text.len() > before { " ]" } else { " none ]" });
    text
}

/// The pieces of a room that are the same for all.
fn shown(room: &Room) -> &ShownRoom {
    room.shown.get_or_make(|| {
        let mut head = fields_of(room, &[None; 6]);
        let fields = head.len();
        field(",\"id\":", &room.id, &mut head);
        let name = within(",\"name\":\"", &room.name, &mut head);
        let text = room.description.trim_end();
        let description = within("\",\"description\":\"", text, &mut head);
        head.push_str(&escaped(&room.description[text.len()..]));
        field("\",\"zone\":", &ZoneRef { key: &room.zone_key, name: &room.zone_name }, &mut head);
        let mut tail = String::new();
        field(",\"details\":", &shown_details(room), &mut tail);
        if !room.hint.is_empty() {
            field(",\"hint\":", &room.hint, &mut tail);
        }
        tail.push('}');
        ShownRoom { head: head.into(), fields, name, description, tail: tail.into(), exits: line(&exits_of(room)) }
    })
}

/// Appends a text without its last quote; where it stands.
fn within(before: &str, text: &str, to: &mut String) -> (usize, usize) {
    to.push_str(before);
    let begin = to.len();
    to.push_str(&escaped(text));
    (begin, to.len())
}

/// The object of a room on the map up to its doors, without the last brace.
fn fields_of(room: &Room, doors: &[Option<DoorState>; 6]) -> String {
    let mut json = json_of(&MapFields { room, doors });
    json.pop();
    json
}

fn field(name: &str, value: &(impl Serialize + ?Sized), to: &mut String) {
    to.push_str(name);
    plain(value, to);
}

fn list<T>(values: &[T], to: &mut String, mut each: impl FnMut(&T, &mut String)) {
    to.push('[');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            to.push(',');
        }
        each(value, to);
    }
    to.push(']');
}

/// A text that may be missing.
fn optional(name: &str, text: Option<&str>, to: &mut String) {
    to.push_str(name);
    match text {
        Some(text) => quoted(text, to),
        None => to.push_str("null"),
    }
}

/// Appends a text in quotes. Most have nothing in them that would have to be written otherwise.
fn quoted(text: &str, to: &mut String) {
    if is_plain(text) {
        to.push('"');
        to.push_str(text);
        to.push('"');
    } else {
        plain(text, to);
    }
}

/// Is there nothing in a text that JSON writes otherwise?
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

/// A text as it stands between the quotes of JSON.
fn escaped(text: &str) -> String {
    let mut json = json_of(text);
    json.pop();
    json.remove(0);
    json
}

/// A line of a text, with the break before it, as it stands between the quotes of JSON.
fn line(text: &str) -> Box<str> {
    format!("\\n{}", escaped(text)).into()
}

/// A value as serde writes it. Views are plain values and go into memory: that has no way to fail.
fn json_of(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

fn plain(value: &(impl Serialize + ?Sized), to: &mut String) {
    to.push_str(&json_of(value));
}
