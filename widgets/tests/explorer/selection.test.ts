import { expect, test } from "vitest";
import { combine, type Operation } from "../../src/explorer/selection";

const set = (...values: number[]) => Uint32Array.from(values);

test.each([
  ["replace", [2, 5]],
  ["add", [1, 2, 3, 5]],
  ["remove", [1, 3]],
] as [Operation, number[]][])("%s", (operation, expected) => {
  expect([...combine(set(1, 2, 3), set(2, 5), operation)]).toEqual(expected);
});

test("added samples are in numerical order", () => {
  expect([...combine(set(9, 100), set(10), "add")]).toEqual([9, 10, 100]);
});

test("combining leaves its arguments as they were", () => {
  const [current, hits] = [set(1, 2), set(2)];
  combine(current, hits, "remove");
  expect([[...current], [...hits]]).toEqual([[1, 2], [2]]);
});
