import { help as unfolding } from "../../shared/help";

const READING = [
  "Samples that are near each other are alike; islands are kinds of samples. How far apart islands lie, and in which direction, says little.",
  "Draw around samples to select them: the others dim, and Python has the selection. A click in the legend selects a category. Names you give to selections are in Python too: explorer.selections.",
  "Contours hold half (solid) and nine tenths (thin) of the samples where they are densest. Exemplars of a category begin with the sample nearest to its middle and spread from there.",
];

const KEYS = [
  ["Shift, Alt, both", "add to, remove from, intersect with the selection"],
  ["N", "name the selection"],
  ["Escape", "clear"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"],
  ["L, B, V", "lasso, box, move"],
  ["Wheel, + −", "zoom (after a click on the map, or with Ctrl)"],
  ["Z, 0", "zoom to the selection, whole map"],
  ["/", "find samples by text"],
  ["T, C, E", "names, contours, exemplars"],
  ["Arrows, Space", "step from sample to sample, select"],
  ["[ ]", "select fewer, more samples round it"],
  ["Page Up, Page Down", "previous, next category"],
] as const;

/** The "?" of the toolbar and what it unfolds: how to read the map, and its keys. */
export function help(): { button: HTMLElement; panel: HTMLElement } {
  return unfolding(READING, KEYS);
}
