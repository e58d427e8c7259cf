//! What the baselines know of a world: who is in which room of a grid, and the frames that the engine sent for a move, a
//! look and an utterance. Nothing is computed: a command only chooses recorded bytes and their recipients, which are
//! those that the engine would choose.

use std::collections::HashMap;

use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::samples::Samples;

/// A command as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Over so many rooms in the row of all rooms, around its ends.
    Move {
        east: i64,
        north: i64,
    },
    Look,
    Say,
}

/// Reads a frame of a player; None: it is no command.
pub fn command(frame: &str) -> Option<Command> {
    let (_, rest) = frame.split_once("\"text\":\"")?;
    Some(match rest.split(['"', ' ']).next()? {
        "north" => Command::Move { east: 0, north: 1 },
        "south" => Command::Move { east: 0, north: -1 },
        "east" => Command::Move { east: 1, north: 0 },
        "west" => Command::Move { east: -1, north: 0 },
        "say" => Command::Say,
        _ => Command::Look,
    })
}

/// The player that a `system.connect` frame names.
pub fn player(frame: &str) -> Option<i64> {
    let (_, rest) = frame.split_once("\"player.")?;
    rest.split('"').next()?.parse().ok()
}

/// The first frame of a player who has come in: enough for the harness to begin.
pub const WELCOME: &str = r#"{"type":"cmd.state.sync.success","text":"","data":{}}"#;

/// A grid whose ends meet, so that every move succeeds as it does for players who know their exits.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    width: i64,
    height: i64,
}

impl Grid {
    pub fn new(rooms: usize) -> Self {
        let width = (rooms.max(1) as f64).sqrt().ceil() as i64;
        Self { width, height: (rooms.max(1) as i64 + width - 1) / width }
    }

    pub fn rooms(self) -> usize {
        (self.width * self.height) as usize
    }

    /// Where a move leads.
    pub fn step(self, room: usize, east: i64, north: i64) -> usize {
        let (x, y) = (room as i64 % self.width, room as i64 / self.width);
        let (x, y) = ((x + east).rem_euclid(self.width), (y + north).rem_euclid(self.height));
        (y * self.width + x) as usize
    }
}

/// The recorded frames, taken in turn.
pub struct Script {
    frames: HashMap<&'static str, (Vec<Utf8Bytes>, usize)>,
}

pub const MOVED: &str = "cmd.move.success";
pub const LOOKED: &str = "cmd.look.success";
pub const SAID: &str = "cmd.say.success";
pub const LEFT: &str = "notification.movement.exit";
pub const CAME: &str = "notification.movement.enter";
pub const HEARD: &str = "notification.cmd.say.success";

impl Script {
    pub fn new(samples: &Samples) -> Self {
        let frames = [MOVED, LOOKED, SAID, LEFT, CAME, HEARD].map(|kind| {
            let frames = samples.frames.get(kind).into_iter().flatten();
            (kind, (frames.map(|frame| Utf8Bytes::from(frame.as_str())).collect(), 0))
        });
        Self { frames: frames.into_iter().collect() }
    }

    /// The next frame of a kind; its bytes are shared.
    pub fn next(&mut self, kind: &'static str) -> Utf8Bytes {
        let Some((frames, next)) = self.frames.get_mut(kind).filter(|(frames, _)| !frames.is_empty()) else {
            return Utf8Bytes::from_static("{}");
        };
        *next = (*next + 1) % frames.len();
        frames[*next].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_players_are_understood() {
        assert_eq!(command(r#"{"type":"cmd.text","text":"say 1:1 well met"}"#), Some(Command::Say));
        assert_eq!(command(r#"{"type":"cmd.text","text":"north"}"#), Some(Command::Move { east: 0, north: 1 }));
        assert_eq!(player(r#"{"type":"system.connect","data":{"player_key":"player.17"},"token":"t"}"#), Some(17));
    }

    #[test]
    fn every_move_leads_to_a_room_and_back() {
        let grid = Grid::new(100);
        assert_eq!(grid.rooms(), 100);
        for room in 0..100 {
            for (east, north) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
                let there = grid.step(room, east, north);
                assert!(there < 100 && grid.step(there, -east, -north) == room);
            }
        }
    }
}
