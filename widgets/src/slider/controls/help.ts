import { NATS, help as unfolding } from "../../shared/help";
import { TOTAL } from "./labels";

const READING = [
  "A factor is a hidden cause behind nodes of the layer that vary together. Its slider moves those " +
    "nodes: at amount 1 each moves by the mutual information, in nats, that it shares with the " +
    "factor. The rest of the network runs on the edited activations.",
  `${TOTAL} ${NATS}`,
  "Baseline shows the base with all sliders at 0: the mean of a cluster, or one sample. Edited " +
    "follows the sliders. Difference is edited − baseline: orange where it gained, blue where it " +
    "lost.",
  "Each bar is the edited value; the mark over it is the base's value. The largest is in bold.",
  "Approximate frames appear at once while a slider moves: the last exact frame, plus what each " +
    "factor changes when it is moved alone. The exact frame follows and stays.",
  "Without a kernel the precomputed frames are shown that were saved with the view: one factor " +
    "at a time.",
];

const KEYS = [
  ["Arrows", "move a slider by a step, with Shift by ten"],
  ["Home, End", "move it to its ends"],
  ["Escape", "move it back to 0"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"],
  ["Enter", "apply a typed value"],
] as const;

/** The "?" above the sliders and what it unfolds: how to read the view, and its keys. */
export function help(): { button: HTMLElement; panel: HTMLElement } {
  const guide = unfolding(READING, KEYS);
  guide.panel.setAttribute("role", "note");
  return guide;
}
