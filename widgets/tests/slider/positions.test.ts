import { expect, it, test } from "vitest";
import { around, keyed, onward, placed, stepOf } from "../../src/slider/positions";

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

it("lists what is near, of the moved factor first, each once", () => {
  const found = around(Float32Array.of(0, 0.5), 3, 1, 64).map((one) => [...one]);
  expect(found).toHaveLength(64);
  expect(found[0]?.[0]).toBe(0);
  expect(found[0]?.[1]).toBeCloseTo(0.55);
  expect(new Set(found.map(String)).size).toBe(64);
  expect(found.flat().every((value) => Math.abs(value) <= 3)).toBe(true);
});

it("looks ahead as far as the slider goes", () => {
  const ahead = (here: number, direction: number, most = 32) =>
    onward(Float32Array.of(1, here), 3, 1, direction, most).map(([first, second]) => [
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
