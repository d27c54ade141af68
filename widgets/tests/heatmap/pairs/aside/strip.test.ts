import { expect, describe as group, it } from "vitest";
import { dots, nearest } from "../../../../src/heatmap/pairs/aside/strip";

group("a pair in all samples", () => {
  it("stands over and under zero, within its place", () => {
    const { dots: placed, zero } = dots({ values: [1, -3], errors: [0.5, 1] }, 100, 60);
    expect(placed[0]?.y).toBeLessThan(zero);
    expect(placed[1]?.y).toBeGreaterThan(zero);
    expect(placed[1]?.down).toBeCloseTo(52);
    expect(placed.map(({ x }) => nearest(2, x, 100))).toEqual([0, 1]);
    expect(nearest(2, -50, 100)).toBe(0);
  });
});
