import type { AnyModel } from "@anywidget/types";
import { bytes, same, typed } from "../../shared/arrays";
import { History } from "../../shared/history";
import type { ExplorerTraits } from "../traits";
import { freeColour, freeName, type Named, packNamed, readNamed } from "./named";

type State = { selection: Uint32Array; named: readonly Named[] };

/** What is selected and what has a name, with their past: the page's side of both traits. */
export class Choice {
  private readonly history = new History<State>();
  private state: State = { selection: new Uint32Array(0), named: [] };
  private putting = false;

  constructor(
    private readonly model: AnyModel<ExplorerTraits>,
    private readonly changed: () => void,
  ) {}

  get selection(): Uint32Array {
    return this.state.selection;
  }

  get named(): readonly Named[] {
    return this.state.named;
  }

  get canUndo(): boolean {
    return this.history.canUndo;
  }

  get canRedo(): boolean {
    return this.history.canRedo;
  }

  select(selection: Uint32Array): void {
    if (!same(selection, this.selection)) this.go({ ...this.state, selection });
  }

  /** Give the selection a name, near `wish`; returns it. */
  keep(wish: string): string {
    const name = freeName(this.named, wish);
    const one = { name, color: freeColour(this.named), samples: this.selection };
    this.go({ ...this.state, named: [...this.named, one] });
    return name;
  }

  rename(old: string, wish: string): void {
    if (!wish.trim() || wish === old) return;
    const others = this.named.filter(({ name }) => name !== old);
    const name = freeName(others, wish);
    const named = this.named.map((one) => (one.name === old ? { ...one, name } : one));
    this.go({ ...this.state, named });
  }

  /** Let the selection take the place of what was called `name`. */
  overwrite(name: string): void {
    const samples = this.selection;
    if (samples.length === 0) return;
    const named = this.named.map((one) => (one.name === name ? { ...one, samples } : one));
    this.go({ ...this.state, named });
  }

  drop(name: string): void {
    this.go({ ...this.state, named: this.named.filter((one) => one.name !== name) });
  }

  /** Bring back what was marked before. */
  restore(selection: Uint32Array, named: readonly Named[]): void {
    this.go({ selection, named });
  }

  undo(): void {
    this.travel(this.history.undo(this.state));
  }

  redo(): void {
    this.travel(this.history.redo(this.state));
  }

  /** Take both from the model as they are now, without a past. */
  start(n: number): void {
    this.state = this.read(n);
  }

  /** Take both from the model, changed by Python or by another page. */
  follow(n: number): void {
    if (this.putting) return; // one of the two is set, the other not yet
    const next = this.read(n);
    if (same(next.selection, this.selection) && sameNamed(next.named, this.named)) return;
    this.history.leave(this.state);
    this.state = next;
    this.changed();
  }

  private read(n: number): State {
    const selection = typed(Uint32Array, this.model.get("_selection"));
    const named = readNamed(this.model.get("_named") ?? [], this.model.get("_named_data"));
    return {
      selection: selection.filter((i) => i < n),
      named: named.map((one) => ({ ...one, samples: one.samples.filter((i) => i < n) })),
    };
  }

  private go(next: State): void {
    this.history.leave(this.state);
    this.put(next);
  }

  private travel(target: State | null): void {
    if (target) this.put(target);
  }

  private put(next: State): void {
    const old = this.state;
    this.state = next;
    this.putting = true;
    if (next.selection !== old.selection) this.model.set("_selection", bytes(next.selection));
    if (next.named !== old.named) {
      // Both travel in one message: apart, Python would see counts that do not fit the samples.
      const { headers, data } = packNamed(next.named);
      this.model.set("_named", headers);
      this.model.set("_named_data", bytes(data));
    }
    this.putting = false;
    this.model.save_changes();
    this.changed();
  }
}

function sameNamed(a: readonly Named[], b: readonly Named[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, k) => {
      const other = b[k] as Named;
      return (
        one.name === other.name && one.color === other.color && same(one.samples, other.samples)
      );
    })
  );
}
