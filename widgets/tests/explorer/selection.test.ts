import { expect, test } from "vitest";
import { combine, History, type Operation } from "../../src/explorer/selection";

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

test("undo and redo go back and forth", () => {
  const history = new History();
  expect(history.undo(set())).toBeNull();
  history.leave(set());
  history.leave(set(1));
  expect([...(history.undo(set(1, 2)) as Uint32Array)]).toEqual([1]);
  expect([...(history.undo(set(1)) as Uint32Array)]).toEqual([]);
  expect(history.canUndo).toBe(false);
  expect([...(history.redo(set()) as Uint32Array)]).toEqual([1]);
  history.leave(set(1));
  expect(history.canRedo).toBe(false);
});

test("history has an end", () => {
  const history = new History(3);
  for (let i = 0; i < 10; i++) history.leave(set(i));
  let current: Uint32Array | null = set(10);
  let steps = 0;
  while (current && history.canUndo) {
    current = history.undo(current);
    steps++;
  }
  expect([steps, [...(current ?? [])]]).toEqual([3, [7]]);
});
