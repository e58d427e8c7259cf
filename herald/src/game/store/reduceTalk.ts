// What is said, kept for later: the communication log, and the server's own list of commands.
import type { Actor, CommandHelp, Frame } from "@/wire/types";
import { isObject } from "@/wire/parse";
import type { Patch } from "./reduce";
import type { GameState, LogLine } from "./state";
import { CHAT_TYPES, TELL_TYPES } from "./story";

/** Lines of the communication log that are kept. */
export const LOG_LINES_MAX = 500;

export function communication(state: Readonly<GameState>, frame: Frame, now: number): Patch | null {
  const kind = CHAT_TYPES.has(frame.type) ? "chat" : TELL_TYPES.has(frame.type) ? "tell" : null;
  if (!kind || frame.text.trim() === "") return null;
  if (frame.type === "notification.cmd.chat.success" && !state.config.display_chat) return null;
  const line: LogLine = { id: (state.log[state.log.length - 1]?.id ?? 0) + 1, kind, text: frame.text.trim(), at: now };
  const own = frame.type.startsWith("cmd.");
  return { log: [...state.log.slice(1 - LOG_LINES_MAX), line], unreadLog: state.unreadLog + (own ? 0 : 1) };
}

/** The player's own words for commands, as they are after a change. */
export function aliases(state: Readonly<GameState>, frame: Frame): Patch | null {
  const { aliases: told } = frame.data;
  if (frame.type !== "cmd.alias.success" || !state.actor || !isObject(told)) return null;
  return { actor: { ...state.actor, aliases: told as Actor["aliases"] } };
}

/** The list of commands, when the server tells it: completion follows it. */
export function help(_state: Readonly<GameState>, frame: Frame): Patch | null {
  if (frame.type !== "cmd.help.success" || !Array.isArray(frame.data.commands)) return null;
  const commands = frame.data.commands.filter((command: CommandHelp) => typeof command?.name === "string");
  return commands.length > 0 ? { commands } : null;
}
