import type { ViewTraits } from "../shared/view";

/** The traits of Python's `FactorSlider`, name by name; `model.ts` alone reads and writes them. */
export type SliderTraits = ViewTraits & {
  _factor_names: string[];
  /** Their numbers in the fit, and the chosen one of these; −1 for none. */
  _ids: number[];
  factor: number;
  /** Sliders go from −span to span; 1 moves a node by its mutual information, in nats. */
  span: number;
  /** Where the sliders stand. */
  amounts: DataView;
  /** The row of a sample, −1 for the mean, −2 for that of the selected ones. */
  base: number;
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
