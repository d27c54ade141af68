import { expect, describe as group, it } from "vitest";
import { boxOf, cellAt, layoutOf, moved } from "../../../src/heatmap/factors/layout";
import { visible } from "../../../src/heatmap/factors/scene";
import { sized } from "./sized";

group("where it is drawn", () => {
  it.each([
    [1, 1],
    [1, 50],
    [10, 50],
    [30, 2000],
  ])("finds each of %i × %i cells where it was put", (rows, columns) => {
    const matrix = sized(rows, columns, Math.min(10, columns));
    const shown = visible(matrix, columns);
    const layout = layoutOf(matrix, shown, 700, 380, 60);
    expect(layout.blocks.flatMap((block) => block.columns)).toEqual(shown);
    for (const block of layout.blocks) {
      expect(block.width).toBeLessThanOrEqual(8_100);
      block.columns.forEach((column, position) => {
        const [x, y] = [(position + 0.5) * layout.cell.width, (rows - 0.5) * layout.cell.height];
        expect(cellAt(layout, block, x, layout.head + y)).toEqual({ row: rows - 1, column });
        expect(cellAt(layout, block, x, 5)).toEqual({ row: -1, column });
      });
      expect(cellAt(layout, block, -1, 70)).toBeNull();
      expect(cellAt(layout, block, block.width + 1, 70)).toBeNull();
      expect(cellAt(layout, block, 1, layout.height + 1)).toBeNull();
    }
  });

  it("lets cells keep room for their names before they shrink", () => {
    const matrix = sized(3, 150);
    expect(layoutOf(matrix, visible(matrix, 150), 400, 300, 60).cell.width).toBe(12);
    expect(layoutOf(matrix, visible(matrix, 5), 400, 300, 60).cell.width).toBe(34);
  });
});

group("the keyboard", () => {
  const layout = layoutOf(sized(2, 4, 1), [0, 2, 3], 300, 200, 50);

  it("begins at a corner and stays inside, over both blocks", () => {
    let cursor = moved(layout, null, "ArrowRight");
    expect(cursor).toEqual({ row: 0, column: 0 });
    cursor = moved(layout, cursor, "ArrowLeft");
    expect(cursor).toEqual({ row: 0, column: 0 });
    cursor = moved(layout, cursor, "ArrowRight");
    expect(cursor).toEqual({ row: 0, column: 2 });
    cursor = moved(layout, cursor, "End");
    expect(cursor).toEqual({ row: 0, column: 3 });
    cursor = moved(layout, cursor, "PageDown");
    expect(cursor).toEqual({ row: 1, column: 3 });
    expect(moved(layout, cursor, "x")).toBeNull();
  });

  it("has nowhere to go in an empty matrix", () => {
    expect(moved(layoutOf(sized(0, 0), [], 300, 200, 50), null, "ArrowDown")).toBeNull();
  });
});

it("puts the card below the cell, or below the first one for a name", () => {
  const layout = layoutOf(sized(2, 4, 1), [0, 2, 3], 300, 200, 50);
  const { width, height } = layout.cell;
  const second = { place: 0, left: width, right: 2 * width };
  expect(boxOf(layout, { row: 1, column: 2 })).toEqual({ ...second, bottom: 50 + 2 * height });
  expect(boxOf(layout, { row: -1, column: 2 })).toEqual({ ...second, bottom: 50 + height });
  expect(boxOf(layout, { row: 0, column: 3 })).toMatchObject({ place: 1, left: 0 });
  expect(boxOf(layout, { row: 0, column: 1 })).toBeNull();
});
