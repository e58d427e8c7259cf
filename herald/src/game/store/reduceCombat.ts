// Fights: the foe, the wounded in the room, the fallen, effects and cooldowns.
import { isObject } from "@/wire/parse";
import type { Actor, Blow, Char, Effect, Frame, Item, Room } from "@/wire/types";
import type { Patch } from "./reduce";
import type { GameState, RunningEffect } from "./state";

export function combat(state: Readonly<GameState>, frame: Frame): Patch | null {
  switch (frame.type) {
    case "cmd.kill.success": {
      const target = (frame.data.actor as { target?: Char | null } | undefined)?.target;
      return target && "name" in target ? { foe: target } : null;
    }
    case "notification.cmd.kill.success":
      return attacked(state, frame);
    case "cmd.focus.success":
      return state.actor ? { actor: { ...state.actor, focus: frame.data.focus ?? "" } } : null;
    case "notification.combat.attack":
    case "notification.combat.healing":
      return blow(state, frame);
    case "notification.death":
      return death(state, frame);
    default:
      return null;
  }
}

/** Someone attacks someone: those in the room are seen fighting, and who attacks the player is a foe, if there is none yet. */
function attacked(state: Readonly<GameState>, frame: Frame): Patch | null {
  const { actor, target } = frame.data as unknown as Partial<Blow>;
  if (!isObject(actor) || !isObject(target) || !state.actor) return null;
  const patch: Patch = {};
  if (state.room) patch.room = withChars(state.room, [actor, target]);
  if (target.key === state.actor.key) {
    patch.actor = woundedActor(state.actor, target);
    if (!state.foe || state.foe.fallen) patch.foe = actor;
  }
  return patch;
}

/** What works on the player, and what has to cool down, as a snapshot has it. */
export function runningOf(actor: Actor, now: number): Pick<GameState, "effects" | "cooldowns"> {
  const effects = Object.values(actor.effects ?? {}).filter((effect) => isObject(effect) && effect.duration > 0);
  const cooldowns = Object.values(actor.cooldowns ?? {}).filter((cooldown) => isObject(cooldown) && cooldown.duration > 0);
  return {
    effects: effects.map((effect) => ({ ...effect, endsAt: now + effect.duration * 1000 })),
    cooldowns: cooldowns.map(({ skill, duration }) => ({ skill, startedAt: now, endsAt: now + duration * 1000 })),
  };
}

function blow(state: Readonly<GameState>, frame: Frame): Patch | null {
  const { actor, target, attack } = frame.data as unknown as Blow;
  if (!isObject(actor) || !isObject(target) || !state.actor) return null;
  const me = state.actor.key;
  const patch: Patch = {};
  if (state.room) patch.room = withChars(state.room, [actor, target]);
  if (target.key === me) patch.actor = woundedActor(state.actor, target);
  if (frame.type !== "notification.combat.attack") return patch;
  if (actor.key === me && target.key !== me) patch.foe = target;
  else if (state.foe) patch.foe = [actor, target].find((char) => char.key === state.foe?.key) ?? state.foe;
  const spent = attack === "combust" ? "burn" : attack === "anathema" ? "wrack" : null;
  if (spent) patch.effects = state.effects.filter((effect) => effect.target !== target.key || effect.code !== spent);
  return patch;
}

/** Only what a fight changes: the short form in which others see a character knows nothing of the rest. */
function woundedActor(actor: Actor, seen: Char): Actor {
  return {
    ...actor,
    health: seen.health ?? actor.health,
    health_max: seen.health_max ?? actor.health_max,
    state: seen.state ?? actor.state,
  };
}

function withChars(room: Room, seen: Char[]): Room {
  return { ...room, chars: room.chars.map((char) => ({ ...char, ...seen.find((other) => other.key === char.key) })) };
}

function death(state: Readonly<GameState>, frame: Frame): Patch | null {
  const gone = frame.data.deceased?.key;
  if (!gone || !state.room) return null;
  const corpse = frame.data.corpse as Item | undefined;
  const inventory =
    corpse && !state.room.inventory.some((item) => item.key === corpse.key)
      ? [...state.room.inventory, { ...corpse, inventory: corpse.inventory ?? [] }]
      : state.room.inventory;
  const patch: Patch = {
    room: { ...state.room, chars: state.room.chars.filter((char) => char.key !== gone), inventory },
    effects: state.effects.filter((effect) => effect.target !== gone),
  };
  if (state.foe?.key === gone) patch.foe = { ...state.foe, health: 0, fallen: true };
  return patch;
}

export function effects(state: Readonly<GameState>, frame: Frame, now: number): Patch | null {
  const { data } = frame;
  switch (frame.type) {
    case "effect.start":
      return startEffect(state, data as unknown as Effect, now);
    case "effect.end":
      return { effects: state.effects.filter((effect) => effect.target !== data.target || effect.expires !== data.expires) };
    case "skill.cooldown.start": {
      if (!data.skill || !data.duration) return null;
      const others = state.cooldowns.filter((cooldown) => cooldown.skill !== data.skill && cooldown.endsAt > now);
      return { cooldowns: [...others, { skill: data.skill, startedAt: now, endsAt: now + data.duration * 1000 }] };
    }
    default:
      break;
  }
  if (data.skill && (data.method === "cast" || data.method === "channel") && data.duration) {
    return { cast: { skill: data.skill, method: data.method, startedAt: now, endsAt: now + data.duration * 1000 } };
  }
  return null;
}

function startEffect(state: Readonly<GameState>, effect: Effect, now: number): Patch | null {
  if (typeof effect.target !== "string" || !(effect.duration > 0)) return null;
  const removed = new Set(effect.removed_effects ?? []);
  const kept = state.effects.filter((other) => {
    if (other.endsAt <= now || (other.target === effect.target && other.expires === effect.expires)) return false;
    return other.target !== effect.target || !removed.has(other.code);
  });
  const running: RunningEffect = { ...effect, endsAt: now + effect.duration * 1000 };
  return { effects: [...kept, running] };
}
