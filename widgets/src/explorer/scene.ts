import { same } from "../shared/arrays";
import type { Layer, ToolbarState } from "./panels/toolbar";
import type { Choice } from "./state/choice";
import { type Colouring, type Column, colouring, memberships } from "./state/columns";
import { matching, samplesOf } from "./state/filter";
import type { Named } from "./state/named";
import { combine, kept, type Operation, toggle } from "./state/selection";
import type { Range } from "./traits";
import { nearest, places, type World, world } from "./world";

export const GONE = "The kernel was restarted or is gone: run the cell again.";
const NONE = new Uint32Array(0);

/** What the map shows of the samples and their columns. */
export type Scene = {
  readonly at: World;
  readonly table: readonly Column[];
  readonly colours: Colouring;
  /** The samples of each category that colours the map, and the sample in the middle of each. */
  readonly groups: readonly Uint32Array[];
  readonly centres: Int32Array;
  /** Which samples match the search and the ranges; null if there is no filter. */
  readonly keep: Uint8Array | null;
};

/** The state of one explorer: the controller changes it, drawing reads it. */
export type State = {
  scene: Scene;
  layers: Record<Layer, boolean>;
  /** The named selection under the pointer in the list. */
  preview: Named | null;
  /** How many samples the keys [ and ] select around the focus; 0 before the first. */
  reach: number;
  /** Whether the kernel is gone. */
  cutOff: boolean;
  dark: boolean;
  accent: string;
};

export function initialState(): State {
  return {
    scene: placed(new Float32Array(0)),
    layers: { labels: false, contours: false, exemplars: false },
    preview: null,
    reach: 0,
    cutOff: false,
    dark: false,
    accent: "",
  };
}

/** A scene of samples without columns. */
export function placed(positions: Float32Array): Scene {
  const at = world(positions);
  const colours = colouring(null, at.x.length);
  return { at, table: [], colours, groups: [], centres: new Int32Array(0), keep: null };
}

/** The scene coloured by the column `name`, in one colour if there is none. */
export function coloured(scene: Scene, name: string, dark: boolean): Scene {
  const { at, table } = scene;
  const column = table.find((one) => one.name === name) ?? null;
  const colours = colouring(column, at.x.length, dark);
  const groups = colours.column && !colours.scale ? memberships(colours) : [];
  return { ...scene, colours, groups, centres: places(at, groups) };
}

/** The scene with the samples that match a search and ranges. */
export function filtered(
  scene: Scene,
  search: string,
  ranges: Readonly<Record<string, Range>>,
): Scene {
  return { ...scene, keep: matching(scene.table, scene.at.x.length, search, ranges) };
}

/**
 * The samples to draw in full: the previewed ones, else those selected and matching. `none` says
 * that all dim, while an empty list alone would leave all in full.
 */
export function bright(
  { keep }: Scene,
  selection: Uint32Array,
  preview: Named | null,
): { samples: Uint32Array; none: boolean } {
  const marked = selection.length > 0 ? kept(selection, keep) : keep ? samplesOf(keep) : NONE;
  const samples = preview?.samples ?? marked;
  return { samples, none: samples.length === 0 && (keep !== null || selection.length > 0) };
}

/** The selection after a click on a category of the legend. */
export function picked(
  { groups, keep }: Scene,
  selection: Uint32Array,
  group: number,
  operation: Operation,
): Uint32Array {
  const hits = kept(groups[group] ?? NONE, keep);
  // A second click on a category deselects it.
  if (operation === "replace") return same(hits, selection) ? NONE : hits;
  if (operation === "add") return toggle(selection, hits);
  return combine(selection, hits, operation);
}

/** How many samples around the focus to select next. */
export function nextReach(reach: number, times: number, n: number): number {
  return reach ? Math.min(n, Math.max(1, Math.round(reach * times))) : 32;
}

/** The matching ones of the `reach` samples nearest to sample `focus`. */
export function around({ at, keep }: Scene, focus: number, reach: number): Uint32Array {
  return kept(nearest(at, focus, reach), keep);
}

/** The middle sample of the next (1) or previous (−1) category; −1 if there is none. */
export function nextCentre({ centres, colours }: Scene, focus: number, by: 1 | -1): number {
  if (centres.length === 0) return -1;
  const from = focus >= 0 ? (colours.groups[focus] ?? 0) : by > 0 ? -1 : 0;
  return centres[(from + by + centres.length) % centres.length] as number;
}

/** Why fitting is not offered, or null if it is. */
export function whyUnfit(given: {
  canFit: boolean;
  live: boolean;
  cutOff: boolean;
  selected: number;
}): string | null {
  if (!given.canFit) return "Needs a fitted LocalCorEx: this map was made of positions";
  if (!given.live) return "Needs a kernel: run this notebook to fit";
  if (given.cutOff) return GONE;
  if (given.selected === 0) return "Select samples first: draw around them on the map";
  return null;
}

/** What the toolbar shows of the state. */
export function toolbarState(
  state: State,
  choice: Pick<Choice, "selection" | "canUndo" | "canRedo">,
  given: Pick<ToolbarState, "mode" | "operation" | "busy" | "unfit">,
): ToolbarState {
  return {
    ...given,
    canUndo: choice.canUndo,
    canRedo: choice.canRedo,
    anySelected: choice.selection.length > 0,
    layers: state.layers,
  };
}
