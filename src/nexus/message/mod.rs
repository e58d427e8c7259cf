//! The wire vocabulary of the game socket: frames in, frames out, and whom a frame is for.
//! Field names are the contract's (PROTOCOL.md). Frames are built in Pulsar, shared by all their
//! recipients, and encoded once, on the way out.

mod encode;
pub mod inbound;
pub mod view;

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use smallvec::SmallVec;

use super::pulsar::turn::Welcome;
use crate::world::character::PlayerId;
use crate::world::keywords::capitalized;
use view::*;

/// Players, each with the number that the message has for them.
pub type Recipients = SmallVec<[(PlayerId, u64); 6]>;

/// A frame on its way to players.
#[derive(Clone, Debug)]
pub struct Message {
    pub to: Recipients,
    pub frame: Arc<Frame>,
}

/// One frame from the server. `data` is never null, `text` is empty where nothing is to be printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub kind: Cow<'static, str>,
    pub text: Text,
    pub data: Data,
    pub group: Option<String>,
}

/// What is printed of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    Plain(String),
    /// The room that the data shows, as this player reads it. Put together on the way out.
    OfRoom {
        viewer: PlayerId,
        /// Without the description.
        brief: bool,
    },
    /// The stroke that the data tells of, as this player reads it; none for those whom it does not concern. Put together
    /// on the way out.
    OfBlow {
        viewer: Option<PlayerId>,
        brief: bool,
    },
    /// Someone's name, as the first word, and what they do. Put together on the way out.
    Told {
        who: Arc<Char>,
        does: &'static str,
    },
}

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self::Plain(text.into())
    }
}

/// As [`Frame::json`] has it.
impl Serialize for Frame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("text", &self.text())?;
        map.serialize_entry("data", &self.data)?;
        if let Some(group) = &self.group {
            map.serialize_entry("group", group)?;
        }
        map.end()
    }
}

impl Frame {
    pub fn new(kind: impl Into<Cow<'static, str>>, text: impl Into<Text>, data: Data) -> Self {
        Self { kind: kind.into(), text: text.into(), data, group: None }
    }

    /// What a socket hears first. It has no number: it is about the connection, not the world.
    pub fn welcome(resume: String, welcome: &Welcome) -> Self {
        let back = welcome.back.as_ref();
        let data = ConnectedData {
            resumed: welcome.resumed,
            last_n: back.map(|back| back.last_n),
            resume,
            seq: back.map(|back| back.newest),
        };
        Self::new("system.connect.success", "", Data::Connected(data))
    }

    /// `error`: what failed concerns no single command.
    pub fn failure(code: &'static str, text: &str) -> Self {
        let data = Data::Error(ErrorData { error: text.into(), code: code.into() });
        Self::new("error", text, data)
    }

    /// A refusal: `cmd.<command>.error` with its code.
    pub fn refusal(command: &str, code: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            kind: format!("cmd.{command}.error").into(),
            data: Data::Error(ErrorData { error: text.clone(), code: code.into() }),
            text: text.into(),
            group: None,
        }
    }

    /// What is printed; empty where nothing is.
    pub fn text(&self) -> Cow<'_, str> {
        match (&self.text, self.data.room()) {
            (Text::Plain(text), _) => text.into(),
            (Text::OfBlow { viewer, brief }, _) => match &self.data {
                Data::Blow(blow) => blow.text(*viewer, *brief).into(),
                _ => "".into(),
            },
            (Text::OfRoom { viewer, brief }, Some(room)) => room.text(*viewer, *brief).into(),
            (Text::OfRoom { .. }, None) => "".into(),
            (Text::Told { who, does }, _) => format!("{}{does}", capitalized(&who.name)).into(),
        }
    }
}

/// The payloads. Untagged: the frame's type tells which.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Data {
    Empty {},
    Error(ErrorData),
    Connected(ConnectedData),
    Sync(Box<StateSync>),
    Disconnected { exit_to: i64 },
    LookRoom(Box<LookData>),
    LookChar { actor: Box<ActorPatch>, target_type: &'static str, target: Arc<Char> },
    LookItem { actor: Box<ActorPatch>, target_type: &'static str, target: Arc<Item> },
    LookDetail { actor: Box<ActorPatch>, target_type: &'static str, target: DetailView },
    Move(Box<MoveData>),
    Enter { actor: Arc<Char>, direction: Option<&'static str>, room: RoomRef },
    Exit { actor: Named, direction: Option<&'static str> },
    Door(Box<DoorData>),
    Items(Box<ItemsData>),
    Inventory { actor: InventoryView },
    Equipment { equipment: Equipment },
    Actor { actor: Box<ActorPatch> },
    Said { actor: Named, message: String },
    Chatted { actor: Named, player: ChatPlayer, faction: Option<String>, is_builder: bool, message: String },
    Rolled { actor: Named, die: String, outcome: i64 },
    Who { players: Arc<WhoList> },
    WhoList(Arc<WhoList>),
    Whois { player: WhoisView },
    Exits(std::collections::BTreeMap<&'static str, ExitView>),
    Stats { stats: StatsView },
    Help(HelpData),
    List { merchant: MerchantView, inventory: Vec<Arc<Item>>, gold: i64 },
    Aliases { aliases: std::collections::BTreeMap<String, AliasView> },
    Echo { original_command: String },
    Social { actor: Named, target: Option<Named>, cmd: String },
    Kill { actor: FightView },
    Attack { actor: Fighter, target: Fighter },
    Blow(Arc<Blow>),
    Fled(Box<FledData>),
    Death(Box<DeathData>),
    Decayed { items: Decayed },
    Progress { actor: ProgressPatch },
    Own { actor: Box<Actor> },
    Effect(Box<EffectView>),
    EffectEnd(Box<EffectEndView>),
    Cooldown(Box<CooldownView>),
    Cast(CastView),
    SkillList { known: Vec<SkillView>, hotkeys: std::collections::BTreeMap<String, String> },
    Focus { focus: String },
}

impl Data {
    /// The room that is shown as the one where the player is.
    pub fn room(&self) -> Option<&RoomView> {
        match self {
            Self::LookRoom(data) => Some(&data.target),
            Self::Move(data) => Some(&data.room),
            Self::Sync(state) => Some(&state.room),
            Self::Fled(data) => Some(&data.room),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorData {
    pub error: String,
    pub code: Cow<'static, str>,
}
