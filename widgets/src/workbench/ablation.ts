import { h, replace } from "../shared/dom";
import { UNSTABLE } from "../shared/help";
import { bars } from "./bars";
import { chartOf, sizesOf } from "./scene";
import type { Ablation } from "./traits";

const EMPTY = "What the network loses without the nodes of a factor appears here.";

/** What ablating the nodes of the chosen factor costs, beside random nodes. */
export class AblationCard {
  private size = 10;
  private ablation: Ablation = {};
  private reason: string | undefined;
  private factor: number | null = null;
  private readonly title = h("h3", { class: "nbi-workbench-title" });
  private readonly sizes = h("div", {
    class: "nbi-workbench-sizes",
    role: "group",
    "aria-label": "Ablated nodes",
  });
  private readonly body = h("div", {});
  private readonly about = h("p", { class: "nbi-quiet nbi-workbench-about" });
  readonly element = h(
    "section",
    { class: "nbi-workbench-card", "aria-label": "Ablation", "data-nbi": "ablation" },
    h("div", { class: "nbi-workbench-head" }, this.title, this.sizes),
    this.body,
    this.about,
  );

  /** Show bars, or the reason why there are none. */
  show(ablation: Ablation, factor: number | null, reason?: string): void {
    this.ablation = ablation;
    this.reason = reason;
    this.factor = factor;
    this.update();
  }

  private update(): void {
    const chart = chartOf(this.ablation, this.factor, this.size);
    const mark = chart?.unstable ? " (not stable)" : "";
    this.title.textContent = chart ? `Factor ${this.factor}${mark} ablated` : "Ablation";
    this.title.title = mark && UNSTABLE;
    this.element.dataset.nbiEmpty = String(!chart);
    if (!chart) {
      replace(this.sizes);
      const text = this.reason ?? EMPTY;
      replace(this.body, h("p", { class: "nbi-workbench-empty nbi-quiet" }, text));
      this.about.textContent = "";
      return;
    }
    replace(
      this.sizes,
      ...sizesOf(this.ablation, this.factor).map((size) => this.sizeButton(size, chart.size)),
      h("span", { class: "nbi-quiet" }, "nodes"),
    );
    replace(
      this.body,
      bars(chart.bars, () => {}),
    );
    const { about, unit } = this.ablation;
    this.about.textContent = `${about}, in ${unit}. Grey band: 95 % of random sets of as many nodes. Full colour: beyond chance in all bars of the factor together.`;
  }

  private sizeButton(size: number, chosen: number): HTMLElement {
    const choose = () => {
      this.size = size;
      this.update();
    };
    return h(
      "button",
      {
        type: "button",
        class: "nbi-button",
        "aria-pressed": String(size === chosen),
        "data-nbi": `size-${size}`,
        on: { click: choose },
      },
      String(size),
    );
  }
}
