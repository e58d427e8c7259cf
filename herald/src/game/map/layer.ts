// The map's picture of a little more than one sees. While one pans, or the map follows a step, the picture is moved instead of
// drawn anew: that is what keeps a map of ten thousand rooms at the speed of the screen.
import type { Atlas } from "./atlas";
import { drawMap, type Palette } from "./draw";
import type { View } from "./view";

/** How much of the window's size is drawn beyond each of its edges. */
const BEYOND = 0.35;

export class Layer {
  private readonly canvas = document.createElement("canvas");
  private drawn: { view: View; version: number; ratio: number; palette: Palette } | null = null;

  /** Puts the map as `view` sees it onto `ctx`, whose unit is a CSS pixel. `version` counts the changes of the atlas. */
  show(ctx: CanvasRenderingContext2D, atlas: Atlas, version: number, view: View, palette: Palette, ratio: number): void {
    if (!this.covers(version, view, palette, ratio)) this.draw(atlas, version, view, palette, ratio);
    const drawn = this.drawn?.view;
    ctx.clearRect(0, 0, view.width, view.height);
    if (!drawn) return;
    // Whole device pixels keep the lines sharp.
    const x = Math.round(((drawn.x - view.x) * view.pitch + (view.width - drawn.width) / 2) * ratio) / ratio;
    const y = Math.round(((view.y - drawn.y) * view.pitch + (view.height - drawn.height) / 2) * ratio) / ratio;
    ctx.drawImage(this.canvas, x, y, drawn.width, drawn.height);
  }

  private covers(version: number, view: View, palette: Palette, ratio: number): boolean {
    const last = this.drawn;
    if (!last || last.version !== version || last.palette !== palette || last.ratio !== ratio) return false;
    if (last.view.pitch !== view.pitch || last.view.z !== view.z) return false;
    const across = Math.abs(last.view.x - view.x) * view.pitch + view.width / 2;
    const along = Math.abs(last.view.y - view.y) * view.pitch + view.height / 2;
    return across <= last.view.width / 2 && along <= last.view.height / 2;
  }

  private draw(atlas: Atlas, version: number, view: View, palette: Palette, ratio: number): void {
    const width = Math.ceil(view.width * (1 + 2 * BEYOND));
    const height = Math.ceil(view.height * (1 + 2 * BEYOND));
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const ctx = this.canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const wide: View = { ...view, width, height };
    drawMap(ctx, atlas, wide, palette);
    this.drawn = { view: wide, version, ratio, palette };
  }
}
