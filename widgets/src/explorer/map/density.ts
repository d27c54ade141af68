import type { World } from "../world";

const SIDE = 160;
const BLUR = 2; // the radius of a box blur; three passes of it are close to a Gaussian
const SHARES = [0.5, 0.9] as const;
const FEWEST = 20;

/** A line around a dense region: segments between points (x0, y0), (x1, y1) of the world. */
export type Contour = { segments: Float32Array; share: number };

/**
 * Lines around the densest regions that hold 50 % and 90 % of `samples`, or of all samples.
 *
 * The density is a blurred histogram on a grid over the map. The level of a line is the density
 * below which the remaining share of the samples lies (Hyndman 1996, highest-density regions).
 */
export function contours(at: World, samples: ArrayLike<number> | null): Contour[] {
  const n = samples?.length ?? at.x.length;
  if (n < FEWEST) return [];
  let field: Float32Array = new Float32Array(SIDE * SIDE);
  const cells = new Uint32Array(n);
  for (let k = 0; k < n; k++) {
    const i = samples ? (samples[k] as number) : k;
    const cell = place(at.y[i] as number) * SIDE + place(at.x[i] as number);
    cells[k] = cell;
    field[cell] = (field[cell] as number) + 1;
  }
  for (let pass = 0; pass < 3; pass++) field = blurred(blurred(field, 1), SIDE);
  const found = new Float32Array(n);
  for (let k = 0; k < n; k++) found[k] = field[cells[k] as number] as number;
  found.sort();
  return SHARES.map((share) => {
    const level = found[Math.min(n - 1, Math.floor((1 - share) * n))] as number;
    return { share, segments: isolines(field, level * 0.999) };
  });
}

/** The row or column of a coordinate. The grid has a margin, so that lines close at the edge. */
function place(value: number): number {
  return Math.min(SIDE - 1, Math.max(0, Math.floor(((value / 1.1 + 1) / 2) * SIDE)));
}

/** The coordinate of a row or column. */
function back(cell: number): number {
  return (((cell + 0.5) / SIDE) * 2 - 1) * 1.1;
}

/** A running mean along rows (`step` 1) or columns (`step` SIDE). */
function blurred(field: Float32Array, step: number): Float32Array {
  const result = new Float32Array(field.length);
  const across = step === 1 ? SIDE : 1;
  for (let line = 0; line < SIDE; line++) {
    const start = line * across;
    const value = (k: number) => (k < 0 || k >= SIDE ? 0 : (field[start + k * step] as number));
    let sum = 0;
    for (let k = -BLUR; k < BLUR; k++) sum += value(k);
    for (let k = 0; k < SIDE; k++) {
      sum += value(k + BLUR);
      result[start + k * step] = sum / (2 * BLUR + 1);
      sum -= value(k - BLUR);
    }
  }
  return result;
}

/** Where `field` crosses `level`, by marching squares, in points of the world. */
function isolines(field: Float32Array, level: number): Float32Array {
  const points: number[] = [];
  const at = (column: number, row: number) => field[row * SIDE + column] as number;
  for (let row = 0; row + 1 < SIDE; row++) {
    for (let column = 0; column + 1 < SIDE; column++) {
      const corners = [
        [column, row],
        [column + 1, row],
        [column + 1, row + 1],
        [column, row + 1],
      ] as const;
      const crossings: number[] = [];
      for (let side = 0; side < 4; side++) {
        const [c0, r0] = corners[side] as readonly [number, number];
        const [c1, r1] = corners[(side + 1) % 4] as readonly [number, number];
        const [a, b] = [at(c0, r0) - level, at(c1, r1) - level];
        if (a > 0 === b > 0) continue;
        const share = a / (a - b);
        crossings.push(back(c0 + (c1 - c0) * share), back(r0 + (r1 - r0) * share));
      }
      // Two crossings are a segment; four are a saddle, two of them.
      points.push(...crossings);
    }
  }
  return Float32Array.from(points);
}
