import { expect, test } from "vitest";
import { History } from "../../src/shared/history";

const set = (...values: number[]) => Uint32Array.from(values);

test("undo and redo go back and forth", () => {
  const history = new History<Uint32Array>();
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
  const history = new History<Uint32Array>(3);
  for (let i = 0; i < 10; i++) history.leave(set(i));
  let current: Uint32Array | null = set(10);
  let steps = 0;
  while (current && history.canUndo) {
    current = history.undo(current);
    steps++;
  }
  expect([steps, [...(current ?? [])]]).toEqual([3, [7]]);
});
