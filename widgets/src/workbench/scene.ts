import { number } from "../shared/numbers";
import type { Ablation, Bar, Chart } from "./traits";

/** Where a bar, its chance band and zero lie, as shares of the width. */
export type Placed = {
  label: string;
  text: string;
  note: string;
  zero: number;
  from: number;
  to: number;
  band: [number, number] | null;
  /** Whether the value lies outside the band: more than chance gives. */
  beyond: boolean;
  below: boolean;
};

/** Place bars on one axis that covers all values and bands, and zero. */
export function place(bars: readonly Bar[], digits: number): Placed[] {
  const ends = bars.flatMap(({ value, low, high }) =>
    [value, low, high].filter((end): end is number => end !== null),
  );
  const low = Math.min(0, ...ends);
  const high = Math.max(0, ...ends);
  const span = high - low || 1;
  const at = (value: number) => (value - low) / span;
  return bars.map((bar) => {
    const value = bar.value ?? 0;
    const band: [number, number] | null =
      bar.low === null || bar.high === null ? null : [at(bar.low), at(bar.high)];
    return {
      label: bar.label,
      text: bar.value === null ? "–" : signed(value, digits),
      note: bar.note,
      zero: at(0),
      from: at(Math.min(0, value)),
      to: at(Math.max(0, value)),
      band,
      beyond: bar.beyond ?? (bar.value !== null && isOutside(value, bar)),
      below: value < 0,
    };
  });
}

function isOutside(value: number, { low, high }: Bar): boolean {
  return value < (low ?? value) || value > (high ?? value);
}

function signed(value: number, digits: number): string {
  const text = number(value, digits);
  return Number(value.toFixed(digits)) > 0 ? `+${text}` : text;
}

/** The digits that keep the largest of `bars` to three figures. */
export function digitsOf(bars: readonly Bar[]): number {
  const largest = Math.max(0, ...bars.map((bar) => Math.abs(bar.value ?? 0)));
  if (largest === 0) return 1;
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(largest))));
}

/** The numbers of ablated nodes that were tried with `factor`, ascending. */
export function sizesOf(ablation: Ablation, factor: number | null): number[] {
  return (ablation.charts ?? [])
    .filter((chart) => chart.factor === factor)
    .map((chart) => chart.size);
}

/** The chart of `factor` at the tried number of nodes nearest to `size`. */
export function chartOf(ablation: Ablation, factor: number | null, size: number): Chart | null {
  const tried = (ablation.charts ?? []).filter((chart) => chart.factor === factor);
  const distance = (chart: Chart) => Math.abs(chart.size - size);
  return tried.reduce<Chart | null>(
    (best, chart) => (best === null || distance(chart) < distance(best) ? chart : best),
    null,
  );
}

/** The middle of a patch, as shares of the picture's width and height. */
export function middle(patch: number, grid: readonly number[]): { x: number; y: number } {
  const [, down = 1, across = 1] = grid;
  return { x: ((patch % across) + 0.5) / across, y: (Math.floor(patch / across) + 0.5) / down };
}

/** The factor `by` places after `chosen`, around the ends; null if there are none. */
export function stepped(
  factors: readonly number[],
  chosen: number | null,
  by: number,
): number | null {
  const at = (chosen === null ? -1 : factors.indexOf(chosen)) + by;
  return factors[(at + factors.length) % factors.length] ?? null;
}
