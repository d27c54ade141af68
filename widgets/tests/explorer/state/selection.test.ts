import { expect, test } from "vitest";
import { combine, kept, type Operation, toggle } from "../../../src/explorer/state/selection";

const set = (...values: number[]) => Uint32Array.from(values);

test.each([
  ["replace", [2, 5]],
  ["add", [1, 2, 3, 5]],
  ["remove", [1, 3]],
  ["intersect", [2]],
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

test("combining agrees with sets", () => {
  const draw = () =>
    Uint32Array.from(
      new Set(Array.from({ length: 30 }, (_, i) => ((i * 7919 * Math.random()) % 50) | 0)),
    ).sort();
  for (let round = 0; round < 50; round++) {
    const [a, b] = [draw(), draw()];
    const [inA, inB] = [new Set(a), new Set(b)];
    const expected = {
      replace: [...b],
      add: [...new Set([...a, ...b])].sort((x, y) => x - y),
      remove: [...a].filter((i) => !inB.has(i)),
      intersect: [...b].filter((i) => inA.has(i)),
    };
    for (const operation of Object.keys(expected) as Operation[]) {
      expect([...combine(a, b, operation)]).toEqual(expected[operation]);
    }
  }
});

test("a toggle adds what is missing, and removes what is there whole", () => {
  expect([...toggle(set(1, 2), set(2, 3))]).toEqual([1, 2, 3]);
  expect([...toggle(set(1, 2, 3), set(2, 3))]).toEqual([1]);
});

test("a filter leaves what it marks", () => {
  expect([...kept(set(0, 2), Uint8Array.of(0, 1, 1))]).toEqual([2]);
  expect([...kept(set(0, 2), null)]).toEqual([0, 2]);
});
