// Where the map looks: the arithmetic between rooms and pixels.
import type { Box } from "./atlas";

/** The distance between neighbouring rooms in CSS pixels, at the ends of the zoom. */
export const PITCH_MIN = 4;
export const PITCH_MAX = 64;

export interface View {
  /** The room coordinates in the middle; fractions while it moves. */
  x: number;
  y: number;
  z: number;
  /** CSS pixels from room to room. */
  pitch: number;
  width: number;
  height: number;
}

export function toScreen(view: View, x: number, y: number): { sx: number; sy: number } {
  return { sx: view.width / 2 + (x - view.x) * view.pitch, sy: view.height / 2 - (y - view.y) * view.pitch };
}

export function toWorld(view: View, sx: number, sy: number): { x: number; y: number } {
  return { x: view.x + (sx - view.width / 2) / view.pitch, y: view.y - (sy - view.height / 2) / view.pitch };
}

/** The rooms that can be seen, with one more around for the links that reach in. */
export function visible(view: View): Box {
  const across = view.width / 2 / view.pitch + 1;
  const along = view.height / 2 / view.pitch + 1;
  return {
    x0: Math.floor(view.x - across),
    x1: Math.ceil(view.x + across),
    y0: Math.floor(view.y - along),
    y1: Math.ceil(view.y + along),
  };
}

/** Zooms by a factor and keeps what is under the pointer there. */
export function zoomAt(view: View, factor: number, sx: number, sy: number): View {
  const before = toWorld(view, sx, sy);
  const pitch = Math.min(PITCH_MAX, Math.max(PITCH_MIN, view.pitch * factor));
  const zoomed = { ...view, pitch };
  const after = toWorld(zoomed, sx, sy);
  return { ...zoomed, x: view.x + before.x - after.x, y: view.y + before.y - after.y };
}

/** The view in which a whole floor can be seen, as far as the zoom goes. */
export function fit(view: View, box: Box): View {
  const pitch = Math.min(view.width / (box.x1 - box.x0 + 2), view.height / (box.y1 - box.y0 + 2));
  return {
    ...view,
    x: (box.x0 + box.x1) / 2,
    y: (box.y0 + box.y1) / 2,
    pitch: Math.min(PITCH_MAX / 2, Math.max(PITCH_MIN, pitch)),
  };
}
