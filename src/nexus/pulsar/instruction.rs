//! What can happen to a world. An instruction is applied once, in order, and journaled as applied;
//! everything that is not state or template comes in through it. At most [`INSTRUCTION_BYTES_MAX`]
//! encoded: larger payloads are staged in parts.

use serde::{Deserialize, Serialize};

use crate::world::character::{Account, PlayerConfig, PlayerId};
use crate::world::internal::{Answer, ErrandId};
use crate::world::template::ZoneId;

use super::record::{Appended, MobId};

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
        /// The client comes back: it goes on numbering its commands where it was.
        resume: bool,
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
    /// One line of a script that a mob is in.
    MobLine {
        mob: MobId,
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
    /// The set of templates has changed: these rows, from after this key on, are held against it.
    Resettle {
        stage: SettleStage,
        after: i64,
    },
    /// A zone woke after so many Beats: what mobs after this one regained in its sleep.
    WakeOn {
        zone: ZoneId,
        beats: u64,
        after: MobId,
    },
}

/// The parts of a Beat that may take several turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BeatStage {
    Players,
    Mobs,
    Roam,
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
