/** Undo and redo of states. */
export class History<T> {
  private readonly past: T[] = [];
  private readonly future: T[] = [];

  constructor(private readonly depth = 50) {}

  /** Push `state`, which is about to be replaced. */
  leave(state: T): void {
    this.past.push(state);
    if (this.past.length > this.depth) this.past.shift();
    this.future.length = 0;
  }

  undo(current: T): T | null {
    return this.move(this.past, this.future, current);
  }

  redo(current: T): T | null {
    return this.move(this.future, this.past, current);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  private move(from: T[], to: T[], current: T): T | null {
    const target = from.pop();
    if (target === undefined) return null;
    to.push(current);
    return target;
  }
}
