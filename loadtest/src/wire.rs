//! The few things that a player's machine must understand of a server's frames: the type, whether it answers a command,
//! the room that one is in, and who said what. Everything else of a frame is only counted.

use serde::Deserialize;

/// The six ways out of a room, as one types them.
pub const DIRECTIONS: [&str; 6] = ["north", "east", "south", "west", "up", "down"];

/// What a frame is to the one who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The whole state: the character is in the world.
    Entered,
    /// The answer to the oldest command that waits for one.
    Answer { refused: bool },
    /// The server will not have this connection or character.
    Denied,
    /// Somebody in the room said something.
    Heard,
    /// Anything else that was delivered.
    News,
}

/// The value of `type`.
pub fn kind(frame: &str) -> Option<String> {
    if let Some(rest) = frame.strip_prefix("{\"type\":\"") {
        return rest.split_once('"').map(|(kind, _)| kind.to_owned());
    }
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        kind: String,
    }
    serde_json::from_str::<Typed>(frame).ok().map(|typed| typed.kind)
}

/// What a frame of this type is. An echo of the own `system.connect` counts as having entered.
pub fn class(kind: &str) -> Class {
    match kind {
        "cmd.state.sync.success" | "system.connect" => Class::Entered,
        "system.connect.error" => Class::Denied,
        "notification.cmd.say.success" => Class::Heard,
        "error" => Class::Answer { refused: true },
        _ if kind.starts_with("cmd.state.sync.") => Class::News,
        _ if kind.starts_with("cmd.") => Class::Answer { refused: kind.ends_with(".error") },
        _ => Class::News,
    }
}

/// A room and the ways out of it that are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub key: String,
    pub exits: Vec<&'static str>,
}

/// The key of the room that a frame brings, without reading all of it, where the server writes it first.
pub fn room_key(frame: &str) -> Option<&str> {
    let (_, rest) = frame.split_once("\"room\":{\"key\":\"")?;
    rest.split_once('"').map(|(key, _)| key)
}

/// The room of a frame: `data.room`.
pub fn room(frame: &str) -> Option<Room> {
    let value: serde_json::Value = serde_json::from_str(frame).ok()?;
    let room = value.pointer("/data/room")?;
    let key = room.get("key")?.as_str()?.to_owned();
    let open = |direction: &str| {
        let leads = room.get(direction).is_some_and(|exit| !exit.is_null());
        let door = room.get(format!("{direction}_door_state")).and_then(|state| state.as_str());
        leads && door.is_none_or(|state| state == "open")
    };
    Some(Room { key, exits: DIRECTIONS.into_iter().filter(|direction| open(direction)).collect() })
}

/// The tag of an utterance of ours: the speaker's number and the utterance's.
pub fn tag(frame: &str) -> Option<(i64, u32)> {
    #[derive(Deserialize)]
    struct Said {
        data: Message,
    }
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let said: Said = serde_json::from_str(frame).ok()?;
    let (speaker, number) = said.data.message.split_whitespace().next()?.split_once(':')?;
    Some((speaker.parse().ok()?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_news() {
        assert_eq!(class("cmd.move.success"), Class::Answer { refused: false });
        assert_eq!(class("cmd.move.error"), Class::Answer { refused: true });
        assert_eq!(class("cmd.state.sync.success"), Class::Entered);
        assert_eq!(class("notification.movement.enter"), Class::News);
    }

    #[test]
    fn a_room_has_the_ways_that_are_open() {
        let frame = r#"{"type":"cmd.move.success","text":"","data":{"room":{"key":"room.7","north":"room.8",
            "east":null,"south":"room.9","south_door_state":"closed","west":{"key":"room.4"},"west_door_state":"open"}}}"#;
        assert_eq!(kind(frame).as_deref(), Some("cmd.move.success"));
        assert_eq!(room_key(frame), Some("room.7"));
        assert_eq!(room(frame), Some(Room { key: "room.7".into(), exits: vec!["north", "west"] }));
    }

    #[test]
    fn what_was_said_names_its_speaker() {
        let frame = r#"{"data":{"message":"7:12 well met"},"type":"notification.cmd.say.success"}"#;
        assert_eq!(kind(frame).as_deref(), Some("notification.cmd.say.success"));
        assert_eq!(tag(frame), Some((7, 12)));
    }
}
