import { help as unfolding } from "../shared/help";

const READING = [
  "Draw around samples on the map. Their factors are fitted at once, the strongest come on sliders, their nodes are silenced beside random ones, and the inputs of the sample nearest to their middle are looked at.",
  "A factor that is chosen in the heatmap, moved on a slider or picked here is chosen everywhere. Click a sample on the map to make it the base of the sliders and to look at its inputs; while the pointer rests on one, its inputs are shown.",
  "Silenced: how many percentage points of the answers a group of samples loses without the nodes. In the grey band are 95 % of as many random nodes: only a bar beyond it says that these nodes matter.",
  "Inputs that act together: each pair strengthens (orange) or weakens (blue) the other's effect on the answer near this sample. Within the grey band it may be noise. “All pairs” draws the whole matrix.",
  "Python lines: what was done so far, to paste into a cell.",
];

const KEYS = [
  ["Escape", "give up what is under way"],
  ["[ and ]", "previous, next factor"],
] as const;

/** The "?" of the workbench and what it unfolds. */
export function help(): { button: HTMLElement; panel: HTMLElement } {
  return unfolding(READING, KEYS);
}
