import { h, replace } from "../shared/dom";
import { UNSTABLE } from "../shared/help";

/** A button for each factor on the sliders. */
export class FactorChooser {
  readonly element = h("div", {
    class: "nbi-workbench-factors",
    role: "group",
    "aria-label": "Chosen factor",
  });

  constructor(private readonly choose: (factor: number) => void) {}

  show(factors: readonly number[], chosen: number | null, unstable: readonly number[]): void {
    replace(
      this.element,
      factors.length > 0 && h("span", { class: "nbi-quiet" }, "factor"),
      ...factors.map((factor) => this.button(factor, factor === chosen, unstable.includes(factor))),
    );
  }

  private button(factor: number, pressed: boolean, isUnstable: boolean): HTMLElement {
    return h(
      "button",
      {
        type: "button",
        class: "nbi-button",
        "aria-pressed": String(pressed),
        "data-nbi": `choose-${factor}`,
        ...(isUnstable && { title: UNSTABLE }),
        on: { click: () => this.choose(factor) },
      },
      isUnstable ? `${factor} · not stable` : String(factor),
    );
  }
}
