import { h, replace } from "../../shared/dom";
import { significant } from "../../shared/numbers";
import type { Pairs } from "./scene";

/** What the colours and the hatching mean. */
export class Legend {
  readonly scale = h("canvas", { class: "nbi-heatmap-scale", "aria-hidden": "true" });
  readonly element: HTMLElement;
  private readonly low = h("span");
  private readonly high = h("span");
  private readonly noise = h("span", { class: "nbi-heatmap-key", "data-nbi": "key" });

  constructor() {
    this.element = h(
      "div",
      { class: "nbi-heatmap-legend nbi-quiet" },
      h("span", { class: "nbi-heatmap-key" }, this.low, this.scale, this.high),
      this.noise,
    );
  }

  show(pairs: Pairs, limit: number): void {
    this.low.textContent = `−${significant(limit, 2)}`;
    this.high.textContent = `${significant(limit, 2)}${pairs.unit ? ` ${pairs.unit}` : ""}`;
    if (!pairs.errors.length) {
      replace(this.noise, "no standard errors: not compared with noise");
      return;
    }
    const swatch = h("span", { class: "nbi-heatmap-hatch" });
    replace(this.noise, swatch, "within noise (5 % of the others may be false)");
  }
}
