import type { ViewTraits } from "../shared/view";

/** One column of the table about the samples; `offset` is where its values begin, in bytes. */
export type ColumnHeader =
  | { name: string; kind: "category"; offset: number; categories: string[]; width: 1 | 2 }
  /** An offset of -1: the values are fetched when the map is coloured by them. */
  | ({ name: string; kind: "number"; offset: number } & Meaning);

/**
 * How the values of a scale read: as dates, `letters` of them in ISO form, if they are days since
 * `start`, in milliseconds since 1970; with a unit; or, with neither, as numbers.
 */
export type Meaning = {
  start?: number | undefined;
  letters?: number | undefined;
  unit?: string | undefined;
};

/** A named selection; its `count` samples follow those of the selections before it. */
export type NamedHeader = { name: string; color: string; count: number };

/** Lowest and highest value that match, null for no bound. */
export type Range = [low: number | null, high: number | null];

export type FitSummary = {
  n_factors: number;
  n_samples: number;
  seconds: number;
  converged: boolean;
};

/** The traits of Python's `ClusterExplorer`; model.ts reads those that are encoded. */
export type ExplorerTraits = ViewTraits & {
  /** Positions of the samples, (n, 2), as steps on a grid. */
  _positions: DataView;
  /** Selected sample numbers, ascending uint32. */
  selection: DataView;
  _named: NamedHeader[];
  /** Sample numbers of all named selections, uint32, one after the other. */
  _named_data: DataView;
  _columns: ColumnHeader[];
  /** Values of the columns, packed: uint8 or uint16 codes (the last is missing) or float32 (NaN is). */
  _column_data: DataView;
  color_by: string;
  search: string;
  ranges: Record<string, Range>;
  contours: boolean;
  exemplars: boolean;
  labels: boolean;
  /** The sample under the pointer, null for none. */
  hovered: number | null;
  height: number;
  _has_images: boolean;
  /** Whether the source can fit a selection. */
  _can_fit: boolean;
  /** Whether a selection is fitted right away, without the button. */
  _fits_itself: boolean;
  _fit: FitSummary | null;
  heatmap: string | null;
};
