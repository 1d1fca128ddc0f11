import type { Box } from "../api/client";

/** Smallest side of a crop, as a share of the photo: below it there is nothing to recognize. */
export const LEAST = 0.05;

/** What is dragged: the whole frame, or a corner: n/s and w/e say which. */
export type Grip = "move" | "nw" | "ne" | "sw" | "se";
export const CORNERS = ["nw", "ne", "sw", "se"] as const;

/** The box after its grip was moved by a part of the photo's width and height; it stays inside and is never too small. */
export function dragged(box: Box, grip: Grip, dx: number, dy: number): Box {
  if (grip === "move") {
    return { ...box, x: between(box.x + dx, 0, 1 - box.width), y: between(box.y + dy, 0, 1 - box.height) };
  }
  const horizontal = grip.endsWith("w") ? low(box.x, box.width, dx) : high(box.x, box.width, dx);
  const vertical = grip.startsWith("n") ? low(box.y, box.height, dy) : high(box.y, box.height, dy);
  return { x: horizontal.from, width: horizontal.size, y: vertical.from, height: vertical.size };
}

/** Whether two boxes are the same to the eye. */
export function same(one: Box | null, other: Box | null): boolean {
  if (!one || !other) return one === other;
  return (["x", "y", "width", "height"] as const).every((side) => Math.abs(one[side] - other[side]) < 0.01);
}

/** A box of numbers the API takes: inside the photo whatever the rounding. */
export function contained(box: Box): Box {
  const x = between(box.x, 0, 1 - LEAST);
  const y = between(box.y, 0, 1 - LEAST);
  return { x, y, width: between(box.width, LEAST, 1 - x), height: between(box.height, LEAST, 1 - y) };
}

function low(from: number, size: number, by: number): { from: number; size: number } {
  const end = from + size;
  const moved = between(from + by, 0, end - LEAST);
  return { from: moved, size: end - moved };
}

function high(from: number, size: number, by: number): { from: number; size: number } {
  return { from, size: between(from + size + by, from + LEAST, 1) - from };
}

function between(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), Math.max(least, most));
}
