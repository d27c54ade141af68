import { expect, it, test } from "vitest";
import type { Reply } from "../../src/shared/protocol";
import { FrameCache } from "../../src/slider/frames/cache";
import { Lags } from "../../src/slider/frames/latency";
import {
  around,
  difference,
  drawnOutputs,
  extent,
  framesOf,
  keyed,
  onward,
  placed,
  spoken,
  stepOf,
} from "../../src/slider/scene";

test.each([
  [3, 0.05],
  [1, 0.01],
  [6, 0.1],
  [Math.PI, 0.05],
])("the step of a span of %s is %s", (span, step) => {
  expect(stepOf(span)).toBeCloseTo(step, 12);
});

it("places values on the grid and within the span", () => {
  expect(placed(0.3049, 3, 0.05)).toBe(0.3);
  expect(placed(9, 3)).toBe(3);
  expect(Object.is(placed(-0.001, 3, 0.05), 0)).toBe(true);
  expect(placed(0.1234, 3)).toBe(0.1234);
});

it("moves by keys", () => {
  expect(keyed(0, 3, "ArrowRight", false)).toBe(0.05);
  expect(keyed(0, 3, "ArrowLeft", true)).toBe(-0.5);
  expect(keyed(2.9, 3, "PageUp", false)).toBe(3);
  expect(keyed(1, 3, "Home", false)).toBe(-3);
  expect(keyed(1, 3, "a", false)).toBeNull();
});

it("fetches ahead what is near, of the moved factor first, each once", () => {
  const found = around(Float32Array.of(0, 0.5), 3, 1, 64).map((one) => [...one]);
  expect(found).toHaveLength(64);
  expect(found[0]?.[0]).toBe(0);
  expect(found[0]?.[1]).toBeCloseTo(0.55);
  expect(new Set(found.map(String)).size).toBe(64);
  expect(found.flat().every((value) => Math.abs(value) <= 3)).toBe(true);
});

it("looks ahead of the hand as far as the slider goes", () => {
  const ahead = (here: number, way: number, most = 32) =>
    onward(Float32Array.of(1, here), 3, 1, way, most).map(([first, second]) => [
      first,
      Number(second?.toFixed(2)),
    ]);
  expect(ahead(0.5, 1, 3)).toEqual([
    [1, 0.55],
    [1, 0.6],
    [1, 0.65],
  ]);
  expect(ahead(-2.9, -1)).toEqual([
    [1, -2.95],
    [1, -3],
  ]);
  expect(ahead(3, 1)).toEqual([]);
});

function reply(decoded: number[], outputs: number[]): Reply {
  const buffers = [decoded, outputs].map((one) => new DataView(Float32Array.from(one).buffer));
  return { ok: true, buffers };
}

it("takes answers of the right size only", () => {
  const sizes = { decoded: 2, outputs: 1 };
  expect(framesOf(reply([1, 2], [3]), sizes)).toEqual([
    { decoded: Float32Array.of(1, 2), outputs: Float32Array.of(3) },
  ]);
  expect(framesOf(reply([1, 2, 3, 4], [5, 6]), sizes, 2)).toHaveLength(2);
  expect(framesOf(reply([1], [3]), sizes)).toContain("size");
  expect(framesOf({ ok: true, buffers: [] }, sizes)).toContain("size");
  expect(framesOf(reply([1, Number.NaN], [3]), sizes)).toContain("decoded values");
  expect(framesOf(reply([1, 2], [Number.POSITIVE_INFINITY]), sizes)).toContain("outputs");
  expect(framesOf({ ok: false, error: "no", buffers: [] }, sizes)).toBe("no");
});

it("draws of many outputs those that are somewhere large", () => {
  const rows = new Float32Array(200);
  rows[37] = 5;
  rows[100 + 63] = 7;
  const drawn = drawnOutputs(rows, 100);
  expect(drawn).toHaveLength(24);
  expect(drawn).toEqual(expect.arrayContaining([37, 63]));
  expect(drawnOutputs(rows, 10)).toHaveLength(10);
});

it("measures ranges and differences", () => {
  expect(extent([0], [Number.NaN, 4], [-2])).toEqual({ low: -2, high: 4 });
  expect(extent([], [])).toEqual({ low: 0, high: 1 });
  expect([...difference([4, 2, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1], 3)].map(Math.abs)).toEqual([1, 0]);
});

it("says where the sliders are", () => {
  expect(spoken(["a", "b"], [0, -1.5], ["4", "9"], [1, 2], [3, 2])).toBe(
    "b at −1.50; largest output 9, 2.00, before it was 4",
  );
  expect(spoken(["a"], [0], [], [], [])).toBe("all factors at 0");
});

it("keeps frames by rounded amounts, and not more than there is room for", () => {
  const cache = new FrameCache();
  const large = { decoded: new Float32Array(1e6), outputs: new Float32Array(1) };
  for (let i = 0; i < 10; i++) cache.put([i], large);
  expect(cache.size).toBe(3);
  expect(cache.get([9 + 1e-6])).toBe(large);
  expect(cache.get([0])).toBeUndefined();
});

it("knows the lags of a drag", () => {
  const lags = new Lags();
  expect(lags.stats).toEqual({ count: 0, p50: 0, p95: 0, fps: 0 });
  for (let i = 0; i < 21; i++) lags.add(i * 50, i * 50 + 10 + i);
  expect(lags.stats).toMatchObject({ count: 21, p50: 20, p95: 29 });
  expect(lags.stats.fps).toBeCloseTo(20 / 1.02);
});
