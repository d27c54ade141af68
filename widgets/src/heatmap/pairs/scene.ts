/** What the matrix of pairs shows: pure, so that it is tested without a page. */
import { significant } from "../../shared/numbers";

export type Order = "similarity" | "given";

/** The pairs of some inputs, in the order in which Python gave these. */
export type Pairs = {
  names: readonly string[];
  /** The number of each row's input among all of them. */
  features: ArrayLike<number>;
  /** The upper triangle, row by row, with its diagonal. */
  values: ArrayLike<number>;
  /** Standard errors; empty if they are not known. */
  errors: ArrayLike<number>;
  /** A bit for each pair: whether it is beyond noise. */
  beyond: Uint8Array;
  /** Rows in the order of their similarity. */
  seriation: ArrayLike<number>;
  unit: string;
};

export type Cell = { row: number; column: number };
export type Entry = { value: number; error: number; noise: boolean };

const MOST_FOUND = 200;

/** The index of a pair of rows in the triangle. */
export function placeOf(n: number, a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return (low * (2 * n - low - 1)) / 2 + high;
}

/** Whether bit `place` is set, counted from the lowest of each byte. */
export function bit(bits: Uint8Array, place: number): boolean {
  return (((bits[place >> 3] ?? 0) >> (place & 7)) & 1) === 1;
}

export function entryAt(pairs: Pairs, { row, column }: Cell): Entry {
  const place = placeOf(pairs.names.length, row, column);
  const error = pairs.errors[place] ?? Number.NaN;
  return {
    value: pairs.values[place] ?? Number.NaN,
    error,
    // A zero without an error is exact, not noise.
    noise: error > 0 && !bit(pairs.beyond, place),
  };
}

/** The largest size of a pair of different inputs: the colours end there, whatever is shown. */
export function limitOf(pairs: Pairs): number {
  const n = pairs.names.length;
  let [pair, own] = [0, 0];
  for (let row = 0; row < n; row++) {
    const start = placeOf(n, row, row);
    own = Math.max(own, Math.abs(pairs.values[start] ?? 0));
    for (let i = 1; i < n - row; i++) pair = Math.max(pair, Math.abs(pairs.values[start + i] ?? 0));
  }
  return pair || own || 1;
}

/** The size of the strongest pair of each row beyond noise. */
export function strengths(pairs: Pairs): Float64Array {
  const n = pairs.names.length;
  const most = new Float64Array(n);
  for (let row = 0; row < n; row++) {
    const start = placeOf(n, row, row);
    for (let i = 1; i < n - row; i++) {
      if (!bit(pairs.beyond, start + i)) continue;
      const size = Math.abs(pairs.values[start + i] ?? 0);
      if (size > (most[row] as number)) most[row] = size;
      if (size > (most[row + i] as number)) most[row + i] = size;
    }
  }
  return most;
}

/** Rows whose name contains `query`, ignoring case; none for an empty query. */
export function find(names: readonly string[], query: string): number[] {
  const wanted = query.trim().toLowerCase();
  const found: number[] = [];
  if (!wanted) return found;
  names.forEach((name, row) => {
    if (found.length < MOST_FOUND && name.toLowerCase().includes(wanted)) found.push(row);
  });
  return found;
}

/** The rows to draw, in order: the `top` of the strongest pairs, and those `found`. */
export function visible(
  pairs: Pairs,
  top: number,
  order: Order,
  strength: ArrayLike<number>,
  found: readonly number[] = [],
): number[] {
  const given = pairs.names.map((_, row) => row);
  const ordered = order === "given" ? given : Array.from(pairs.seriation);
  if (top >= given.length) return ordered;
  const best = [...given].sort((a, b) => (strength[b] ?? 0) - (strength[a] ?? 0) || a - b);
  const shown = new Set([...best.slice(0, Math.max(1, top)), ...found]);
  return ordered.filter((row) => shown.has(row));
}

/** The strongest pairs beyond noise, of all rows or of one of them, strongest first. */
export function strongest(pairs: Pairs, count: number, of = -1): Cell[] {
  const n = pairs.names.length;
  const best: { size: number; cell: Cell }[] = [];
  const take = (row: number, column: number) => {
    const place = placeOf(n, row, column);
    const size = Math.abs(pairs.values[place] ?? 0);
    if (!(size > 0) || !bit(pairs.beyond, place)) return;
    if (best.length === count && size <= (best[count - 1] as { size: number }).size) return;
    let at = best.length;
    while (at > 0 && (best[at - 1] as { size: number }).size < size) at--;
    best.splice(at, 0, { size, cell: { row, column } });
    if (best.length > count) best.pop();
  };
  for (let row = 0; row < n; row++) {
    if (of >= 0) {
      if (row !== of) take(of, row);
    } else {
      for (let column = row + 1; column < n; column++) take(row, column);
    }
  }
  return best.map(({ cell }) => cell);
}

/** Why no pair is listed. */
export function nothing(pairs: Pairs): string {
  if (pairs.names.length < 2) return "a single input makes no pair";
  return pairs.errors.length ? "none beyond noise" : "all are zero";
}

/** A value with its error, in few digits. */
export function amount({ value, error }: Pick<Entry, "value" | "error">): string {
  const plus = Number.isFinite(error) ? ` ± ${significant(error, 2)}` : "";
  return `${significant(value, 3)}${plus}`;
}

/** The lines about an entry, for the card and for screen readers. */
export function tell(first: string, second: string, entry: Entry, unit: string): string[] {
  const { value, noise } = entry;
  const own = first === second;
  const reading = own
    ? `its effect ${value > 0 ? "rises" : "falls"} as it rises`
    : `the effect of each ${value > 0 ? "rises" : "falls"} as the other rises`;
  return [
    own ? `${first} with itself` : `${first} × ${second}`,
    `${amount(entry)}${unit ? ` ${unit}` : ""}`,
    noise ? "within noise" : value === 0 ? "exactly zero" : reading,
  ];
}

/**
 * The place of the sample numbered `wanted`; `now` is the place shown, null for the mean. Where no
 * sample has that number, the next one in its direction, so that the arrows of a field step from
 * sample to sample.
 */
export function sampleNear(
  numbers: readonly number[],
  now: number | null,
  wanted: number,
): number | null {
  const exact = numbers.indexOf(wanted);
  if (exact >= 0) return exact;
  const from = (now === null ? undefined : numbers[now]) ?? Number.NEGATIVE_INFINITY;
  if (!Number.isFinite(wanted)) return now;
  const up = wanted > from;
  let best: number | null = null;
  numbers.forEach((number, place) => {
    const isAhead = up ? number > from : number < from;
    const held = best === null ? null : (numbers[best] ?? null);
    if (isAhead && (held === null || (up ? number < held : number > held))) best = place;
  });
  return best ?? now;
}

/** The row of an input by its number; −1 where it is not among the pairs. */
export function rowOfInput(pairs: Pairs, feature: number): number {
  return Array.prototype.indexOf.call(pairs.features, feature);
}

/** The cell of a pair of inputs by their numbers; null where one is not among the pairs. */
export function cellOf(pairs: Pairs, pair: readonly [number, number] | null): Cell | null {
  if (!pair) return null;
  const [row, column] = [rowOfInput(pairs, pair[0]), rowOfInput(pairs, pair[1])];
  return row < 0 || column < 0 ? null : { row, column };
}

/** The numbers of the two inputs of a cell. */
export function pairOf(pairs: Pairs, { row, column }: Cell): [number, number] {
  return [pairs.features[row] as number, pairs.features[column] as number];
}

/** What an input is called, also one that is not among the pairs; `width` is that of an image. */
export function inputName(pairs: Pairs, feature: number, width: number | null): string {
  const row = rowOfInput(pairs, feature);
  if (row >= 0) return pairs.names[row] ?? "";
  return width ? `pixel ${Math.floor(feature / width)},${feature % width}` : `input ${feature}`;
}

/** The match after the row of the cursor, at its strongest pair among those `drawn`. */
export function nextMatch(
  pairs: Pairs,
  matches: readonly number[],
  cursor: Cell | null,
  drawn: ReadonlyMap<number, number>,
): Cell | null {
  const row = matches[(matches.indexOf(cursor?.row ?? -1) + 1) % matches.length];
  if (row === undefined) return null;
  const best = strongest(pairs, 1, row)[0];
  return best && drawn.has(best.column) ? best : { row, column: row };
}
