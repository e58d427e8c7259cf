// The first five commands, taught one after the other, each until it has been used once.
import { directionOf } from "../text/command";

export interface Hint {
  id: string;
  text: string;
  /** The same for a hand without a keyboard. */
  touch: string;
  /** What a click on the hint does: send it, or begin a line. */
  command: string;
  fill: boolean;
}

export const HINTS: readonly Hint[] = [
  { id: "look", text: "Type look to see where you are; look and a word to see it closer.", touch: "Touch look to see where you are, and underlined words to see them closer.", command: "look", fill: false },
  { id: "move", text: "Walk by typing a direction, with the arrow keys, or by clicking an exit or the map.", touch: "Walk with the pad, by touching an exit, or on the map.", command: "", fill: false },
  { id: "get", text: "Type get and a thing to pick it up. Point at any name to see what else can be done.", touch: "Touch any name to see what can be done with it, such as get.", command: "get ", fill: true },
  { id: "say", text: "Type say and your words to speak to those around you.", touch: "Under Type, write say and your words to speak to those around you.", command: "say ", fill: true },
  { id: "help", text: "Type help to see every command. Ctrl-K finds whatever you are looking for.", touch: "Under More, Help lists every command, and Find finds them.", command: "help", fill: false },
];

/** The hint that a sent command makes needless, or null. */
export function taughtBy(command: string): string | null {
  const words = command.trim().toLowerCase().split(/\s+/);
  const word = words[0] ?? "";
  if (word === "") return null;
  if (word === "l" || (word.length > 1 && "look".startsWith(word))) return "look";
  if (words.length === 1 && directionOf(word)) return "move";
  if (word === "get") return "get";
  if (word === "say") return "say";
  return word.length > 1 && "help".startsWith(word) ? "help" : null;
}

/** The next hint to show, or null when all are learnt. */
export function nextHint(learnt: readonly string[]): Hint | null {
  return HINTS.find((hint) => !learnt.includes(hint.id)) ?? null;
}
