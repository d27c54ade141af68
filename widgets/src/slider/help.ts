import { h } from "../shared/dom";

const READING = [
  "A factor is a hidden cause behind nodes of the layer that vary together. Its slider moves those " +
    "nodes, each by the amount times the information in nats that it shares with the factor, and the " +
    "rest of the network runs on the edited activations.",
  "Baseline is what belongs to the base as it is, all sliders at 0: the mean of a cluster, or one " +
    "sample. Edited follows the sliders. Difference is edited − baseline: one colour where it gained, " +
    "the other where it lost.",
  "A bar is the edited value, the mark over it the base's. The largest stands out.",
  "Without a kernel the film that was saved with the view plays: each factor alone.",
];

const KEYS = [
  ["Arrows", "move a slider by a step, with Shift by ten"],
  ["Home, End", "to its ends"],
  ["Escape", "back to 0"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"],
  ["Enter", "take a typed value"],
] as const;

/** The "?" above the sliders and what it unfolds: how to read the view, and its keys. */
export function help(): { button: HTMLElement; panel: HTMLElement } {
  const keys = h("div", { class: "nbi-slider-keys" });
  for (const [key, effect] of KEYS)
    keys.append(h("span", { class: "nbi-quiet" }, key), h("span", {}, effect));
  const panel = h(
    "div",
    { class: "nbi-slider-help", role: "note", hidden: true, "data-nbi": "help-panel" },
    ...READING.map((text) => h("p", {}, text)),
    keys,
  );
  const button = h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      title: "How to read it, and keys",
      "aria-label": "How to read it, and keys",
      "aria-expanded": "false",
      "data-nbi": "help",
      on: {
        click: () => {
          panel.hidden = !panel.hidden;
          button.setAttribute("aria-expanded", String(!panel.hidden));
        },
      },
    },
    "?",
  );
  return { button, panel };
}
