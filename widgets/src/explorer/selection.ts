/** What a gesture does to the selection. */
export type Operation = "replace" | "add" | "remove";

/** The selection after a gesture caught `hits`; both are ascending and distinct. */
export function combine(
  current: Uint32Array,
  hits: Uint32Array,
  operation: Operation,
): Uint32Array {
  if (operation === "replace") return hits;
  const caught = new Set(hits);
  if (operation === "remove") return current.filter((i) => !caught.has(i));
  for (const i of current) caught.add(i);
  return Uint32Array.from(caught).sort();
}

/** Selections to go back and forth through. */
export class History {
  private readonly past: Uint32Array[] = [];
  private readonly future: Uint32Array[] = [];

  constructor(private readonly depth = 50) {}

  /** Remember `selection`, which is about to be replaced. */
  leave(selection: Uint32Array): void {
    this.past.push(selection);
    if (this.past.length > this.depth) this.past.shift();
    this.future.length = 0;
  }

  undo(current: Uint32Array): Uint32Array | null {
    return this.move(this.past, this.future, current);
  }

  redo(current: Uint32Array): Uint32Array | null {
    return this.move(this.future, this.past, current);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  private move(from: Uint32Array[], to: Uint32Array[], current: Uint32Array): Uint32Array | null {
    const target = from.pop();
    if (!target) return null;
    to.push(current);
    return target;
  }
}
