import { expect, test } from "vitest";
import {
  type Column,
  colouring,
  columns,
  legend,
  memberships,
  textOf,
} from "../../../src/explorer/state/columns";

const kinds: Column = {
  name: "kind",
  kind: "category",
  codes: Uint16Array.of(0, 1, 0, 65535),
  categories: ["a", "b"],
};
const depth: Column = {
  name: "depth",
  kind: "number",
  values: Float32Array.of(0, 0.5, 1, Number.NaN),
};

test("columns are read at their offsets inside a larger buffer", () => {
  const buffer = new ArrayBuffer(1 + 4 + 8);
  const view = new DataView(buffer, 1);
  view.setUint16(0, 1, true);
  view.setUint16(2, 0, true);
  view.setFloat32(4, 2.5, true);
  view.setFloat32(8, Number.NaN, true);
  const table = columns(
    [
      { name: "k", kind: "category", offset: 0, categories: ["x", "y"], width: 2 },
      { name: "v", kind: "number", offset: 4, unit: "h" },
    ],
    new Uint8Array(buffer, 1),
    2,
  );
  expect(table.map((column) => [textOf(column, 0), textOf(column, 1)])).toEqual([
    ["y", "x"],
    ["2.5 h", "missing"],
  ]);
});

test("few categories take one byte, and numbers may still be on their way", () => {
  const table = columns(
    [
      { name: "k", kind: "category", offset: 0, categories: ["x", "y"], width: 1 },
      { name: "v", kind: "number", offset: -1 },
    ],
    Uint8Array.of(1, 255),
    2,
  );
  const [k, v] = table as [Column, Column];
  expect([textOf(k, 0), textOf(k, 1), textOf(v, 0)]).toEqual(["y", "missing", "missing"]);
  expect(colouring(v, 2).column).toBeNull();
});

test("categories are coloured by code, and what is missing is grey", () => {
  const by = colouring(kinds, 4);
  expect([...by.groups]).toEqual([0, 1, 0, 2]);
  expect(by.labels).toEqual(["a", "b", "missing"]);
  expect(by.palette).toHaveLength(3);
  expect(memberships(by).map((samples) => [...samples])).toEqual([[0, 2], [1], [3]]);
});

test("of very many categories the largest are coloured", () => {
  const codes = Uint16Array.from({ length: 400 }, (_, i) => (i < 100 ? 77 : i % 100));
  const categories = Array.from({ length: 100 }, (_, i) => `c${i}`);
  const by = colouring({ name: "many", kind: "category", codes, categories }, 400);
  expect(by.labels).toHaveLength(40);
  expect(by.labels[0]).toBe("c77");
  expect(by.labels[39]).toBe("61 others");
  expect(Math.max(...by.groups)).toBe(39);
  expect(by.palette).toHaveLength(40);
});

test("numbers run over the scale and what is missing is grey", () => {
  const by = colouring(depth, 4);
  expect(by.groups[0]).toBe(0);
  expect(by.groups[2]).toBe(63);
  expect(by.groups[3]).toBe(64);
  expect(by.palette).toHaveLength(65);
  expect(by.scale).toEqual({ low: 0, high: 1, below: false, above: false });
});

test("an extreme value does not take the scale of the others, and the legend says so", () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i === 5 ? 1e9 : i / 1000));
  const by = colouring({ name: "v", kind: "number", values }, 1000);
  expect(by.scale?.high).toBeLessThan(1);
  expect(by.scale?.above).toBe(true);
  expect(by.groups[5]).toBe(63);
});

test("a constant or wholly missing number has a colour", () => {
  for (const value of [3, Number.NaN]) {
    const values = new Float32Array(5).fill(value);
    const by = colouring({ name: "v", kind: "number", values }, 5);
    expect(by.groups.every((group) => by.palette[group] !== undefined)).toBe(true);
  }
});

test("the legend counts samples and the selected of them", () => {
  const by = colouring(kinds, 4);
  expect([...by.counts]).toEqual(memberships(by).map((samples) => samples.length));
  const rows = legend(by, Uint32Array.of(2, 3));
  expect(rows.map(({ label, count, selected }) => [label, count, selected])).toEqual([
    ["a", 2, 1],
    ["b", 1, 0],
    ["missing", 1, 1],
  ]);
});
