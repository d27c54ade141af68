import type { Frame } from "../scene";

/** Frames of each factor moved alone, kept for readers without a kernel. */
export type Precomputed = {
  factors: number;
  /** How far each factor is moved in its frames: ascending, the same for each factor. */
  amounts: Float32Array;
  /** Which decoded variables are kept, as bytes over `limits`; none without a decoder. */
  kept: Uint32Array;
  /** For each decoded variable, which of the kept ones stands for it. */
  stands: Uint32Array;
  decoded: Uint8Array;
  limits: readonly [low: number, high: number];
  outputs: Float32Array;
  nOutputs: number;
};

/** Which variables are kept of rows of this shape: every `step`-th in each direction. */
export function thinned(
  shape: readonly number[],
  features: number,
  step: number,
): Pick<Precomputed, "kept" | "stands"> {
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

/** `precomputed` if its sizes agree and its amounts ascend; null if there are no frames to show. */
export function checked(precomputed: Precomputed): Precomputed | null {
  const { factors, amounts, kept, decoded, outputs, nOutputs } = precomputed;
  const frames = factors * amounts.length;
  const ascending = amounts.every((at, i) => i === 0 || at > (amounts[i - 1] ?? at));
  const fits =
    frames > 0 &&
    ascending &&
    decoded.length === frames * kept.length &&
    outputs.length === frames * nOutputs;
  return fits ? precomputed : null;
}

/** The frame of `factor` moved alone by `amount`, interpolated between the two nearest frames. */
export function frameAt(precomputed: Precomputed, factor: number, amount: number): Frame {
  const { amounts, kept, stands, decoded, limits, outputs, nOutputs } = precomputed;
  const last = amounts.length - 1;
  const after = amounts.findIndex((at) => at >= amount);
  const high = after < 0 ? last : after;
  const low = after > 0 ? after - 1 : high;
  const [from, to] = [amounts[low] ?? 0, amounts[high] ?? 0];
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
  const [least, most] = limits;
  const few = between(decoded, kept.length, (most - least) / 255, least);
  return {
    decoded: Float32Array.from(stands, (one) => few[one] ?? Number.NaN),
    outputs: between(outputs, nOutputs, 1, 0),
  };
}

/**
 * Estimate the frame at `amounts` from an exact frame that is `known`: each factor that has moved
 * since adds what it changes when it is moved alone.
 */
export function estimated(
  precomputed: Precomputed,
  known: Frame & { amounts: ArrayLike<number> },
  amounts: ArrayLike<number>,
): Frame {
  const decoded = known.decoded.slice();
  const outputs = known.outputs.slice();
  for (let factor = 0; factor < precomputed.factors; factor++) {
    const [from, to] = [known.amounts[factor] ?? 0, amounts[factor] ?? 0];
    if (from === to) continue;
    const before = frameAt(precomputed, factor, from);
    const after = frameAt(precomputed, factor, to);
    add(decoded, after.decoded, before.decoded);
    add(outputs, after.outputs, before.outputs);
  }
  return { decoded, outputs };
}

/** Add `after` − `before` to `values`. */
function add(values: Float32Array, after: Float32Array, before: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    values[i] = (values[i] ?? 0) + (after[i] ?? 0) - (before[i] ?? 0);
  }
}

/** The largest change of a decoded variable in the precomputed frames. */
export function largestChange(precomputed: Precomputed, baseline: ArrayLike<number>): number {
  const { decoded, kept, limits } = precomputed;
  const [low, high] = limits;
  let most = 0;
  for (let i = 0; i < decoded.length; i++) {
    const value = low + ((high - low) * (decoded[i] ?? 0)) / 255;
    most = Math.max(most, Math.abs(value - (baseline[kept[i % kept.length] ?? 0] ?? 0)));
  }
  return most;
}
