import { h, replace } from "../../../shared/dom";
import { significant } from "../../../shared/numbers";
import {
  amount,
  type Cell,
  entryAt,
  nothing,
  type Pairs,
  pairOf,
  rowOfInput,
  strongest,
} from "../scene";

const LISTED = 8;
const WIDEST = 48; // CSS pixels of a bar

/** The strongest pairs of all inputs, or those of the chosen one; each is a button. */
export class PairList {
  readonly elements: readonly HTMLElement[];
  private readonly title = h("div", { class: "nbi-heatmap-side-title" });
  private readonly list = h("ol", { class: "nbi-heatmap-list", "data-nbi": "strongest" });
  /** The pair that the list was drawn for; null when it must be drawn again. */
  private shown: string | null = null;

  constructor(private readonly chose: (pair: [number, number]) => void) {
    this.elements = [this.title, this.list];
  }

  /** The pairs have changed. */
  forget(): void {
    this.shown = null;
  }

  update(pairs: Pairs, pair: readonly [number, number] | null): void {
    // Not on every mouse move: sorting all pairs is slow, and a click needs its button to stay.
    if (this.shown === String(pair)) return;
    this.shown = String(pair);
    const own = pair ? rowOfInput(pairs, pair[0]) : -1;
    const cells = strongest(pairs, LISTED, own);
    this.title.textContent = own < 0 ? "Strongest pairs" : `Strongest with ${pairs.names[own]}`;
    const sizes = cells.map((cell) => Math.abs(entryAt(pairs, cell).value));
    const most = Math.max(...sizes, 1e-300);
    const items = cells.map((cell) => this.item(pairs, cell, own >= 0, most));
    if (!items.length) items.push(h("li", { class: "nbi-quiet" }, nothing(pairs)));
    replace(this.list, ...items);
  }

  private item(pairs: Pairs, cell: Cell, isOfOne: boolean, most: number): HTMLElement {
    const entry = entryAt(pairs, cell);
    const [first, second] = [pairs.names[cell.row] ?? "", pairs.names[cell.column] ?? ""];
    const label = isOfOne ? second : `${first} × ${second}`;
    const bar = h("span", { class: `nbi-heatmap-share ${entry.value < 0 ? "below" : "above"}` });
    bar.style.width = `${(WIDEST * Math.abs(entry.value)) / most}px`;
    const props = {
      type: "button",
      class: "nbi-heatmap-item",
      title: `${label}: ${amount(entry)}`,
      on: { click: () => this.chose(pairOf(pairs, cell)) },
    };
    const parts = [
      h("span", { class: "nbi-heatmap-item-name" }, label),
      h("span", { class: "nbi-heatmap-bar-room" }, bar),
      h("span", { class: "nbi-heatmap-item-value" }, significant(entry.value, 2)),
    ];
    return h("li", {}, h("button", props, ...parts));
  }
}
