import { h, replace } from "../../shared/dom";
import { NATS } from "../../shared/help";
import { number } from "../../shared/numbers";
import { type Factors, nullFactor, type Scale } from "./scene";

const SPECIAL =
  "A factor is special to this region if it is stable and explains more here, in samples that it " +
  "was not fitted to, than in any of 49 random selections of as many samples.";

const swatch = () => h("span", { class: "nbi-heatmap-hatch" });

/** What the colours and the hatching mean. */
export class Legend {
  readonly scale = h("canvas", { class: "nbi-heatmap-scale", "aria-hidden": "true" });
  readonly element: HTMLElement;
  private readonly low = h("span");
  private readonly high = h("span");
  private readonly cells = h("span", { class: "nbi-heatmap-key" });
  private readonly bars = h("span", { class: "nbi-heatmap-key" });
  private readonly evidence = h("span", { class: "nbi-heatmap-key", title: SPECIAL });

  constructor() {
    this.element = h(
      "div",
      { class: "nbi-heatmap-legend nbi-quiet" },
      h("span", { class: "nbi-heatmap-key" }, this.low, this.scale, this.high),
      this.cells,
      this.bars,
      this.evidence,
    );
  }

  show(scale: Scale, factors: Factors, evidence: string): void {
    this.evidence.textContent = evidence;
    this.evidence.hidden = !evidence;
    this.low.textContent = scale.diverging ? "−1" : "0";
    if (scale.diverging) replace(this.high, "1 correlation");
    else {
      const most = number(scale.high, scale.high < 0.1 ? 3 : 2);
      const sign = scale.clipped ? "≥ " : "";
      replace(this.high, `${sign}${most} `, h("abbr", { title: NATS, "data-nbi": "nats" }, "nats"));
    }
    const cell = factors.nullMutualInformation;
    this.cells.hidden = cell === null;
    const level = `not above chance: 99 % of the cells of shuffled data are below ${number(cell ?? 0, 3)} nats`;
    replace(this.cells, swatch(), level);
    const row = nullFactor(factors);
    if (row === null) replace(this.bars, "not compared with shuffled data");
    else replace(this.bars, swatch(), `shuffled data: ${number(row, 2)} nats per factor`);
  }
}
