/** Which rows a table shows and in what order: pure, so that it is tested without a page. */
import { NATS, UNSTABLE } from "../shared/help";
import { number } from "../shared/numbers";

export type Column = {
  name: string;
  label: string;
  title: string;
  /** Digits after the point; null for a column of texts. */
  digits: number | null;
  /** Sorted by distance from zero. */
  signed: boolean;
};

export type Table = {
  names: readonly string[];
  columns: readonly Column[];
  /** Columns of numbers and of texts, each in the order of `columns`. */
  numbers: ArrayLike<number>;
  texts: readonly (readonly string[])[];
};

export type Order = { sort: string; descending: boolean };

type Value = number | string;
type Bound = { column: number; relation: string; value: string };
/** What a query asks of a row: words that it holds, and bounds on its columns. */
export type Query = { words: string[]; bounds: Bound[] };

const BOUND = /^([\w>' ]+?)(<=|>=|!=|=|<|>)(.+)$/;

export function valueAt(table: Table, column: number, row: number): Value {
  const { digits } = table.columns[column] as Column;
  const isText = digits === null;
  let place = 0;
  for (let i = 0; i < column; i++) if ((table.columns[i]?.digits === null) === isText) place++;
  if (isText) return table.texts[place]?.[row] ?? "";
  return table.numbers[place * table.names.length + row] ?? Number.NaN;
}

export function textAt(table: Table, column: number, row: number): string {
  const value = valueAt(table, column, row);
  if (typeof value === "string") return value;
  if (Number.isNaN(value)) return "–";
  if (Math.abs(value) === Number.POSITIVE_INFINITY) return value < 0 ? "−∞" : "∞";
  return number(value, table.columns[column]?.digits ?? 0);
}

/** `table` with the information that a factor shares with each node as its first column. */
export function withFactor(
  table: Table,
  factor: number,
  uses: ArrayLike<number>,
  isUnstable = false,
): Table {
  const mark = isUnstable ? `${UNSTABLE} ` : "";
  const column: Column = {
    name: "factor",
    label: isUnstable ? `factor ${factor} · not stable` : `factor ${factor}`,
    title: `${mark}Mutual information of factor ${factor} with the node, in nats; – where it is not above chance. ${NATS}`,
    digits: 2,
    signed: false,
  };
  return {
    ...table,
    columns: [column, ...table.columns],
    numbers: Float32Array.from([...Array.from(uses), ...Array.from(table.numbers)]),
  };
}

/** Parse a query; a bound on an unknown column counts as a word. */
export function parse(table: Table, text: string): Query {
  const query: Query = { words: [], bounds: [] };
  for (const part of text.trim().toLowerCase().split(/\s+/)) {
    if (!part) continue;
    const [, name = "", relation = "", value = ""] = BOUND.exec(part) ?? [];
    const column = table.columns.findIndex((one) => one.name === name);
    if (column < 0) query.words.push(part);
    else query.bounds.push({ column, relation, value });
  }
  return query;
}

export function fits(table: Table, { words, bounds }: Query, row: number): boolean {
  if (words.length) {
    const held = table.columns.flatMap(({ digits }, i) =>
      digits === null ? [textAt(table, i, row).toLowerCase()] : [],
    );
    held.push((table.names[row] ?? "").toLowerCase());
    if (!words.every((word) => held.some((text) => text.includes(word)))) return false;
  }
  return bounds.every(({ column, relation, value }) => {
    const found = valueAt(table, column, row);
    const [one, other] =
      typeof found === "string" ? [found.toLowerCase(), value] : [found, Number(value)];
    if (relation === "=") return one === other;
    if (relation === "!=") return one !== other;
    if (relation === "<") return one < other;
    if (relation === ">") return one > other;
    return relation === "<=" ? one <= other : one >= other;
  });
}

/** The rows that match, sorted; ties keep the order of the nodes. */
export function arrange(table: Table, text: string, { sort, descending }: Order): number[] {
  const query = parse(table, text);
  const rows: number[] = [];
  for (let row = 0; row < table.names.length; row++) if (fits(table, query, row)) rows.push(row);
  const column = table.columns.findIndex((one) => one.name === sort);
  const sign = descending ? -1 : 1;
  if (column < 0) return descending ? rows.reverse() : rows;
  const { signed } = table.columns[column] as Column;
  const keys = table.names.map((_, row) => {
    const value = valueAt(table, column, row);
    return signed && typeof value === "number" ? Math.abs(value) : value;
  });
  return rows.sort((a, b) => {
    const [one, other] = [keys[a] as Value, keys[b] as Value];
    // Missing entries come last in either direction.
    const missing = Number(isMissing(one)) - Number(isMissing(other));
    return missing || sign * compare(one, other) || a - b;
  });
}

function isMissing(value: Value): boolean {
  return value === "" || Number.isNaN(value);
}

function compare(a: Value, b: Value): number {
  if (typeof a === "string" || typeof b === "string") {
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  }
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The node that a key moves to from `node`; null for keys that do not move. */
export function moved(rows: readonly number[], node: number, key: string): number | null {
  const place = rows.indexOf(node);
  const steps: Record<string, number> = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    PageDown: place + 10,
    PageUp: place - 10,
    Home: 0,
    End: rows.length - 1,
  };
  const to = steps[key];
  if (to === undefined) return null;
  return rows[Math.max(0, Math.min(to, rows.length - 1))] ?? null;
}

/** The chosen nodes after a click on a row; with `pair` it is added as the second of two. */
export function choose(chosen: readonly number[], row: number, pair: boolean): number[] {
  if (chosen.includes(row)) return chosen.filter((one) => one !== row);
  const first = chosen[0];
  return pair && first !== undefined ? [first, row] : [row];
}
