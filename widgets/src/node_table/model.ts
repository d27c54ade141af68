/** The only place that knows how the node table's traits encode their values. */
import { typed } from "../shared/arrays";
import type { ViewContext } from "../shared/view";
import { type Table, withFactor } from "./scene";
import type { NodeTableTraits } from "./traits";

export type Model = ViewContext<NodeTableTraits>["model"];

/** The columns of the nodes; that of the chosen factor comes first. */
export function readTable(model: Model): Table {
  const all = {
    names: model.get("_names"),
    columns: model.get("_columns"),
    numbers: typed(Float32Array, model.get("_numbers")),
    texts: model.get("_texts"),
  };
  const factor = model.get("factor");
  const place = factor === null ? -1 : model.get("_ids").indexOf(factor);
  if (factor === null || place < 0) return all;
  const n = all.names.length;
  const uses = typed(Float32Array, model.get("_uses"));
  const isUnstable = (model.get("_unstable") ?? []).includes(factor);
  return withFactor(all, factor, uses.slice(place * n, (place + 1) * n), isUnstable);
}
