import { h, replace } from "../../shared/dom";
import { number } from "../../shared/numbers";
import { buildControls } from "../controls";
import { type Factors, nullFactor, type Quantity, type Scale } from "./scene";

/** What the controls and legends around the matrix say. */
export type PanelState = {
  quantity: Quantity;
  top: number;
  nodes: number;
  /** How many nodes the search found; null where there is no search. */
  found: number | null;
  about: string;
  warning: string;
  scale: Scale;
  factors: Factors;
};

const READING = [
  "A row is a factor: a hidden cause that the method found behind nodes that vary together among " +
    "these samples. Rows are sorted by total correlation, the dependence that the factor explains; " +
    "the bars at the right show it.",
  "A column is a node. A bright cell says that knowing the factor tells much about the node; nodes " +
    "that share most with one factor stand together. The block at the right holds the model's outputs: " +
    "a bright cell there says that the group moves that output.",
  "Nats measure information: 0 is none. Correlation gives the sign: a node that rises with the " +
    "factor, or falls.",
  "Shuffled data has no dependence, yet a fit finds some by chance. Hatched cells are no larger than " +
    "the largest cell of such a fit; the hatched band over the bars ends at what one of its " +
    "factors explains on average.",
];

const KEYS = [
  ["Click on a row, Enter", "choose its factor"],
  ["Arrows, Home, End", "move over the cells"],
  ["/", "search"],
  ["Escape", "clear"],
] as const;

/** Build the elements of the view; `index.ts` connects them to the model. */
export function buildPanel() {
  const controls = buildControls({
    things: "Nodes",
    best: "those that share most",
    search: "Find a node",
    reading: READING,
    keys: KEYS,
  });
  const { full, search, card, guide } = controls;
  const button = (quantity: Quantity, label: string) =>
    h(
      "button",
      { class: "nbi-button", type: "button", "aria-pressed": "false", "data-nbi": quantity },
      label,
    );
  const quantities: Record<Quantity, HTMLButtonElement> = {
    mutual_information: button("mutual_information", "Mutual information"),
    correlation: button("correlation", "Correlation"),
  };
  const block = (name: string) => {
    const canvas = h("canvas", { class: "nbi-heatmap-matrix", "data-nbi": name });
    return { canvas, scroller: h("div", { class: "nbi-heatmap-scroller" }, canvas) };
  };
  const blocks = [block("nodes"), block("outputs")] as const;
  const field = h(
    "div",
    {
      class: "nbi-heatmap-field",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "heatmap",
      "aria-label": "Factors by nodes; arrows move over the cells, Enter chooses a factor",
      "data-nbi": "field",
    },
    ...blocks.map(({ scroller }) => scroller),
  );
  const bars = h("canvas", { class: "nbi-heatmap-bars", "aria-hidden": "true" });
  const names = h("div", { class: "nbi-heatmap-rows", role: "group", "aria-label": "Factors" });
  const grid = h("div", { class: "nbi-heatmap-grid" }, names, field, bars, card);
  const scale = h("canvas", { class: "nbi-heatmap-scale", "aria-hidden": "true" });
  const [low, high] = [h("span"), h("span")];
  const cells = h("span", { class: "nbi-heatmap-key" });
  const level = h("span", { class: "nbi-heatmap-key" });
  const legend = h(
    "div",
    { class: "nbi-heatmap-legend nbi-quiet" },
    h("span", { class: "nbi-heatmap-key" }, low, scale, high),
    cells,
    level,
  );
  const show = h(
    "div",
    { class: "nbi-heatmap-group", role: "group", "aria-label": "What the cells show" },
    quantities.mutual_information,
    quantities.correlation,
  );
  const bar = h(
    "div",
    { class: "nbi-heatmap-bar" },
    show,
    controls.limit,
    search,
    guide.button,
    controls.about,
  );
  full.append(bar, controls.warning, guide.panel, grid, legend);

  return {
    ...controls,
    blocks,
    field,
    bars,
    names,
    scale,
    onQuantity(changed: (quantity: Quantity) => void): void {
      for (const quantity of Object.keys(quantities) as Quantity[]) {
        quantities[quantity].addEventListener("click", () => changed(quantity));
      }
    },
    /** Show a card below a cell of a block: its right edge and its lower edge in the block. */
    showCell(lines: readonly string[], place: 0 | 1, x: number, y: number): void {
      const { scroller } = blocks[place];
      controls.showCard(lines, scroller.offsetLeft + x - scroller.scrollLeft, y, grid);
    },
    /** Scroll a block until a cell from `left` to `right` is seen. */
    reveal(place: 0 | 1, left: number, right: number): void {
      const { scroller } = blocks[place];
      if (left < scroller.scrollLeft) scroller.scrollLeft = left;
      if (right > scroller.scrollLeft + scroller.clientWidth) {
        scroller.scrollLeft = right - scroller.clientWidth;
      }
    },
    showState(state: PanelState): void {
      for (const [quantity, element] of Object.entries(quantities)) {
        element.setAttribute("aria-pressed", String(quantity === state.quantity));
      }
      controls.showTop(state.top, state.nodes, state.found);
      controls.showWords(state.about, state.warning);
      const { diverging } = state.scale;
      low.textContent = diverging ? "−1" : "0";
      high.textContent = diverging
        ? "1 correlation"
        : `${number(state.scale.high, state.scale.high < 0.1 ? 3 : 2)} nats`;
      const cell = state.factors.nullMutualInformation;
      const row = nullFactor(state.factors);
      const swatch = () => h("span", { class: "nbi-heatmap-hatch" });
      cells.hidden = cell === null;
      replace(
        cells,
        swatch(),
        `within chance: 99 % of the cells of shuffled data are below ${number(cell ?? 0, 3)} nats`,
      );
      replace(
        level,
        row !== null && swatch(),
        row === null
          ? "not compared with shuffled data"
          : `shuffled data: ${number(row, 2)} nats a factor`,
      );
    },
  };
}
