import type { Meaning } from "../traits";

const DAY = 86_400_000;

/** How much of an ISO date is shown, and the step between two that differ. */
const STEPS: Record<number, number> = { 10: DAY, 16: 60_000, 19: 1_000 };

/** A number with four significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e6)
      ? value.toExponential(2)
      : String(Number(value.toPrecision(4)));
  return text.replace("-", "−");
}

/** A value of a scale as text. */
export function told(value: number, meaning: Meaning = {}): string {
  const { start, letters = 10, unit } = meaning;
  if (!Number.isFinite(value)) return short(value);
  if (start === undefined) return unit ? `${short(value)} ${unit}` : short(value);
  const step = STEPS[letters] ?? DAY;
  const date = new Date(Math.round((start + value * DAY) / step) * step);
  return date.toISOString().slice(0, letters).replace("T", " ");
}

/** The value that a person typed, as `told` writes it; NaN if it is none. */
export function understood(text: string, meaning: Meaning = {}): number {
  const { start, unit } = meaning;
  if (start === undefined) {
    const bare = unit && text.endsWith(unit) ? text.slice(0, -unit.length) : text;
    return Number(bare.trim().replace("−", "-").replace(",", "."));
  }
  // A date alone is in UTC, as are ours; a date with a time needs the letter.
  const iso = text.length > 10 ? `${text.replace(" ", "T")}Z` : text;
  return (Date.parse(iso) - start) / DAY;
}

/** A value as precise as a person can drag it: three digits, or what is shown of a date. */
export function rounded(value: number, meaning: Meaning = {}): number {
  if (meaning.start === undefined) return Number(value.toPrecision(3));
  const step = (STEPS[meaning.letters ?? 10] ?? DAY) / DAY;
  return Math.round(value / step) * step;
}
