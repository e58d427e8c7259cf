// Draws the map. Only what is visible is looked at, and shapes of one colour are drawn in one path, so that ten thousand
// rooms cost no more than the few hundred that one sees.
import { exitKey, OPPOSITE } from "@/wire/parse";
import type { MapRoom } from "@/wire/types";
import type { Atlas } from "./atlas";
import { toScreen, visible, type View } from "./view";

export interface Palette {
  paper: string;
  ink: string;
  soft: string;
  room: string;
  here: string;
  path: string;
  door: string;
  terrain: Record<string, string>;
  flag: Record<string, string>;
}

export interface Marks {
  /** The room in which one stands. */
  here: string | null;
  /** The room under the pointer or the keyboard's cursor. */
  pointed: string | null;
}

const STEP: Record<"north" | "east" | "south" | "west", [dx: number, dy: number]> = {
  north: [0, -1],
  east: [1, 0],
  south: [0, 1],
  west: [-1, 0],
};
const FLAT = ["north", "east", "south", "west"] as const;

/** Below this distance between rooms only the rooms themselves are drawn. */
const LINKS_FROM_PITCH = 7;
/** From this distance on there is space for doors, arrows, stairs and flags. */
const DETAILS_FROM_PITCH = 12;

/** The flags that get a mark, the most telling first. */
export const FLAGS = ["smob", "trainer", "exp", "shop", "inn", "horse", "herb", "fountain", "action"] as const;

/** Draws rooms and links, and returns how many rooms it showed. Where one stands is drawn over it by `drawMarks`. */
export function drawMap(ctx: CanvasRenderingContext2D, atlas: Atlas, view: View, palette: Palette): number {
  ctx.clearRect(0, 0, view.width, view.height);
  const rooms = [...atlas.within(visible(view), view.z)];
  if (view.pitch >= LINKS_FROM_PITCH) drawLinks(ctx, atlas, view, rooms, palette);
  drawRooms(ctx, view, rooms, palette);
  if (view.pitch >= DETAILS_FROM_PITCH) {
    drawStairs(ctx, view, rooms, palette);
    drawFlags(ctx, view, rooms, palette);
  }
  return rooms.length;
}

/** Draws what moves without the map: where one stands, and what is pointed at. */
export function drawMarks(ctx: CanvasRenderingContext2D, atlas: Atlas, view: View, marks: Marks, palette: Palette): void {
  const here = marks.here ? atlas.get(marks.here) : undefined;
  if (here?.z === view.z) drawHere(ctx, view, here, palette);
  const pointed = marks.pointed && marks.pointed !== marks.here ? atlas.get(marks.pointed) : undefined;
  if (pointed?.z === view.z) ring(ctx, view, pointed, palette.ink, 1.5);
}

function side(view: View): number {
  return view.pitch < LINKS_FROM_PITCH ? view.pitch * 0.8 : view.pitch * 0.6;
}

function drawRooms(ctx: CanvasRenderingContext2D, view: View, rooms: MapRoom[], palette: Palette): void {
  const half = side(view) / 2;
  const round = view.pitch >= DETAILS_FROM_PITCH ? Math.min(4, half * 0.35) : 0;
  const byColour = new Map<string, MapRoom[]>();
  for (const room of rooms) {
    const colour = room.color || palette.terrain[room.type] || palette.room;
    const group = byColour.get(colour);
    if (group) group.push(room);
    else byColour.set(colour, [room]);
  }
  for (const [colour, group] of byColour) {
    // A colour that the browser does not know leaves the one before it: the plain room's.
    ctx.fillStyle = palette.room;
    ctx.fillStyle = colour;
    ctx.beginPath();
    for (const room of group) {
      const { sx, sy } = toScreen(view, room.x, room.y);
      if (round > 0) ctx.roundRect(sx - half, sy - half, half * 2, half * 2, round);
      else ctx.rect(sx - half, sy - half, half * 2, half * 2);
    }
    ctx.fill();
  }
}

function drawLinks(ctx: CanvasRenderingContext2D, atlas: Atlas, view: View, rooms: MapRoom[], palette: Palette): void {
  const half = side(view) / 2;
  const gap = view.pitch - half * 2;
  const details = view.pitch >= DETAILS_FROM_PITCH;
  const open = new Path2D();
  const bars = new Path2D();
  const arrows = new Path2D();
  // The screen is computed in place: two objects per link would be ten thousand per picture.
  const left = view.width / 2 - view.x * view.pitch;
  const top = view.height / 2 + view.y * view.pitch;
  for (const room of rooms) {
    const sx = left + room.x * view.pitch;
    const sy = top - room.y * view.pitch;
    for (const direction of FLAT) {
      const to = exitKey(room[direction]);
      if (!to) continue;
      const [dx, dy] = STEP[direction];
      const fromX = sx + dx * half;
      const fromY = sy + dy * half;
      const other = atlas.get(to);
      const back = other ? exitKey(other[OPPOSITE[direction]]) === room.key : false;
      const door = room[`${direction}_door_state`];
      const shut = door === "closed" || door === "locked";
      if (shut && details) bar(bars, fromX + (dx * gap) / 2, fromY + (dy * gap) / 2, dx, dy, half * (door === "locked" ? 0.85 : 0.6));
      if (!other || other.z !== room.z) {
        if (!shut) segment(open, fromX, fromY, fromX + dx * gap * 0.55, fromY + dy * gap * 0.55);
        continue;
      }
      // A link that can be walked both ways is drawn once, by the room that comes first.
      if (back && room.key > other.key && !shut) continue;
      const atX = left + other.x * view.pitch - dx * half;
      const atY = top - other.y * view.pitch - dy * half;
      if (shut) {
        segment(open, fromX, fromY, fromX + dx * gap * 0.3, fromY + dy * gap * 0.3);
        continue;
      }
      segment(open, fromX, fromY, atX, atY);
      if (!back && details) arrow(arrows, fromX, fromY, atX, atY, Math.max(3, gap * 0.42));
      if (door === "open" && details) bar(bars, fromX + dx * 1.5, fromY + dy * 1.5, dx, dy, half * 0.3);
    }
  }
  ctx.lineWidth = Math.max(1, view.pitch / 14);
  ctx.strokeStyle = palette.path;
  ctx.stroke(open);
  ctx.fillStyle = palette.soft;
  ctx.fill(arrows);
  ctx.lineWidth = Math.max(2, view.pitch / 11);
  ctx.strokeStyle = palette.door;
  ctx.stroke(bars);
}

function segment(path: Path2D, x0: number, y0: number, x1: number, y1: number): void {
  path.moveTo(x0, y0);
  path.lineTo(x1, y1);
}

/** A short line across a link: a door. */
function bar(path: Path2D, x: number, y: number, dx: number, dy: number, half: number): void {
  path.moveTo(x - dy * half, y - dx * half);
  path.lineTo(x + dy * half, y + dx * half);
}

/** A head at the end of a link that leads one way only. */
function arrow(path: Path2D, fromX: number, fromY: number, toX: number, toY: number, size: number): void {
  const angle = Math.atan2(toY - fromY, toX - fromX);
  path.moveTo(toX, toY);
  path.lineTo(toX - size * Math.cos(angle - 0.55), toY - size * Math.sin(angle - 0.55));
  path.lineTo(toX - size * Math.cos(angle + 0.55), toY - size * Math.sin(angle + 0.55));
  path.closePath();
}

function drawStairs(ctx: CanvasRenderingContext2D, view: View, rooms: MapRoom[], palette: Palette): void {
  const size = side(view) * 0.2;
  const path = new Path2D();
  for (const room of rooms) {
    const { sx, sy } = toScreen(view, room.x, room.y);
    const off = side(view) * 0.22;
    if (exitKey(room.up)) triangle(path, sx + off, sy - off * 0.6, size, -1);
    if (exitKey(room.down)) triangle(path, sx + off, sy + off * 0.9, size, 1);
  }
  ctx.fillStyle = palette.paper;
  ctx.fill(path);
}

function triangle(path: Path2D, x: number, y: number, size: number, way: 1 | -1): void {
  path.moveTo(x, y + way * size);
  path.lineTo(x - size, y - way * size * 0.6);
  path.lineTo(x + size, y - way * size * 0.6);
  path.closePath();
}

function drawFlags(ctx: CanvasRenderingContext2D, view: View, rooms: MapRoom[], palette: Palette): void {
  const half = side(view) / 2;
  const radius = Math.max(2, half * 0.3);
  for (const room of rooms) {
    const flag = FLAGS.find((known) => room.flags?.includes(known));
    if (!flag) continue;
    const { sx, sy } = toScreen(view, room.x, room.y);
    ctx.beginPath();
    ctx.arc(sx - half + radius * 0.6, sy - half + radius * 0.6, radius, 0, Math.PI * 2);
    ctx.fillStyle = palette.flag[flag] ?? palette.ink;
    ctx.fill();
    ctx.lineWidth = 1;
    ctx.strokeStyle = palette.paper;
    ctx.stroke();
  }
}

function drawHere(ctx: CanvasRenderingContext2D, view: View, room: MapRoom, palette: Palette): void {
  ring(ctx, view, room, palette.here, Math.max(2, view.pitch / 10));
  const { sx, sy } = toScreen(view, room.x, room.y);
  ctx.beginPath();
  ctx.arc(sx, sy, Math.max(1.5, side(view) * 0.18), 0, Math.PI * 2);
  ctx.fillStyle = palette.here;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = palette.paper;
  ctx.stroke();
}

function ring(ctx: CanvasRenderingContext2D, view: View, room: MapRoom, colour: string, width: number): void {
  const { sx, sy } = toScreen(view, room.x, room.y);
  const half = side(view) / 2 + width;
  ctx.beginPath();
  ctx.roundRect(sx - half, sy - half, half * 2, half * 2, Math.min(5, half * 0.4));
  ctx.lineWidth = width;
  ctx.strokeStyle = colour;
  ctx.stroke();
}
