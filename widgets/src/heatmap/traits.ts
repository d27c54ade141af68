import type { ViewTraits } from "../shared/view";
import type { Quantity } from "./factors/scene";
import type { Order } from "./pairs/scene";

/** The traits of Python's `InteractionHeatmap`, name by name. */
export type HeatmapTraits = ViewTraits & {
  quantity: Quantity;
  order: Order;
  top: number;
  /** Row of the chosen factor in the fitted arrays, null for none. */
  factor: number | null;
  /** The chosen pair of inputs, by their numbers. */
  pair: [number, number] | null;
  /** Place of the sample that is shown, null for the mean of several. */
  sample: number | null;
  height: number;
  _form: "factors" | "pairs";
  _about: string;
  /** A warning about the figures, such as an unconverged fit; may be empty. */
  _warning: string;
  _ids: number[];
  _nodes: string[];
  _outputs: number;
  _mutual_information: DataView;
  _correlation: DataView;
  _total_correlations: number[];
  _null_total_correlation: number | null;
  _null_mutual_information: number | null;
  /** The factors that are not found again in halves of their samples. */
  _unstable: number[];
  /** What the factors explain in other samples; empty while that is not known. */
  _evidence: string;
  /** Names and numbers of the inputs whose pairs are on the page. Arrays are packed. */
  _names: string[];
  _features: DataView;
  /** Float32, the upper triangle row by row with its diagonal; errors may be missing. */
  _values: DataView;
  _errors: DataView;
  /** A bit for each pair: whether it is beyond noise. */
  _beyond: DataView;
  _seriation: DataView;
  _unit: string;
  /** How many inputs the model has. */
  _width: number;
  /** The number on the map of each sample. */
  _samples: number[];
  /** Channels, height and width of an image; empty if the inputs are not pixels. */
  _grid: number[];
  /** The input that each pixel belongs to, if pixels are grouped. */
  _groups: DataView;
  _picture: DataView;
};
