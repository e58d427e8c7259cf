// Where the entries of a long list lie, when only some of them have been measured: the arithmetic of the story's scroll.

/** Drawn beyond each edge of the window, in pixels. */
export const OVERSCAN_PX = 500;

export class Offsets {
  private readonly heights = new Map<number, number>();
  private starts = new Float64Array(1);
  private ids: readonly number[] = [];

  constructor(private readonly guess: (id: number) => number) {}

  get total(): number {
    return this.starts[this.ids.length] ?? 0;
  }

  /** Takes the ids of the list in their order, and forgets what is no longer in it. */
  lay(ids: readonly number[]): void {
    this.ids = ids;
    if (this.heights.size > ids.length * 2 + 100) {
      const present = new Set(ids);
      for (const id of this.heights.keys()) if (!present.has(id)) this.heights.delete(id);
    }
    if (this.starts.length < ids.length + 1) this.starts = new Float64Array(ids.length * 2 + 1);
    let y = 0;
    for (let i = 0; i < ids.length; i += 1) {
      this.starts[i] = y;
      const id = ids[i] as number;
      y += this.heights.get(id) ?? this.guess(id);
    }
    this.starts[ids.length] = y;
  }

  /** Notes a measured height. True when it differs from what was assumed; `lay` then brings the rest up to date. */
  measure(id: number, height: number): boolean {
    if (this.heights.get(id) === height) return false;
    this.heights.set(id, height);
    return true;
  }

  /** All measurements are void, because the width has changed. */
  forgetMeasures(): void {
    this.heights.clear();
  }

  top(index: number): number {
    return this.starts[Math.max(0, Math.min(index, this.ids.length))] ?? 0;
  }

  /** The entry that covers the height `y`. */
  indexAt(y: number): number {
    let low = 0;
    let high = Math.max(0, this.ids.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The entries to draw for a window, as a half-open range. */
  range(scrollTop: number, windowHeight: number): { first: number; end: number } {
    if (this.ids.length === 0) return { first: 0, end: 0 };
    const first = this.indexAt(Math.max(0, scrollTop - OVERSCAN_PX));
    const last = this.indexAt(scrollTop + windowHeight + OVERSCAN_PX);
    return { first, end: last + 1 };
  }
}
