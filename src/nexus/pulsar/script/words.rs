//! What the names in a script's texts stand for. What is not known stays empty.

use crate::nexus::pulsar::record::Who;
use crate::nexus::pulsar::see;
use crate::nexus::pulsar::turn::Turn;
use crate::world::kinds::Gender;
use crate::world::script::{Number, Of, Pronoun, Variable};
use crate::world::template::{RoomId, Scope};

use super::{Course, Doer, room_of};

pub fn value(turn: &Turn, course: &Course, name: &Variable) -> String {
    match name {
        Variable::Name(of) => named(turn, course, *of),
        Variable::Key(of) => key(turn, course, *of),
        Variable::Pronoun(of, form) => match who(course, *of) {
            Some(who) => pronoun(turn, who, *form).to_owned(),
            None => String::new(),
        },
        Variable::Number(number) => match course.actor {
            Some(who) => of_actor(turn, who, *number).map(|n| n.to_string()).unwrap_or_default(),
            None => String::new(),
        },
        Variable::Mark(mark) => match course.actor {
            Some(Who::Player(player)) => {
                turn.world.players.get(player).and_then(|row| row.marks.get(mark)).cloned().unwrap_or_default()
            }
            _ => String::new(),
        },
        Variable::Fact(fact) => turn.world.meta.facts.get(fact).cloned().unwrap_or_default(),
        Variable::Said => course.said.clone(),
        // Only the message of a fact's schedule has these.
        Variable::Change(_) => String::new(),
    }
}

fn who(course: &Course, of: Of) -> Option<Who> {
    match (of, course.doer) {
        (Of::Actor, _) => course.actor,
        (Of::Own, Doer::Char(who)) => Some(who),
        _ => None,
    }
}

/// The room where the script is, or where whoever caused it is.
fn room(turn: &Turn, course: &Course) -> Option<RoomId> {
    room_of(turn, course.doer, course.audience).or_else(|| course.actor.and_then(|who| turn.world.room_of(who)))
}

fn named(turn: &Turn, course: &Course, of: Of) -> String {
    let templates = &turn.world.templates;
    match of {
        Of::Actor | Of::Own => who(course, of).map(|who| turn.name(who)).unwrap_or_default(),
        Of::Room => {
            let room = room(turn, course).and_then(|room| templates.rooms.get(&room));
            room.map(|room| room.name.clone()).unwrap_or_default()
        }
        Of::Zone => {
            let zone = match course.audience {
                Scope::Zone(zone) => Some(zone),
                _ => room(turn, course).and_then(|room| turn.world.zone_of(room)),
            };
            zone.and_then(|zone| templates.zones.get(&zone)).map(|zone| zone.name.clone()).unwrap_or_default()
        }
        Of::World => templates.world.config.name.clone(),
    }
}

fn key(turn: &Turn, course: &Course, of: Of) -> String {
    match of {
        Of::Actor | Of::Own => who(course, of).map(see::who_key).unwrap_or_default(),
        _ => room(turn, course).map(see::room_key).unwrap_or_default(),
    }
}

fn pronoun(turn: &Turn, who: Who, form: Pronoun) -> &'static str {
    let gender = match who {
        Who::Player(id) => turn.world.players.get(id).map(|row| row.gender),
        Who::Mob(id) => {
            let mob = turn.world.mobs.get(id);
            mob.and_then(|mob| turn.world.templates.mobs.get(&mob.template)).map(|template| template.gender)
        }
    };
    let (they, them, their, themself) = gender.unwrap_or(Gender::NonBinary).pronouns();
    match form {
        Pronoun::They => they,
        Pronoun::Them => them,
        Pronoun::Their => their,
        Pronoun::Themself => themself,
    }
}

fn of_actor(turn: &Turn, who: Who, number: Number) -> Option<i64> {
    let world = &*turn.world;
    Some(match who {
        Who::Player(id) => {
            let (row, presence) = (world.players.get(id)?, world.presences.get(id)?);
            match number {
                Number::Level => i64::from(row.level),
                Number::Experience => row.experience,
                Number::Health => i64::from(row.health),
                Number::HealthMax => i64::from(world.stats_of(id)?.health_max),
                Number::Mana => i64::from(presence.mana),
                Number::Stamina => i64::from(presence.stamina),
                Number::Gold => row.gold,
                Number::Glory => row.glory,
                Number::Medals => row.medals,
            }
        }
        Who::Mob(id) => {
            let row = world.mobs.get(id)?;
            let template = world.templates.mobs.get(&row.template)?;
            match number {
                Number::Level => i64::from(template.level),
                Number::Health => i64::from(row.health),
                Number::HealthMax => i64::from(template.stats.health_max),
                Number::Mana => i64::from(row.mana),
                Number::Stamina => i64::from(row.stamina),
                Number::Gold => row.gold,
                Number::Experience | Number::Glory | Number::Medals => return None,
            }
        }
    })
}
