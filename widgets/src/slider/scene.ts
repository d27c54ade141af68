/** Frames, and what is drawn and said of them: pure, so that it is tested without a page. */
import { typed } from "../shared/arrays";
import { number } from "../shared/numbers";
import type { Reply } from "../shared/protocol";

/** What decoder and network compute for one position of the sliders. */
export type Frame = { decoded: Float32Array; outputs: Float32Array };

/** How many of each a frame holds. */
export type Sizes = { decoded: number; outputs: number };

export type Range = { low: number; high: number };

const MOST_OUTPUTS = 24;

/** The `count` frames of an answer, or the error. */
export function framesOf(reply: Reply, sizes: Sizes, count = 1): Frame[] | string {
  if (!reply.ok) return reply.error || "The factors could not be moved.";
  const [decoded, outputs] = [0, 1].map((i) => typed(Float32Array, reply.buffers[i]));
  if (
    reply.buffers.length !== 2 ||
    decoded?.length !== count * sizes.decoded ||
    outputs?.length !== count * sizes.outputs
  ) {
    return "The answer has another size than this view expects. Run the cell again.";
  }
  if (!outputs.every(Number.isFinite)) {
    return "Some outputs are not finite numbers at these amounts.";
  }
  if (!decoded.every(Number.isFinite)) {
    return "Some decoded values are not finite numbers at these amounts.";
  }
  const part = (values: Float32Array, size: number, i: number) =>
    values.subarray(i * size, (i + 1) * size);
  return Array.from({ length: count }, (_, i) => ({
    decoded: part(decoded, sizes.decoded, i),
    outputs: part(outputs, sizes.outputs, i),
  }));
}

/** Which outputs are drawn: all, or those that are largest in some of `rows` if there are many. */
export function drawnOutputs(rows: ArrayLike<number>, count: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  if (count <= MOST_OUTPUTS) return all;
  const best = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < rows.length; i++) {
    best[i % count] = Math.max(best[i % count] as number, rows[i] ?? 0);
  }
  return all
    .sort((a, b) => (best[b] ?? 0) - (best[a] ?? 0) || a - b)
    .slice(0, MOST_OUTPUTS)
    .sort((a, b) => a - b);
}

/** The range of all `rows`, without what is not a finite number. */
export function extent(...rows: ArrayLike<number>[]): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const value = row[i] ?? 0;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return high > low ? { low, high } : { low: 0, high: 1 };
}

/** `value` within the range. */
export function clipped(value: number, { low, high }: Range): number {
  return Math.min(high, Math.max(low, value));
}

/** `edited` − `baseline`, for pictures in colour the mean of the channels. */
export function difference(
  edited: ArrayLike<number>,
  baseline: ArrayLike<number>,
  channels: number,
): Float32Array {
  const result = new Float32Array(Math.floor(edited.length / channels));
  for (let i = 0; i < result.length * channels; i++) {
    const at = Math.floor(i / channels);
    result[at] = (result[at] ?? 0) + ((edited[i] ?? 0) - (baseline[i] ?? 0)) / channels;
  }
  return result;
}

export function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}

/** Digits after the point for values of the size of `most`. */
export function digits(most: number): number {
  if (!(most > 0)) return 2;
  return Math.min(5, Math.max(0, 2 - Math.floor(Math.log10(most))));
}

/** One line about a position, for screen readers. */
export function spoken(
  names: readonly string[],
  amounts: ArrayLike<number>,
  outputs: readonly string[],
  edited: ArrayLike<number>,
  baseline: ArrayLike<number>,
): string {
  const moved = names
    .map((name, i) => ({ name, amount: amounts[i] ?? 0 }))
    .filter(({ amount }) => amount !== 0)
    .map(({ name, amount }) => `${name} at ${number(amount, 2)}`);
  const [now, before] = [largest(edited), largest(baseline)];
  const top = outputs.length
    ? `largest output ${outputs[now] ?? now}, ${number(edited[now] ?? 0, 2)}` +
      (now === before ? "" : `, before it was ${outputs[before] ?? before}`)
    : "";
  return [moved.join(", ") || "all factors at 0", top].filter(Boolean).join("; ");
}
