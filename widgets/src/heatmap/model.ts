/** The only place that knows how the heatmap's traits encode their values. */
import { typed, unpacked } from "../shared/arrays";
import type { ViewContext } from "../shared/view";
import type { Factors } from "./factors/scene";
import type { Grid } from "./pairs/aside/partners";
import type { Pairs } from "./pairs/scene";
import type { HeatmapTraits } from "./traits";

export type Model = ViewContext<HeatmapTraits>["model"];
type Name = keyof HeatmapTraits;

/** The traits that `readFactors` and `readPairs` read. */
export const FACTOR_DATA = [
  "_ids",
  "_nodes",
  "_outputs",
  "_mutual_information",
  "_correlation",
  "_total_correlations",
  "_null_total_correlation",
  "_null_mutual_information",
] as const satisfies readonly Name[];
export const PAIR_DATA = [
  "_names",
  "_features",
  "_values",
  "_errors",
  "_beyond",
  "_seriation",
] as const satisfies readonly Name[];

export function readFactors(model: Model): Factors {
  return {
    ids: model.get("_ids"),
    nodes: model.get("_nodes"),
    outputs: model.get("_outputs"),
    mutualInformation: typed(Float32Array, model.get("_mutual_information")),
    correlation: typed(Float32Array, model.get("_correlation")),
    totalCorrelations: model.get("_total_correlations"),
    nullTotalCorrelation: model.get("_null_total_correlation"),
    nullMutualInformation: model.get("_null_mutual_information"),
    unstable: model.get("_unstable") ?? [],
  };
}

export function readPairs(model: Model): Pairs {
  return {
    names: model.get("_names"),
    features: unpacked(Uint32Array, model.get("_features")),
    values: unpacked(Float32Array, model.get("_values")),
    errors: unpacked(Float32Array, model.get("_errors")),
    beyond: unpacked(Uint8Array, model.get("_beyond")),
    seriation: unpacked(Uint32Array, model.get("_seriation")),
    unit: model.get("_unit"),
  };
}

/** The image that the inputs are pixels of; null if they are not pixels. */
export function readGrid(model: Model): Grid | null {
  const [channels = 0, height = 0, width = 0] = model.get("_grid");
  if (!channels) return null;
  return { channels, height, width, groups: unpacked(Int32Array, model.get("_groups")) };
}
