import { expect, it } from "vitest";
import { latencyText, sourceText } from "../../../src/slider/controls/labels";

it("says where frames come from", () => {
  const away = { live: false, silent: false, hasPrecomputed: true };
  expect(sourceText({ ...away, live: true })).toBe("live");
  expect(sourceText(away)).toBe("precomputed frames: one factor at a time");
  expect(sourceText({ ...away, silent: true })).toBe(
    "no answer from the kernel · precomputed frames: one factor at a time",
  );
  expect(sourceText({ ...away, silent: true, hasPrecomputed: false })).toBe(
    "no answer from the kernel",
  );
  expect(sourceText({ ...away, hasPrecomputed: false })).toContain("run the notebook");
});

it("says how fast a drag was, if anything was measured", () => {
  expect(latencyText({ count: 0, p50: 0, fps: 0 })).toBe("");
  expect(latencyText({ count: 1, p50: 41.6, fps: 0 })).toBe("last drag: exact frame after 42 ms");
  expect(latencyText({ count: 9, p50: 41.6, fps: 19.7 })).toContain("20 frames per second");
});
