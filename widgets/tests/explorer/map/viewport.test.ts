import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Viewport } from "../../../src/explorer/map/viewport";
import { world } from "../../../src/explorer/world";

const SIZE = { width: 600, height: 400 };
let closing: AbortController;

beforeEach(() => {
  closing = new AbortController();
  vi.stubGlobal("matchMedia", () => ({ matches: true })); // reduced motion: flights take no time
});
afterEach(() => {
  closing.abort();
  vi.unstubAllGlobals();
});

function viewport() {
  const moved = vi.fn();
  const view = new Viewport(moved, closing.signal);
  view.resize(SIZE);
  return { moved, view };
}

it("shows the whole map until it is moved, and again after a reset", () => {
  const { moved, view } = viewport();
  const before = view.camera;
  view.resize({ width: 300, height: 400 });
  expect(view.camera.scale).toBeLessThan(before.scale);
  view.pan(10, 0);
  const { camera } = view;
  view.resize(SIZE);
  expect(view.camera).toBe(camera);
  view.reset();
  expect(view.camera).toEqual(before);
  view.resize({ width: 300, height: 400 });
  expect(view.camera.scale).toBeLessThan(before.scale);
  expect(moved).toHaveBeenCalledTimes(2);
});

it("leads from the stage to the world and back, and measures lengths", () => {
  const { view } = viewport();
  view.zoom({ x: 100, y: 50 }, 3);
  const place = view.place(0.25, -0.5);
  const point = view.worldAt(place);
  expect(point.x).toBeCloseTo(0.25);
  expect(point.y).toBeCloseTo(-0.5);
  const end = view.place(0.25 + view.length(12), -0.5);
  expect(end.x - place.x).toBeCloseTo(12);
});

it("pans only as far as brings a sample into view", () => {
  const { moved, view } = viewport();
  expect(view.reveal(0, 0)).toEqual({ x: 300, y: 200 });
  expect(moved).not.toHaveBeenCalled();
  const { x, y } = view.reveal(9, 0);
  expect(x).toBeCloseTo(600 - 24);
  expect(y).toBeCloseTo(200);
  expect(moved).toHaveBeenCalledTimes(1);
});

it("flies to samples, and stays where it is for none", () => {
  const { moved, view } = viewport();
  const at = world(Float32Array.of(0, 0, 1, 1, 10, 10));
  view.zoomTo(at, []);
  expect(moved).not.toHaveBeenCalled();
  view.zoomTo(at, Uint32Array.of(0, 1));
  for (const i of [0, 1]) {
    const { x, y } = view.place(at.x[i] as number, at.y[i] as number);
    expect(x > 0 && x < SIZE.width && y > 0 && y < SIZE.height).toBe(true);
  }
  const far = view.place(at.x[2] as number, at.y[2] as number);
  expect(far.x > SIZE.width || far.y < 0).toBe(true);
});
