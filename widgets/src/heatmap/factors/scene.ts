/** What the heatmap of factors shows: pure, so that it is tested without a page. */
import { number } from "../../shared/numbers";

export type Quantity = "mutual_information" | "correlation";

/** Factors of one fit, in the order in which Python arranged rows and columns. */
export type Factors = {
  /** Index of each row's factor in the fitted arrays. */
  ids: readonly number[];
  nodes: readonly string[];
  /** How many of the last nodes are the model's outputs. */
  outputs: number;
  /** Both (rows × nodes), row by row; nats, and −1 to 1. */
  mutualInformation: ArrayLike<number>;
  correlation: ArrayLike<number>;
  /** Nats, one for each row. */
  totalCorrelations: readonly number[];
  /** Of shuffled data, in nats: the sum over its factors, and the 99th percentile of its cells. */
  nullTotalCorrelation: number | null;
  nullMutualInformation: number | null;
  /** The ids of factors that are not found again in halves of their samples. */
  unstable: readonly number[];
};

export type Cell = { row: number; column: number };
export type Scale = {
  low: number;
  high: number;
  unit: string;
  diverging: boolean;
  /** Whether some values are above `high`. */
  clipped: boolean;
};

const MOST_FOUND = 200;
/**
 * Where the colours end, in nats: a correlation of 0.999. A node that its factor copies has any
 * number of nats more, and would leave all others dark. As in `factor_matrix.py`.
 */
const BRIGHTEST = 3;

export function factorName(factors: Factors, row: number): string {
  return `factor ${factors.ids[row]}`;
}

export function rowName(factors: Factors, row: number): string {
  return `${factorName(factors, row)} · ${number(factors.totalCorrelations[row] ?? Number.NaN, 2)} nats`;
}

export function isUnstable(factors: Factors, row: number): boolean {
  return factors.unstable.includes(factors.ids[row] ?? -1);
}

/** The name of a row on screen, which says if its factor is not stable. */
export function rowLabel(factors: Factors, row: number): string {
  return `${rowName(factors, row)}${isUnstable(factors, row) ? " · not stable" : ""}`;
}

/** The largest mutual information of a node with any factor. */
function strength(factors: Factors, column: number): number {
  let best = 0;
  const p = factors.nodes.length;
  for (let row = 0; row < factors.ids.length; row++) {
    best = Math.max(best, factors.mutualInformation[row * p + column] ?? 0);
  }
  return best;
}

/** Nodes whose name contains `query`, ignoring case; none for an empty query. */
export function find(factors: Factors, query: string): number[] {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return [];
  const found: number[] = [];
  factors.nodes.forEach((name, column) => {
    if (found.length < MOST_FOUND && name.toLowerCase().includes(wanted)) found.push(column);
  });
  return found;
}

/** The columns to draw: the `top` nodes that share most, those `found`, and every output. */
export function visible(factors: Factors, top: number, found: readonly number[] = []): number[] {
  const hidden = factors.nodes.length - factors.outputs;
  const order = Array.from({ length: hidden }, (_, column) => column);
  const strengths = order.map((column) => strength(factors, column));
  order.sort((a, b) => (strengths[b] ?? 0) - (strengths[a] ?? 0) || a - b);
  const shown = new Set(order.slice(0, Math.max(0, top)));
  for (const column of found) shown.add(column);
  for (let column = hidden; column < factors.nodes.length; column++) shown.add(column);
  return [...shown].sort((a, b) => a - b);
}

export function valueAt(factors: Factors, quantity: Quantity, row: number, column: number): number {
  const matrix = quantity === "correlation" ? factors.correlation : factors.mutualInformation;
  return matrix[row * factors.nodes.length + column] ?? Number.NaN;
}

/** Whether a cell is not above the level of shuffled data. */
export function isWeak(factors: Factors, row: number, column: number): boolean {
  const limit = factors.nullMutualInformation;
  return limit !== null && !(valueAt(factors, "mutual_information", row, column) > limit);
}

/** The average total correlation of a factor of shuffled data, in nats; null if not known. */
export function nullFactor(factors: Factors): number | null {
  const together = factors.nullTotalCorrelation;
  return together === null ? null : Math.max(0, together) / Math.max(1, factors.ids.length);
}

/** The range of the colours, one for the whole matrix, so that `top` does not change them. */
export function scaleOf(factors: Factors, quantity: Quantity): Scale {
  if (quantity === "correlation") {
    return { low: -1, high: 1, unit: "correlation", diverging: true, clipped: false };
  }
  let most = 0;
  for (let i = 0; i < factors.mutualInformation.length; i++) {
    most = Math.max(most, factors.mutualInformation[i] || 0);
  }
  const high = Math.min(most, BRIGHTEST) || 1;
  return { low: 0, high, unit: "nats", diverging: false, clipped: most > high };
}

/** The rank of a node within a factor, 1 for the largest mutual information. */
export function rank(factors: Factors, row: number, column: number): number {
  const own = valueAt(factors, "mutual_information", row, column);
  let place = 1;
  for (let other = 0; other < factors.nodes.length; other++) {
    if (valueAt(factors, "mutual_information", row, other) > own) place++;
  }
  return place;
}

/** The lines about one cell, for the card and for screen readers. */
export function describe(factors: Factors, { row, column }: Cell): string[] {
  const output = column >= factors.nodes.length - factors.outputs;
  return [
    `${factorName(factors, row)} and ${factors.nodes[column]}${output ? " (output)" : ""}`,
    `mutual information ${number(valueAt(factors, "mutual_information", row, column), 3)} nats`,
    `correlation ${number(valueAt(factors, "correlation", row, column), 2)}`,
    `rank ${rank(factors, row, column)} of ${factors.nodes.length} in this factor`,
    ...(isWeak(factors, row, column) ? ["not above chance"] : []),
    ...(isUnstable(factors, row) ? ["factor not stable"] : []),
  ];
}

/** The match after the column of the cursor, in the row of the factor it shares most with. */
export function nextMatch(
  factors: Factors,
  matches: readonly number[],
  cursor: Cell | null,
): Cell | null {
  const column = matches[(matches.indexOf(cursor?.column ?? -1) + 1) % matches.length];
  if (column === undefined) return null;
  const value = (row: number) => valueAt(factors, "mutual_information", row, column);
  const row = factors.ids.reduce(
    (best, _, other) => (value(other) > value(best) ? other : best),
    0,
  );
  return { row, column };
}
