import { help as unfolding } from "../shared/help";

const READING = [
  "A factor is a hidden cause behind nodes of the layer that vary together. Its slider moves those " +
    "nodes, each by the amount times the information in nats that it shares with the factor, and the " +
    "rest of the network runs on the edited activations.",
  "Baseline is what belongs to the base as it is, all sliders at 0: the mean of a cluster, or one " +
    "sample. Edited follows the sliders. Difference is edited − baseline: one colour where it gained, " +
    "the other where it lost.",
  "A bar is the edited value, the mark over it the base's. The largest stands out.",
  "Approximate is what a moving slider shows at once: the last exact frame, and on it what each " +
    "factor changes when it is turned alone. The exact frame follows, and stays.",
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
  const guide = unfolding(READING, KEYS);
  guide.panel.setAttribute("role", "note");
  return guide;
}
