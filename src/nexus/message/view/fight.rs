//! What clients see of fights. A stroke is built once, with everything in it; its texts are put together for each side
//! when they are sent.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::world::character::PlayerId;
use crate::world::keywords::capitalized;
use crate::world::skill::Skill;
use crate::world::template::{ItemTemplate, MobTemplate};

use super::{ActorPatch, Char, DoorStateView, Item, KeyRef, MapRoom, Named, RoomView};

/// A character in a fight: as others see them, without what they wear.
#[derive(Clone, Debug, PartialEq)]
pub struct Fighter(pub Arc<Char>);

impl Fighter {
    fn is(&self, viewer: Option<PlayerId>) -> bool {
        viewer.is_some_and(|viewer| self.0.char_type == "player" && self.0.id == viewer)
    }
}

impl Serialize for Fighter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let who = &*self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &who.id)?;
        map.serialize_entry("key", &who.key)?;
        map.serialize_entry("name", &who.name)?;
        map.serialize_entry("title", &who.title)?;
        map.serialize_entry("keyword", &who.keyword)?;
        map.serialize_entry("keywords", &who.keywords)?;
        map.serialize_entry("room_description", &who.room_description)?;
        map.serialize_entry("char_type", who.char_type)?;
        map.serialize_entry("template_id", &who.template_id)?;
        map.serialize_entry("level", &who.level)?;
        map.serialize_entry("gender", who.gender)?;
        map.serialize_entry("core_faction", &who.core_faction)?;
        map.serialize_entry("state", who.state)?;
        map.serialize_entry("health", &who.health)?;
        map.serialize_entry("health_max", &who.health_max)?;
        map.serialize_entry("target", &who.target)?;
        map.serialize_entry("is_elite", &who.is_elite)?;
        map.serialize_entry("is_invisible", &who.is_invisible)?;
        map.serialize_entry("is_linkless", &who.is_linkless)?;
        map.serialize_entry("quest_data", &who.quest_data)?;
        map.serialize_entry("actions", &who.actions)?;
        map.end()
    }
}

/// What of the own character a fight changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FightView {
    pub key: String,
    pub state: &'static str,
    pub target: Option<Fighter>,
}

/// How a stroke is called.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    Bare,
    Weapon(Arc<ItemTemplate>),
    Mob(Arc<MobTemplate>),
    Skill(Arc<Skill>),
    Lasting { code: String, label: String },
}

impl Verb {
    fn code(&self) -> &str {
        match self {
            Self::Skill(skill) => &skill.code,
            Self::Lasting { code, .. } => code,
            _ => "attack",
        }
    }

    fn label(&self) -> &str {
        match self {
            Self::Skill(skill) => &skill.name,
            Self::Lasting { label, .. } => label,
            _ => "Attack",
        }
    }

    /// As in "you cut" and "she cuts", where it has such words.
    fn words(&self) -> Option<(&str, &str)> {
        match self {
            Self::Bare => Some(("hit", "hits")),
            Self::Weapon(item) => Some((&item.hit_msg_first, &item.hit_msg_third)),
            Self::Mob(mob) => Some((&mob.hit_msg_first, &mob.hit_msg_third)),
            Self::Skill(skill) if !skill.hit_msg_first.is_empty() => Some((&skill.hit_msg_first, &skill.hit_msg_third)),
            Self::Skill(_) | Self::Lasting { .. } => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    #[default]
    Hit,
    Dodged,
}

/// What came of a stroke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub outcome: Outcome,
    pub damage_taken: i32,
    pub damage_absorbed: i32,
    pub healing_done: i32,
    pub is_heal: bool,
    pub crit: bool,
}

/// A stroke, or something healed.
#[derive(Clone, Debug, PartialEq)]
pub struct Blow {
    pub actor: Fighter,
    pub target: Fighter,
    pub verb: Verb,
    pub told: Told,
    pub round_id: u64,
}

impl Serialize for Blow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Told { outcome, damage_taken, damage_absorbed, healing_done, is_heal, crit } = self.told;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("actor", &self.actor)?;
        map.serialize_entry("target", &self.target)?;
        map.serialize_entry("attack", self.verb.code())?;
        map.serialize_entry("label", self.verb.label())?;
        map.serialize_entry("outcome", if outcome == Outcome::Hit { "hit" } else { "dodged" })?;
        map.serialize_entry("damage_taken", &damage_taken)?;
        map.serialize_entry("damage_absorbed", &damage_absorbed)?;
        map.serialize_entry("healing_done", &healing_done)?;
        map.serialize_entry("is_heal", &is_heal)?;
        map.serialize_entry("is_crit_hit", &crit)?;
        map.serialize_entry("round_id", &self.round_id)?;
        map.end()
    }
}

impl Blow {
    /// As this player reads it; `viewer` is none for those whom it does not concern.
    pub fn text(&self, viewer: Option<PlayerId>, brief: bool) -> String {
        let mut text = if brief { self.brief(viewer) } else { self.long(viewer) };
        if self.told.crit {
            text.pop();
            text.push('!');
        }
        text
    }

    fn brief(&self, viewer: Option<PlayerId>) -> String {
        let name = |who: &Fighter| if who.is(viewer) { "You".to_owned() } else { capitalized(&who.0.name) };
        let (actor, target, label) = (name(&self.actor), name(&self.target), self.verb.label());
        let told = self.told;
        let mut text = match (told.outcome, told.is_heal) {
            (Outcome::Dodged, _) => format!("[ {label} ] {actor} >| {target}"),
            (_, true) => format!("[ {label} ] {actor} > {target} {} hp", told.healing_done),
            (_, false) => format!("[ {label} ] {actor} > {target} {} dmg", told.damage_taken),
        };
        if told.damage_absorbed > 0 {
            // Writing into memory does not fail.
            let _ = write!(text, " ({} abs)", told.damage_absorbed);
        }
        text.push('.');
        text
    }

    fn long(&self, viewer: Option<PlayerId>) -> String {
        let (mine, me, told) = (self.actor.is(viewer), self.target.is(viewer), self.told);
        let (actor, target) = (&self.actor.0.name, &self.target.0.name);
        let own = self.actor.0.key == self.target.0.key;
        let object = match (me, own) {
            (true, _) => "you",
            (false, true) => self.actor.0.pronouns.object,
            (false, false) => target,
        };
        let label = self.verb.label();
        let whose = if mine { "Your".to_owned() } else { format!("{}'s", capitalized(actor)) };
        if told.is_heal {
            return format!("{whose} {label} heals {object} for {}.", told.healing_done);
        }
        if told.outcome == Outcome::Dodged {
            let what = if self.verb.words().is_some() && self.verb.code() == "attack" { "attack" } else { label };
            return match (mine, me) {
                (true, _) => format!("{} dodges your {what}.", capitalized(target)),
                (_, true) => format!("You dodge {actor}'s {what}."),
                _ => format!("{} dodges {actor}'s {what}.", capitalized(target)),
            };
        }
        let mut text = match self.verb.words() {
            Some((first, _)) if mine => format!("You {first} {object}"),
            Some((_, third)) => format!("{} {third} {object}", capitalized(actor)),
            // Whose it was is not known any more.
            None if own && matches!(self.verb, Verb::Lasting { .. }) => {
                format!("{label} hurts {}", if me { "you" } else { target })
            }
            None if matches!(self.verb, Verb::Lasting { .. }) => format!("{whose} {label} hurts {object}"),
            None => format!("{whose} {label} hits {object}"),
        };
        let _ = write!(text, " for {}", told.damage_taken);
        if told.damage_absorbed > 0 {
            let _ = write!(text, " ({} absorbed)", told.damage_absorbed);
        }
        text.push('.');
        text
    }
}

/// Another room, come to otherwise than by walking.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FledData {
    pub room: RoomView,
    pub actor: ActorPatch,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<&'static str>,
    pub is_auto: bool,
    pub map: Vec<MapRoom>,
    pub door_states: Vec<DoorStateView>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeathData {
    pub deceased: Fighter,
    pub killer: Option<Fighter>,
    /// None only where the world has run out of ids.
    pub corpse: Option<Arc<Item>>,
}

/// What has been learned, and the coins at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProgressPatch {
    pub key: String,
    pub name: String,
    pub level: u32,
    pub experience: i64,
    pub experience_progress: i64,
    pub experience_needed: i64,
    pub gold: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EffectView {
    pub key: String,
    pub code: String,
    pub name: String,
    /// Key of whom it works on.
    pub target: String,
    #[serde(skip)]
    pub target_name: String,
    /// Key of whose doing it is; empty where that is not known.
    pub actor: String,
    /// Seconds that are left.
    pub duration: f64,
    /// World milliseconds.
    pub start: u64,
    /// A number of its own, by which its end names it.
    pub expires: u64,
    pub custom: bool,
    pub friendly: bool,
    pub removed_effects: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EffectEndView {
    pub key: String,
    pub code: String,
    pub target: String,
    pub expires: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CooldownView {
    pub skill: String,
    /// Seconds that are left.
    pub duration: f64,
    /// World milliseconds.
    pub start: u64,
    pub expires: u64,
    pub actor: Named,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CastView {
    pub skill: String,
    /// Seconds.
    pub duration: f64,
    pub method: &'static str,
    pub expires: u64,
}

/// A skill as its user sees it, and as the world's list has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SkillView {
    pub code: String,
    /// The command.
    pub skill: String,
    pub name: String,
    pub level: u32,
    pub archetype: Option<&'static str>,
    pub cost: u32,
    pub cost_type: &'static str,
    pub cost_calc: &'static str,
    /// Seconds.
    pub cast_time: f64,
    pub cooldown: f64,
    pub intent: &'static str,
    pub help: String,
}

impl From<&Skill> for SkillView {
    fn from(skill: &Skill) -> Self {
        Self {
            code: skill.code.clone(),
            skill: skill.code.clone(),
            name: skill.name.clone(),
            level: skill.level,
            archetype: skill.archetype.map(|archetype| archetype.as_str()),
            cost: skill.cost,
            cost_type: skill.cost_type.as_str(),
            cost_calc: skill.cost_calc.as_str(),
            cast_time: skill.cast_time as f64 / 1_000.0,
            cooldown: skill.cooldown as f64 / 1_000.0,
            intent: skill.intent.as_str(),
            help: skill.help.clone(),
        }
    }
}

/// What crumbled to dust.
pub type Decayed = Vec<KeyRef>;
