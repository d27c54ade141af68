import { expect, it } from "vitest";
import {
  arrange,
  type Column,
  choose,
  moved,
  parse,
  type Table,
  textAt,
} from "../../src/node_table/scene";

const column = (name: string, digits: number | null, signed = false): Column => ({
  name,
  label: name,
  title: "",
  digits,
  signed,
});

const table: Table = {
  names: ["h1[0]", "h1[1]", "h1[2]", "h1[10]"],
  columns: [
    column("prototype", null),
    column("offset", 2, true),
    column("state", null),
    column("unit_ratio", 1),
  ],
  numbers: [0.5, -2, Number.NEGATIVE_INFINITY, -0.1, 1, 4, 0, 9],
  texts: [
    ["10", "9", "", "10"],
    ["live", "dead", "constant", "live"],
  ],
};
const order = (sort: string, descending = false) => ({ sort, descending });

it("writes numbers with their digits and infinity as such", () => {
  expect(textAt(table, 1, 1)).toBe("−2.00");
  expect(textAt(table, 1, 2)).toBe("−∞");
  expect(textAt(table, 3, 3)).toBe("9.0");
  expect(textAt(table, 2, 1)).toBe("dead");
});

it("writes what a node does not have as a dash, and sorts it last either way", () => {
  const some = { ...table, numbers: [0.5, -2, Number.NaN, -0.1, 1, 4, 0, 9] };
  expect(textAt(some, 1, 2)).toBe("–");
  expect(arrange(some, "", order("offset"))).toEqual([3, 0, 1, 2]);
  expect(arrange(some, "", order("offset", true))).toEqual([1, 0, 3, 2]);
  expect(arrange(some, "offset<5", order("node"))).toEqual([0, 1, 3]);
});

it("sorts offsets by distance, texts by their numbers, what is empty last", () => {
  expect(arrange(table, "", order("offset"))).toEqual([3, 0, 1, 2]);
  expect(arrange(table, "", order("offset", true))).toEqual([2, 1, 0, 3]);
  expect(arrange(table, "", order("prototype"))).toEqual([1, 0, 3, 2]);
  expect(arrange(table, "", order("prototype", true))).toEqual([0, 3, 1, 2]);
  expect(arrange(table, "", order("node", true))).toEqual([3, 2, 1, 0]);
  expect(arrange(table, "", order("unit_ratio", true))).toEqual([3, 1, 0, 2]);
});

it("filters by words and by bounds", () => {
  const found = (text: string) => arrange(table, text, order("node"));
  expect(found("LIVE")).toEqual([0, 3]);
  expect(found("h1[1 live")).toEqual([3]);
  expect(found("unit_ratio>=4")).toEqual([1, 3]);
  expect(found("offset<0 state!=constant")).toEqual([1, 3]);
  expect(found("prototype=9")).toEqual([1]);
  expect(found("nothing<3")).toEqual([]);
  expect(found("unit_ratio<x")).toEqual([]);
  expect(parse(table, "  ")).toEqual({ words: [], bounds: [] });
});

it("chooses one node, or a pair", () => {
  expect(choose([], 3, false)).toEqual([3]);
  expect(choose([3], 1, false)).toEqual([1]);
  expect(choose([3], 1, true)).toEqual([3, 1]);
  expect(choose([3, 1], 2, true)).toEqual([3, 2]);
  expect(choose([3, 1], 3, true)).toEqual([1]);
  expect(choose([], 1, true)).toEqual([1]);
});

it("moves over the rows that are shown and stays among them", () => {
  const rows = [4, 2, 7];
  expect(moved(rows, 4, "ArrowDown")).toBe(2);
  expect(moved(rows, 4, "ArrowUp")).toBe(4);
  expect(moved(rows, 4, "End")).toBe(7);
  expect(moved(rows, 7, "PageUp")).toBe(4);
  expect(moved(rows, 7, "x")).toBeNull();
  expect(moved([], 7, "Home")).toBeNull();
});
