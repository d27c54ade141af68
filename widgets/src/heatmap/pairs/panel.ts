import { h, svg } from "../../shared/dom";
import { button, Controls, cellField } from "../controls";
import { KEYS, READING } from "./help";
import { Legend } from "./legend";
import { SampleControl } from "./sample_control";
import type { Order } from "./scene";

const WHOLE = "M2 6V2h4M14 6V2h-4M2 10v4h4M14 10v4h-4";

function wholeIcon(): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "nbi-icon", "aria-hidden": "true" },
    svg("path", { d: WHOLE }),
  );
}

/** Buttons that belong together. */
function buttonGroup(label: string, buttons: readonly HTMLElement[]): HTMLElement {
  const props = { class: "nbi-heatmap-group", role: "group", "aria-label": label };
  return h("div", props, ...buttons);
}

/** The elements of the view; `index.ts` connects them to the model. */
export class Panel {
  readonly controls = new Controls({
    things: "Inputs",
    best: "those in the strongest pairs first",
    search: "Find an input",
    reading: READING,
    keys: KEYS,
  });
  readonly sample = new SampleControl();
  readonly legend = new Legend();
  readonly canvas = h("canvas", { class: "nbi-heatmap-matrix", "data-nbi": "matrix" });
  readonly field = cellField(
    "Inputs by inputs; arrows move over the cells, Enter chooses a pair",
    this.canvas,
  );
  private readonly orders: Record<Order, HTMLButtonElement> = {
    similarity: button(
      "By similarity",
      "order-similarity",
      "Inputs that interact with the same others together",
      "By similarity",
    ),
    given: button("As given", "order-given", "In the order of the inputs", "As given"),
  };
  private readonly zooms = {
    in: button("Zoom in", "zoom-in", "Zoom in (+)", "+"),
    out: button("Zoom out", "zoom-out", "Zoom out (−)", "−"),
    whole: button("Whole matrix", "zoom-whole", "Whole matrix (0)", wholeIcon()),
  };
  private readonly grid: HTMLElement;

  /** `aside` stands beside the matrix. */
  constructor(aside: HTMLElement) {
    const { full, top, search, guide, about, warning, card } = this.controls;
    const props = { class: "nbi-heatmap-grid nbi-heatmap-pairs" };
    this.grid = h("div", props, this.field, aside, card);
    about.classList.add("nbi-heatmap-line");
    full.append(
      h(
        "div",
        { class: "nbi-heatmap-bar" },
        buttonGroup("Order of the inputs", Object.values(this.orders)),
        top.field,
        top.slider,
        search,
        buttonGroup("Zoom", Object.values(this.zooms)),
        this.sample.element,
        guide.button,
      ),
      about,
      warning,
      guide.panel,
      this.grid,
      this.legend.element,
    );
  }

  onOrder(changed: (order: Order) => void): void {
    for (const name of Object.keys(this.orders) as Order[]) {
      this.orders[name].addEventListener("click", () => changed(name));
    }
  }

  onZoom(zoomed: (direction: "in" | "out" | "whole") => void): void {
    for (const name of ["in", "out", "whole"] as const) {
      this.zooms[name].addEventListener("click", () => zoomed(name));
    }
  }

  showOrder(now: Order): void {
    for (const [name, element] of Object.entries(this.orders)) {
      element.setAttribute("aria-pressed", String(name === now));
    }
  }

  showZoom(isWhole: boolean): void {
    this.zooms.out.disabled = this.zooms.whole.disabled = isWhole;
  }

  showCard(lines: readonly string[], x: number, y: number): void {
    this.controls.showCard(lines, x, y, this.grid);
  }
}
