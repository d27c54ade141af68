/** The only reader and writer of the slider's traits. */
import { bytes, same, typed } from "../shared/arrays";
import { onChange } from "../shared/changes";
import type { ViewContext } from "../shared/view";
import { checked, type Precomputed, thinned } from "./frames/precomputed";
import type { Frame, Range, Sizes } from "./scene";
import type { SliderTraits } from "./traits";

/** What is edited, as Python encodes it. */
export type Base = SliderTraits["base"];

/** The base that is the mean of the factors' samples. */
export const MEAN = "mean" satisfies Base;

/** The row of the sample that is edited; null for a mean. */
export function sampleOf(base: Base): number | null {
  return typeof base === "number" ? base : null;
}

export function sameBase(one: Base, other: Base): boolean {
  if (!(one instanceof DataView && other instanceof DataView)) return one === other;
  return same(typed(Uint32Array, one), typed(Uint32Array, other));
}

/** What the sliders move: one base, its factors and their precomputed frames. */
export type Content = {
  names: readonly string[];
  outputs: readonly string[];
  features: readonly string[];
  /** Empty for data that are no image. */
  shape: readonly number[];
  limits: Range;
  baseline: Frame;
  sizes: Sizes;
  precomputed: Precomputed | null;
};

/** The traits that make up `Content`. */
const CONTENT = [
  "_factor_names",
  "span",
  "_base_name",
  "_n_samples",
  "_output_names",
  "_feature_names",
  "_shape",
  "_limits",
  "_baseline_decoded",
  "_baseline_outputs",
  "_precomputed_amounts",
  "_precomputed_step",
  "_precomputed_decoded",
  "_precomputed_outputs",
] as const satisfies readonly (keyof SliderTraits)[];

/** What a change of traits is about. */
const GROUPS = {
  content: CONTENT,
  amounts: ["amounts"],
  frame: ["_frame_decoded", "_frame_outputs"],
  labels: ["base", "factor", "_about", "_warning", "_unstable"],
  height: ["height"],
} as const satisfies Record<string, readonly (keyof SliderTraits)[]>;

export class SliderModel {
  constructor(
    private readonly model: ViewContext<SliderTraits>["model"],
    private readonly signal: AbortSignal,
  ) {}

  /** Call `changed` for each trait of the group that changes, until the view is closed. */
  on(group: keyof typeof GROUPS, changed: () => void): void {
    onChange(this.model, GROUPS[group], changed, this.signal);
  }

  get span(): number {
    return this.model.get("span");
  }

  get height(): number {
    return this.model.get("height");
  }

  /** Where Python has the sliders. */
  get amounts(): Float32Array {
    return typed(Float32Array, this.model.get("amounts")).slice();
  }

  set amounts(amounts: Float32Array) {
    this.put("amounts", bytes(amounts.slice()));
  }

  get base(): Base {
    return this.model.get("base");
  }

  set base(base: Base) {
    this.put("base", base);
  }

  /** Which row of the view is of the chosen factor; null for none. */
  get chosen(): number | null {
    const factor = this.model.get("factor");
    const row = factor === null ? -1 : this.model.get("_ids").indexOf(factor);
    return row < 0 ? null : row;
  }

  /** Which rows are of factors that are not stable. */
  get unstable(): readonly boolean[] {
    const unstable = this.model.get("_unstable") ?? [];
    return this.model.get("_ids").map((factor) => unstable.includes(factor));
  }

  /** Choose the factor of a row. */
  choose(row: number): void {
    const factor = this.model.get("_ids")[row];
    if (factor !== undefined && factor !== this.model.get("factor")) this.put("factor", factor);
  }

  /** What the lines around the sliders say. */
  get labels() {
    const { model } = this;
    return {
      baseName: model.get("_base_name"),
      nSamples: model.get("_n_samples"),
      about: model.get("_about"),
      warning: model.get("_warning"),
    };
  }

  readContent(): Content {
    const { model } = this;
    const names = model.get("_factor_names");
    const baseline = this.frame("_baseline_decoded", "_baseline_outputs");
    const sizes = { decoded: baseline.decoded.length, outputs: baseline.outputs.length };
    const shape = model.get("_shape");
    const isImage = shape.length > 1 && shape.reduce((a, b) => a * b, 1) === sizes.decoded;
    const [low = 0, high = 1] = model.get("_limits");
    const step = Math.max(1, model.get("_precomputed_step") || 1);
    const precomputed = checked({
      factors: names.length,
      amounts: typed(Float32Array, model.get("_precomputed_amounts")),
      ...thinned(isImage ? shape : [], sizes.decoded, step),
      decoded: typed(Uint8Array, model.get("_precomputed_decoded")),
      limits: [low, high],
      outputs: typed(Float32Array, model.get("_precomputed_outputs")),
      nOutputs: sizes.outputs,
    });
    return {
      names,
      outputs: model.get("_output_names"),
      features: model.get("_feature_names"),
      shape: isImage ? shape : [],
      limits: { low, high },
      baseline,
      sizes,
      precomputed,
    };
  }

  /** The frame that Python keeps with its amounts; the baseline where there is none. */
  readFrame({ sizes, baseline }: Content): Frame {
    const frame = this.frame("_frame_decoded", "_frame_outputs");
    const fits = frame.decoded.length === sizes.decoded && frame.outputs.length === sizes.outputs;
    return fits ? frame : baseline;
  }

  private frame(
    decoded: "_baseline_decoded" | "_frame_decoded",
    outputs: "_baseline_outputs" | "_frame_outputs",
  ): Frame {
    return {
      decoded: typed(Float32Array, this.model.get(decoded)),
      outputs: typed(Float32Array, this.model.get(outputs)),
    };
  }

  private put<K extends "base" | "amounts" | "factor">(name: K, value: SliderTraits[K]): void {
    this.model.set(name, value);
    this.model.save_changes();
  }
}
