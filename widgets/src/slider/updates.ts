/**
 * Reads once what one message of Python changes: many traits, one after the other.
 *
 * `read` is called after them, with whether the content changed among them.
 */
export class Updates {
  private pending = false;
  private content = false;

  constructor(
    private readonly read: (content: boolean) => void,
    private readonly signal: AbortSignal,
  ) {}

  contentChanged(): void {
    this.content = true;
    this.changed();
  }

  changed(): void {
    if (this.pending) return;
    this.pending = true;
    queueMicrotask(() => {
      const { content } = this;
      this.pending = this.content = false;
      if (!this.signal.aborted) this.read(content);
    });
  }
}
