import type { ViewTraits } from "../shared/view";

/** One bar, what chance gives beside it, and words about it; null is not known. */
export type Bar = {
  label: string;
  value: number | null;
  low: number | null;
  high: number | null;
  note: string;
  /** Of interactions: the two inputs, by their numbers. */
  pair?: [number, number];
};

export type Ablation = {
  unit?: string;
  about?: string;
  /** One chart a factor and number of silenced nodes. */
  charts?: { factor: number; size: number; bars: Bar[] }[];
};

export type Interactions = {
  sample?: number;
  /** Whether it is under the pointer, and not picked. */
  hovered?: boolean;
  answer?: string;
  unit?: string;
  /** Of images: the side of a patch in pixels, and how many patches there are down and across. */
  grid?: number[];
  bars?: Bar[];
};

export type Step = { kind: string; title: string; code: string };

/** The traits of Python's `Workbench`, name by name. */
export type WorkbenchTraits = ViewTraits & {
  explorer: string | null;
  slider: string | null;
  /** The chosen factor of the last fit, −1 for none. */
  factor: number;
  /** The sample whose inputs are looked at, −1 for none. */
  sample: number;
  /** Whether the sample under the pointer is looked at. */
  follow: boolean;
  /** All pairs of inputs, and whether they are unfolded. */
  pairs: string | null;
  _pairs_open: boolean;
  /** The factors of the sliders, from above. */
  _turnable: number[];
  /** What is under way, in words, and how far the loop has come, 0 to 1. */
  _step: string;
  _done: number;
  _error: string;
  _trace: string;
  _ablation: Ablation;
  _interactions: Interactions;
  /** The Python lines that come before those of the steps. */
  _begin: string;
  _history: Step[];
  _about: string;
};
