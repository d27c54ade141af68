import type { ViewTraits } from "../shared/view";

/** The traits of Python's `FactorSlider`, name by name; `model.ts` alone reads and writes them. */
export type SliderTraits = ViewTraits & {
  _factor_names: string[];
  /** Their numbers in the fit, and the chosen one of these, null for none. */
  _ids: number[];
  /** The factors that are not found again in halves of their samples. */
  _unstable: number[];
  factor: number | null;
  /** Sliders go from −span to span; 1 moves a node by its mutual information, in nats. */
  span: number;
  /** Where the sliders stand. */
  amounts: DataView;
  /** The mean of the factors' samples, the row of a sample, or rows (uint32) and so their mean. */
  base: "mean" | number | DataView;
  _base_name: string;
  /** How many rows may be the base; 0 for none. */
  _n_samples: number;
  _output_names: string[];
  /** Of decoded variables that are no image. */
  _feature_names: string[];
  /** [height, width], [height, width, 3], or empty for no image. */
  _shape: number[];
  /** Lowest and highest decoded value that is drawn. */
  _limits: number[];
  _baseline_decoded: DataView;
  _baseline_outputs: DataView;
  /** The last exact frame, of `amounts`. */
  _frame_decoded: DataView;
  _frame_outputs: DataView;
  /** Amounts of the precomputed frames, and the frames: (factors × amounts × values), in order. */
  _precomputed_amounts: DataView;
  /** Precomputed frames hold every `_precomputed_step`-th pixel in each direction. */
  _precomputed_step: number;
  _precomputed_decoded: DataView;
  _precomputed_outputs: DataView;
  _about: string;
  _warning: string;
  height: number;
};
