/** Small matrices of pairs for the tests. */
import type { Pairs } from "../../../src/heatmap/pairs/scene";

export const HOSTILE = "<img src=x onerror=alert(1)>";

/** The triangle of a full matrix, and the bits of the pairs that `beyond` holds. */
export function pairsOf(
  full: number[][],
  errors: number | null = null,
  beyond: (row: number, column: number) => boolean = () => true,
): Pairs {
  const n = full.length;
  const values: number[] = [];
  const bits = new Uint8Array(Math.ceil((n * (n + 1)) / 16) + 1);
  for (let row = 0; row < n; row++) {
    for (let column = row; column < n; column++) {
      const place = values.length;
      values.push(full[row]?.[column] as number);
      if (beyond(row, column)) bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
    }
  }
  return {
    names: full.map((_, i) => (i === 2 ? HOSTILE : `x${i}`)),
    features: full.map((_, i) => i),
    values,
    errors: errors === null ? [] : values.map(() => errors),
    beyond: bits,
    seriation: full.map((_, i) => full.length - 1 - i),
    unit: "nats",
  };
}

export const full = [
  [9, 1, -4, 0],
  [1, 0, 2, 0.5],
  [-4, 2, 0, 0],
  [0, 0.5, 0, 0],
];
export const plain = pairsOf(full);
export const noisy = pairsOf(full, 0.25, (row, column) => row === 0 && column === 2);
