import type { Range } from "../traits";
import type { Column } from "./columns";

/**
 * Mark the samples that match a search and ranges; null without a filter. Python's explorer has
 * the same rules.
 */
export function matching(
  table: readonly Column[],
  n: number,
  search: string,
  ranges: Readonly<Record<string, Range>>,
): Uint8Array | null {
  const words = wordsOf(table, search);
  const bounded = table.flatMap((column) => {
    const range = Object.hasOwn(ranges, column.name) ? ranges[column.name] : undefined;
    return column.kind === "number" && column.values && range
      ? [{ values: column.values, low: range[0] ?? -Infinity, high: range[1] ?? Infinity }]
      : [];
  });
  if (words.length === 0 && bounded.length === 0) return null;
  const keep = new Uint8Array(n).fill(1);
  for (const word of words) {
    const hit = new Uint8Array(n);
    for (const column of table) {
      if (column.kind !== "category") continue;
      const prefix = `${column.name.toLowerCase()}=`;
      const exact = word.startsWith(prefix);
      const wanted = exact ? word.slice(prefix.length) : word;
      const good = column.categories.map((text) => {
        const name = text.toLowerCase();
        return exact ? name === wanted : name.includes(wanted);
      });
      for (let i = 0; i < n; i++) if (good[column.codes[i] as number]) hit[i] = 1;
    }
    for (let i = 0; i < n; i++) keep[i] = (keep[i] as number) & (hit[i] as number);
  }
  for (const { values, low, high } of bounded) {
    const [from, to] = [Math.fround(low), Math.fround(high)];
    for (let i = 0; i < n; i++) {
      const value = values[i] as number;
      if (!(value >= from && value <= to)) keep[i] = 0;
    }
  }
  return keep;
}

/**
 * The words of a search. Those that together are `column=category` count as one, so that names with
 * blanks need no quotes.
 */
function wordsOf(table: readonly Column[], search: string): string[] {
  const words = (search.toLowerCase().match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) =>
    word.replaceAll('"', ""),
  );
  const named = new Set<string>();
  for (const column of table) {
    if (column.kind !== "category") continue;
    for (const text of column.categories) named.add(`${column.name}=${text}`.toLowerCase());
  }
  const found: string[] = [];
  for (let i = 0; i < words.length; ) {
    let end = words.length;
    while (end > i + 1 && !named.has(words.slice(i, end).join(" "))) end--;
    found.push(words.slice(i, end).join(" "));
    i = end;
  }
  return found;
}

/** How many samples are marked. */
export function marked(keep: Uint8Array): number {
  let count = 0;
  for (const one of keep) count += one;
  return count;
}

/** The marked samples, ascending. */
export function samplesOf(keep: Uint8Array): Uint32Array {
  const samples = new Uint32Array(marked(keep));
  let count = 0;
  for (let i = 0; i < keep.length; i++) if (keep[i]) samples[count++] = i;
  return samples;
}
