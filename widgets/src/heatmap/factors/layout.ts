/** Where the cells of the heatmap of factors are: pure, so that it is tested without a page. */
import type { Cell, Factors } from "./scene";

/** Columns that scroll together: the nodes, or the outputs beside them. */
export type Block = { columns: readonly number[]; width: number };

/** Which of the two blocks. */
export type Place = 0 | 1;

export type Layout = {
  blocks: readonly [nodes: Block, outputs: Block];
  rows: number;
  cell: { width: number; height: number };
  /** Room for the names above the cells. */
  head: number;
  height: number;
};

/** The width of a cell that leaves room for its upright name. */
export const NAMED = 11;

/** Sizes in CSS pixels of `columns` within `width`; narrow cells scroll before they lose names. */
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

/** Where a cell is in its block; null where its column is not drawn. */
export function boxOf(
  layout: Layout,
  { row, column }: Cell,
): { place: Place; left: number; right: number; bottom: number } | null {
  const { width, height } = layout.cell;
  for (const place of [0, 1] as const) {
    const position = layout.blocks[place].columns.indexOf(column);
    if (position < 0) continue;
    const left = position * width;
    // A name counts as the first cell below it.
    const bottom = layout.head + (Math.max(0, row) + 1) * height;
    return { place, left, right: left + width, bottom };
  }
  return null;
}
