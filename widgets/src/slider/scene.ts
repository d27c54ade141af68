/** Amounts, frames and what is said of them: pure, so that it is tested without a page. */
import { typed } from "../shared/arrays";
import { number } from "../shared/numbers";
import type { Reply } from "../shared/protocol";

/** What the model makes of one position of the sliders. */
export type Frame = { decoded: Float32Array; outputs: Float32Array };

/** How many of each a frame holds. */
export type Sizes = { decoded: number; outputs: number };

export type Range = { low: number; high: number };

const MOST_OUTPUTS = 24;

/** How far an arrow moves a slider, and the grid of a drag: 1, 2 or 5 times a power of ten. */
export function stepOf(span: number): number {
  const wanted = span / 60;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const factor = [5, 2, 1].find((one) => one * power <= wanted * 1.001) ?? 1;
  return factor * power;
}

/** `value` within ±span, on the grid of `step` if one is given. */
export function placed(value: number, span: number, step = 0): number {
  const near = step > 0 ? Math.round(value / step) * step : value;
  const within = Math.min(span, Math.max(-span, near));
  return Number(within.toFixed(6)) || 0; // neither 0.30000000000000004 nor −0
}

/** Where a key takes a slider; null for keys that do not move it. */
export function keyed(value: number, span: number, key: string, large: boolean): number | null {
  const step = stepOf(span) * (large ? 10 : 1);
  const by: Record<string, number> = {
    ArrowRight: step,
    ArrowUp: step,
    ArrowLeft: -step,
    ArrowDown: -step,
    PageUp: 10 * stepOf(span),
    PageDown: -10 * stepOf(span),
  };
  if (key === "Home") return -span;
  if (key === "End") return span;
  const move = by[key];
  return move === undefined ? null : placed(value + move, span);
}

/** `amounts` with one of them changed. */
export function changed(amounts: Float32Array, factor: number, value: number): Float32Array {
  const next = amounts.slice();
  next[factor] = value;
  return next;
}

/** All zero but the amount of `factor`: what a film can show. */
export function alone(amounts: Float32Array, factor: number): Float32Array {
  return amounts.map((amount, other) => (other === factor ? amount : 0));
}

/** The factor that is turned most. */
export function strongest(amounts: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < amounts.length; i++) {
    if (Math.abs(amounts[i] ?? 0) > Math.abs(amounts[best] ?? 0)) best = i;
  }
  return best;
}

/** Positions around `amounts`, the nearest first and those of `first` before the others. */
export function around(
  amounts: Float32Array,
  span: number,
  first: number,
  most: number,
): Float32Array[] {
  const step = stepOf(span);
  const found: Float32Array[] = [];
  const order = [...amounts.keys()].sort((a, b) => Number(b === first) - Number(a === first));
  for (let away = 1; found.length < most && away * step <= 2 * span; away++) {
    for (const factor of order) {
      for (const sign of [1, -1]) {
        // Drags land on the grid, wherever a typed value left the slider.
        const target = placed((amounts[factor] ?? 0) + sign * away * step, span, step);
        if (target !== amounts[factor]) found.push(changed(amounts, factor, target));
      }
    }
  }
  return found.slice(0, most);
}

/** The next positions of a hand that moves `factor` on the grid by `way`, 1 or −1: the nearest first. */
export function onward(
  amounts: Float32Array,
  span: number,
  factor: number,
  way: number,
  most: number,
): Float32Array[] {
  const step = stepOf(span);
  const here = amounts[factor] ?? 0;
  const found: Float32Array[] = [];
  for (let away = 1; found.length < most; away++) {
    const target = placed(here + way * away * step, span, step);
    if (Math.abs(target - here) < (away - 0.6) * step) break; // the end of the slider
    found.push(changed(amounts, factor, target));
  }
  return found;
}

/** `count` frames out of an answer, or why they cannot be. */
export function framesOf(reply: Reply, sizes: Sizes, count = 1): Frame[] | string {
  if (!reply.ok) return reply.error || "The factors could not be turned.";
  const [decoded, outputs] = [0, 1].map((i) => typed(Float32Array, reply.buffers[i]));
  if (
    reply.buffers.length !== 2 ||
    decoded?.length !== count * sizes.decoded ||
    outputs?.length !== count * sizes.outputs
  ) {
    return "The answer is not of the size that this view expects. Run the cell again.";
  }
  if (!outputs.every(Number.isFinite)) {
    return "The outputs are not all numbers (NaN or infinite) for these amounts.";
  }
  if (!decoded.every(Number.isFinite)) {
    return "The decoded values are not all numbers (NaN or infinite) for these amounts.";
  }
  const part = (values: Float32Array, size: number, i: number) =>
    values.subarray(i * size, (i + 1) * size);
  return Array.from({ length: count }, (_, i) => ({
    decoded: part(decoded, sizes.decoded, i),
    outputs: part(outputs, sizes.outputs, i),
  }));
}

/** Which outputs are drawn: all, or of very many those that are largest in some of `rows`. */
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

/** From the least to the most of all `rows`; what is no number does not count. */
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

/** One line on a position, for those who do not see it. */
export function spoken(
  names: readonly string[],
  amounts: ArrayLike<number>,
  outputs: readonly string[],
  edited: ArrayLike<number>,
  baseline: ArrayLike<number>,
): string {
  const turned = names
    .map((name, i) => ({ name, amount: amounts[i] ?? 0 }))
    .filter(({ amount }) => amount !== 0)
    .map(({ name, amount }) => `${name} at ${number(amount, 2)}`);
  const [now, before] = [largest(edited), largest(baseline)];
  const top = outputs.length
    ? `largest output ${outputs[now] ?? now}, ${number(edited[now] ?? 0, 2)}` +
      (now === before ? "" : `, before it was ${outputs[before] ?? before}`)
    : "";
  return [turned.join(", ") || "all factors at 0", top].filter(Boolean).join("; ");
}
