// Cuts text into pieces of which some can be clicked. Nothing here makes markup: the pieces are drawn as text.

export interface Segment {
  text: string;
  /** A detail of the room: the word to look at. */
  word?: string;
  /** An address on the web. */
  href?: string;
  /** The name of the entity that the line tells of. */
  name?: boolean;
}

const WORD = /[\p{L}\p{N}'’-]+/gu;

/** The words of `text` that are details of the room. Each detail is marked wherever it occurs. */
export function detailSegments(text: string, details: readonly string[]): Segment[] {
  const known = new Set(details.map((word) => word.toLowerCase()));
  if (known.size === 0) return text ? [{ text }] : [];
  const segments: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(WORD)) {
    const word = detailOf(match[0].toLowerCase(), known);
    if (!word) continue;
    if (match.index > from) segments.push({ text: text.slice(from, match.index) });
    segments.push({ text: match[0], word });
    from = match.index + match[0].length;
  }
  if (from < text.length) segments.push({ text: text.slice(from) });
  return segments;
}

/** A description says "boats" or "boat's" of the detail "boat". */
function detailOf(word: string, known: ReadonlySet<string>): string | null {
  for (const form of [word, word.replace(/['’]s$/, ""), word.replace(/s$/, ""), word.replace(/es$/, "")]) {
    if (known.has(form)) return form;
  }
  return null;
}

/** The line with the entity's name marked in it; the whole line when the name is not part of it. */
export function nameSegments(line: string, name: string): Segment[] {
  const bare = name.replace(/^(a|an|the|some)\s+/i, "");
  for (const form of [name, bare]) {
    const at = form ? line.toLowerCase().indexOf(form.toLowerCase()) : -1;
    if (at < 0) continue;
    const segments: Segment[] = [];
    if (at > 0) segments.push({ text: line.slice(0, at) });
    segments.push({ text: line.slice(at, at + form.length), name: true });
    if (at + form.length < line.length) segments.push({ text: line.slice(at + form.length) });
    return segments;
  }
  return [{ text: line, name: true }];
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/gi;

/** The web addresses in a text. Only http and https count, and punctuation that ends the sentence stays outside. */
export function linkSegments(text: string): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const href = match[0].replace(/[.,;:!?)\]}]+$/, "");
    if (!isWebAddress(href)) continue;
    if (match.index > from) segments.push({ text: text.slice(from, match.index) });
    segments.push({ text: href, href });
    from = match.index + href.length;
  }
  if (from < text.length) segments.push({ text: text.slice(from) });
  return segments;
}

function isWebAddress(text: string): boolean {
  try {
    const url = new URL(text);
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "";
  } catch {
    return false;
  }
}

/** Speech cut into who said it how, and what was said: `Anna says 'Hello.'`. Null when the text has another form. */
export function speechParts(text: string): { before: string; said: string } | null {
  const match = /^(.{1,120}?\s)(['"‘“][\s\S]*['"’”])\s*$/.exec(text.trim());
  return match ? { before: match[1] as string, said: match[2] as string } : null;
}
