import { typed } from "../../shared/arrays";
import { categorical, viridis } from "../../shared/colours";
import type { ColumnHeader, Meaning } from "../traits";
import { told } from "./meaning";

const SHADES = 64;
const MOST_COLOURS = 40;
const NEUTRAL = "#9a9a9a";

export type Column =
  | { name: string; kind: "category"; codes: Uint8Array | Uint16Array; categories: string[] }
  /** The values are null until they are fetched. */
  | { name: string; kind: "number"; values: Float32Array | null; meaning?: Meaning };

/** A row of the legend: its name, its colour, and how many samples it has. */
export type Entry = { label: string; color: string; count: number; selected: number };

/** How a column colours the map: `groups[i]` is the palette entry of sample i. */
export type Colouring = {
  column: Column | null;
  groups: Uint16Array;
  palette: string[];
  /** Names of the palette's entries for a category; empty for a number. */
  labels: string[];
  /** How many samples each label has. */
  counts: Uint32Array;
  /** The ends of a number's scale, and whether values lie beyond them. */
  scale: { low: number; high: number; below: boolean; above: boolean } | null;
};

export function columns(headers: readonly ColumnHeader[], data: Uint8Array, n: number): Column[] {
  const part = (offset: number, length: number) =>
    new DataView(data.buffer, data.byteOffset + offset, length);
  return headers.map((header) =>
    header.kind === "category"
      ? {
          name: header.name,
          kind: "category",
          codes: typed(
            header.width === 1 ? Uint8Array : (Uint16Array as never),
            part(header.offset, header.width * n),
          ),
          categories: header.categories,
        }
      : {
          name: header.name,
          kind: "number",
          values: header.offset < 0 ? null : typed(Float32Array, part(header.offset, 4 * n)),
          meaning: { start: header.start, letters: header.letters, unit: header.unit },
        },
  );
}

/** The value of a sample as text. */
export function textOf(column: Column, i: number): string {
  if (column.kind === "category") return column.categories[column.codes[i] as number] ?? "missing";
  const value = column.values?.[i] ?? Number.NaN;
  return Number.isNaN(value) ? "missing" : told(value, column.meaning);
}

/** Colour `n` samples by a column; all alike for null. */
export function colouring(column: Column | null, n: number, dark = false): Colouring {
  if (column === null || (column.kind === "number" && !column.values)) {
    const palette = categorical(1, dark);
    const groups = new Uint16Array(n);
    const counts = Uint32Array.of(n);
    return { column: null, groups, palette, labels: ["samples"], counts, scale: null };
  }
  return column.kind === "category" ? byCategory(column, n, dark) : byNumber(column, n);
}

function byCategory(
  column: Extract<Column, { kind: "category" }>,
  n: number,
  dark: boolean,
): Colouring {
  // How many samples have each code; codes beyond the categories mean missing.
  const held = new Uint32Array(2 ** 16);
  for (let i = 0; i < n; i++) {
    const code = column.codes[i] as number;
    held[code] = (held[code] as number) + 1;
  }
  const all = column.categories.map((_, code) => code);
  const missing = n - all.reduce((sum, code) => sum + (held[code] as number), 0);
  const crowded = all.length > MOST_COLOURS;
  // More categories than one can tell apart: the largest keep a colour, the rest share one.
  const shown = crowded
    ? all.sort((a, b) => (held[b] as number) - (held[a] as number)).slice(0, MOST_COLOURS - 1)
    : all;
  const palette = categorical(shown.length, dark);
  const labels = shown.map((code) => column.categories[code] as string);
  const toGroup = new Uint16Array(2 ** 16).fill(shown.length);
  shown.forEach((code, group) => {
    toGroup[code] = group;
  });
  if (crowded || missing > 0) {
    palette.push(NEUTRAL);
    labels.push(
      crowded ? `${all.length - shown.length} others${missing ? ", missing" : ""}` : "missing",
    );
  }
  const groups = new Uint16Array(n);
  for (let i = 0; i < n; i++) groups[i] = toGroup[column.codes[i] as number] as number;
  const counts = Uint32Array.from(labels, (_, group) => held[shown[group] ?? -1] ?? 0);
  if (labels.length > shown.length) {
    counts[shown.length] = n - shown.reduce((sum, code) => sum + (held[code] as number), 0);
  }
  return { column, groups, palette, labels, counts, scale: null };
}

function byNumber(column: Extract<Column, { kind: "number" }>, n: number): Colouring {
  const values = column.values ?? new Float32Array(n);
  const finite = values.filter((value) => Number.isFinite(value)).sort();
  const last = finite.length - 1;
  const [lowest, highest] = [finite[0] ?? 0, finite[last] ?? 0];
  // A few extreme values would leave all others in one colour.
  const inner = [
    finite[Math.floor(0.01 * last)] ?? 0,
    finite[Math.ceil(0.99 * last)] ?? 0,
  ] as const;
  const [low, high] = inner[1] > inner[0] ? inner : [lowest, highest];
  const groups = new Uint16Array(n);
  for (let i = 0; i < n; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) groups[i] = SHADES;
    else {
      const share = high > low ? (value - low) / (high - low) : 0.5;
      groups[i] = Math.round(Math.min(1, Math.max(0, share)) * (SHADES - 1));
    }
  }
  const palette = Array.from({ length: SHADES }, (_, i) => viridis(i / (SHADES - 1)));
  return {
    column,
    groups,
    palette: [...palette, NEUTRAL],
    labels: [],
    counts: new Uint32Array(0),
    scale: { low, high, below: lowest < low, above: highest > high },
  };
}

/** The rows of the legend, with how many samples of each are selected. */
export function legend(by: Colouring, selection: Uint32Array): Entry[] {
  const entries = by.labels.map((label, group) => ({
    label,
    color: by.palette[group] as string,
    count: by.counts[group] as number,
    selected: 0,
  }));
  for (const i of selection) {
    const entry = entries[by.groups[i] as number];
    if (entry) entry.selected++;
  }
  return entries;
}

/** The samples of each palette entry that has a name. */
export function memberships(by: Colouring): Uint32Array[] {
  const members = Array.from(by.counts, (count) => new Uint32Array(count));
  const filled = new Uint32Array(members.length);
  for (let i = 0; i < by.groups.length; i++) {
    const group = by.groups[i] as number;
    const samples = members[group];
    if (!samples) continue;
    samples[filled[group] as number] = i;
    filled[group] = (filled[group] as number) + 1;
  }
  return members;
}
