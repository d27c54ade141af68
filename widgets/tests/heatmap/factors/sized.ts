import type { Factors } from "../../../src/heatmap/factors/scene";

/** A fit of `rows` factors of `columns` nodes, the last of which are outputs. */
export function sized(rows: number, columns: number, outputs = 0): Factors {
  return {
    ids: Array.from({ length: rows }, (_, i) => i),
    nodes: Array.from({ length: columns }, (_, i) => `h1[${i}]`),
    outputs,
    mutualInformation: Array.from({ length: rows * columns }, (_, i) => ((i * 37) % 101) / 101),
    correlation: new Float32Array(rows * columns),
    totalCorrelations: Array.from({ length: rows }, () => 1),
    nullTotalCorrelation: null,
    nullMutualInformation: null,
    unstable: [],
  };
}
