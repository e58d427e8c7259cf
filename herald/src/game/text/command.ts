// What becomes of a typed line before it is sent, and what is known about commands by their first word.
import { DIRECTIONS, isDirection } from "@/wire/parse";
import type { Direction } from "@/wire/types";

/** The longest line that is sent, in characters. The server has its own, shorter limits for speech. */
export const LINE_LENGTH_MAX = 1_000;

/** Commands whose first word says that people are spoken to. They are not repeated by an empty line. */
const SPEECH = ["chat", "tell", "reply", "say", "yell", "emote", "cchat", "gossip", "cc"];

/** Splits a line at `;` into commands. */
export function splitCommands(line: string): string[] {
  return line
    .slice(0, LINE_LENGTH_MAX)
    .split(";")
    .map((piece) => piece.trim())
    .filter((piece) => piece !== "");
}

/** Whether a command speaks to others; shortened words count, except single letters that mean a direction or look. */
export function isSpeech(command: string): boolean {
  const word = command.trim().split(/\s+/)[0]?.toLowerCase() ?? "";
  if (word === "" || isDirectionCommand(word)) return false;
  return SPEECH.some((name) => name.startsWith(word) && word.length > 1) || word === "'" || word.startsWith("\"");
}

/** The direction that a word means: whole, or shortened as the server takes it. */
export function directionOf(word: string): Direction | null {
  const lower = word.trim().toLowerCase();
  if (lower === "") return null;
  return DIRECTIONS.find((direction) => direction.startsWith(lower)) ?? null;
}

export function isDirectionCommand(word: string): boolean {
  return isDirection(word.toLowerCase()) || /^[neswud]$/i.test(word);
}

/**
 * Fills in the focus, as players of this protocol are used to: a bare `kill` goes to the focus, and so does a second word
 * that shortens "focus" (`bash f`). Nothing changes while no focus is set.
 */
export function substituteFocus(command: string, focus: string): string {
  if (!focus) return command;
  const words = command.trim().split(/\s+/);
  const first = words[0]?.toLowerCase() ?? "";
  if (words.length === 1 && /^k(i(l(l)?)?)?$/.test(first)) return `${first} ${focus}`;
  const second = words[1]?.toLowerCase() ?? "";
  if (words.length === 2 && second !== "" && "focus".startsWith(second) && !"help".startsWith(first)) return `${words[0]} ${focus}`;
  return command;
}
