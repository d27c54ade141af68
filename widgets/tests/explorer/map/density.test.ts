import { expect, test } from "vitest";
import { contours } from "../../../src/explorer/map/density";
import { exemplars } from "../../../src/explorer/state/exemplars";
import { within, world } from "../../../src/explorer/world";

/** Draws from a normal distribution, always the same (Box and Muller 1958). */
function normal(n: number, seed = 1): Float32Array {
  let state = seed;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return Float32Array.from(
    { length: 2 * n },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** The corners of a line of one loop, in order. */
function loop(segments: Float32Array) {
  const pieces = Array.from({ length: segments.length / 4 }, (_, k) =>
    segments.slice(4 * k, 4 * k + 4),
  );
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-5;
  let last = pieces.pop() as Float32Array;
  const corners = [{ x: last[2] as number, y: last[3] as number }];
  while (pieces.length > 0) {
    const { x, y } = corners.at(-1) as { x: number; y: number };
    const k = pieces.findIndex(
      ([a = 9, b = 9, c = 9, d = 9]) => (near(a, x) && near(b, y)) || (near(c, x) && near(d, y)),
    );
    if (k < 0) break;
    [last] = pieces.splice(k, 1) as [Float32Array];
    const [a, b, c, d] = last as unknown as [number, number, number, number];
    corners.push(near(a, x) && near(b, y) ? { x: c, y: d } : { x: a, y: b });
  }
  return { corners, left: pieces.length };
}

test("contours of one normal cloud hold half and nine tenths of it", () => {
  const at = world(normal(20_000));
  for (const { share, segments } of contours(at, null)) {
    // At the fringe single samples may have an island of their own; the longest loop is the line.
    const { corners } = loop(segments);
    expect(within(at, corners).length / 20_000).toBeCloseTo(share, 1);
  }
});

test("two clouds far apart have a line each, and few samples have none", () => {
  const points = normal(4_000).map((value, k) => (k % 2 === 0 && k >= 4_000 ? value + 30 : value));
  const [half] = contours(world(points), null);
  expect(loop(half?.segments as Float32Array).left).toBeGreaterThan(0);
  expect(contours(world(normal(19)), null)).toEqual([]);
});

test("exemplars begin in the middle and spread", () => {
  const at = world(new Float32Array([0, 0, 1, 0, -1, 0, 0, 1, 0, -1, 0.1, 0, 40, 40]));
  const shown = exemplars(at, Uint32Array.of(0, 1, 2, 3, 4, 5, 6), 0, 4);
  expect(shown[0]).toBe(0);
  expect(shown).not.toContain(6); // an outlier is no example
  expect(shown).not.toContain(5); // next to the middle it shows nothing new
  expect(new Set(shown).size).toBe(4);
  expect(exemplars(at, new Uint32Array(0), -1, 4)).toEqual([]);
});
