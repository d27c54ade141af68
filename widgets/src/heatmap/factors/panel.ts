import { h } from "../../shared/dom";
import { NATS, UNSTABLE } from "../../shared/help";
import { Controls, cellField } from "../controls";
import { KEYS, READING } from "./help";
import type { Place } from "./layout";
import { Legend } from "./legend";
import { type Factors, isUnstable, type Quantity, rowLabel, rowName } from "./scene";

function quantityButton(quantity: Quantity, label: string): HTMLButtonElement {
  const names = { type: "button", "aria-pressed": "false", "data-nbi": quantity };
  return h("button", { class: "nbi-button", ...names }, label);
}

/** The canvas of a block, in an element that scrolls, which browsers would make a tab stop. */
function blockCanvas(name: string) {
  const canvas = h("canvas", { class: "nbi-heatmap-matrix", "data-nbi": name });
  return { canvas, scroller: h("div", { class: "nbi-heatmap-scroller", tabindex: -1 }, canvas) };
}

/** The elements of the view; `index.ts` connects them to the model. */
export class Panel {
  readonly controls = new Controls({
    things: "Nodes",
    best: "strongest first",
    search: "Find a node",
    reading: READING,
    keys: KEYS,
  });
  readonly blocks = [blockCanvas("nodes"), blockCanvas("outputs")] as const;
  readonly field = cellField(
    "Factors by nodes; arrows move over the cells, Enter chooses a factor",
    ...this.blocks.map(({ scroller }) => scroller),
  );
  readonly bars = h("canvas", { class: "nbi-heatmap-bars", "aria-hidden": "true" });
  readonly legend = new Legend();
  private readonly rows = h("div", {
    class: "nbi-heatmap-rows",
    role: "group",
    "aria-label": "Factors",
  });
  private readonly grid: HTMLElement;
  private readonly quantities: Record<Quantity, HTMLButtonElement> = {
    mutual_information: quantityButton("mutual_information", "Mutual information"),
    correlation: quantityButton("correlation", "Correlation"),
  };

  constructor() {
    const { full, top, search, guide, about, warning, card } = this.controls;
    const quantities = h(
      "div",
      { class: "nbi-heatmap-group", role: "group", "aria-label": "What the cells show" },
      ...Object.values(this.quantities),
    );
    for (const { scroller } of this.blocks) {
      // A click focuses the element around both blocks, which takes the keys.
      scroller.addEventListener("focus", () => this.field.focus({ preventScroll: true }));
    }
    this.grid = h("div", { class: "nbi-heatmap-grid" }, this.rows, this.field, this.bars, card);
    full.append(
      h("div", { class: "nbi-heatmap-bar" }, quantities, top.field, search, guide.button, about),
      warning,
      guide.panel,
      this.grid,
      this.legend.element,
    );
  }

  onQuantity(changed: (quantity: Quantity) => void): void {
    for (const quantity of Object.keys(this.quantities) as Quantity[]) {
      this.quantities[quantity].addEventListener("click", () => changed(quantity));
    }
  }

  showQuantity(now: Quantity): void {
    for (const [quantity, element] of Object.entries(this.quantities)) {
      element.setAttribute("aria-pressed", String(quantity === now));
    }
  }

  /** Give the canvas of a block its size; it is hidden where there are no columns. */
  sizeBlock(place: Place, width: number, height: number): void {
    const { canvas, scroller } = this.blocks[place];
    scroller.hidden = width === 0;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }

  sizeBars(width: number, height: number): void {
    this.bars.style.width = `${width}px`;
    this.bars.style.height = `${height}px`;
  }

  /** Name the rows, each by a button; `head` is the room above them, `chosen` may be −1. */
  showRows(
    factors: Factors,
    sizes: { width: number; head: number; height: number },
    chosen: number,
    choose: (row: number) => void,
  ): void {
    const { rows } = this;
    rows.style.paddingTop = `${sizes.head}px`;
    rows.style.width = `${sizes.width}px`;
    while (rows.children.length > factors.ids.length) rows.lastElementChild?.remove();
    factors.ids.forEach((_, row) => {
      if (row >= rows.children.length) {
        const on = { click: () => choose(row) };
        rows.append(h("button", { class: "nbi-heatmap-row", type: "button", on }));
      }
      const button = rows.children[row] as HTMLButtonElement;
      button.style.height = `${sizes.height}px`;
      const mark = isUnstable(factors, row) ? `${UNSTABLE}\n\n` : "";
      button.textContent = rowLabel(factors, row);
      button.title = `${rowName(factors, row)} of total correlation\n\n${mark}${NATS}`;
      button.setAttribute("aria-pressed", String(row === chosen));
    });
  }

  /** Show a card below a cell of a block: its right edge and its lower edge in the block. */
  showCell(lines: readonly string[], place: Place, x: number, y: number): void {
    const { scroller } = this.blocks[place];
    this.controls.showCard(lines, scroller.offsetLeft + x - scroller.scrollLeft, y, this.grid);
  }

  /** Scroll a block until a cell from `left` to `right` is seen. */
  reveal(place: Place, left: number, right: number): void {
    const { scroller } = this.blocks[place];
    if (left < scroller.scrollLeft) scroller.scrollLeft = left;
    if (right > scroller.scrollLeft + scroller.clientWidth) {
      scroller.scrollLeft = right - scroller.clientWidth;
    }
  }
}
