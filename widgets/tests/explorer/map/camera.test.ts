import { expect, test } from "vitest";
import {
  between,
  overview,
  panned,
  project,
  showing,
  unproject,
  zoomed,
} from "../../../src/explorer/map/camera";

const SIZE = { width: 800, height: 500 };
const CAMERA = { scale: 1.7, left: 0.3, up: -0.2 };

test("unproject undoes project", () => {
  const place = project(CAMERA, SIZE, 0.4, -0.9);
  const back = unproject(CAMERA, SIZE, place.x, place.y);
  expect(back.x).toBeCloseTo(0.4);
  expect(back.y).toBeCloseTo(-0.9);
});

test("y points up", () => {
  expect(project(CAMERA, SIZE, 0, 1).y).toBeLessThan(project(CAMERA, SIZE, 0, 0).y);
});

test.each([SIZE, { width: 300, height: 900 }])("the overview holds the whole map in %o", (size) => {
  const camera = overview(size);
  for (const [x, y] of [
    [-1, -1],
    [1, 1],
  ] as const) {
    const place = project(camera, size, x, y);
    expect(place.x).toBeGreaterThan(0);
    expect(place.x).toBeLessThan(size.width);
    expect(place.y).toBeGreaterThan(0);
    expect(place.y).toBeLessThan(size.height);
  }
});

test("zooming holds the place under the pointer", () => {
  const before = unproject(CAMERA, SIZE, 123, 321);
  const after = unproject(zoomed(CAMERA, SIZE, 123, 321, 2.5), SIZE, 123, 321);
  expect(after.x).toBeCloseTo(before.x);
  expect(after.y).toBeCloseTo(before.y);
});

test("zooming has ends", () => {
  expect(zoomed(CAMERA, SIZE, 0, 0, 1e9).scale).toBe(500);
  expect(zoomed(CAMERA, SIZE, 0, 0, 1e-9).scale).toBe(0.2);
});

test("panning moves by as many pixels", () => {
  const from = project(CAMERA, SIZE, 0.1, 0.2);
  const to = project(panned(CAMERA, SIZE, 30, -12), SIZE, 0.1, 0.2);
  expect(to.x - from.x).toBeCloseTo(30);
  expect(to.y - from.y).toBeCloseTo(-12);
});

test("showing centres a box and fits it", () => {
  const camera = showing(SIZE, { x: 0.2, y: 0.1 }, { x: 0.4, y: 0.5 });
  const centre = project(camera, SIZE, 0.3, 0.3);
  expect(centre.x).toBeCloseTo(400);
  expect(centre.y).toBeCloseTo(250);
  expect(project(camera, SIZE, 0.4, 0.5).y).toBeGreaterThan(0);
});

test("a flight begins and ends where it should", () => {
  const target = { scale: 6, left: -1, up: 2 };
  expect(between(CAMERA, target, 0)).toEqual(CAMERA);
  const end = between(CAMERA, target, 1);
  expect(end.scale).toBeCloseTo(6);
  expect(end.left).toBeCloseTo(-1);
  expect(between(CAMERA, { ...CAMERA, left: 1 }, 0.5).left).toBeCloseTo(0.65);
});
