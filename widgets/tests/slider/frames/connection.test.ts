import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Connection } from "../../../src/slider/frames/connection";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function opened(live = true) {
  const page = new AbortController();
  const [changed, lost] = [vi.fn(), vi.fn()];
  return { page, changed, lost, connection: new Connection(live, changed, lost, page.signal) };
}

it("is busy after a while, then takes the kernel for gone, until an answer comes", () => {
  const { connection, changed, lost } = opened();
  connection.wait();
  vi.advanceTimersByTime(200);
  connection.wait(); // a second request does not start the clock anew
  vi.advanceTimersByTime(150);
  expect([connection.busy, connection.mode]).toEqual([true, "live"]);
  vi.advanceTimersByTime(1200);
  expect([connection.silent, connection.mode]).toEqual([true, "precomputed"]);
  expect(lost).toHaveBeenCalledOnce();
  connection.hear();
  expect([connection.silent, connection.mode, connection.busy]).toEqual([false, "live", false]);
  expect(changed).toHaveBeenCalledTimes(3);
});

it("waits longer for a kernel that has answered before, and not for a closed view", () => {
  const { connection, page, lost } = opened();
  connection.wait();
  connection.hear();
  connection.wait();
  vi.advanceTimersByTime(5000);
  expect(connection.mode).toBe("live");
  page.abort();
  vi.advanceTimersByTime(60_000);
  expect(lost).not.toHaveBeenCalled();
});

it("starts with precomputed frames where there is no kernel", () => {
  expect(opened(false).connection.mode).toBe("precomputed");
});
