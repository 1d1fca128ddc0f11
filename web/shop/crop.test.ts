import { expect, test } from "vitest";
import { contained, CORNERS, dragged, type Grip, LEAST, same } from "./crop";

const box = { x: 0.2, y: 0.3, width: 0.4, height: 0.5 };
const GRIPS: Grip[] = ["move", ...CORNERS];

/** Numbers between -1.5 and 1.5 that are the same in every run. */
function* steps(count: number): Generator<number> {
  let seed = 7;
  for (let made = 0; made < count; made += 1) {
    seed = (seed * 16_807) % 2_147_483_647;
    yield (seed / 2_147_483_647) * 3 - 1.5;
  }
}

test("moving keeps the size and stops at the edges", () => {
  const near = dragged(box, "move", 0.1, -0.1);
  expect(near.x).toBeCloseTo(0.3);
  expect(near.y).toBeCloseTo(0.2);
  expect([near.width, near.height]).toEqual([0.4, 0.5]);
  const far = dragged(box, "move", 5, 5);
  expect(far.x + far.width).toBeCloseTo(1);
  expect(far.y + far.height).toBeCloseTo(1);
  expect([far.width, far.height]).toEqual([0.4, 0.5]);
});

test("a corner moves its two sides and leaves the other two", () => {
  const wider = dragged(box, "se", 0.1, 0.05);
  expect([wider.x, wider.y]).toEqual([0.2, 0.3]);
  expect(wider.width).toBeCloseTo(0.5);
  expect(wider.height).toBeCloseTo(0.55);
  const shifted = dragged(box, "nw", 0.1, 0.05);
  expect(shifted.x + shifted.width).toBeCloseTo(0.6);
  expect(shifted.y + shifted.height).toBeCloseTo(0.8);
  expect(shifted.width).toBeCloseTo(0.3);
});

test("a corner drawn across the other stops short of it", () => {
  const flat = dragged(box, "nw", 3, 3);
  expect(flat.width).toBeCloseTo(LEAST);
  expect(flat.height).toBeCloseTo(LEAST);
});

test("however it is dragged, the frame stays inside and large enough", () => {
  for (const grip of GRIPS) {
    let held = box;
    const [across, down] = [[...steps(200)], [...steps(400)].slice(200)];
    across.forEach((dx, turn) => {
      held = dragged(held, grip, dx, down[turn] ?? 0);
      expect(held.x).toBeGreaterThanOrEqual(0);
      expect(held.y).toBeGreaterThanOrEqual(0);
      expect(held.x + held.width).toBeLessThanOrEqual(1 + 1e-9);
      expect(held.y + held.height).toBeLessThanOrEqual(1 + 1e-9);
      expect(held.width).toBeGreaterThanOrEqual(LEAST - 1e-9);
      expect(held.height).toBeGreaterThanOrEqual(LEAST - 1e-9);
    });
  }
});

test("what the API is sent lies inside the photo whatever was measured", () => {
  expect(contained({ x: -0.01, y: 0.99, width: 1.2, height: 0.2 })).toEqual({
    x: 0,
    y: 1 - LEAST,
    width: 1,
    height: expect.closeTo(LEAST) as number,
  });
});

test("boxes that no eye tells apart are the same", () => {
  expect(same(box, { ...box, x: 0.205 })).toBe(true);
  expect(same(box, { ...box, x: 0.22 })).toBe(false);
  expect(same(null, null)).toBe(true);
  expect(same(box, null)).toBe(false);
});
