import { expect, it } from "vitest";
import {
  clamped,
  moved,
  panned,
  revealed,
  sideOf,
  under,
  whole,
  zoomed,
} from "../../../src/heatmap/pairs/camera";

it("shows the whole matrix, with cells of no more pixels than are of use", () => {
  expect(sideOf(784, 520.7)).toBe(520);
  expect(sideOf(4, 520)).toBe(192);
  expect(whole(784, 520).scale).toBeCloseTo(520 / 784);
});

it.each([
  [10, 10],
  [400, 380],
  [519, 0],
])("keeps the cell under the mouse while zooming at (%i, %i)", (x, y) => {
  let camera = whole(784, 520);
  const cell = () => [camera.y + y / camera.scale, camera.x + x / camera.scale];
  const before = cell();
  for (let step = 0; step < 30; step++) camera = zoomed(camera, 784, 520, { x, y }, 1.3);
  expect(camera.scale).toBe(48);
  expect(cell()[0]).toBeCloseTo(before[0] as number);
  expect(cell()[1]).toBeCloseTo(before[1] as number);
  for (let step = 0; step < 40; step++) camera = zoomed(camera, 784, 520, { x, y }, 0.7);
  expect(camera).toEqual(whole(784, 520));
});

it("never shows what is beside the matrix", () => {
  const near = clamped({ x: -5, y: 900, scale: 10 }, 100, 200);
  expect(near).toEqual({ x: 0, y: 80, scale: 10 });
  expect(panned(near, 100, 200, -150, 1e9)).toEqual({ x: 15, y: 0, scale: 10 });
});

it("finds the cell under a point", () => {
  const camera = { x: 2.5, y: 10, scale: 10 };
  expect(under(camera, 100, 200, { x: 4, y: 0 })).toEqual([10, 2]);
  expect(under(camera, 100, 200, { x: 6, y: 199 })).toEqual([29, 3]);
  expect(under(camera, 100, 200, { x: 200, y: 5 })).toBeNull();
  expect(under(camera, 100, 200, { x: 5, y: -1 })).toBeNull();
});

it("moves just as far as a cell needs to be seen", () => {
  const camera = { x: 10, y: 10, scale: 10 };
  expect(revealed(camera, 100, 200, 15, 15)).toEqual(camera);
  expect(revealed(camera, 100, 200, 40, 9)).toEqual({ x: 9, y: 21, scale: 10 });
});

it("steps with the keys and stays inside", () => {
  expect(moved(5, null, "ArrowDown")).toEqual([0, 0]);
  expect(moved(5, [0, 4], "ArrowRight")).toEqual([0, 4]);
  expect(moved(5, [0, 4], "Home")).toEqual([0, 0]);
  expect(moved(5, [2, 2], "PageDown")).toEqual([4, 2]);
  expect(moved(5, [2, 2], "a")).toBeNull();
  expect(moved(0, null, "ArrowDown")).toBeNull();
});
