import { expect, describe as group, it } from "vitest";
import {
  inputsAt,
  pixelAt,
  pixelUnder,
  reach,
  rowOf,
  scaleOf,
} from "../../../../src/heatmap/pairs/aside/partners";
import { noisy, plain } from "../triangles";

group("partners of a pixel", () => {
  const grid = { channels: 1, height: 2, width: 2, groups: [] };

  it("are a row of the matrix", () => {
    const row = rowOf(noisy, 2);
    expect([...Array(4).keys()].map((pixel) => pixelAt(grid, row, pixel)?.value)).toEqual([
      -4, 2, 0, 0,
    ]);
    expect([0, 1].map((pixel) => pixelAt(grid, row, pixel)?.noise)).toEqual([false, true]);
    expect(reach(rowOf(plain, 0))).toBe(4); // not what it is with itself
  });

  it("are, of channels, the strongest, and of groups, their group", () => {
    const channels = { ...grid, channels: 2, height: 1 };
    expect(inputsAt(channels, 1)).toEqual([1, 3]);
    expect(pixelAt(channels, rowOf(plain, 0), 0)).toMatchObject({ feature: 0, value: 9 });
    const groups = { ...grid, groups: [1, 1, -1, 0] };
    const row = rowOf(plain, 1);
    expect([0, 1, 2, 3].map((pixel) => pixelAt(groups, row, pixel)?.value)).toEqual([
      0,
      0,
      undefined,
      1,
    ]);
  });

  it("are found under the mouse", () => {
    expect(scaleOf(grid)).toBe(28); // no larger
    expect(scaleOf({ ...grid, height: 40, width: 60 })).toBe(3);
    expect(scaleOf({ ...grid, height: 600 })).toBe(1);
    expect(pixelUnder(grid, 29, 3)).toBe(1);
    expect(pixelUnder(grid, 27.9, 55)).toBe(2);
    expect(pixelUnder(grid, 56, 3)).toBeNull();
    expect(pixelUnder(grid, -1, 3)).toBeNull();
  });
});
