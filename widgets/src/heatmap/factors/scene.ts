/** What the heatmap shows and where: pure, so that it is tested without a page. */
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
  /** Nats, a row each. */
  totalCorrelations: readonly number[];
  /** Of shuffled data, in nats: all its factors together, and what 99 % of cells stay below. */
  nullTotalCorrelation: number | null;
  nullMutualInformation: number | null;
};

export type Cell = { row: number; column: number };
export type Scale = { low: number; high: number; unit: string; diverging: boolean };

/** Columns that scroll together: the nodes, or the outputs beside them. */
export type Block = { columns: readonly number[]; width: number };

export type Layout = {
  blocks: readonly [nodes: Block, outputs: Block];
  rows: number;
  cell: { width: number; height: number };
  /** Room for the names above the cells. */
  head: number;
  height: number;
};

/** At which width of a cell its name can stand upright beside the next. */
export const NAMED = 11;
const MOST_FOUND = 200;

export function factorName(factors: Factors, row: number): string {
  return `factor ${factors.ids[row]}`;
}

export function rowName(factors: Factors, row: number): string {
  return `${factorName(factors, row)} · ${number(factors.totalCorrelations[row] ?? Number.NaN, 2)} nats`;
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

/** Nodes whose name holds `query`, whatever the case; none for an empty query. */
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

/** Whether a cell is within what chance gives in shuffled data. */
export function isWeak(factors: Factors, row: number, column: number): boolean {
  const limit = factors.nullMutualInformation;
  return limit !== null && !(valueAt(factors, "mutual_information", row, column) > limit);
}

/** What a factor of shuffled data explains on average, in nats; null where that is not known. */
export function nullFactor(factors: Factors): number | null {
  const together = factors.nullTotalCorrelation;
  return together === null ? null : Math.max(0, together) / Math.max(1, factors.ids.length);
}

/** The range of the colours, one for the whole matrix, so that `top` does not change them. */
export function scaleOf(factors: Factors, quantity: Quantity): Scale {
  if (quantity === "correlation") return { low: -1, high: 1, unit: "correlation", diverging: true };
  let high = 0;
  for (let i = 0; i < factors.mutualInformation.length; i++) {
    high = Math.max(high, factors.mutualInformation[i] || 0);
  }
  return { low: 0, high: high || 1, unit: "nats", diverging: false };
}

/** The place of a node among all nodes of a factor, 1 for the largest mutual information. */
export function rank(factors: Factors, row: number, column: number): number {
  const own = valueAt(factors, "mutual_information", row, column);
  let place = 1;
  for (let other = 0; other < factors.nodes.length; other++) {
    if (valueAt(factors, "mutual_information", row, other) > own) place++;
  }
  return place;
}

/** Lines about one cell: for the card, the live region and the keyboard alike. */
export function describe(factors: Factors, { row, column }: Cell): string[] {
  const output = column >= factors.nodes.length - factors.outputs;
  return [
    `${factorName(factors, row)} and ${factors.nodes[column]}${output ? " (output)" : ""}`,
    `mutual information ${number(valueAt(factors, "mutual_information", row, column), 3)} nats`,
    `correlation ${number(valueAt(factors, "correlation", row, column), 2)}`,
    `rank ${rank(factors, row, column)} of ${factors.nodes.length} in this factor`,
    ...(isWeak(factors, row, column) ? ["within what chance gives"] : []),
  ];
}

/** Sizes in CSS pixels of `columns` within `width`; narrow cells scroll before they turn unnamed. */
export function layoutOf(
  factors: Factors,
  columns: readonly number[],
  width: number,
  height: number,
  head: number,
): Layout {
  const rows = factors.ids.length;
  const first = factors.nodes.length - factors.outputs;
  const most = Math.max(1, columns.length);
  // A canvas may be some 16,000 pixels wide: beyond that, cells shrink and lose their names.
  const least = Math.min(NAMED + 1, Math.max(1, 8000 / most));
  const cell = {
    width: Math.min(34, Math.max(least, Math.floor(width / most))),
    height: Math.round(Math.min(30, Math.max(15, (height - head) / Math.max(1, rows)))),
  };
  const block = (within: number[]): Block => ({
    columns: within,
    width: Math.ceil(cell.width * within.length),
  });
  return {
    blocks: [
      block(columns.filter((column) => column < first)),
      block(columns.filter((column) => column >= first)),
    ],
    rows,
    cell,
    head,
    height: head + cell.height * rows,
  };
}

/** The cell under a point of a block, or of the names above it (then `row` is −1). */
export function cellAt(layout: Layout, block: Block, x: number, y: number): Cell | null {
  const column = block.columns[Math.floor(x / layout.cell.width)];
  const row = y < layout.head ? -1 : Math.floor((y - layout.head) / layout.cell.height);
  return y < 0 || column === undefined || row >= layout.rows ? null : { row, column };
}

/** Where a key takes the cursor; null for keys that do not move it. */
export function moved(layout: Layout, cursor: Cell | null, key: string): Cell | null {
  const { rows } = layout;
  const columns = layout.blocks.flatMap((block) => block.columns);
  if (!columns.length || !rows) return null;
  const steps: Record<string, [down: number, right: number]> = {
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
    ArrowRight: [0, 1],
    ArrowLeft: [0, -1],
    PageDown: [rows, 0],
    PageUp: [-rows, 0],
    End: [0, columns.length],
    Home: [0, -columns.length],
  };
  const step = steps[key];
  if (!step) return null;
  const start = cursor ? columns.indexOf(cursor.column) : -1;
  const [down, right] = start >= 0 ? step : [0, 0]; // the first key shows where the cursor is
  const within = (value: number, count: number) => Math.min(count - 1, Math.max(0, value));
  return {
    row: within(Math.max(0, cursor?.row ?? 0) + down, rows),
    column: columns[within(Math.max(0, start) + right, columns.length)] as number,
  };
}
