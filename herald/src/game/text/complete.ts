// Completion: what the word at the cursor may become, given the commands that exist and who and what is around.
import { DIRECTIONS, exitsOf } from "@/wire/parse";
import type { Actor, CommandHelp, Item, Room, WhoEntry } from "@/wire/types";
import { takes, type Takes } from "./commands";
import { charTarget, targetOf } from "./target";

export interface Candidate {
  /** What is put into the line. */
  text: string;
  /** What it stands for, when the text alone does not say. */
  note?: string;
}

export interface Surroundings {
  commands: readonly CommandHelp[];
  room: Room | null;
  actor: Actor | null;
  who: readonly WhoEntry[];
  socials: readonly string[];
}

export interface Completion {
  /** Where the word starts that would be replaced, counted from the start of the line. */
  from: number;
  candidates: Candidate[];
}

/** Candidates offered at once. */
export const CANDIDATES_MAX = 12;

/** What may stand at the end of `line`, which is the text before the cursor. */
export function complete(line: string, around: Surroundings): Completion {
  const start = line.lastIndexOf(";") + 1;
  const piece = line.slice(start);
  const lead = piece.length - piece.trimStart().length;
  const words = piece.trimStart().split(/\s+/);
  const word = words[words.length - 1] ?? "";
  const from = line.length - word.length;
  if (words.length <= 1) return { from: start + lead, candidates: fitting(commandCandidates(around), word) };
  const command = commandOf(words[0] as string, around.commands);
  // `say hello an<Tab>` completes names too: in speech one names people.
  const kind = takes(command, words.length - 2);
  return { from, candidates: fitting(argumentCandidates(kind, around), word) };
}

/** The command that a first word means: whole, or the first that starts so. */
export function commandOf(word: string, commands: readonly CommandHelp[]): string {
  const lower = word.toLowerCase();
  const exact = commands.find((command) => command.name === lower);
  return (exact ?? commands.find((command) => command.name.startsWith(lower)))?.name ?? lower;
}

function commandCandidates({ commands, actor, room, socials }: Surroundings): Candidate[] {
  return [
    ...commands.map((command) => ({ text: command.name, note: command.description })),
    ...(room?.actions ?? []).map((action) => ({ text: action, note: "here" })),
    ...Object.values(actor?.aliases ?? {}).map((alias) => ({ text: alias.match, note: alias.replacement })),
    ...socials.map((social) => ({ text: social, note: "social" })),
  ];
}

function argumentCandidates(kind: Takes, around: Surroundings): Candidate[] {
  const { room, actor, commands, who } = around;
  const ground = (room?.inventory ?? []).map((item) => named(item, room?.inventory ?? []));
  const carried = (actor?.inventory ?? []).map((item) => named(item, actor?.inventory ?? []));
  const wornItems = Object.values(actor?.equipment ?? {}).filter((item): item is Item => item !== null);
  const worn = wornItems.map((item) => named(item, wornItems));
  const people = (room?.chars ?? [])
    .filter((char) => char.key !== actor?.key)
    .map((char) => ({ text: charTarget(char, room), note: char.name }));
  const players = who.filter((entry) => entry.key !== actor?.key).map((entry) => ({ text: entry.name, note: entry.title ?? undefined }));
  switch (kind) {
    case "ground":
      return [...ground, { text: "all" }, ...carried];
    case "carried":
      return [...carried, { text: "all" }];
    case "worn":
      return worn;
    case "people":
      return people;
    case "players":
    case "text":
      return players;
    case "exits":
      return exitsOf(room ?? EMPTY).filter((exit) => exit.door).map((exit) => ({ text: exit.direction, note: exit.door ?? undefined }));
    case "commands":
      return commands.map((command) => ({ text: command.name, note: command.description }));
    case "seen":
      return [
        ...people,
        ...ground,
        ...(room?.details ?? []).map((detail) => ({ text: detail.toLowerCase(), note: "detail" })),
        ...carried,
        ...worn,
        ...DIRECTIONS.map((direction) => ({ text: direction })),
      ];
    case "nothing":
      return [];
  }
}

const EMPTY = { key: "", x: 0, y: 0, z: 0, type: "" };

function named(item: Item, list: readonly Item[]): Candidate {
  return { text: targetOf(item, list), note: item.name };
}

/** Those that start with the word, then those whose name has a word that does; each text once. */
function fitting(candidates: Candidate[], word: string): Candidate[] {
  const wanted = word.toLowerCase();
  const first = candidates.filter(({ text }) => {
    const lower = text.toLowerCase();
    return lower.startsWith(wanted) || lower.replace(/^\d+\./, "").startsWith(wanted);
  });
  const second = candidates.filter((candidate) => wanted.length > 0 && inNote(candidate, wanted));
  const seen = new Set<string>();
  const found: Candidate[] = [];
  for (const candidate of [...first, ...second]) {
    if (seen.has(candidate.text) || found.length >= CANDIDATES_MAX) continue;
    seen.add(candidate.text);
    found.push(candidate);
  }
  return found;
}

function inNote(candidate: Candidate, wanted: string): boolean {
  if (candidate.note === undefined || candidate.note.includes(".")) return false;
  return candidate.note.toLowerCase().split(/\s+/).some((part) => part.startsWith(wanted));
}
