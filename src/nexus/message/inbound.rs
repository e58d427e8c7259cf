//! Frames from clients: read strictly in what they must have, leniently in what they may have besides.
//! Clients keep book in extra fields of their own; these are ignored.

use serde::Deserialize;
use serde_json::Value;

use crate::nexus::pulsar::instruction::Act;
use crate::world::character::PlayerId;

/// Bytes of a frame from a client.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;
/// Characters of a typed line.
pub const LINE_CHARS_MAX: usize = 2000;
/// Characters of a name or key in a structured command.
const KEY_CHARS_MAX: usize = 100;

/// What a client wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Inbound {
    Connect {
        token: String,
        player: PlayerId,
        resume: Option<String>,
        last_seq: Option<u64>,
    },
    Disconnect,
    Sync,
    Text {
        text: String,
        n: Option<u64>,
    },
    Act {
        act: Act,
        n: Option<u64>,
    },
    /// Asks for a sign of life.
    Ping,
}

/// Why a frame was not understood: the type that its error frame has, a code, and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub kind: &'static str,
    pub code: &'static str,
    pub text: String,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<Value>,
    data: Option<Value>,
    token: Option<Value>,
    n: Option<u64>,
}

/// Reads one frame.
///
/// # Errors
/// What is wrong with it, in words for the client.
pub fn read(frame: &str) -> Result<Inbound, Unreadable> {
    let raw: Raw = serde_json::from_str(frame).map_err(|error| {
        let place = if error.line() > 1 { format!("line {}, column", error.line()) } else { "column".into() };
        bad("error", "malformed", format!("This is not a frame: {} at {place} {}.", reason(&error), error.column()))
    })?;
    let Some(kind) = raw.kind else {
        return Err(bad("error", "malformed", "A frame needs a type.".into()));
    };
    match kind.as_str() {
        "system.connect" => connect(raw.token, raw.data),
        "system.disconnect" => Ok(Inbound::Disconnect),
        "cmd.state.sync" => Ok(Inbound::Sync),
        "system.ping" => Ok(Inbound::Ping),
        "cmd.text" => match raw.text {
            Some(Value::String(text)) => Ok(Inbound::Text { text: line(text)?, n: raw.n }),
            _ => Err(bad("cmd.text.error", "invalid_args", "A command needs a text.".into())),
        },
        kind if kind.starts_with("cmd.") => act(&kind[4..], raw.data, raw.text, raw.n),
        other => {
            let other: String = other.chars().take(KEY_CHARS_MAX).collect();
            Err(bad("error", "unknown_type", format!("There is no frame of type {other}.")))
        }
    }
}

fn bad(kind: &'static str, code: &'static str, text: String) -> Unreadable {
    Unreadable { kind, code, text }
}

fn reason(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a field has the wrong type",
        _ => "it is not JSON",
    }
}

fn connect(token: Option<Value>, data: Option<Value>) -> Result<Inbound, Unreadable> {
    let refuse = |text: &str| Err(bad("system.connect.error", "unauthenticated", text.into()));
    let Some(Value::String(token)) = token.filter(|t| t.as_str().is_some_and(|t| !t.is_empty())) else {
        return refuse("Missing authentication token");
    };
    let data = data.unwrap_or_default();
    let Some(key) = data.get("player_key").and_then(Value::as_str) else {
        return refuse("Missing player_key");
    };
    let Some(player) = key.strip_prefix("player.").and_then(|id| id.parse().ok()) else {
        return refuse("The player_key names no player");
    };
    let resume = data.get("resume").and_then(Value::as_str).map(str::to_owned);
    let last_seq = data.get("last_seq").and_then(Value::as_u64);
    Ok(Inbound::Connect { token, player, resume, last_seq })
}

fn line(text: String) -> Result<String, Unreadable> {
    if text.chars().nth(LINE_CHARS_MAX).is_some() {
        let text = format!("A line can have at most {LINE_CHARS_MAX} characters.");
        return Err(bad("cmd.text.error", "too_long", text));
    }
    // What cannot be seen cannot be meant: control characters never reach another player's screen.
    Ok(text.chars().filter(|c| !c.is_control()).collect())
}

fn act(action: &str, data: Option<Value>, text: Option<Value>, n: Option<u64>) -> Result<Inbound, Unreadable> {
    let data = data.unwrap_or_default();
    let field = |path: &str| {
        let value = data.pointer(path).and_then(Value::as_str)?;
        Some(value.chars().filter(|c| !c.is_control()).take(KEY_CHARS_MAX).collect::<String>())
    };
    let text = match text {
        Some(Value::String(text)) => Some(line(text)?),
        _ => None,
    };
    let act = Act {
        action: action.chars().filter(|c| !c.is_control()).take(KEY_CHARS_MAX).collect(),
        item_key: field("/item/key"),
        item_name: field("/item/name"),
        from_key: field("/from/key"),
        text,
    };
    if act.item_key.is_none() && act.item_name.is_none() && act.text.is_none() {
        return Err(bad("cmd.text.error", "missing_item", "This command needs an item or a text.".into()));
    }
    Ok(Inbound::Act { act, n })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_contract_are_read_and_extra_fields_ignored() {
        let connect = r#"{"type":"system.connect","data":{"player_key":"player.7"},"token":"t","x":1}"#;
        assert_eq!(read(connect), Ok(Inbound::Connect { token: "t".into(), player: 7, resume: None, last_seq: None }));
        let text = r#"{"type":"cmd.text","text":" look","token":"t","echo":true,"receive_ts":5,"message_id":"m"}"#;
        assert_eq!(read(text), Ok(Inbound::Text { text: " look".into(), n: None }));
        let act =
            r#"{"type":"cmd.get","data":{"item":{"name":"all"},"from":{"key":"item.9"}},"text":"get all corpse"}"#;
        let Ok(Inbound::Act { act, .. }) = read(act) else { panic!("an act") };
        assert_eq!((act.item_name.as_deref(), act.from_key.as_deref()), (Some("all"), Some("item.9")));
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused_with_words(text in ".{0,200}", kind in "(cmd|system|x)[.a-z]{0,12}", value in "[0-9]|null|\"a\"|\\{\\}|\\[1\\]") {
            let frame = format!(r#"{{"type":"{kind}","text":{value},"data":{value},"token":{value},"n":{value}}}"#);
            for frame in [text.as_str(), frame.as_str()] {
                if let Err(error) = read(frame) {
                    assert!(error.kind.ends_with("error") && !error.code.is_empty() && error.text.ends_with(['.', 'n', 'y', 'r']), "{error:?}");
                }
            }
        }
    }

    #[test]
    fn the_checks_of_a_connection_come_in_the_contracts_order() {
        let text = |frame: &str| read(frame).map_err(|e| (e.kind, e.text)).unwrap_err();
        assert_eq!(text(r#"{"type":"system.connect"}"#).1, "Missing authentication token");
        assert_eq!(text(r#"{"type":"system.connect","token":"t"}"#).1, "Missing player_key");
        assert_eq!(
            text(r#"{"type":"system.connect","token":"t","data":{"player_key":"mob.3"}}"#).0,
            "system.connect.error"
        );
    }

    #[test]
    fn what_is_no_frame_gets_the_place_of_its_fault() {
        let error = read("{\"type\":\"cmd.text\",\n\"text\":}").unwrap_err();
        assert_eq!(error.text, "This is not a frame: it is not JSON at line 2, column 8.");
        assert_eq!(read("{}").unwrap_err().text, "A frame needs a type.");
        assert_eq!(read(r#"{"type":"nonsense"}"#).unwrap_err().code, "unknown_type");
        assert_eq!(read(r#"{"type":"cmd.text","text":7}"#).unwrap_err().code, "invalid_args");
        let long = format!(r#"{{"type":"cmd.text","text":"{}"}}"#, "x".repeat(LINE_CHARS_MAX + 1));
        assert_eq!(read(&long).unwrap_err().code, "too_long");
    }
}
