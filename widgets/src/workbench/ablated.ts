import { h, replace } from "../shared/dom";
import { bars } from "./bars";
import { chartOf, sizesOf } from "./scene";
import type { Ablation } from "./traits";

const EMPTY = "What the network loses without the nodes of a factor appears here.";

/** The card of what silencing the nodes of the chosen factor costs, against random ones. */
export class SilencedCard {
  private size = 10;
  private ablation: Ablation = {};
  private factor = -1;
  private readonly title = h("h3", { class: "nbi-workbench-title" });
  private readonly sizes = h("div", {
    class: "nbi-workbench-sizes",
    role: "group",
    "aria-label": "Nodes silenced",
  });
  private readonly body = h("div", {});
  private readonly about = h("p", { class: "nbi-quiet nbi-workbench-about" });
  readonly element = h(
    "section",
    { class: "nbi-workbench-card", "aria-label": "Silenced nodes", "data-nbi": "silenced" },
    h("div", { class: "nbi-workbench-head" }, this.title, this.sizes),
    this.body,
    this.about,
  );

  show(ablation: Ablation, factor: number): void {
    this.ablation = ablation;
    this.factor = factor;
    this.update();
  }

  private update(): void {
    const chart = chartOf(this.ablation, this.factor, this.size);
    this.title.textContent = chart ? `Factor ${this.factor} silenced` : "Silenced";
    this.element.dataset.nbiEmpty = String(!chart);
    if (!chart) {
      replace(this.sizes);
      replace(this.body, h("p", { class: "nbi-workbench-empty nbi-quiet" }, EMPTY));
      this.about.textContent = "";
      return;
    }
    replace(
      this.sizes,
      ...sizesOf(this.ablation, this.factor).map((size) =>
        h(
          "button",
          {
            type: "button",
            class: "nbi-button",
            "aria-pressed": String(size === chart.size),
            "data-nbi": `size-${size}`,
            on: {
              click: () => {
                this.size = size;
                this.update();
              },
            },
          },
          String(size),
        ),
      ),
      h("span", { class: "nbi-quiet" }, "nodes"),
    );
    replace(
      this.body,
      bars(chart.bars, () => {}),
    );
    this.about.textContent = `${this.ablation.about}, in ${this.ablation.unit}. Grey: where 95 % of as many random nodes are.`;
  }
}
