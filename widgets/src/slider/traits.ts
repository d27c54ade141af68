import type { ViewTraits } from "../shared/view";

/** The traits of Python's `FactorSlider`, name by name. */
export type SliderTraits = ViewTraits & {
  _factor_names: string[];
  /** Sliders go from −span to span, in multiples of the mutual information. */
  span: number;
  /** Where the sliders stand. */
  amounts: DataView;
  /** −1 for the mean, else the row of a sample. */
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
  /** Positions of the saved film, and its frames: (factors × positions × values), in that order. */
  _strip_amounts: DataView;
  /** The film holds every `_strip_step`-th pixel in each direction. */
  _strip_step: number;
  _strip: DataView;
  _strip_outputs: DataView;
  _about: string;
  _warning: string;
  height: number;
};
