//! Manifests of triggers, of what rooms check, and of facts that change by themselves.

use serde::{Deserialize, Serialize};

use super::folk::{is_ten, ten};
use super::{Slug, is_default, on_one_line};
use crate::world::kinds::*;

/// What happens when someone types something that is no command, or when something happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerSpec {
    pub scope: TriggerScope,
    /// Needed where the scope is `room`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Slug>,
    /// Needed where the scope is `zone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Slug>,
    /// It is about items of this template that the actor sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Slug>,
    /// It is about mobs of this template that the actor sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mob: Option<Slug>,
    /// What has to happen; left out, the trigger is a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<ReactionEvent>,
    /// The matcher language; needed for commands and for `say`, `receive` and `periodic`.
    #[serde(default, rename = "match", skip_serializing_if = "is_default")]
    pub matcher: String,
    /// The condition language, on whoever caused it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conditions: String,
    /// Commands, one a line; line n (from 0) runs n Beats later; `&&` chains within a line.
    #[serde(default, skip_serializing_if = "is_default")]
    pub script: String,
    /// Say why where the conditions do not hold.
    #[serde(default, skip_serializing_if = "is_default")]
    pub show_details_on_failure: bool,
    /// Said where the conditions do not hold.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failure_message: String,
    /// Show the first phrase of `match` as something that one can do.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub display_action_in_room: bool,
    /// Seconds until it happens again: 0 each time, negative once for ever.
    #[serde(default = "ten", skip_serializing_if = "is_ten")]
    pub gate_delay: i64,
    /// Lower ones come first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order: i32,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub is_active: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub notes: String,
}

fn yes() -> bool {
    true
}
fn is_yes(flag: &bool) -> bool {
    *flag
}

/// Bars whom its conditions fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomCheckSpec {
    #[serde(default)]
    pub prevent: Prevent,
    /// Of ways out, the one that is barred; left out, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The condition language, on whoever goes; where it holds, they do not.
    pub conditions: String,
    pub failure_message: String,
}

/// What happens when a thing is taken up in a room: a text, a journey, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetTriggerSpec {
    pub item: Slug,
    #[serde(default, skip_serializing_if = "is_default")]
    pub conditions: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Slug>,
}

/// A fact of the world that changes by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactScheduleSpec {
    pub fact: String,
    #[serde(serialize_with = "on_one_line")]
    pub values: Vec<String>,
    pub selection: FactSelection,
    /// Seconds of world time between two changes.
    #[serde(skip_serializing_if = "is_default")]
    pub every: i64,
    /// Minutes, hours, days, months and weekdays by the clock on the wall (UTC); instead of `every`.
    #[serde(skip_serializing_if = "is_default")]
    pub cron: String,
    /// Told to everyone when it changes; `{{ fact }}`, `{{ old_value }}` and `{{ new_value }}` stand for these.
    #[serde(skip_serializing_if = "is_default")]
    pub message: String,
    #[serde(skip_serializing_if = "is_default")]
    pub notes: String,
}
