import { expect, it } from "vitest";
import { chartOf, digitsOf, middle, place, sizesOf, stepped } from "../../src/workbench/scene";

const bar = (value: number | null, low: number | null = null, high: number | null = null) => ({
  label: "all",
  value,
  low,
  high,
  note: "",
});

it("puts all bars and bands on one axis with zero on it", () => {
  const [lost, noise, unknown] = place([bar(-3, -1, 1), bar(0.5, -1, 1), bar(null)], 1);
  expect(lost).toMatchObject({ zero: 0.75, from: 0, to: 0.75, band: [0.5, 1], below: true });
  expect(lost).toMatchObject({ beyond: true, text: "−3.0" });
  expect(noise).toMatchObject({ from: 0.75, to: 0.875, beyond: false, text: "+0.5" });
  expect(unknown).toMatchObject({ text: "–", band: null, beyond: false });
  // What Python knows of chance comes before the band.
  expect(place([{ ...bar(-3, -1, 1), beyond: false }], 1)[0]).toMatchObject({ beyond: false });
  expect(place([bar(0)], 1)[0]).toMatchObject({ zero: 0, from: 0, to: 0, text: "0.0" });
});

it("keeps three figures of the largest", () => {
  expect(digitsOf([bar(-12.3), bar(0.5)])).toBe(1);
  expect(digitsOf([bar(0.0123)])).toBe(4);
  expect(digitsOf([bar(1234)])).toBe(0);
  expect(digitsOf([bar(null)])).toBe(1);
});

it("finds the chart of a factor at the nearest number of nodes", () => {
  const charts = [
    { factor: 0, size: 5, bars: [] },
    { factor: 2, size: 5, bars: [] },
    { factor: 2, size: 20, bars: [bar(1)] },
  ];
  expect(sizesOf({ charts }, 2)).toEqual([5, 20]);
  expect(chartOf({ charts }, 2, 50)?.size).toBe(20);
  expect(chartOf({ charts }, 2, 8)?.size).toBe(5);
  expect(chartOf({ charts }, 1, 8)).toBeNull();
  expect(chartOf({}, 0, 8)).toBeNull();
});

it("finds patches by row and column", () => {
  expect(middle(8, [4, 7, 7])).toEqual({ x: 1.5 / 7, y: 1.5 / 7 });
});

it("steps through factors and around the ends", () => {
  expect(stepped([4, 1, 7], 4, 1)).toBe(1);
  expect(stepped([4, 1, 7], 4, -1)).toBe(7);
  expect(stepped([4, 1, 7], 7, 1)).toBe(4);
  expect(stepped([4, 1, 7], 5, 1)).toBe(4); // none of them is chosen
  expect(stepped([], 4, 1)).toBeNull();
});
