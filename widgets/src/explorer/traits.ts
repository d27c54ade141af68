import type { ViewTraits } from "../shared/view";

/** One column of the table about the samples; `offset` is where its values begin, in bytes. */
export type ColumnHeader =
  | { name: string; kind: "category"; offset: number; categories: string[] }
  | { name: string; kind: "number"; offset: number };

export type FitSummary = {
  n_factors: number;
  n_samples: number;
  seconds: number;
  converged: boolean;
};

/** The traits of Python's `ClusterExplorer`, name by name. */
export type ExplorerTraits = ViewTraits & {
  /** Positions of the samples, (n, 2) float32. */
  _positions: DataView;
  /** Selected sample numbers, ascending uint32. */
  _selection: DataView;
  _columns: ColumnHeader[];
  /** Values of the columns: uint16 codes (65535 is missing) or float32 (NaN is missing). */
  _column_data: DataView;
  color_by: string;
  height: number;
  _has_images: boolean;
  /** Whether the source can fit a selection. */
  _can_fit: boolean;
  _fit: FitSummary | null;
  heatmap: string | null;
};
