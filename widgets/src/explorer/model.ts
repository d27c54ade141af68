import type { AnyModel } from "@anywidget/types";
import { bytes, typed, unpacked } from "../shared/arrays";
import { onChange } from "../shared/changes";
import { type Column, columns } from "./state/columns";
import { type Named, packNamed, readNamed } from "./state/named";
import type { ExplorerTraits } from "./traits";
import { positions } from "./world";

/** Traits that are read through a method of their own, since Python encodes them. */
type Encoded =
  | "_positions"
  | "selection"
  | "_named"
  | "_named_data"
  | "_columns"
  | "_column_data"
  | "hovered";
type Plain = Exclude<keyof ExplorerTraits, Encoded>;

/** What a person has marked on the map. */
export type Marks = { selection: Uint32Array; named: readonly Named[] };

/** The traits of Python's `ClusterExplorer` as values: the only code that knows their encoding. */
export class ExplorerModel {
  constructor(
    private readonly model: AnyModel<ExplorerTraits>,
    private readonly signal: AbortSignal,
  ) {}

  /** The positions (x0, y0, x1, y1, …) in the units of the data. */
  get positions(): Float32Array {
    return positions(this.model.get("_positions"));
  }

  /** The columns about `n` samples. */
  columns(n: number): Column[] {
    const data = unpacked(Uint8Array, this.model.get("_column_data"));
    return columns(this.model.get("_columns"), data, n);
  }

  /** The selection and the named selections among `n` samples. */
  marks(n: number): Marks {
    const known = (samples: Uint32Array) => samples.filter((i) => i < n);
    const named = readNamed(this.model.get("_named") ?? [], this.model.get("_named_data"));
    return {
      selection: known(typed(Uint32Array, this.model.get("selection"))),
      named: named.map((one) => ({ ...one, samples: known(one.samples) })),
    };
  }

  /** Send what of `marks` is given, in one message: counts and samples must arrive together. */
  setMarks({ selection, named }: Partial<Marks>): void {
    if (selection) this.model.set("selection", bytes(selection));
    if (named) {
      const { headers, data } = packNamed(named);
      this.model.set("_named", headers);
      this.model.set("_named_data", bytes(data));
    }
    this.model.save_changes();
  }

  onMarks(changed: () => void): void {
    this.on(["selection", "_named", "_named_data"], changed);
  }

  /** The sample under the pointer of any linked view, −1 for none. */
  get hovered(): number {
    return this.model.get("hovered") ?? -1;
  }

  set hovered(i: number) {
    this.model.set("hovered", i < 0 ? null : i);
    this.model.save_changes();
  }

  get<K extends Plain>(name: K): ExplorerTraits[K] {
    return this.model.get(name);
  }

  /** Set a trait and send it to Python. */
  set<K extends Plain>(name: K, value: ExplorerTraits[K]): void {
    this.model.set(name, value);
    this.model.save_changes();
  }

  /** Call `changed` whenever one of these traits changes, until the view closes. */
  on(names: readonly (keyof ExplorerTraits)[], changed: () => void): void {
    onChange(this.model, names, changed, this.signal);
  }
}
