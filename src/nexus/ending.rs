//! How a game connection ends: the close code and the words that its client gets, and the name under which the meters
//! count it. Whichever it is, the character stays in the world, and its player can come back to it.

use super::game::{CLOSE_GOING_AWAY, CLOSE_NORMAL, RESTARTING};

/// See the module. Without words there is nobody who could read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub name: &'static str,
    pub code: u16,
    pub text: Option<&'static str>,
}

const CLOSE_PROTOCOL: u16 = 1002;
const CLOSE_NOT_UTF8: u16 = 1007;
const CLOSE_POLICY: u16 = 1008;
const CLOSE_TOO_LARGE: u16 = 1009;

/// The client says goodbye.
pub const CLOSED: Ending = Ending { name: "closed", code: CLOSE_NORMAL, text: Some("") };
/// It is gone without a word.
pub const LOST: Ending = Ending { name: "lost", code: 0, text: None };
/// It does not read what it is sent; or its character left and everything was said.
pub const CUT: Ending = Ending { name: "cut", code: 0, text: None };
/// The server stops.
pub const RESTARTED: Ending = Ending { name: "restarting", code: CLOSE_GOING_AWAY, text: Some(RESTARTING) };
pub const SILENT: Ending =
    Ending { name: "silent", code: CLOSE_POLICY, text: Some("Nothing was heard from you for too long.") };
pub const STRANGER: Ending =
    Ending { name: "stranger", code: CLOSE_POLICY, text: Some("No character was connected in time.") };
pub const HASTY: Ending =
    Ending { name: "hasty", code: CLOSE_POLICY, text: Some("You were asked to slow down, and did not.") };
/// More bytes than the frames that it may send could have.
pub const FLOOD: Ending =
    Ending { name: "flood", code: CLOSE_POLICY, text: Some("This is more than anyone can type.") };
pub const LARGE: Ending =
    Ending { name: "large", code: CLOSE_TOO_LARGE, text: Some("A frame can have at most 16384 bytes.") };
pub const NOT_UTF8: Ending = Ending { name: "not_utf8", code: CLOSE_NOT_UTF8, text: Some("Text has to be UTF-8.") };
pub const PROTOCOL: Ending = Ending {
    name: "protocol",
    code: CLOSE_PROTOCOL,
    text: Some("This is not the websocket protocol, version 13, without extensions."),
};

/// All of them.
pub const ALL: [Ending; 11] = [CLOSED, LOST, CUT, RESTARTED, SILENT, STRANGER, HASTY, FLOOD, LARGE, NOT_UTF8, PROTOCOL];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nexus::message::inbound::FRAME_BYTES_MAX;

    #[test]
    fn words_fit_into_a_close_frame_and_name_the_limit() {
        assert!(ALL.iter().all(|ending| ending.text.is_none_or(|text| text.len() <= 123)));
        assert!(LARGE.text.unwrap().contains(&FRAME_BYTES_MAX.to_string()));
    }
}
