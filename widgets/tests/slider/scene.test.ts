import { expect, it } from "vitest";
import type { Reply } from "../../src/shared/protocol";
import { difference, drawnOutputs, extent, framesOf, spoken } from "../../src/slider/scene";

function reply(decoded: number[], outputs: number[]): Reply {
  const buffers = [decoded, outputs].map((one) => new DataView(Float32Array.from(one).buffer));
  return { ok: true, buffers };
}

it("refuses answers of another size", () => {
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

it("draws only the outputs that are large somewhere, if there are many", () => {
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
