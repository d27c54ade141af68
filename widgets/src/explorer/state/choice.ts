import { same } from "../../shared/arrays";
import { History } from "../../shared/history";
import type { ExplorerModel, Marks } from "../model";
import { freeColour, freeName, type Named } from "./named";

/** The selection and the named selections, with undo, kept in step with the model. */
export class Choice {
  private readonly history = new History<Marks>();
  private marks: Marks = { selection: new Uint32Array(0), named: [] };
  private sending = false;

  constructor(
    private readonly model: ExplorerModel,
    private readonly changed: () => void,
  ) {}

  get selection(): Uint32Array {
    return this.marks.selection;
  }

  get named(): readonly Named[] {
    return this.marks.named;
  }

  get canUndo(): boolean {
    return this.history.canUndo;
  }

  get canRedo(): boolean {
    return this.history.canRedo;
  }

  select(selection: Uint32Array): void {
    if (!same(selection, this.selection)) this.go({ ...this.marks, selection });
  }

  /** Name the selection `wish`, numbered if that name is taken; returns the name. */
  keep(wish: string): string {
    const name = freeName(this.named, wish);
    const one = { name, color: freeColour(this.named), samples: this.selection };
    this.go({ ...this.marks, named: [...this.named, one] });
    return name;
  }

  rename(old: string, wish: string): void {
    if (!wish.trim() || wish === old) return;
    const others = this.named.filter(({ name }) => name !== old);
    const name = freeName(others, wish);
    const named = this.named.map((one) => (one.name === old ? { ...one, name } : one));
    this.go({ ...this.marks, named });
  }

  drop(name: string): void {
    this.go({ ...this.marks, named: this.named.filter((one) => one.name !== name) });
  }

  /** Replace the selection and all named selections. */
  restore(selection: Uint32Array, named: readonly Named[]): void {
    this.go({ selection, named });
  }

  undo(): void {
    const earlier = this.history.undo(this.marks);
    if (earlier) this.put(earlier);
  }

  redo(): void {
    const later = this.history.redo(this.marks);
    if (later) this.put(later);
  }

  /** Read both from the model for `n` new samples, without an undo step. */
  start(n: number): void {
    this.marks = this.model.marks(n);
  }

  /** Read both from the model after Python or another page changed them. */
  follow(n: number): void {
    if (this.sending) return; // one of the traits is set, the next not yet
    const next = this.model.marks(n);
    if (same(next.selection, this.selection) && sameNamed(next.named, this.named)) return;
    this.history.leave(this.marks);
    this.marks = next;
    this.changed();
  }

  private go(next: Marks): void {
    this.history.leave(this.marks);
    this.put(next);
  }

  private put({ selection, named }: Marks): void {
    const old = this.marks;
    this.marks = { selection, named };
    this.sending = true;
    this.model.setMarks({
      ...(selection !== old.selection && { selection }),
      ...(named !== old.named && { named }),
    });
    this.sending = false;
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
