import type { ViewTraits } from "../shared/view";
import type { Quantity } from "./scene";

/** The traits of Python's `InteractionHeatmap`, name by name. */
export type HeatmapTraits = ViewTraits & {
  quantity: Quantity;
  top: number;
  /** Index of the chosen factor in the fitted arrays, −1 for none. */
  factor: number;
  height: number;
  _ids: number[];
  _nodes: string[];
  _outputs: number;
  _mutual_information: DataView;
  _correlation: DataView;
  _total_correlations: number[];
  _null_total_correlation: number | null;
  _null_mutual_information: number | null;
  _about: string;
  /** Why the figures need care, such as an unconverged fit; empty if nothing. */
  _warning: string;
};
