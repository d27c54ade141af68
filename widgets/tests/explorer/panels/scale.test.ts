import { expect, test } from "vitest";
import { dragged } from "../../../src/explorer/panels/scale";

test("a dragged range has three digits, and no bound at an end of the scale", () => {
  const scale = { low: 0, high: 10, below: true, above: false };
  expect(dragged(scale, 7.12345, 2.98765)).toEqual([2.99, 7.12]);
  expect(dragged(scale, 0, 5)).toEqual([null, 5]);
  expect(dragged(scale, 10, 5)).toEqual([5, null]);
  expect(dragged(scale, 0, 10)).toEqual([null, null]);
});
