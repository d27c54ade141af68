import { expect, it } from "vitest";
import { FrameCache } from "../../../src/slider/frames/cache";

it("keeps frames by rounded amounts, and not more than there is room for", () => {
  const cache = new FrameCache();
  const large = { decoded: new Float32Array(1e6), outputs: new Float32Array(1) };
  for (let i = 0; i < 10; i++) cache.put([i], large);
  expect(cache.size).toBe(3);
  expect(cache.get([9 + 1e-6])).toBe(large);
  expect(cache.get([0])).toBeUndefined();
});
