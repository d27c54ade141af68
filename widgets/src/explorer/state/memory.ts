import type { StatusLine } from "../panels/status";
import type { World } from "../world";
import type { Choice } from "./choice";
import type { Named } from "./named";

/** What was marked on a map, and a checksum of its samples. */
export type Marked = { n: number; sum: number; selection: Uint32Array; named: readonly Named[] };

// Kept on the page, by notebook cell: a cell that runs again, perhaps in a new kernel, makes a new
// widget from a new bundle, which does not know the widget it replaces.
const MARKED = Symbol.for("nbinterp.marked");
const page = globalThis as { [MARKED]?: WeakMap<Element, Marked> };

function cells(): WeakMap<Element, Marked> {
  page[MARKED] ??= new WeakMap();
  return page[MARKED];
}

/** Keeps what is marked for the next widget of the same cell and samples. */
export class Memory {
  private cell: Element | null = null;

  constructor(private readonly root: Element) {}

  keep({ x, y }: World, selection: Uint32Array, named: readonly Named[]): void {
    this.cell ??= this.root.closest(".jp-Cell");
    if (this.cell && named.length > 0) {
      cells().set(this.cell, { n: x.length, sum: sum(x, y), selection, named });
    }
  }

  /** Offer to restore what the replaced widget had marked on the same samples. */
  offer(at: World, choice: Choice, status: StatusLine): void {
    this.cell ??= this.root.closest(".jp-Cell");
    const old = this.cell ? cells().get(this.cell) : undefined;
    const known = old && old.n === at.x.length && old.sum === sum(at.x, at.y);
    if (!known || choice.named.length > 0) {
      this.keep(at, choice.selection, choice.named);
      return;
    }
    const { length } = old.named;
    status.offer(`Restore ${length} named selection${length === 1 ? "" : "s"}`, () =>
      choice.restore(old.selection, old.named),
    );
  }
}

function sum(x: Float32Array, y: Float32Array): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += (x[i] as number) * ((i % 97) + 1) - (y[i] as number);
  return total;
}
