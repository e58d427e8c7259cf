//! One stroke: dodged or not, critical or not, what defence, shields of light and health make of it, and what everyone in
//! the room sees. Texts are put together when they are sent; here stands only what happened.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::nexus::message::view::{Blow, Fighter, Outcome, Told, Verb};
use crate::nexus::message::{Data, Frame, Text};
use crate::world::character::PlayerId;
use crate::world::formulas::{self, combat};
use crate::world::kinds::*;
use crate::world::skill::Skill;

use super::super::record::Who;
use super::super::skill::{cast, effect};
use super::super::turn::Turn;
use super::super::world::World;
use super::{death, hooks};

/// What someone is struck with.
#[derive(Clone)]
pub enum Means {
    /// What is in the hand, or the hand.
    Weapon,
    Skill(Arc<Skill>),
    /// Something that works on from a skill of this name: it is not dodged, and wakes no thorns.
    Lasting {
        code: String,
        label: String,
    },
}

/// An ordinary stroke of the round.
pub fn strike(turn: &mut Turn, from: Who, to: Who) {
    let Some(fighter) = turn.world.combatant(from) else { return };
    let hit = combat::ordinary_hit(&fighter, DamageType::Physical);
    stroke(turn, from, to, Means::Weapon, DamageType::Physical, hit);
}

/// A stroke of so many hundredths before chance and defence; true if it arrived.
pub fn stroke(turn: &mut Turn, from: Who, to: Who, means: Means, kind: DamageType, hit: i64) -> bool {
    let (Some(a), Some(b)) = (turn.world.combatant(from), turn.world.combatant(to)) else { return false };
    let helpless = effect::is_helpless(turn.world, to);
    effect::reveal(turn, from);
    if !helpless && turn.world.roll(1_000) < formulas::dodge_per_mille(b.stats.dodge, a.level) {
        let blow = Told { outcome: Outcome::Dodged, ..Told::default() };
        tell(turn, from, to, &means, blow);
        return false;
    }
    let crit = turn.world.roll(1_000) < formulas::crit_per_mille(a.stats.crit, b.level);
    let roll = turn.world.roll(combat::SPREAD);
    let damage = combat::defended(combat::varied(hit, roll, crit), kind, &b, a.level);
    let is_physical = kind == DamageType::Physical && matches!(means, Means::Weapon | Means::Skill(_));
    harm(turn, from, to, means, damage, crit);
    if crit {
        cast::interrupt(turn, to, "The blow breaks your concentration.");
    }
    if is_physical && turn.world.health_of(from) > 0 {
        prick(turn, to, from);
    }
    true
}

/// Thorns: whoever strikes is hurt.
fn prick(turn: &mut Turn, thorny: Who, striker: Who) {
    let Some(found) = effect::thorns(turn.world, thorny) else { return };
    if turn.world.room_of(thorny) != turn.world.room_of(striker) || turn.world.room_of(striker).is_none() {
        return;
    }
    let (code, label, amount) = found;
    harm(turn, thorny, striker, Means::Lasting { code, label }, amount, false);
}

/// Takes so many points from someone, as far as nothing absorbs them; whoever has none left is dead.
pub fn harm(turn: &mut Turn, from: Who, to: Who, means: Means, damage: i32, crit: bool) {
    let absorbed = effect::absorb(turn, to, damage);
    let taken = damage - absorbed;
    let left = turn.world.health_of(to).saturating_sub(taken).max(0);
    turn.world.set_health(to, left);
    threaten(turn.world, to, from, i64::from(taken));
    tell(
        turn,
        from,
        to,
        &means,
        Told { outcome: Outcome::Hit, damage_taken: taken, damage_absorbed: absorbed, crit, ..Told::default() },
    );
    if left == 0 {
        return death::die(turn, to, Some(from));
    }
    effect::disturb(turn, to);
    hooks::hurt(turn, to, from, taken);
}

/// Gives so many points back to someone.
pub fn heal(turn: &mut Turn, from: Who, to: Who, means: &Means, points: i32, crit: bool) {
    let Some((health, most)) = turn.world.health_share(to) else { return };
    let healed = health.saturating_add(points).min(most.max(health));
    if healed != health {
        turn.world.set_health(to, healed);
    }
    let done = healed - health;
    // Whoever heals makes enemies of those whom the healed one fights.
    let foes: Vec<Who> = turn.world.fights.get(to.id()).map_or(Vec::new(), |f| f.foes.iter().map(|f| f.who).collect());
    for foe in foes {
        threaten(turn.world, foe, from, i64::from(done / 2));
    }
    tell(
        turn,
        from,
        to,
        means,
        Told { outcome: Outcome::Hit, healing_done: done, is_heal: true, crit, ..Told::default() },
    );
}

/// `who` takes note of what `from` did, if they fight.
fn threaten(world: &mut World, who: Who, from: Who, threat: i64) {
    if from == who || threat == 0 || world.fights.get(who.id()).is_none() {
        return;
    }
    if let Some(fight) = world.fights.edit(who.id())
        && let Some(foe) = fight.foes.iter_mut().find(|foe| foe.who == from)
    {
        foe.threat = foe.threat.saturating_add(threat);
    }
}

/// Everyone in the room sees it: the two from their own sides, and each in the form that they want.
fn tell(turn: &mut Turn, from: Who, to: Who, means: &Means, told: Told) {
    let Some(room) = turn.world.room_of(to) else { return };
    if turn.world.players_in(room).next().is_none() {
        return;
    }
    let (Some(actor), Some(target)) = (turn.world.char_view(from), turn.world.char_view(to)) else { return };
    let blow = Blow {
        actor: Fighter(actor),
        target: Fighter(target),
        verb: verb(turn.world, from, means),
        told,
        round_id: super::round_id(turn),
    };
    let kind = if told.is_heal { "notification.combat.healing" } else { "notification.combat.attack" };
    let data = Data::Blow(Arc::new(blow));
    let mut groups: [SmallVec<[PlayerId; 8]>; 6] = Default::default();
    for player in turn.world.players_in(room) {
        let brief = turn.world.players.get(player).is_some_and(|row| row.config.combat_brief);
        let side = match Who::Player(player) {
            who if who == from => 0,
            who if who == to => 1,
            _ => 2,
        };
        groups[side * 2 + usize::from(brief)].push(player);
    }
    for (nth, players) in groups.into_iter().enumerate().filter(|(_, players)| !players.is_empty()) {
        let text = Text::OfBlow { viewer: players.first().copied().filter(|_| nth < 4), brief: nth % 2 == 1 };
        turn.tell_all(players, Frame::new(kind, text, data.clone()));
    }
}

fn verb(world: &World, from: Who, means: &Means) -> Verb {
    match means {
        Means::Skill(skill) => Verb::Skill(skill.clone()),
        Means::Lasting { code, label } => Verb::Lasting { code: code.clone(), label: label.clone() },
        Means::Weapon => match from {
            Who::Player(id) => {
                let weapon = world.players.get(id).and_then(|row| row.worn.get(&Slot::Weapon));
                let item = weapon.and_then(|item| world.items.get(*item));
                match item.and_then(|item| world.templates.items.get(&item.template)) {
                    Some(template) => Verb::Weapon(template.clone()),
                    None => Verb::Bare,
                }
            }
            Who::Mob(id) => {
                let template = world.mobs.get(id).and_then(|mob| world.templates.mobs.get(&mob.template));
                template.map_or(Verb::Bare, |template| Verb::Mob(template.clone()))
            }
        },
    }
}
