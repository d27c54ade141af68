import { expect, describe as group, it } from "vitest";
import {
  describe,
  type Factors,
  find,
  isWeak,
  nextMatch,
  nullFactor,
  rank,
  rowLabel,
  rowName,
  scaleOf,
  valueAt,
  visible,
} from "../../../src/heatmap/factors/scene";
import { number } from "../../../src/shared/numbers";
import { sized } from "./sized";

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
  unstable: [0],
};

it("names a factor that is not stable so, by its id", () => {
  expect(rowLabel(factors, 0)).toBe("factor 1 · 3.21 nats");
  expect(rowLabel(factors, 1)).toBe("factor 0 · 1.00 nats · not stable");
  expect(describe(factors, { row: 1, column: 0 })).toContain("factor not stable");
  expect(describe(factors, { row: 0, column: 0 })).not.toContain("factor not stable");
});

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

  it("goes from match to match, each at the factor with which it shares most", () => {
    expect(nextMatch(factors, [1, 2], null)).toEqual({ row: 1, column: 1 });
    expect(nextMatch(factors, [0, 2], { row: 0, column: 2 })).toEqual({ row: 0, column: 0 });
    expect(nextMatch(factors, [], null)).toBeNull();
  });

  it("has one scale whatever is shown, with zero in the middle of correlations", () => {
    expect(scaleOf(factors, "mutual_information")).toMatchObject({ low: 0, high: 0.9 });
    expect(scaleOf(factors, "correlation")).toMatchObject({ low: -1, high: 1, diverging: true });
    expect(scaleOf(sized(0, 0), "mutual_information").high).toBe(1);
  });

  it("ends the colours at 3 nats, so that a copied node leaves the others bright", () => {
    const copied = { ...factors, mutualInformation: [7.33, 0.2, 0, 0.1, 0.1, 0.3, 0.6, 0.8] };
    expect(scaleOf(copied, "mutual_information")).toMatchObject({ high: 3, clipped: true });
    expect(scaleOf(factors, "mutual_information").clipped).toBe(false);
    expect(scaleOf(copied, "correlation").clipped).toBe(false);
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
      "not above chance",
    ]);
    expect(rank(factors, 1, 2)).toBe(2);
    expect(valueAt(factors, "mutual_information", 1, 3)).toBe(0.8);
  });

  it("writes no minus before zero", () => {
    expect(number(-0.001, 2)).toBe("0.00");
    expect(number(Number.NaN, 2)).toBe("not known");
  });
});
