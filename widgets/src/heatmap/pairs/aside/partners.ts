/** One row of the matrix as an image: the partners of a pixel. Pure. */
import { bit, type Entry, entryAt, type Pairs } from "../scene";

/** The image that the inputs are pixels of. */
export type Grid = {
  channels: number;
  height: number;
  width: number;
  /** The input of each pixel, channel after channel; empty if each is its own. −1 is none. */
  groups: ArrayLike<number>;
};

/** The entries of one input with all inputs, by their numbers. */
export type Row = {
  feature: number;
  values: ArrayLike<number>;
  errors: ArrayLike<number>;
  beyond: Uint8Array;
};

export type Pixel = Entry & { feature: number };

export function entryOf(row: Row, feature: number): Entry {
  const error = row.errors[feature] ?? Number.NaN;
  return {
    value: row.values[feature] ?? Number.NaN,
    error,
    noise: error > 0 && !bit(row.beyond, feature),
  };
}

/** The row of one input in a matrix that holds all inputs. */
export function rowOf(pairs: Pairs, feature: number): Row {
  const n = pairs.names.length;
  const [values, errors] = [new Float32Array(n), new Float32Array(pairs.errors.length ? n : 0)];
  const beyond = new Uint8Array(Math.ceil(n / 8));
  for (let column = 0; column < n; column++) {
    const { value, error, noise } = entryAt(pairs, { row: feature, column });
    values[column] = value;
    if (errors.length) errors[column] = error;
    if (!noise) beyond[column >> 3] = (beyond[column >> 3] ?? 0) | (1 << (column & 7));
  }
  return { feature, values, errors, beyond };
}

/** The inputs of a pixel, one for each channel. */
export function inputsAt(grid: Grid, pixel: number): number[] {
  const area = grid.height * grid.width;
  return Array.from({ length: grid.channels }, (_, channel) => {
    const place = channel * area + pixel;
    return grid.groups.length ? (grid.groups[place] ?? -1) : place;
  }).filter((input) => input >= 0);
}

/** The entry drawn at a pixel, the strongest of its channels; null without an input. */
export function pixelAt(grid: Grid, row: Row, pixel: number): Pixel | null {
  let best: Pixel | null = null;
  for (const feature of inputsAt(grid, pixel)) {
    const entry = entryOf(row, feature);
    if (!best || Math.abs(entry.value) > Math.abs(best.value)) best = { ...entry, feature };
  }
  return best;
}

/** The largest size of an entry with another input: the colours of the picture end there. */
export function reach(row: Row): number {
  let most = 0;
  for (let feature = 0; feature < row.values.length; feature++) {
    if (feature !== row.feature) most = Math.max(most, Math.abs(row.values[feature] ?? 0));
  }
  return most || 1;
}

const WIDE = 220; // CSS pixels of a picture
const LARGEST = 28; // of a pixel of it

/** How many CSS pixels a pixel of the image has. */
export function scaleOf({ width, height }: Grid): number {
  return Math.max(1, Math.min(LARGEST, Math.floor(WIDE / Math.max(width, height))));
}

/** The pixel under a point of the picture; null beside it. */
export function pixelUnder(grid: Grid, x: number, y: number): number | null {
  const scale = scaleOf(grid);
  const [right, down] = [Math.floor(x / scale), Math.floor(y / scale)];
  const isInside = right >= 0 && down >= 0 && right < grid.width && down < grid.height;
  return isInside ? down * grid.width + right : null;
}
