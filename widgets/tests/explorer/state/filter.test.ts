import { expect, test } from "vitest";
import type { Column } from "../../../src/explorer/state/columns";
import { matching, samplesOf } from "../../../src/explorer/state/filter";
import type { Range } from "../../../src/explorer/traits";

// The same table and the same answers as in tests/views/explorer/test_search.py.
const TABLE: Column[] = [
  {
    name: "digit",
    kind: "category",
    codes: Uint8Array.of(0, 1, 2, 255),
    categories: ["1", "10", "9"],
  },
  {
    name: "note",
    kind: "category",
    codes: Uint8Array.of(0, 1, 2, 3),
    categories: ["Odd Nine", "even one", "odd nine", "none"],
  },
  { name: "loss", kind: "number", values: Float32Array.of(0.5, Number.NaN, 2, Infinity) },
];
const found = (search: string, ranges: Record<string, Range> = {}) => {
  const keep = matching(TABLE, 4, search, ranges);
  return keep ? [...samplesOf(keep)] : null;
};

test.each([
  ["", null],
  ["1", [0, 1]],
  ["digit=1", [0]],
  ["DIGIT=9 nine", [2]],
  ["nine odd", [0, 2]],
  ['"odd nine"', [0, 2]],
  ['note="odd nine"', [0, 2]],
  ["note=odd nine", [0, 2]],
  ["9 note=odd nine", [2]],
  ["note=even one 10", [1]],
  ["note=odd", []],
  ["digit=", []],
  ["loss", []],
  ["<b>", []],
  [".*", []],
])("the search %s", (search, expected) => {
  expect(found(search)).toEqual(expected);
});

test.each([
  [0.5, 2, [0, 2]],
  [null, 1, [0]],
  [1, null, [2, 3]],
  [3, 1, []],
])("the range from %s to %s", (low, high, expected) => {
  expect(found("", { loss: [low, high] })).toEqual(expected);
});

test("search and ranges together; ranges of no number are none", () => {
  expect(found("odd", { loss: [1, null] })).toEqual([2]);
  expect(found("", { digit: [0, 1] })).toBeNull();
});
