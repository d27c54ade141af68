import { help as unfolding } from "../shared/help";

const READING = [
  "Draw around samples on the map. At once their factors are fitted, the strongest come on sliders, " +
    "their nodes are ablated, and the interactions of the sample nearest to the middle are shown.",
  "A factor that is chosen in the heatmap, moved on a slider or picked here is chosen everywhere. " +
    "Click a sample on the map to make it the base of the sliders and to show its interactions; " +
    "hover over one to see its interactions for that long.",
  "Ablation: how many percentage points of accuracy a group of samples loses without the nodes. " +
    "The grey band holds 95 % of random sets of as many nodes: only a bar that leaves it says that " +
    "these nodes matter.",
  "Interactions: each pair of inputs strengthens (orange) or weakens (blue) the other's effect on " +
    "the answer near this sample. A bar within the grey band may be noise. “All pairs” shows the " +
    "whole matrix.",
  "Python lines: the steps so far, to paste into a cell.",
];

const KEYS = [
  ["Escape", "cancel the step that runs"],
  ["[ and ]", "choose the previous or next factor"],
] as const;

/** The "?" of the workbench and what it unfolds. */
export function help(): { button: HTMLElement; panel: HTMLElement } {
  return unfolding(READING, KEYS);
}
