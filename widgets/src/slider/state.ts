import { typed } from "../shared/arrays";
import type { ViewContext } from "../shared/view";
import { checked, type Film, thinned } from "./frames/precomputed";
import type { Frame, Range, Sizes } from "./scene";
import type { SliderTraits } from "./traits";

type Model = ViewContext<SliderTraits>["model"];

/** What the sliders turn: one base, its factors and their film. */
export type World = {
  names: readonly string[];
  /** Where the sliders stood when this was read. */
  amounts: Float32Array;
  outputs: readonly string[];
  features: readonly string[];
  /** Empty for data that are no image. */
  shape: readonly number[];
  limits: Range;
  baseline: Frame;
  sizes: Sizes;
  film: Film | null;
};

export function read(model: Model): World {
  const names = model.get("_factor_names");
  const baseline = {
    decoded: typed(Float32Array, model.get("_baseline_decoded")),
    outputs: typed(Float32Array, model.get("_baseline_outputs")),
  };
  const sizes = { decoded: baseline.decoded.length, outputs: baseline.outputs.length };
  const shape = model.get("_shape");
  const isImage = shape.length > 1 && shape.reduce((a, b) => a * b, 1) === sizes.decoded;
  const [low = 0, high = 1] = model.get("_limits");
  const film = checked({
    factors: names.length,
    positions: typed(Float32Array, model.get("_strip_amounts")),
    ...thinned(isImage ? shape : [], sizes.decoded, Math.max(1, model.get("_strip_step") || 1)),
    pixels: typed(Uint8Array, model.get("_strip")),
    limits: [low, high],
    outputs: sizes.outputs,
    values: typed(Float32Array, model.get("_strip_outputs")),
  });
  const given = typed(Float32Array, model.get("amounts"));
  return {
    names,
    amounts: given.length === names.length ? given.slice() : new Float32Array(names.length),
    outputs: model.get("_output_names"),
    features: model.get("_feature_names"),
    shape: isImage ? shape : [],
    limits: { low, high },
    baseline,
    sizes,
    film,
  };
}

/** The frame that Python keeps with `amounts`; the baseline where there is none. */
export function frameOf(model: Model, world: World): Frame {
  const decoded = typed(Float32Array, model.get("_frame_decoded"));
  const outputs = typed(Float32Array, model.get("_frame_outputs"));
  const fits = decoded.length === world.sizes.decoded && outputs.length === world.sizes.outputs;
  return fits ? { decoded, outputs } : world.baseline;
}
