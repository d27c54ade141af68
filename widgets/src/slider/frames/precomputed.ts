import type { Frame } from "../scene";

/** Frames of each factor turned alone, kept for readers without a kernel. */
export type Film = {
  factors: number;
  /** Ascending, the same for each factor. */
  positions: Float32Array;
  /** Of which decoded variables bytes over `limits` are kept; none without a decoder. */
  kept: Uint32Array;
  /** For each decoded variable, which of the kept ones stands for it. */
  stands: Uint32Array;
  pixels: Uint8Array;
  limits: readonly [low: number, high: number];
  outputs: number;
  values: Float32Array;
};

/** Which variables a film keeps of rows of this shape, every `step`-th in each direction. */
export function thinned(
  shape: readonly number[],
  features: number,
  step: number,
): Pick<Film, "kept" | "stands"> {
  const [height, width, channels] = shape.length
    ? [shape[0] ?? 0, shape[1] ?? 0, shape[2] ?? 1]
    : [1, features, 1];
  const across = Math.ceil(width / step);
  const kept: number[] = [];
  const stands = new Uint32Array(features);
  for (let i = 0; i < features; i++) {
    const [channel, dot] = [i % channels, Math.floor(i / channels)];
    const [y, x] = [Math.floor(dot / width), dot % width];
    if (y < height && y % step === 0 && x % step === 0) kept.push(i);
    stands[i] = (Math.floor(y / step) * across + Math.floor(x / step)) * channels + channel;
  }
  return { kept: Uint32Array.from(kept), stands };
}

/** `film` if its sizes agree and its numbers are usable; null if there is none to play. */
export function checked(film: Film): Film | null {
  const frames = film.factors * film.positions.length;
  const ascending = film.positions.every((at, i) => i === 0 || at > (film.positions[i - 1] ?? at));
  const fits =
    frames > 0 &&
    ascending &&
    film.pixels.length === frames * film.kept.length &&
    film.values.length === frames * film.outputs;
  return fits ? film : null;
}

/** The frame of `factor` turned alone by `amount`, between the two positions that are nearest. */
export function filmed(film: Film, factor: number, amount: number): Frame {
  const last = film.positions.length - 1;
  const after = film.positions.findIndex((at) => at >= amount);
  const high = after < 0 ? last : after;
  const low = after > 0 ? after - 1 : high;
  const [from, to] = [film.positions[low] ?? 0, film.positions[high] ?? 0];
  const share = to > from ? (amount - from) / (to - from) : 0;
  const between = (values: ArrayLike<number>, width: number, scale: number, zero: number) => {
    const frame = new Float32Array(width);
    const start = (position: number) => (factor * (last + 1) + position) * width;
    const [a, b] = [start(low), start(high)];
    for (let i = 0; i < width; i++) {
      const here = values[a + i] ?? 0;
      frame[i] = zero + scale * (here + share * ((values[b + i] ?? 0) - here));
    }
    return frame;
  };
  const [least, most] = film.limits;
  const few = between(film.pixels, film.kept.length, (most - least) / 255, least);
  return {
    decoded: Float32Array.from(film.stands, (kept) => few[kept] ?? Number.NaN),
    outputs: between(film.values, film.outputs, 1, 0),
  };
}

/**
 * What `amounts` should look like, from a frame that is `known`: each factor that has moved since
 * adds what it changes when it is turned alone.
 */
export function guessed(
  film: Film,
  known: Frame & { amounts: ArrayLike<number> },
  amounts: ArrayLike<number>,
): Frame {
  const decoded = known.decoded.slice();
  const outputs = known.outputs.slice();
  for (let factor = 0; factor < film.factors; factor++) {
    const [from, to] = [known.amounts[factor] ?? 0, amounts[factor] ?? 0];
    if (from === to) continue;
    const [before, after] = [filmed(film, factor, from), filmed(film, factor, to)];
    for (let i = 0; i < decoded.length; i++) {
      decoded[i] = (decoded[i] ?? 0) + (after.decoded[i] ?? 0) - (before.decoded[i] ?? 0);
    }
    for (let i = 0; i < outputs.length; i++) {
      outputs[i] = (outputs[i] ?? 0) + (after.outputs[i] ?? 0) - (before.outputs[i] ?? 0);
    }
  }
  return { decoded, outputs };
}

/** The largest change of a decoded variable that the film holds. */
export function widest(film: Film, baseline: ArrayLike<number>): number {
  const [low, high] = film.limits;
  let most = 0;
  for (let i = 0; i < film.pixels.length; i++) {
    const value = low + ((high - low) * (film.pixels[i] ?? 0)) / 255;
    most = Math.max(most, Math.abs(value - (baseline[film.kept[i % film.kept.length] ?? 0] ?? 0)));
  }
  return most;
}
