// The commands that Herald knows of by itself. The server's own list replaces it as soon as it is told.
import type { CommandHelp } from "@/wire/types";

/** What the words after a command mean, so that Tab can offer them. */
export type Takes = "nothing" | "seen" | "carried" | "worn" | "ground" | "people" | "players" | "exits" | "commands" | "text";

const BUILT_IN: [group: string, name: string, format: string, description: string][] = [
  ["Movement", "north", "north", "Walk north."],
  ["Movement", "east", "east", "Walk east."],
  ["Movement", "south", "south", "Walk south."],
  ["Movement", "west", "west", "Walk west."],
  ["Movement", "up", "up", "Go up."],
  ["Movement", "down", "down", "Go down."],
  ["Looking", "look", "look [thing]", "See where you are, or look closer at something."],
  ["Looking", "exits", "exits", "See which ways lead out."],
  ["Things", "inventory", "inventory", "See what you carry."],
  ["Things", "equipment", "equipment", "See what you wear and wield."],
  ["Things", "get", "get <thing> [container]", "Pick something up, or take it out of something."],
  ["Things", "drop", "drop <thing>", "Put something on the ground."],
  ["Things", "put", "put <thing> <container>", "Put something into something else."],
  ["Things", "give", "give <thing> <person>", "Hand something over."],
  ["Things", "wear", "wear <thing>", "Put something on."],
  ["Things", "wield", "wield <weapon>", "Take a weapon in hand."],
  ["Things", "remove", "remove <thing>", "Take something off."],
  ["Things", "eat", "eat <food>", "Eat something."],
  ["Things", "open", "open <direction>", "Open a door."],
  ["Things", "close", "close <direction>", "Close a door."],
  ["Things", "lock", "lock <direction>", "Lock a door, with its key."],
  ["Things", "unlock", "unlock <direction>", "Unlock a door, with its key."],
  ["People", "say", "say <words>", "Say something to everyone here."],
  ["People", "yell", "yell <words>", "Shout across the zone."],
  ["People", "emote", "emote <what you do>", "Show what you do or feel."],
  ["People", "tell", "tell <player> <words>", "Speak to one player, wherever they are."],
  ["People", "reply", "reply <words>", "Answer who told you something last."],
  ["People", "chat", "chat <words>", "Speak to everyone in the world."],
  ["People", "who", "who", "See who is in the world."],
  ["People", "whois", "whois <player>", "Learn about a player."],
  ["People", "socials", "socials", "See the gestures that this world knows."],
  ["Yourself", "stats", "stats", "See your figures."],
  ["Yourself", "rest", "rest", "Sit down and regain strength."],
  ["Yourself", "stand", "stand", "Get up."],
  ["Yourself", "roll", "roll [dice]", "Roll dice, such as 2d6."],
  ["Yourself", "alias", "alias [word] [command]", "Give a command a word of your own."],
  ["Yourself", "help", "help [command]", "Learn about the commands."],
  ["Yourself", "quit", "quit", "Leave the world."],
];

export const BUILT_IN_COMMANDS: readonly CommandHelp[] = BUILT_IN.map(([group, name, format, description]) => ({
  group,
  name,
  format,
  description,
}));

const TAKES: Record<string, Takes[]> = {
  look: ["seen"],
  get: ["ground", "ground"],
  drop: ["carried"],
  put: ["carried", "seen"],
  give: ["carried", "people"],
  wear: ["carried"],
  wield: ["carried"],
  remove: ["worn"],
  eat: ["carried"],
  use: ["carried"],
  buy: ["text"],
  sell: ["carried"],
  open: ["exits"],
  close: ["exits"],
  lock: ["exits"],
  unlock: ["exits"],
  tell: ["players", "text"],
  whois: ["players"],
  kill: ["people"],
  follow: ["people"],
  list: ["people"],
  offer: ["people"],
  enquire: ["people"],
  help: ["commands"],
  say: ["text"],
  yell: ["text"],
  emote: ["text"],
  chat: ["text"],
  reply: ["text"],
};

/** What the argument number `index` (from 0) of a command is taken from. Unknown commands may mean anyone and anything here. */
export function takes(command: string, index: number): Takes {
  const list = TAKES[command];
  if (!list) return index === 0 ? "seen" : "nothing";
  return list[index] ?? (list[list.length - 1] === "text" ? "text" : "nothing");
}

/** The commands in their groups, in the order in which they were given. */
export function grouped(commands: readonly CommandHelp[]): { group: string; commands: CommandHelp[] }[] {
  const groups: { group: string; commands: CommandHelp[] }[] = [];
  for (const command of commands) {
    const name = command.group || "Commands";
    let group = groups.find((known) => known.group === name);
    if (!group) groups.push((group = { group: name, commands: [] }));
    group.commands.push(command);
  }
  return groups;
}
