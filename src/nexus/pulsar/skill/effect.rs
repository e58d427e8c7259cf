//! What works on someone for a while. Each effect ends by a timing of its own, whose number is its id; whoever ends it
//! earlier takes the timing away. What works with every Beat is `tick.rs`.

use std::sync::Arc;

use crate::nexus::message::view::{EffectEndView, EffectView, Named, RoomRef};
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::keywords::capitalized;
use crate::world::kinds::*;
use crate::world::skill::{Skill, SkillEffect};
use crate::world::template::RoomId;

use super::super::combat::rows::Effect;
use super::super::instruction::Instruction;
use super::super::record::{MobId, Who};
use super::super::turn::Turn;
use super::super::world::World;
use super::super::{combat, connect, load, see};
use super::cast;

/// Effects on one character at once; the oldest gives way.
pub const EFFECTS_MAX: usize = 16;
/// Seconds for which an effect that works at once is shown.
const AT_ONCE: f64 = 1.0;

fn effects(world: &World, who: Who) -> &[Effect] {
    world.auras.get(who.id()).map_or(&[], |aura| &aura.effects)
}

fn has(world: &World, who: Who, kinds: &[EffectKind]) -> bool {
    effects(world, who).iter().any(|effect| kinds.contains(&effect.kind))
}

/// Can it do nothing?
pub fn is_helpless(world: &World, who: Who) -> bool {
    has(world, who, &[EffectKind::Stun, EffectKind::Sleep])
}

pub fn is_casting(world: &World, who: Who) -> bool {
    world.auras.get(who.id()).is_some_and(|aura| aura.cast.is_some())
}

/// Strokes of one round.
pub fn strokes(world: &World, who: Who) -> u32 {
    if has(world, who, &[EffectKind::Haste]) { 2 } else { 1 }
}

/// What hides someone; stealth only where nothing better does.
pub fn hidden_by(world: &World, who: Who) -> Option<EffectKind> {
    [EffectKind::Invisibility, EffectKind::Stealth].into_iter().find(|kind| has(world, who, &[*kind]))
}

/// What whoever strikes this one gets: code, name and points.
pub fn thorns(world: &World, who: Who) -> Option<(String, String, i32)> {
    let effect = effects(world, who).iter().find(|effect| effect.kind == EffectKind::Thorns)?;
    Some((effect.skill.clone(), name_of(world, &effect.skill), effect.amount))
}

/// What a skill is called.
pub fn name_of(world: &World, code: &str) -> String {
    world.templates.skills.get(code).map_or_else(|| capitalized(code), |skill| skill.name.clone())
}

/// The mobs that someone has summoned.
pub fn summoned_by(world: &World, who: Who) -> Vec<MobId> {
    effects(world, who).iter().filter_map(|effect| effect.summoned).collect()
}

/// The player who summoned a mob.
pub fn owner_of(world: &World, mob: MobId) -> Option<Who> {
    world.mobs.get(mob)?.summoner.map(Who::Player)
}

/// For whom someone fights: its summoner, or itself.
pub fn master(world: &World, who: Who) -> Who {
    match who {
        Who::Mob(mob) => owner_of(world, mob).unwrap_or(who),
        Who::Player(_) => who,
    }
}

/// An effect of a skill begins on someone. `amount` is in points.
pub fn begin(turn: &mut Turn, from: Who, to: Who, skill: &Arc<Skill>, effect: &SkillEffect, amount: i32) {
    match effect.kind {
        EffectKind::Dispel | EffectKind::Purge => return take_away(turn, from, to, skill, effect.kind),
        EffectKind::Stun | EffectKind::Sleep => {
            cast::interrupt(turn, to, "What you began comes to nothing.");
        }
        _ => {}
    }
    // The same of the same begins anew.
    let same: Vec<u64> = effects(turn.world, to)
        .iter()
        .filter(|own| own.skill == skill.code && own.kind == effect.kind && (own.from == Some(from) || own.is_friendly))
        .map(|own| own.id)
        .collect();
    for id in same {
        drop_one(turn, to, id);
    }
    if let Some(oldest) = effects(turn.world, to).first().filter(|_| effects(turn.world, to).len() >= EFFECTS_MAX) {
        let oldest = oldest.id;
        end(turn, to, oldest);
    }
    let summoned = match effect.summons {
        Some(template) => match summon(turn, to, template) {
            Some(mob) => Some(mob),
            None => return,
        },
        None => None,
    };
    let now = turn.world.meta.now;
    let id = turn.world.schedule_numbered(effect.duration, |id| Instruction::EffectEnds { who: to, id });
    let running = Effect {
        id,
        kind: effect.kind,
        skill: skill.code.clone(),
        from: Some(from),
        is_friendly: skill.intent != Intent::Damage,
        damage_type: effect.damage_type,
        amount,
        modifiers: effect.modifiers.clone(),
        begun: now,
        until: now + effect.duration,
        summoned,
    };
    let view = view(turn.world, to, &running);
    turn.world.auras.edit_or_default(to.id()).effects.push(running);
    turn.world.look_again(to);
    tell_begin(turn, to, view, effect.kind);
}

fn summon(turn: &mut Turn, to: Who, template: i64) -> Option<MobId> {
    let Who::Player(player) = to else { return None };
    let room = turn.world.room_of(to)?;
    let mob = load::spawn_mob(turn, template, room, None, None)?;
    if let Some(row) = turn.world.mobs.edit(mob) {
        row.summoner = Some(player);
        // What comes out of nothing brings no coins.
        row.gold = 0;
    }
    let foes: Vec<Who> =
        turn.world.fights.get(player).map_or(Vec::new(), |f| f.foes.iter().map(|foe| foe.who).collect());
    if let Some(foe) = foes.first() {
        combat::attack(turn, Who::Mob(mob), *foe);
    }
    Some(mob)
}

/// Dispel and purge: what helps an enemy, or what harms a friend, is taken away.
fn take_away(turn: &mut Turn, from: Who, to: Who, skill: &Arc<Skill>, kind: EffectKind) {
    let wanted = kind == EffectKind::Dispel;
    let found: Vec<(u64, String)> = effects(turn.world, to)
        .iter()
        .filter(|effect| effect.is_friendly == wanted && effect.summoned.is_none())
        .map(|effect| (effect.id, effect.skill.clone()))
        .collect();
    let id = turn.world.meta.next_arrival;
    turn.world.meta.next_arrival += 1;
    let view = EffectView {
        key: format!("effect.{id}"),
        code: skill.code.clone(),
        name: skill.name.clone(),
        target: see::who_key(to),
        target_name: turn.name(to),
        actor: see::who_key(from),
        duration: AT_ONCE,
        start: turn.world.meta.now,
        expires: id,
        custom: !skill.is_core,
        friendly: !wanted,
        removed_effects: found.iter().map(|(_, code)| code.clone()).collect(),
    };
    for (id, _) in found {
        end(turn, to, id);
    }
    tell_begin(turn, to, view, kind);
}

/// An effect as clients see it, with what is left of it.
pub fn view(world: &World, to: Who, effect: &Effect) -> EffectView {
    let skill = world.templates.skills.get(&effect.skill);
    EffectView {
        key: format!("effect.{}", effect.id),
        code: effect.skill.clone(),
        name: name_of(world, &effect.skill),
        target: see::who_key(to),
        target_name: world.char_view(to).map(|view| view.name.clone()).unwrap_or_default(),
        actor: effect.from.map(see::who_key).unwrap_or_default(),
        duration: effect.until.saturating_sub(world.meta.now) as f64 / 1_000.0,
        start: effect.begun,
        expires: effect.id,
        custom: skill.is_none_or(|skill| !skill.is_core),
        friendly: effect.is_friendly,
        removed_effects: Vec::new(),
    }
}

/// All that works on someone.
pub fn views(world: &World, who: Who) -> Vec<EffectView> {
    effects(world, who).iter().map(|effect| view(world, who, effect)).collect()
}

fn tell_begin(turn: &mut Turn, to: Who, view: EffectView, kind: EffectKind) {
    let Some(room) = turn.world.room_of(to) else { return };
    let (own, others) = match kind {
        EffectKind::Stun => ("You are stunned", "is stunned"),
        EffectKind::Sleep => ("You fall asleep", "falls asleep"),
        EffectKind::Dot => ("You suffer", "suffers"),
        EffectKind::Hot => ("Your wounds begin to close", "begins to recover"),
        EffectKind::Absorb => ("You are shielded", "is shielded"),
        EffectKind::Buff => ("You feel stronger", "grows stronger"),
        EffectKind::Debuff => ("You feel weaker", "grows weaker"),
        EffectKind::Haste => ("You are quick", "is quick"),
        EffectKind::Invisibility => ("You fade from sight", "fades from sight"),
        EffectKind::Stealth => ("You step into the shadows", "steps into the shadows"),
        EffectKind::Thorns => ("You bristle", "bristles"),
        EffectKind::Summon => ("Your call is answered", "calls, and is answered"),
        EffectKind::Dispel => ("You lose all protection", "loses all protection"),
        EffectKind::Purge => ("You are cleansed", "is cleansed"),
    };
    let name = capitalized(&view.target_name);
    let label = view.name.clone();
    let data = Data::Effect(Box::new(view));
    let mut except: Vec<PlayerId> = Vec::new();
    if let Who::Player(player) = to {
        turn.tell(player, Frame::new("effect.start", format!("{own} ({label})."), data.clone()));
        except.push(player);
    }
    turn.tell_room(room, &except, Frame::new("effect.start", format!("{name} {others} ({label})."), data));
}

/// An effect is over before its time or at it.
pub fn end(turn: &mut Turn, who: Who, id: u64) -> bool {
    let Some(effect) = drop_one(turn, who, id) else { return false };
    let name = name_of(turn.world, &effect.skill);
    if let Some(mob) = effect.summoned {
        dismiss(turn, mob);
    }
    let data = Data::EffectEnd(Box::new(EffectEndView {
        key: format!("effect.{id}"),
        code: effect.skill,
        target: see::who_key(who),
        expires: id,
    }));
    let mut except = Vec::new();
    if let Who::Player(player) = who {
        connect::clamp_vitals(turn.world, player);
        turn.tell(player, Frame::new("effect.end", format!("{name} wears off."), data.clone()));
        except.push(player);
    }
    if let Some(room) = turn.world.room_of(who) {
        turn.tell_room(room, &except, Frame::new("effect.end", "", data));
    }
    true
}

/// Takes an effect out, with its timing.
fn drop_one(turn: &mut Turn, who: Who, id: u64) -> Option<Effect> {
    let aura = turn.world.auras.edit(who.id())?;
    let at = aura.effects.iter().position(|effect| effect.id == id)?;
    let effect = aura.effects.remove(at);
    let empty = aura.effects.is_empty() && aura.cast.is_none();
    if empty {
        turn.world.auras.remove(who.id());
    }
    turn.world.waiting.remove(id);
    turn.world.look_again(who);
    Some(effect)
}

/// What was summoned goes.
fn dismiss(turn: &mut Turn, mob: MobId) {
    let who = Who::Mob(mob);
    let Some(room) = turn.world.room_of(who) else { return };
    let Some(view) = turn.world.char_view(who) else { return };
    combat::leave(turn, who);
    load::destroy_mob(turn.world, mob);
    let text = format!("{} is gone as it came.", capitalized(&view.name));
    let data = Data::Exit { actor: Named::Seen(view), direction: None };
    turn.tell_room(room, &[], Frame::new("notification.movement.exit", text, data));
}

/// A summoned mob is dead: so is the call.
pub fn lost(turn: &mut Turn, owner: Who, mob: MobId) {
    let of = effects(turn.world, owner).iter().find(|effect| effect.summoned == Some(mob));
    if let Some(id) = of.map(|effect| effect.id) {
        end(turn, owner, id);
    }
}

/// Whom a player summoned comes along into another room.
pub fn follow(turn: &mut Turn, player: PlayerId, room: RoomId) {
    if !has(turn.world, Who::Player(player), &[EffectKind::Summon]) {
        return;
    }
    for mob in summoned_by(turn.world, Who::Player(player)) {
        let who = Who::Mob(mob);
        let Some(from) = turn.world.room_of(who).filter(|from| *from != room) else { continue };
        let (Some(view), Some(target)) = (turn.world.char_view(who), turn.world.templates.rooms.get(&room).cloned())
        else {
            continue;
        };
        combat::leave(turn, who);
        let name = capitalized(&view.name);
        let gone = Data::Exit { actor: Named::Seen(view), direction: None };
        turn.tell_room(from, &[], Frame::new("notification.movement.exit", format!("{name} leaves."), gone));
        turn.world.shift(who, from, room);
        if let Some(row) = turn.world.mobs.edit_unseen(mob) {
            row.room = room;
        }
        if let Some(actor) = turn.world.char_view(who) {
            let text = format!("{name} follows {}.", turn.name(Who::Player(player)));
            let data = Data::Enter { actor, direction: None, room: RoomRef(target) };
            turn.tell_room(room, &[], Frame::new("notification.movement.enter", text, data));
        }
    }
}

/// Everything that works on someone is over, with a word each.
pub fn end_all(turn: &mut Turn, who: Who) {
    cast::interrupt(turn, who, "What you began comes to nothing.");
    let ids: Vec<u64> = effects(turn.world, who).iter().map(|effect| effect.id).collect();
    for id in ids {
        end(turn, who, id);
    }
}

/// Someone goes: what works on it goes along, without a word. Whom it summoned goes too.
pub fn forget(world: &mut World, who: Who) {
    let Some(aura) = world.auras.remove(who.id()) else { return };
    if let Some(cast) = &aura.cast {
        world.waiting.remove(cast.id);
    }
    for effect in aura.effects {
        world.waiting.remove(effect.id);
        if let Some(mob) = effect.summoned {
            load::destroy_mob(world, mob);
        }
    }
}

/// What is taken from a stroke before it hurts.
pub fn absorb(turn: &mut Turn, who: Who, damage: i32) -> i32 {
    if !has(turn.world, who, &[EffectKind::Absorb]) {
        return 0;
    }
    let Some(aura) = turn.world.auras.edit(who.id()) else { return 0 };
    let (mut left, mut spent) = (damage, Vec::new());
    for effect in aura.effects.iter_mut().filter(|effect| effect.kind == EffectKind::Absorb) {
        let taken = effect.amount.min(left);
        effect.amount -= taken;
        left -= taken;
        if effect.amount == 0 {
            spent.push(effect.id);
        }
    }
    for id in spent {
        end(turn, who, id);
    }
    damage - left
}

/// Someone was hurt: sleepers wake, and whoever hid is seen.
pub fn disturb(turn: &mut Turn, who: Who) {
    end_kinds(turn, who, &[EffectKind::Sleep, EffectKind::Stealth]);
}

/// Someone strikes: whoever hid is seen.
pub fn reveal(turn: &mut Turn, who: Who) {
    end_kinds(turn, who, &[EffectKind::Stealth, EffectKind::Invisibility]);
}

fn end_kinds(turn: &mut Turn, who: Who, kinds: &[EffectKind]) {
    if !has(turn.world, who, kinds) {
        return;
    }
    let of = effects(turn.world, who).iter().filter(|effect| kinds.contains(&effect.kind));
    let ids: Vec<u64> = of.map(|effect| effect.id).collect();
    for id in ids {
        end(turn, who, id);
    }
}
