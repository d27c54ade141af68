import type { RenderView, ViewContext } from "../shared/view";
import { renderFactors } from "./factors/index";
import { renderPairs } from "./pairs/index";
import type { HeatmapTraits } from "./traits";

/** Factors × nodes, or inputs × inputs: what the model holds, also when that changes. */
export const render: RenderView = (context) => {
  const { model, signal } = context as unknown as ViewContext<HeatmapTraits>;
  let shown: AbortController | undefined;
  const draw = () => {
    shown?.abort();
    shown = new AbortController();
    const draw = model.get("_form") === "pairs" ? renderPairs : renderFactors;
    return draw({ ...context, signal: shown.signal });
  };
  model.on("change:_form", draw);
  signal.addEventListener("abort", () => {
    model.off("change:_form", draw);
    shown?.abort();
  });
  return draw();
};
