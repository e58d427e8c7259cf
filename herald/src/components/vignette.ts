/** Five rooms for the landing page: the idea of a text world, before there is any connection. */

export interface Nook {
  name: string;
  text: string;
  exits: Partial<Record<Way, string>>;
  /** Answers to a look at the things that the text makes one curious about. */
  things: Record<string, string>;
}

export type Way = "north" | "east" | "south" | "west";

export const FIRST_NOOK = "page";

export const NOOKS: Record<string, Nook> = {
  page: {
    name: "The First Page",
    text: "You stand on a wide white floor with one line of ink across it. Northward the ink becomes a path. Something small glints in the east.",
    exits: { north: "orchard", east: "margin" },
    things: { ink: "Still wet. It has just written that you are looking at it.", path: "A path in the way a signature is a name." },
  },
  margin: {
    name: "The Margin",
    text: "Here somebody kept notes in pencil, and left the pencil. The floor ends in a ragged edge, with wind in it.",
    exits: { west: "page" },
    things: { pencil: "A stub, well bitten. It casts the shadow of a lighthouse.", notes: "“Remember: the doors are verbs.”", edge: "Beyond it, the other pages, waiting." },
  },
  orchard: {
    name: "An Orchard, Roughly Sketched",
    text: "The trees are a few quick strokes each. A girl on a ladder sorts apples into those that are finished and those that are not. A gate stands to the north.",
    exits: { north: "gate", south: "page" },
    things: { apples: "The unfinished ones are just as sweet, but have no other side.", girl: "“You can have one,” says the girl, “if you can say which.”", ladder: "It leans on nothing, with confidence.", trees: "Each leaf is a comma." },
  },
  gate: {
    name: "The Gate",
    text: "An iron gate, and behind it the hum of voices: people who are here now, in rooms that go on when you have left. This is as far as a sketch goes.",
    exits: { south: "orchard" },
    things: { gate: "Not locked. It wants a name, nothing more: yours, or one that you make up.", voices: "Someone laughs. Someone says: “Wait, who is that at the gate?”" },
  },
};

const WAYS: Record<string, Way> = { n: "north", e: "east", s: "south", w: "west" };

export interface Answer {
  /** Where one is afterwards. */
  at: string;
  text: string;
  moved: boolean;
}

/** What the little world answers to a typed line. */
export function answer(at: string, line: string): Answer {
  const nook = NOOKS[at]!;
  const words = line.trim().toLowerCase().split(/\s+/);
  const verb = words[0] ?? "";
  if (verb === "") return { at, text: "", moved: false };
  const way = WAYS[verb[0]!];
  if (way && way.startsWith(verb)) {
    const next = nook.exits[way];
    if (next) return { at: next, text: NOOKS[next]!.text, moved: true };
    return { at, text: `Nobody has drawn anything to the ${way}.`, moved: false };
  }
  const thing = "look".startsWith(verb) || "examine".startsWith(verb) ? words[words.length - 1]! : verb;
  if (words.length === 1 && thing === verb && "look".startsWith(verb)) return { at, text: nook.text, moved: false };
  const seen = Object.hasOwn(nook.things, thing) ? nook.things[thing] : undefined;
  return { at, text: seen ?? "The page considers that, and stays as it is. Try an exit, or look at something.", moved: false };
}
