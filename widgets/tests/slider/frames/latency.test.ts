import { expect, it } from "vitest";
import { Lags } from "../../../src/slider/frames/latency";

it("knows the lags of a drag", () => {
  const lags = new Lags();
  expect(lags.stats).toEqual({ count: 0, p50: 0, p95: 0, fps: 0 });
  for (let i = 0; i < 21; i++) lags.add(i * 50, i * 50 + 10 + i);
  expect(lags.stats).toMatchObject({ count: 21, p50: 20, p95: 29 });
  expect(lags.stats.fps).toBeCloseTo(20 / 1.02);
});
