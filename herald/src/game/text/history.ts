// The lines that were typed before: walking back and forth, with the unfinished line kept, and searching backwards.

/** Lines kept per character. */
export const HISTORY_LINES_MAX = 200;

export class History {
  /** Where one is; `lines.length` is the unfinished line. */
  private at: number;
  private draft = "";

  constructor(readonly lines: string[] = []) {
    this.at = lines.length;
  }

  /** Adds a line that was sent; the same line twice in a row is kept once. */
  add(line: string): void {
    const text = line.trim();
    if (text !== "" && this.lines[this.lines.length - 1] !== text) this.lines.push(text);
    if (this.lines.length > HISTORY_LINES_MAX) this.lines.splice(0, this.lines.length - HISTORY_LINES_MAX);
    this.at = this.lines.length;
    this.draft = "";
  }

  /** The older line that starts as the unfinished one does, or null when there is none. */
  older(current: string): string | null {
    if (this.at === this.lines.length) this.draft = current;
    for (let i = this.at - 1; i >= 0; i -= 1) {
      const line = this.lines[i] as string;
      if (!line.startsWith(this.draft) || line === current) continue;
      this.at = i;
      return line;
    }
    return null;
  }

  /** The newer line, ending with the unfinished one; null when one is there already. */
  newer(current: string): string | null {
    if (this.at === this.lines.length) return null;
    for (let i = this.at + 1; i < this.lines.length; i += 1) {
      const line = this.lines[i] as string;
      if (!line.startsWith(this.draft) || line === current) continue;
      this.at = i;
      return line;
    }
    this.at = this.lines.length;
    return this.draft;
  }

  /** Forgets where one was, because the line was changed by hand. */
  edited(): void {
    this.at = this.lines.length;
  }

  /** The newest lines that contain `query`, each once, the newest first. */
  search(query: string, most = 8): string[] {
    const wanted = query.trim().toLowerCase();
    const found: string[] = [];
    for (let i = this.lines.length - 1; i >= 0 && found.length < most; i -= 1) {
      const line = this.lines[i] as string;
      if (line.toLowerCase().includes(wanted) && !found.includes(line)) found.push(line);
    }
    return found;
  }
}
