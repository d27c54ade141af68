import { h, replace } from "../shared/dom";
import { number } from "../shared/numbers";
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

const HELP = [
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
  "Click a row to choose its factor. Keys: arrows move over the cells, Enter chooses, Esc clears.",
];

/** Build the elements of the view; `index.ts` connects them to the model. */
export function buildPanel() {
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
  const top = h("input", {
    class: "nbi-heatmap-top",
    type: "number",
    min: 1,
    step: 1,
    "aria-label": "How many nodes to show, those that share most",
    "data-nbi": "top",
  });
  const total = h("span", { class: "nbi-quiet" });
  const search = h("input", {
    class: "nbi-heatmap-search",
    type: "search",
    placeholder: "Find a node",
    "aria-label": "Find nodes by name; Enter goes to the next",
    "data-nbi": "search",
  });
  const about = h("span", { class: "nbi-heatmap-about nbi-quiet" });
  const warning = h("div", { class: "nbi-heatmap-warning", role: "status", hidden: true });
  const help = h(
    "div",
    { class: "nbi-heatmap-help", role: "note", hidden: true },
    ...HELP.map((text) => h("p", {}, text)),
  );
  const ask = h(
    "button",
    {
      class: "nbi-button",
      type: "button",
      title: "How to read it",
      "aria-label": "How to read it",
      "aria-expanded": "false",
    },
    "?",
  );
  ask.addEventListener("click", () => {
    help.hidden = !help.hidden;
    ask.setAttribute("aria-expanded", String(!help.hidden));
  });
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
  const card = h("div", { class: "nbi-heatmap-card", hidden: true });
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
  const empty = h("div", { class: "nbi-heatmap-empty nbi-quiet", hidden: true });
  const live = h("div", { class: "nbi-screen-reader", "aria-live": "polite" });
  const show = h(
    "div",
    { class: "nbi-heatmap-group", role: "group", "aria-label": "What the cells show" },
    quantities.mutual_information,
    quantities.correlation,
  );
  const limit = h("label", { class: "nbi-heatmap-limit" }, "Nodes", top, total);
  const bar = h("div", { class: "nbi-heatmap-bar" }, show, limit, search, ask, about);
  const full = h("div", { class: "nbi-heatmap-full" }, bar, warning, help, grid, legend);
  const root = h(
    "div",
    { class: "nbi-root nbi-heatmap", "data-nbi": "heatmap" },
    full,
    empty,
    live,
  );

  return {
    root,
    blocks,
    field,
    bars,
    names,
    search,
    card,
    scale,
    live,
    onQuantity(changed: (quantity: Quantity) => void): void {
      for (const quantity of Object.keys(quantities) as Quantity[]) {
        quantities[quantity].addEventListener("click", () => changed(quantity));
      }
    },
    onTop(changed: (top: number) => void): void {
      top.addEventListener("change", () => {
        const value = Math.round(Number(top.value));
        if (value >= 1) changed(Math.min(value, Number(top.max)));
        else top.value = top.defaultValue;
      });
    },
    onSearch(changed: (text: string, next: boolean) => void): void {
      search.addEventListener("input", () => changed(search.value, false));
      search.addEventListener("keydown", (event) => {
        if (event.key === "Enter") changed(search.value, true);
      });
    },
    showEmpty(isEmpty: boolean, message: string): void {
      full.hidden = isEmpty;
      empty.hidden = !isEmpty;
      empty.textContent = message;
    },
    /** Put the card below a cell of a block: its right edge and its lower edge in the block. */
    placeCard(place: 0 | 1, x: number, y: number): void {
      const { scroller } = blocks[place];
      const left = scroller.offsetLeft + x - scroller.scrollLeft;
      const room = grid.clientWidth - card.offsetWidth - 4;
      card.style.left = `${Math.max(0, Math.min(left, room))}px`;
      card.style.top = `${y}px`;
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
      top.max = String(Math.max(1, state.nodes));
      top.defaultValue = String(Math.min(state.top, Math.max(1, state.nodes)));
      if (document.activeElement !== top) top.value = top.defaultValue;
      total.textContent = `of ${state.nodes}${state.found === null ? "" : ` · ${state.found} found`}`;
      about.textContent = state.about;
      warning.hidden = !state.warning;
      warning.textContent = state.warning;
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
