import { expect, describe as group, it } from "vitest";
import {
  cellAt,
  describe,
  type Factors,
  find,
  isWeak,
  layoutOf,
  moved,
  nullFactor,
  rank,
  rowName,
  scaleOf,
  valueAt,
  visible,
} from "../../../src/heatmap/factors/scene";
import { number } from "../../../src/shared/numbers";

const HOSTILE = "<img src=x onerror=alert(1)>";

/** Two factors, three nodes, one output. */
const factors: Factors = {
  ids: [1, 0],
  nodes: ["h1[2]", "h1[0]", "h1[1]", HOSTILE],
  outputs: 1,
  mutualInformation: [0.9, 0.2, 0, 0.1, 0.1, 0.3, 0.6, 0.8],
  correlation: [-0.9, 0.2, 0, 0.1, 0.1, -0.3, 0.6, 0.8],
  totalCorrelations: [3.214, 1],
  nullTotalCorrelation: 0.84,
  nullMutualInformation: 0.1,
};

function sized(rows: number, columns: number, outputs = 0): Factors {
  return {
    ids: Array.from({ length: rows }, (_, i) => i),
    nodes: Array.from({ length: columns }, (_, i) => `h1[${i}]`),
    outputs,
    mutualInformation: Array.from({ length: rows * columns }, (_, i) => ((i * 37) % 101) / 101),
    correlation: new Float32Array(rows * columns),
    totalCorrelations: Array.from({ length: rows }, () => 1),
    nullTotalCorrelation: null,
    nullMutualInformation: null,
  };
}

group("what is drawn", () => {
  it("keeps the strongest nodes in the order given, and every output", () => {
    expect(visible(factors, 2)).toEqual([0, 2, 3]);
    expect(visible(factors, 0)).toEqual([3]);
    expect(visible(factors, 99)).toEqual([0, 1, 2, 3]);
  });

  it("adds the nodes that a search found", () => {
    expect(find(factors, " H1[0 ")).toEqual([1]);
    expect(find(factors, "  ")).toEqual([]);
    expect(find(factors, HOSTILE)).toEqual([3]);
    expect(visible(factors, 1, find(factors, "h1[0"))).toEqual([0, 1, 3]);
  });

  it("has one scale whatever is shown, with zero in the middle of correlations", () => {
    expect(scaleOf(factors, "mutual_information")).toMatchObject({ low: 0, high: 0.9 });
    expect(scaleOf(factors, "correlation")).toMatchObject({ low: -1, high: 1, diverging: true });
    expect(scaleOf(sized(0, 0), "mutual_information").high).toBe(1);
  });

  it("marks the cells that shuffled data holds too", () => {
    expect(isWeak(factors, 0, 1)).toBe(false);
    expect(isWeak(factors, 0, 2)).toBe(true);
    expect(isWeak(factors, 0, 3)).toBe(true); // as large is not larger
    expect(isWeak(sized(1, 1), 0, 0)).toBe(false); // there is nothing to compare with
    expect(nullFactor(factors)).toBeCloseTo(0.42);
    expect(nullFactor(sized(1, 1))).toBeNull();
  });
});

group("what is said", () => {
  it("names factors by their index in the fitted arrays", () => {
    expect(rowName(factors, 0)).toBe("factor 1 · 3.21 nats");
  });

  it("tells a cell with its units and its rank", () => {
    expect(describe(factors, { row: 0, column: 0 })).toEqual([
      "factor 1 and h1[2]",
      "mutual information 0.900 nats",
      "correlation −0.90",
      "rank 1 of 4 in this factor",
    ]);
    expect(describe(factors, { row: 0, column: 3 })).toEqual([
      `factor 1 and ${HOSTILE} (output)`,
      "mutual information 0.100 nats",
      "correlation 0.10",
      "rank 3 of 4 in this factor",
      "within what chance gives",
    ]);
    expect(rank(factors, 1, 2)).toBe(2);
  });

  it("writes no minus before zero", () => {
    expect(number(-0.001, 2)).toBe("0.00");
    expect(number(Number.NaN, 2)).toBe("not known");
  });
});

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
  const layout = layoutOf(factors, [0, 2, 3], 300, 200, 50);

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
    expect(valueAt(factors, "mutual_information", 1, 3)).toBe(0.8);
    expect(moved(layout, cursor, "x")).toBeNull();
  });

  it("has nowhere to go in an empty matrix", () => {
    expect(moved(layoutOf(sized(0, 0), [], 300, 200, 50), null, "ArrowDown")).toBeNull();
  });
});
