import { h, onTyped, replace, svg } from "../../shared/dom";
import { significant } from "../../shared/numbers";
import { buildControls, button } from "../controls";
import { amount, type Cell, type Order, type Pairs } from "./scene";

const READING = [
  "A cell tells how two inputs act together near this sample. Above zero (orange), the effect of each " +
    "on the output rises as the other rises; below (blue), it falls; at zero they add up as if apart. " +
    "On the diagonal: how the effect of an input changes as it rises itself.",
  "Colours go by the root, up to the largest pair of two inputs: a few pairs hold nearly all.",
  "Hatched cells are within noise. Of those that are not, at most 5 % are expected to be there by " +
    "chance, by their standard errors (false discovery rate).",
  "Inputs that act with the same others stand together; the switch brings back the order given.",
  "Of an image, the picture at the right is one row of the matrix: all partners of the pixel that " +
    "was clicked, here or there, with colours of its own.",
];

const KEYS = [
  ["Click, Enter", "choose a pair, and the partners of its first input"],
  ["Arrows, Home, End, Page", "move over the cells"],
  ["Wheel, + −", "zoom (after a click, or with Ctrl)"],
  ["Drag", "move"],
  ["0", "the whole matrix"],
  ["/", "search; Enter goes to the next"],
  ["Escape", "clear"],
] as const;

const WHOLE = "M2 6V2h4M14 6V2h-4M2 10v4h4M14 10v4h-4";

export type Listed = {
  label: string;
  value: number;
  error: number;
  cell: Cell;
};

/** Build the elements of the view; `index.ts` connects them to the model. */
export function buildPanel() {
  const controls = buildControls({
    things: "Inputs",
    best: "those in the strongest pairs",
    search: "Find an input",
    reading: READING,
    keys: KEYS,
  });
  const { full, card, guide, search } = controls;
  const orders = {
    similarity: button(
      "By similarity",
      "order-similarity",
      "Who acts alike, together",
      "By similarity",
    ),
    given: button("As given", "order-given", "In the order of the inputs", "As given"),
  };
  const order = h(
    "div",
    { class: "nbi-heatmap-group", role: "group", "aria-label": "Order of the inputs" },
    orders.similarity,
    orders.given,
  );
  const icon = svg(
    "svg",
    { viewBox: "0 0 16 16", class: "nbi-icon", "aria-hidden": "true" },
    svg("path", { d: WHOLE }),
  );
  const zooms = {
    in: button("Zoom in", "zoom-in", "Zoom in (+)", "+"),
    out: button("Zoom out", "zoom-out", "Zoom out (−)", "−"),
    whole: button("Whole matrix", "zoom-whole", "Whole matrix (0)", icon),
  };
  const zoom = h(
    "div",
    { class: "nbi-heatmap-group", role: "group", "aria-label": "Zoom" },
    ...Object.values(zooms),
  );
  const sample = h("input", {
    class: "nbi-field nbi-heatmap-top",
    type: "number",
    min: 0,
    step: 1,
    "aria-label": "Which sample to show",
    "data-nbi": "sample",
  });
  const samples = h("span", { class: "nbi-quiet" });
  const mean = button("Mean of the samples", "mean", "Mean of the samples", "Mean");
  const which = h("span", { class: "nbi-heatmap-limit" }, "Sample", sample, samples, mean);
  const canvas = h("canvas", { class: "nbi-heatmap-matrix", "data-nbi": "matrix" });
  const field = h(
    "div",
    {
      class: "nbi-heatmap-field",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "heatmap",
      "aria-label": "Inputs by inputs; arrows move over the cells, Enter chooses a pair",
      "data-nbi": "field",
    },
    canvas,
  );
  const title = h("div", { class: "nbi-heatmap-side-title" });
  const note = h("div", { class: "nbi-quiet nbi-heatmap-side-note" });
  const partners = h("canvas", {
    class: "nbi-heatmap-partners",
    role: "img",
    "data-nbi": "partners",
  });
  const picture = h("canvas", {
    class: "nbi-heatmap-picture",
    role: "img",
    "data-nbi": "picture",
  });
  const pictures = h("div", { class: "nbi-heatmap-pictures" }, partners, picture);
  const [listTitle, list] = [
    h("div", { class: "nbi-heatmap-side-title" }),
    h("ol", { class: "nbi-heatmap-list", "data-nbi": "strongest" }),
  ];
  const strip = h("canvas", { class: "nbi-heatmap-strip", "data-nbi": "across", hidden: true });
  const stripTitle = h("div", { class: "nbi-heatmap-side-title", hidden: true });
  const side = h(
    "div",
    { class: "nbi-heatmap-side" },
    title,
    pictures,
    note,
    listTitle,
    list,
    stripTitle,
    strip,
  );
  const grid = h("div", { class: "nbi-heatmap-grid nbi-heatmap-pairs" }, field, side, card);
  const scale = h("canvas", { class: "nbi-heatmap-scale", "aria-hidden": "true" });
  const [low, high, key] = [
    h("span"),
    h("span"),
    h("span", { class: "nbi-heatmap-key", "data-nbi": "key" }),
  ];
  const legend = h(
    "div",
    { class: "nbi-heatmap-legend nbi-quiet" },
    h("span", { class: "nbi-heatmap-key" }, low, scale, high),
    key,
  );
  const bar = h(
    "div",
    { class: "nbi-heatmap-bar" },
    order,
    controls.limit,
    controls.slide,
    search,
    zoom,
    which,
    guide.button,
  );
  controls.about.classList.add("nbi-heatmap-line");
  full.append(bar, controls.about, controls.warning, guide.panel, grid, legend);

  return {
    ...controls,
    canvas,
    field,
    side,
    grid,
    scale,
    partners,
    picture,
    pictures,
    title,
    note,
    strip,
    stripTitle,
    zooms,
    mean,
    onOrder(changed: (order: Order) => void): void {
      for (const name of Object.keys(orders) as Order[]) {
        orders[name].addEventListener("click", () => changed(name));
      }
    },
    onSample(numbered: (wanted: number) => void, averaged: () => void): void {
      onTyped(sample, () => numbered(Number(sample.value)));
      mean.addEventListener("click", averaged);
    },
    showOrder(now: Order): void {
      for (const [name, element] of Object.entries(orders)) {
        element.setAttribute("aria-pressed", String(name === now));
      }
    },
    /** Show which of several samples is seen, by its number; without a kernel there is no other. */
    showSample(now: number, numbers: readonly number[], live: boolean): void {
      which.hidden = numbers.length < 2;
      if (document.activeElement !== sample) sample.value = String(numbers[now] ?? "");
      sample.disabled = mean.disabled = !live;
      which.title = live ? "" : "Other samples need the notebook";
      samples.textContent = `· ${numbers.length.toLocaleString("en")} explained`;
      mean.setAttribute("aria-pressed", String(now < 0));
    },
    showLegend(pairs: Pairs, limit: number): void {
      const unit = pairs.unit ? ` ${pairs.unit}` : "";
      low.textContent = `−${significant(limit, 2)}`;
      high.textContent = `${significant(limit, 2)}${unit}`;
      if (!pairs.errors.length) {
        replace(key, "no standard errors: not compared with noise");
        return;
      }
      replace(
        key,
        h("span", { class: "nbi-heatmap-hatch" }),
        "within noise (5 % of the others may be false)",
      );
    },
    /** List pairs, each a button that chooses it; where there are none, say why. */
    showList(
      heading: string,
      items: readonly Listed[],
      none: string,
      choose: (cell: Cell) => void,
    ): void {
      listTitle.textContent = heading;
      const most = Math.max(...items.map(({ value }) => Math.abs(value)), 1e-300);
      const rows = items.map(({ label, value, error, cell }) => {
        const share = h("span", { class: `nbi-heatmap-share ${value < 0 ? "below" : "above"}` });
        share.style.width = `${(48 * Math.abs(value)) / most}px`;
        return h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              class: "nbi-heatmap-item",
              title: `${label}: ${amount({ value, error })}`,
              on: { click: () => choose(cell) },
            },
            h("span", { class: "nbi-heatmap-item-name" }, label),
            h("span", { class: "nbi-heatmap-bar-room" }, share),
            h("span", { class: "nbi-heatmap-item-value" }, significant(value, 2)),
          ),
        );
      });
      if (!rows.length) rows.push(h("li", { class: "nbi-quiet" }, none));
      replace(list, ...rows);
    },
  };
}
