//! Coming back without the Forge: passes, signed by the nexus, that tell who a client was; and what each player was sent
//! last, so that who comes back gets exactly what was missed. The numbers of messages are the world's (`pulsar/connect.rs`).

use std::collections::VecDeque;
use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::world::character::PlayerId;
use crate::world::template::WorldId;

use super::message::Frame;

/// Messages that are kept for each player in the world.
pub const KEPT_MESSAGES_MAX: usize = 256;
/// Bytes of the messages that are kept for each player; those that many heard are shared.
pub const KEPT_BYTES_MAX: usize = 64 * 1024;

/// Who a client was. It proves nothing about the account: that is the access token's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    pub player: PlayerId,
    pub spawn: WorldId,
    pub account: i64,
    /// Of the world's sequence of instructions.
    pub incarnation: u64,
    /// The instruction by which the character came into the world: a later stay counts its messages anew.
    pub entered: u64,
}

/// Signs passes. The key stays with the nexus's data, so that its passes outlive its process.
pub struct Seal(hmac::Key);

impl Seal {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The pass as text: its fields and their signature.
    pub fn sign(&self, pass: &Pass) -> String {
        // Plain numbers always encode; an empty pass would open nothing.
        let mut bytes = postcard::to_stdvec(pass).unwrap_or_default();
        let tag = hmac::sign(&self.0, &bytes);
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Seal::sign`] of this nexus wrote; None for anything else.
    pub fn read(&self, text: &str) -> Option<Pass> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (fields, tag) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        hmac::verify(&self.0, fields, tag).ok()?;
        postcard::from_bytes(fields).ok()
    }
}

/// What the players of a world were sent by turns that a recovery applied again.
#[derive(Debug, Default)]
pub struct Sent {
    /// Number of the last message before these.
    pub floor: u64,
    /// At most [`KEPT_MESSAGES_MAX`], without a gap.
    pub frames: VecDeque<(u64, Arc<Frame>)>,
}

impl Sent {
    pub fn above(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    pub fn push(&mut self, number: u64, frame: &Arc<Frame>) {
        let newest = self.frames.back().map_or(self.floor, |(number, _)| *number);
        if number != newest + 1 {
            *self = Self::above(number - 1);
        }
        self.frames.push_back((number, frame.clone()));
        if self.frames.len() > KEPT_MESSAGES_MAX
            && let Some((number, _)) = self.frames.pop_front()
        {
            self.floor = number;
        }
    }
}

/// A frame as it is sent, but for its end: the number of the message and the closing brace.
pub type Body = Arc<[u8]>;

/// What a player was sent last: every message above `floor`, without a gap.
#[derive(Debug, Default)]
pub struct Kept {
    floor: u64,
    messages: VecDeque<(u64, Body)>,
    bytes: usize,
}

impl Kept {
    /// Nothing up to `floor` is kept.
    pub fn above(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    /// The next message. `is_snapshot` makes all before it, and itself, superfluous: who missed it gets another.
    pub fn push(&mut self, number: u64, body: &Body, is_snapshot: bool) {
        let follows = number == self.newest() + 1;
        if is_snapshot || !follows {
            *self = Self::above(if is_snapshot { number } else { number - 1 });
        }
        if is_snapshot {
            return;
        }
        self.bytes += body.len();
        self.messages.push_back((number, body.clone()));
        while self.messages.len() > KEPT_MESSAGES_MAX || self.bytes > KEPT_BYTES_MAX {
            let Some((number, body)) = self.messages.pop_front() else { break };
            self.bytes -= body.len();
            self.floor = number;
        }
    }

    /// Number of the newest message that was sent.
    pub fn newest(&self) -> u64 {
        self.messages.back().map_or(self.floor, |(number, _)| *number)
    }

    /// The messages after `last`, in order; None when some of them are not kept.
    pub fn after(&self, last: u64) -> Option<impl Iterator<Item = (u64, &Body)>> {
        (self.floor <= last && last <= self.newest())
            .then(|| self.messages.iter().filter(move |(number, _)| *number > last).map(|(n, body)| (*n, body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASS: Pass = Pass { player: 7, spawn: 1001, account: 3, incarnation: 1 << 20, entered: 77 };

    #[test]
    fn a_pass_is_read_by_the_nexus_that_signed_it_and_no_other() {
        let seal = Seal::new(&[1; 32]);
        let text = seal.sign(&PASS);
        assert_eq!(seal.read(&text), Some(PASS));
        assert_eq!(Seal::new(&[2; 32]).read(&text), None);
        for text in ["", "x", "AAAA", &text[1..], &format!("{text}A")] {
            assert_eq!(seal.read(text), None, "{text}");
        }
    }

    #[test]
    fn no_changed_byte_of_a_pass_goes_unnoticed() {
        let seal = Seal::new(&[1; 32]);
        let bytes = URL_SAFE_NO_PAD.decode(seal.sign(&PASS)).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(seal.read(&URL_SAFE_NO_PAD.encode(changed)), None, "byte {at}");
        }
    }

    fn body(bytes: usize) -> Body {
        vec![b' '; bytes].into()
    }

    fn numbers(kept: &Kept, last: u64) -> Option<Vec<u64>> {
        Some(kept.after(last)?.map(|(number, _)| number).collect())
    }

    #[test]
    fn exactly_what_was_missed_is_given_and_nothing_below_the_floor() {
        let mut kept = Kept::above(3);
        (4..=8).for_each(|number| kept.push(number, &body(10), false));
        assert_eq!(numbers(&kept, 5), Some(vec![6, 7, 8]));
        assert_eq!(numbers(&kept, 8), Some(vec![]));
        assert_eq!(numbers(&kept, 3), Some(vec![4, 5, 6, 7, 8]));
        assert_eq!(numbers(&kept, 2), None);
        assert_eq!(numbers(&kept, 9), None, "a number that was never sent");
    }

    #[test]
    fn a_snapshot_is_a_floor() {
        let mut kept = Kept::above(0);
        (1..=4).for_each(|number| kept.push(number, &body(10), number == 3));
        assert_eq!(numbers(&kept, 2), None);
        assert_eq!(numbers(&kept, 3), Some(vec![4]));
    }

    #[test]
    fn what_is_kept_is_bounded_in_messages_and_in_bytes() {
        let mut kept = Kept::above(0);
        (1..=1000).for_each(|number| kept.push(number, &body(10), false));
        assert_eq!(numbers(&kept, 1000 - KEPT_MESSAGES_MAX as u64).map(|n| n.len()), Some(KEPT_MESSAGES_MAX));
        assert_eq!(numbers(&kept, 999 - KEPT_MESSAGES_MAX as u64), None);
        (1001..=1010).for_each(|number| kept.push(number, &body(KEPT_BYTES_MAX / 4), false));
        assert_eq!(numbers(&kept, 1006).map(|n| n.len()), Some(4));
        assert_eq!(numbers(&kept, 1005), None);
        kept.push(1011, &body(2 * KEPT_BYTES_MAX), false);
        assert_eq!((numbers(&kept, 1011), numbers(&kept, 1010)), (Some(vec![]), None));
    }
}
