import type { ViewTraits } from "../shared/view";
import type { Column } from "./scene";

/** The traits of Python's `NodeTable`, name by name. */
export type NodeTableTraits = ViewTraits & {
  /** Numbers of the chosen nodes, none to two. */
  chosen: number[];
  /** The column that rows are sorted by; `node` is the order of the layer. */
  sort: string;
  descending: boolean;
  query: string;
  /** The chosen factor, null for none. */
  factor: number | null;
  _ids: number[];
  /** The factors that are not found again in halves of their samples. */
  _unstable: number[];
  /** Mutual information of each factor with each node, in nats; NaN where not above chance. */
  _uses: DataView;
  height: number;
  _names: string[];
  _columns: Column[];
  /** The columns of numbers, one after another. */
  _numbers: DataView;
  _texts: string[][];
  _about: string;
};
