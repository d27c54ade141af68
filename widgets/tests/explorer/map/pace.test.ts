import { expect, test } from "vitest";
import { overview, panned, project, zoomed } from "../../../src/explorer/map/camera";
import { shift } from "../../../src/explorer/map/pace";

test("a picture that moves along shows each point where it will be drawn", () => {
  const size = { width: 400, height: 300 };
  const from = overview(size);
  const to = zoomed(panned(from, size, 30, -12), size, 50, 80, 1.7);
  const [, x = 0, y = 0, zoom = 0] =
    shift(from, to, size)
      .match(/translate\((.+)px, (.+)px\) scale\((.+)\)/)
      ?.map(Number) ?? [];
  for (const [a, b] of [
    [0, 0],
    [0.7, -0.3],
  ] as const) {
    const old = project(from, size, a, b);
    const now = project(to, size, a, b);
    expect(zoom * old.x + x).toBeCloseTo(now.x, 6);
    expect(zoom * old.y + y).toBeCloseTo(now.y, 6);
  }
});
