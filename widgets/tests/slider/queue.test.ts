import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { PlacedFrame } from "../../src/slider/frames/source";
import { FrameQueue } from "../../src/slider/queue";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["requestAnimationFrame", "cancelAnimationFrame"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function frame(serial: number, exact: { serial: number; asked: number } | null): PlacedFrame {
  const values = new Float32Array(0);
  const position = (one: { serial: number; asked: number }) => ({ ...one, amounts: values });
  return {
    ...position({ serial, asked: 0 }),
    decoded: values,
    outputs: values,
    from: "answer",
    exact: exact && position(exact),
  };
}

it("draws the newest frame once per animation frame", () => {
  const draw = vi.fn();
  const queue = new FrameQueue(draw);
  queue.show(frame(1, null));
  queue.show(frame(3, null));
  queue.show(frame(2, null)); // it comes too late
  vi.advanceTimersToNextFrame();
  expect(draw.mock.calls.map(([one]) => one.serial)).toEqual([3]);
  queue.redraw();
  vi.advanceTimersToNextFrame();
  expect(draw.mock.calls.map(([one]) => one.serial)).toEqual([3, 3]);
  queue.redraw();
  queue.cancel();
  vi.advanceTimersToNextFrame();
  expect(draw).toHaveBeenCalledTimes(2);
});

it("counts each exact frame once, and only those that an event asked for", () => {
  const queue = new FrameQueue(() => {});
  expect(queue.note(frame(1, { serial: 1, asked: 40 }))).toBe(40);
  expect(queue.note(frame(2, { serial: 1, asked: 40 }))).toBeNull();
  expect(queue.note(frame(3, { serial: 3, asked: Number.NaN }))).toBeNull();
  expect(queue.note(frame(4, null))).toBeNull();
  expect(queue.painted?.serial).toBe(4);
});
