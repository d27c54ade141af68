import { help as unfolding } from "../../shared/help";

const READING = [
  "Samples near each other are alike; islands are kinds of samples. The distance and the direction between islands mean little.",
  "Draw around samples to select them: the others dim, and Python has the selection. Click a category in the legend to select it. Named selections are in Python too, as explorer.selections.",
  "Contours enclose the densest 50 % (thick line) and 90 % (thin line) of the samples. The exemplars of a category start with the sample nearest to its middle and spread out from there.",
];

const KEYS = [
  ["Shift, Alt, both", "add to, remove from, intersect with the selection"],
  ["N", "name the selection"],
  ["Escape", "clear"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"],
  ["L, B, V", "lasso, box, pan"],
  ["Wheel, + −", "zoom (after a click on the map, or with Ctrl)"],
  ["Z, 0", "zoom to the selection, whole map"],
  ["/", "find samples by text"],
  ["T, C, E", "names, contours, exemplars"],
  ["Arrows, Space", "step from sample to sample, select"],
  ["[ ]", "select fewer, more samples around it"],
  ["Page Up, Page Down", "previous, next category"],
] as const;

/** The "?" button and its panel: how to read the map, and its keys. */
export function help(): { button: HTMLElement; panel: HTMLElement } {
  return unfolding(READING, KEYS);
}
