//! Fights: who fights whom, who may, how a fight begins and ends. Strokes are `blow.rs`, rounds `round.rs`, the end of
//! someone `death.rs`. Whoever fights has a row; nothing here looks at anyone who does not, but for those in the room
//! where something happens.

pub mod aggro;
pub mod blow;
pub mod death;
pub mod flee;
pub mod hooks;
pub mod numbers;
pub mod place;
pub mod round;
pub mod rows;

use crate::nexus::message::view::{FightView, Fighter};
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::keywords::capitalized;
use crate::world::kinds::*;
use crate::world::template::{LoaderId, MobTemplateId, RoomId};

use super::record::{MobId, Who};
use super::turn::Turn;
use super::world::World;
use super::{skill, turn};
use rows::Foe;

/// Whom one fights at once, at the most.
pub const FOES_MAX: usize = 64;
/// Attackers that a mob remembers.
pub const GRUDGES_MAX: usize = 8;

/// Why one may not be attacked: a code and a text.
pub type Refusal = (&'static str, String);

impl World {
    pub fn is_fighting(&self, who: Who) -> bool {
        self.fights.get(who.id()).is_some_and(|fight| !fight.foes.is_empty())
    }

    /// Whom one strikes.
    pub fn target_of(&self, who: Who) -> Option<Who> {
        self.fights.get(who.id())?.target
    }

    /// What others see of someone has changed, and it is not in their row.
    pub(super) fn look_again(&mut self, who: Who) {
        match who {
            Who::Player(id) => self.players.forget_view(id),
            Who::Mob(id) => self.mobs.forget_view(id),
        }
    }

    /// The fights of one who goes are over, without a word; so is what works on it.
    pub(super) fn forget_fights(&mut self, who: Who) {
        for foe in part(self, who) {
            if self.fights.get(foe.id()).is_some_and(|fight| fight.foes.is_empty()) {
                self.fights.remove(foe.id());
                stand_up(self, foe);
            }
        }
        skill::effect::forget(self, who);
        self.cooldowns.remove(who.id());
    }
}

/// May `from` attack `to`, who is in the same room?
pub fn may_attack(world: &World, from: Who, to: Who) -> Result<(), Refusal> {
    let refuse = |code, text: &str| Err((code, text.to_owned()));
    let config = &world.templates.world.config;
    if config.is_narrative {
        return refuse("no_combat", "There is no fighting in this world.");
    }
    if from == to {
        return refuse("invalid_target", "You cannot fight yourself.");
    }
    let room = world.room_of(to).and_then(|room| world.templates.rooms.get(&room));
    let Some(room) = room else { return refuse("invalid_target", "That cannot be attacked.") };
    if room.has(RoomFlag::Peaceful) {
        return refuse("peaceful", "It is too peaceful here to fight.");
    }
    match to {
        Who::Mob(id) => {
            let template = world.mobs.get(id).and_then(|mob| world.templates.mobs.get(&mob.template));
            let Some(template) = template else { return refuse("invalid_target", "That cannot be attacked.") };
            if template.aggression == Aggression::Friendly {
                let text = format!("{} is no enemy of yours.", capitalized(&template.name));
                return Err(("friendly", text));
            }
            if skill::effect::owner_of(world, id).is_some_and(|owner| owner == from) {
                let text = format!("{} fights for you.", capitalized(&template.name));
                return Err(("friendly", text));
            }
        }
        Who::Player(id) => {
            if world.players.get(id).is_none_or(|player| player.is_immortal) {
                return refuse("invalid_target", "You cannot attack a builder.");
            }
            if let Who::Player(_) = from {
                if world.players.get(id).is_some_and(|player| player.is_linkless) {
                    return refuse("invalid_target", "Nobody is there behind those eyes just now.");
                }
                let zone = world.templates.zones.get(&room.zone);
                let may = config.allow_pvp
                    && match config.pvp_mode {
                        PvpMode::Disabled => false,
                        PvpMode::FreeForAll => true,
                        PvpMode::Zone => zone.is_some_and(|zone| zone.pvp_zone),
                    };
                if !may {
                    return refuse("no_pvp", "Players do not fight each other here.");
                }
            }
        }
    }
    Ok(())
}

/// `from` attacks `to`, and everyone in the room sees it. False if one of them has too many foes already.
pub fn attack(turn: &mut Turn, from: Who, to: Who) -> bool {
    let were_foes = turn.world.fights.get(from.id()).is_some_and(|fight| fight.foes.iter().any(|foe| foe.who == to));
    if !engage(turn, from, to) {
        return false;
    }
    aim(turn.world, from, to);
    tell_attack(turn, from, to, were_foes);
    if !were_foes {
        assist(turn, from, to);
    }
    true
}

/// `from` strikes `to` from now on.
pub fn aim(world: &mut World, from: Who, to: Who) {
    if world.target_of(from) != Some(to)
        && let Some(fight) = world.fights.edit(from.id())
    {
        fight.target = Some(to);
        world.look_again(from);
    }
}

/// The two fight each other from here on. Who fights back takes the other for a target if there is none yet.
pub fn engage(turn: &mut Turn, from: Who, to: Who) -> bool {
    let world = &mut *turn.world;
    let count = |who: Who| world.fights.get(who.id()).map_or(0, |fight| fight.foes.len());
    if count(from) >= FOES_MAX || count(to) >= FOES_MAX {
        return world.fights.get(from.id()).is_some_and(|fight| fight.foes.iter().any(|foe| foe.who == to));
    }
    let begin = [join(world, from, to), join(world, to, from)];
    remember(world, from, to);
    remember(world, to, from);
    for (who, begins, other) in [(from, begin[0], to), (to, begin[1], from)] {
        if begins {
            hooks::fight_begins(turn, who, other);
        }
    }
    true
}

/// Puts `other` among the foes of `who`; true if the fight of `who` begins with it.
fn join(world: &mut World, who: Who, other: Who) -> bool {
    let fights_back = world.fights_back(who);
    let fight = world.fights.edit_or_default(who.id());
    let begins = fight.foes.is_empty();
    if !fight.foes.iter().any(|foe| foe.who == other) {
        fight.foes.push(Foe { who: other, threat: 0 });
    }
    fight.quarry = None;
    if fight.target.is_none() && fights_back {
        fight.target = Some(other);
    }
    if let Who::Player(id) = who
        && begins
        && let Some(player) = world.players.edit(id)
    {
        player.state = CharacterState::Combat;
    }
    world.look_again(who);
    begins
}

impl World {
    /// Does it strike whoever attacks it?
    pub(super) fn fights_back(&self, who: Who) -> bool {
        match who {
            Who::Player(_) => true,
            Who::Mob(id) => {
                let template = self.mobs.get(id).and_then(|mob| self.templates.mobs.get(&mob.template));
                template.is_some_and(|template| template.fights_back)
            }
        }
    }

    /// The mobs that stand by each other: those of one loader, or of one template.
    pub(super) fn group_of(&self, mob: MobId) -> Option<Group> {
        let row = self.mobs.get(mob)?;
        let of_loader = row.rule.and_then(|rule| self.templates.ground().groups.get(&rule));
        match of_loader {
            Some(loader) => Some(Group::Loader(*loader)),
            None => {
                let template = self.templates.mobs.get(&row.template)?;
                template.assists.then_some(Group::Kind(row.template))
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Loader(LoaderId),
    Kind(MobTemplateId),
}

/// A mob keeps in mind who was its enemy.
fn remember(world: &mut World, who: Who, enemy: Who) {
    let (Who::Mob(mob), Who::Player(player)) = (who, enemy) else { return };
    if world.mobs.get(mob).is_none_or(|mob| mob.grudges.contains(&player)) {
        return;
    }
    if let Some(mob) = world.mobs.edit_unseen(mob) {
        if mob.grudges.len() >= GRUDGES_MAX {
            mob.grudges.remove(0);
        }
        mob.grudges.push(player);
    }
}

/// Those who stand by either of the two join in.
fn assist(turn: &mut Turn, from: Who, to: Who) {
    let Some(room) = turn.world.room_of(to) else { return };
    for (one, enemy) in [(to, from), (from, to)] {
        for friend in friends_of(turn.world, one, room) {
            let idle = !turn.world.is_fighting(friend);
            if idle && friend != enemy && may_attack(turn.world, friend, enemy).is_ok() && engage(turn, friend, enemy) {
                aim(turn.world, friend, enemy);
                tell_attack(turn, friend, enemy, false);
            }
        }
    }
}

/// Mobs in the room that stand by someone.
fn friends_of(world: &World, who: Who, room: RoomId) -> Vec<Who> {
    match who {
        Who::Mob(id) => {
            let Some(group) = world.group_of(id) else { return Vec::new() };
            let here = world.chars_in(room).iter().copied().filter(|other| *other != who);
            here.filter(|other| matches!(other, Who::Mob(id) if world.group_of(*id) == Some(group))).collect()
        }
        Who::Player(_) => {
            let summoned = skill::effect::summoned_by(world, who);
            summoned.into_iter().map(Who::Mob).filter(|mob| world.room_of(*mob) == Some(room)).collect()
        }
    }
}

fn tell_attack(turn: &mut Turn, from: Who, to: Who, again: bool) {
    let Some(room) = turn.world.room_of(from) else { return };
    let (Some(actor), Some(target)) = (turn.world.char_view(from), turn.world.char_view(to)) else { return };
    let (name, other) = (capitalized(&actor.name), target.name.clone());
    let mut except = Vec::new();
    if let Who::Player(player) = from {
        let text = if again { format!("You turn to {other}!") } else { format!("You attack {other}!") };
        let actor = FightView { key: actor.key.clone(), state: actor.state, target: Some(Fighter(target.clone())) };
        turn.tell(player, Frame::new("cmd.kill.success", text, Data::Kill { actor }));
        except.push(player);
    }
    let data = Data::Attack { actor: Fighter(actor), target: Fighter(target) };
    let verb = if again { "turns to" } else { "attacks" };
    if let Who::Player(player) = to {
        turn.tell(player, Frame::new("notification.cmd.kill.success", format!("{name} {verb} you!"), data.clone()));
        except.push(player);
    }
    let text = format!("{name} {verb} {other}!");
    turn.tell_room(room, &except, Frame::new("notification.cmd.kill.success", text, data));
}

/// Takes someone out of all its fights: those whom it fought, whose fights may be over now.
fn part(world: &mut World, who: Who) -> Vec<Who> {
    let Some(fight) = world.fights.remove(who.id()) else { return Vec::new() };
    let foes: Vec<Who> = fight.foes.iter().map(|foe| foe.who).collect();
    for foe in &foes {
        if let Some(row) = world.fights.edit(foe.id()) {
            row.foes.retain(|other| other.who != who);
            if row.target == Some(who) {
                row.target = None;
            }
        }
        world.look_again(*foe);
    }
    stand_up(world, who);
    foes
}

/// One who fights no more stands.
fn stand_up(world: &mut World, who: Who) {
    if let Who::Player(id) = who
        && let Some(player) = world.players.edit_when(id, |player| player.state == CharacterState::Combat)
    {
        player.state = CharacterState::Standing;
    }
    world.look_again(who);
}

/// Someone is out of its fights, and those whom it fought may be too.
pub fn leave(turn: &mut Turn, who: Who) {
    for foe in part(turn.world, who) {
        settle(turn, foe, Some(who));
    }
}

/// Ends the fight of one who has no foes left. `lost` has got away, and may be hunted.
pub fn settle(turn: &mut Turn, who: Who, lost: Option<Who>) {
    if turn.world.fights.get(who.id()).is_none_or(|fight| !fight.foes.is_empty() || fight.quarry.is_some()) {
        return;
    }
    if let Some(lost) = lost.filter(|lost| aggro::hunts(turn.world, who, *lost)) {
        if let Some(fight) = turn.world.fights.edit(who.id()) {
            fight.quarry = Some((lost, aggro::HUNT_ROUNDS));
            fight.target = None;
        }
        return turn.world.look_again(who);
    }
    turn.world.fights.remove(who.id());
    stand_up(turn.world, who);
    if let Who::Player(player) = who {
        tell_end(turn, player);
    }
    hooks::fight_ends(turn, who);
}

fn tell_end(turn: &mut Turn, player: PlayerId) {
    let actor = Box::new(turn.world.actor_patch(player));
    turn.tell(player, Frame::new("affect.combat.end", "The fight is over.", Data::Actor { actor }));
    turn.world.index.tired_players.insert(player);
}

/// The two fight each other no more.
pub fn unlink(turn: &mut Turn, one: Who, other: Who) {
    for (who, foe) in [(one, other), (other, one)] {
        if let Some(fight) = turn.world.fights.edit(who.id()) {
            fight.foes.retain(|row| row.who != foe);
            if fight.target == Some(foe) {
                fight.target = None;
            }
            turn.world.look_again(who);
        }
    }
    settle(turn, one, Some(other));
    settle(turn, other, Some(one));
}

/// A key that ties the lines of one round together.
pub fn round_id(turn: &turn::Turn) -> u64 {
    turn.world.meta.now
}
