import type { AnyModel } from "@anywidget/types";
import type { ExplorerTraits } from "../traits";

const OFTEN = 100; // milliseconds between two words to Python

/** Which sample is under the pointer, kept in step with the model: the newest counts. */
export class Pointed {
  private now = -1;
  private timer = 0;

  constructor(
    private readonly model: AnyModel<ExplorerTraits>,
    /** Another has pointed at sample `i`: Python, or a map that this one is linked to. */
    show: (i: number) => void,
    signal: AbortSignal,
  ) {
    const changed = () => {
      const there = model.get("hovered") ?? -1;
      // While the hand moves here, what the model says is old.
      if (there === this.now || this.timer) return;
      this.now = there;
      show(there);
    };
    model.on("change:hovered", changed);
    signal.addEventListener("abort", () => {
      window.clearTimeout(this.timer);
      model.off("change:hovered", changed);
    });
  }

  /** Tell that the pointer is on sample `i`, or on none. */
  tell(i: number): void {
    this.now = i;
    if (!this.timer) this.send();
  }

  private send(): void {
    this.timer = 0;
    if (this.now === (this.model.get("hovered") ?? -1)) return;
    this.timer = window.setTimeout(() => this.send(), OFTEN);
    this.model.set("hovered", this.now);
    this.model.save_changes();
  }
}
