import { onChange } from "../shared/changes";
import type { RenderView, ViewContext } from "../shared/view";
import { FactorMatrix } from "./factors/index";
import css from "./heatmap.css";
import { PairMatrix } from "./pairs/index";
import type { HeatmapTraits } from "./traits";

/** Factors × nodes, or inputs × inputs: whichever the model holds now. */
export const render: RenderView = (context) => {
  const { model, signal, ...rest } = context as unknown as ViewContext<HeatmapTraits>;
  let shown: AbortController | undefined;
  const draw = () => {
    shown?.abort();
    shown = new AbortController();
    const Matrix = model.get("_form") === "pairs" ? PairMatrix : FactorMatrix;
    new Matrix({ ...rest, model, signal: shown.signal }).open();
  };
  onChange(model, ["_form"], draw, signal);
  signal.addEventListener("abort", () => shown?.abort());
  draw();
};

/** The view's style sheet, which is added where the view is drawn. */
export { css };
