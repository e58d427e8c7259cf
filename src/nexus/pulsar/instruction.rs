//! What can happen to a world. An instruction is applied once, in order, and journaled as applied;
//! everything that is not state or template comes in through it. At most [`INSTRUCTION_BYTES_MAX`]
//! encoded: larger payloads are staged in parts.

use serde::{Deserialize, Serialize};

use crate::world::character::{Account, ItemId, PlayerConfig, PlayerId};
use crate::world::internal::{Answer, ErrandId};
use crate::world::template::ZoneId;

use super::record::{Appended, MobId, Who};
use super::script::Course;

/// Bytes of an encoded instruction at the most.
pub const INSTRUCTION_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one staged part.
pub const PART_BYTES_MAX: usize = 12 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Instruction {
    // From sockets
    /// A socket has shown that it may play this character. The character lies staged under `stage`,
    /// and is only used if the world does not have it.
    Connect {
        player: PlayerId,
        session: u64,
        stage: Option<u64>,
        /// How often the Forge had stored the staged character.
        version: i64,
        account: Account,
        config: PlayerConfig,
    },
    /// A socket has shown that it played this character, and comes back to go on where it was.
    Resume {
        player: PlayerId,
        session: u64,
        stay: Stay,
        /// Number of the last message that the client saw.
        last: u64,
    },
    /// The socket is gone.
    Unlink {
        player: PlayerId,
        session: u64,
    },
    /// A line of text. `n` numbers it, so that a resent one is applied once.
    Text {
        player: PlayerId,
        session: u64,
        n: Option<u64>,
        text: String,
    },
    /// A structured command: `cmd.<action>`.
    Act {
        player: PlayerId,
        session: u64,
        n: Option<u64>,
        act: Act,
    },
    /// The client asks for everything anew.
    Sync {
        player: PlayerId,
        session: u64,
    },
    /// `quit`: the character leaves the world.
    Quit {
        player: PlayerId,
        session: u64,
    },

    // From the outside, in parts
    Stage {
        stage: u64,
        part: u16,
        parts: u16,
        bytes: Vec<u8>,
    },
    /// A staged payload that nobody will use.
    Unstage {
        stage: u64,
    },
    /// The answer to an open errand.
    Answered {
        errand: ErrandId,
        answer: Reply,
    },

    // From the Forge
    Expel {
        player: PlayerId,
        text: String,
    },
    SetMuted {
        player: PlayerId,
        muted: bool,
    },
    SetConfig {
        player: PlayerId,
        config: PlayerConfig,
    },
    Broadcast {
        text: String,
    },
    /// The set of templates changes; the new one is durable and at hand under this hash.
    Templates {
        hash: String,
    },
    /// The lease was renewed under another epoch.
    Epoch {
        epoch: i64,
    },

    // The world's own timings
    Beat,
    /// The rest of a Beat, from after this key on.
    BeatOn {
        stage: BeatStage,
        after: i64,
    },
    Tic,
    /// One line of a script that is under way.
    ScriptLine {
        course: Box<Course>,
        line: String,
    },
    /// The next of a plan's loads, staged in the world.
    LoadOn {
        errand: ErrandId,
        next: u32,
    },
    /// Everyone leaves, and the world stops.
    Stop,

    // Bookkeeping of the engine itself
    /// A turn that panicked is left out; if it was a timing of the world's own, that is taken away.
    Skip {
        timer: Option<u64>,
    },

    // More of the world's own timings
    /// The set of templates has changed: players after this one get everything anew.
    Renew {
        after: PlayerId,
    },
    /// The clock on the wall, in minutes since 1970, UTC; for worlds that go by it.
    Clock {
        minute: u64,
    },
    /// The set of templates has changed: these rows, from after this key on, are held against it.
    Resettle {
        stage: SettleStage,
        after: i64,
    },
    /// A corpse has lain long enough.
    Decay {
        item: ItemId,
    },
    /// What works on someone wears off.
    EffectEnds {
        who: Who,
        id: u64,
    },
    /// What someone casts is done.
    CastEnds {
        who: Who,
        id: u64,
    },
    /// A zone woke after so many Beats: what mobs after this one regained in its sleep.
    WakeOn {
        zone: ZoneId,
        beats: u64,
        after: MobId,
    },
    /// Everyone leaves, to come back where the world goes on as it is: it moves to another nexus.
    Move,
}

/// Which stay of a character in the world a client means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    pub account: i64,
    pub incarnation: u64,
    /// The instruction by which the character came in.
    pub entered: u64,
}

/// The kinds of instructions, as the meters name them.
pub const KINDS: [&str; 32] = [
    "connect",
    "unlink",
    "text",
    "act",
    "sync",
    "quit",
    "stage",
    "unstage",
    "answered",
    "expel",
    "set_muted",
    "set_config",
    "broadcast",
    "templates",
    "epoch",
    "beat",
    "beat_on",
    "tic",
    "script_line",
    "load_on",
    "stop",
    "skip",
    "resume",
    "renew",
    "resettle",
    "wake_on",
    "move",
    "clock",
    "decay",
    "effect_ends",
    "cast_ends",
    "cancelled",
];
/// The kind of a timing that was cancelled while its entry lay in the heap.
pub const CANCELLED: usize = KINDS.len() - 1;

impl Instruction {
    /// Its kind: a place in [`KINDS`].
    pub fn kind(&self) -> usize {
        match self {
            Self::Connect { .. } => 0,
            Self::Unlink { .. } => 1,
            Self::Text { .. } => 2,
            Self::Act { .. } => 3,
            Self::Sync { .. } => 4,
            Self::Quit { .. } => 5,
            Self::Stage { .. } => 6,
            Self::Unstage { .. } => 7,
            Self::Answered { .. } => 8,
            Self::Expel { .. } => 9,
            Self::SetMuted { .. } => 10,
            Self::SetConfig { .. } => 11,
            Self::Broadcast { .. } => 12,
            Self::Templates { .. } => 13,
            Self::Epoch { .. } => 14,
            Self::Beat => 15,
            Self::BeatOn { .. } => 16,
            Self::Tic => 17,
            Self::ScriptLine { .. } => 18,
            Self::LoadOn { .. } => 19,
            Self::Stop => 20,
            Self::Skip { .. } => 21,
            Self::Resume { .. } => 22,
            Self::Renew { .. } => 23,
            Self::Resettle { .. } => 24,
            Self::WakeOn { .. } => 25,
            Self::Move => 26,
            Self::Clock { .. } => 27,
            Self::Decay { .. } => 28,
            Self::EffectEnds { .. } => 29,
            Self::CastEnds { .. } => 30,
        }
    }
}

/// The parts of a Beat that may take several turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BeatStage {
    Players,
    Mobs,
    Roam,
    /// Mobs that react to time.
    Attend,
    Fight,
    Effects,
}

/// What may lose its template, or become otherwise by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettleStage {
    Items,
    Mobs,
}

/// What an errand came back with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    Forge(Answer),
    /// A load plan, staged under this number.
    Plan {
        stage: u64,
    },
    /// A reaction, written out: commands with Beats of delay.
    Reaction {
        lines: Vec<(u32, String)>,
    },
}

/// A structured command, as the item buttons of clients send it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub action: String,
    pub item_key: Option<String>,
    pub item_name: Option<String>,
    pub from_key: Option<String>,
    pub text: Option<String>,
}

impl Applied {
    /// The socket that asked for it.
    pub fn asker(&self) -> Option<u64> {
        use Instruction as I;
        match &self.what {
            What::Given(
                I::Connect { session, .. }
                | I::Resume { session, .. }
                | I::Text { session, .. }
                | I::Act { session, .. }
                | I::Sync { session, .. }
                | I::Quit { session, .. },
            ) => Some(*session),
            _ => None,
        }
    }
}

/// What the journal keeps of a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// World milliseconds that the turn was applied at.
    pub at: u64,
    pub what: What,
}

impl Applied {
    /// Appends the turn as the journal has it. False if that is not possible; then nothing is appended.
    pub fn encode(&self, to: &mut Vec<u8>) -> bool {
        let before = to.len();
        let written = postcard::serialize_with_flavor(self, Appended(to)).is_ok();
        if !written {
            to.truncate(before);
        }
        written
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A timing of the world's own, by number.
    Timer(u64),
    Given(Instruction),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_the_name_of_its_instruction() {
        let errand = ErrandId { incarnation: 1, seq: 1, ordinal: 0 };
        for instruction in [
            Instruction::Text { player: 1, session: 1, n: None, text: String::new() },
            Instruction::Stage { stage: 1, part: 0, parts: 1, bytes: Vec::new() },
            Instruction::Answered { errand, answer: Reply::Plan { stage: 1 } },
            Instruction::SetMuted { player: 1, muted: true },
            Instruction::Broadcast { text: String::new() },
            Instruction::Beat,
            Instruction::Tic,
            Instruction::LoadOn { errand, next: 0 },
            Instruction::Skip { timer: None },
            Instruction::Renew { after: 0 },
            Instruction::WakeOn { zone: 1, beats: 0, after: 0 },
            Instruction::Clock { minute: 1 },
            Instruction::Decay { item: 1 },
            Instruction::EffectEnds { who: Who::Player(1), id: 1 },
            Instruction::CastEnds { who: Who::Mob(1), id: 1 },
            Instruction::Resettle { stage: SettleStage::Items, after: 0 },
        ] {
            let debug = format!("{instruction:?}");
            let name = debug.split([' ', '(']).next().unwrap().to_lowercase();
            assert_eq!(KINDS[instruction.kind()].replace('_', ""), name);
        }
        assert_eq!(KINDS[CANCELLED], "cancelled");
    }
}
