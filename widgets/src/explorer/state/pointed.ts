import type { ExplorerModel } from "../model";

const INTERVAL = 100; // milliseconds between two messages to Python

/** The hovered sample, kept in step with the model: the newest position of the pointer wins. */
export class Pointed {
  private now = -1;
  private timer = 0;

  constructor(
    private readonly model: ExplorerModel,
    /** Python, or a linked map, points at sample `i`. */
    show: (i: number) => void,
    signal: AbortSignal,
  ) {
    model.on(["hovered"], () => {
      const there = model.hovered;
      // While the pointer moves here, the model lags behind.
      if (there === this.now || this.timer) return;
      this.now = there;
      show(there);
    });
    signal.addEventListener("abort", () => window.clearTimeout(this.timer));
  }

  /** Tell the model that the pointer is on sample `i`, −1 for none. */
  tell(i: number): void {
    this.now = i;
    if (!this.timer) this.send();
  }

  private send(): void {
    this.timer = 0;
    if (this.now === this.model.hovered) return;
    this.timer = window.setTimeout(() => this.send(), INTERVAL);
    this.model.hovered = this.now;
  }
}
