import type { ViewTraits } from "../shared/view";

/** One bar, the band that chance gives, and a note; null is not known. */
export type Bar = {
  label: string;
  value: number | null;
  low: number | null;
  high: number | null;
  note: string;
  /** Whether it is beyond chance, where more than the band is known. */
  beyond?: boolean;
  /** For interactions: the numbers of the two inputs. */
  pair?: [number, number];
};

/** Of a factor, which may not be stable, and a number of ablated nodes. */
export type Chart = { factor: number; size: number; bars: Bar[]; unstable?: boolean };

export type Ablation = {
  unit?: string;
  /** What the bars show. */
  about?: string;
  /** A chart for each factor and number of ablated nodes. */
  charts?: Chart[];
};

export type Interactions = {
  sample?: number;
  /** Whether it is under the pointer and not clicked. */
  hovered?: boolean;
  answer?: string;
  unit?: string;
  /** For images: the side of a patch in pixels, and the numbers of patches down and across. */
  grid?: number[];
  bars?: Bar[];
};

export type Step = { kind: string; title: string; code: string };

/** The traits of Python's `Workbench`, name by name. */
export type WorkbenchTraits = ViewTraits & {
  explorer: string | null;
  slider: string | null;
  /** The chosen factor of the last fit, null for none. */
  factor: number | null;
  /** The sample whose interactions are shown, null for none. */
  sample: number | null;
  /** Whether the interactions of the sample under the pointer are shown. */
  follow: boolean;
  /** The view of all pairs of inputs, and whether it is open. */
  pairs: string | null;
  _pairs_open: boolean;
  /** The factors on the sliders, from top to bottom. */
  _slider_factors: number[];
  /** The factors that are not found again in halves of their samples. */
  _unstable: number[];
  /** The step that runs, in words, and how far the loop has come, 0 to 1. */
  _step: string;
  _done: number;
  _error: string;
  _trace: string;
  /** Why a step has no result: "sliders", "ablation" or "interactions". */
  _unavailable: Record<string, string>;
  _ablation: Ablation;
  _interactions: Interactions;
  /** The Python lines before those of the steps. */
  _begin: string;
  _history: Step[];
  _about: string;
};

/** What the page may set. */
export type Writable = "factor" | "follow" | "_pairs_open";
