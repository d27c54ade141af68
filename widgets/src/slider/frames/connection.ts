/** Where frames come from: the kernel, or the frames that were saved with the view. */
export type Mode = "live" | "precomputed";

const BUSY_MS = 300;
// No first answer means no kernel; no later one, that it is busy or was restarted.
const FIRST_MS = 1500;
const LATER_MS = 10_000;

/** Whether the kernel answers: it is busy after a while, and silent after a longer one. */
export class Connection {
  mode: Mode;
  busy = false;
  /** Whether a kernel should be there and does not answer. */
  silent = false;
  /** Whether the kernel has ever answered. */
  answered = false;
  private timers: number[] = [];

  constructor(
    live: boolean,
    /** `busy`, `mode` or `silent` differ from before. */
    private readonly changed: () => void,
    /** The kernel has fallen silent. */
    private readonly lost: () => void,
    signal: AbortSignal,
  ) {
    this.mode = live ? "live" : "precomputed";
    signal.addEventListener("abort", () => this.stopTimers());
  }

  /** A request is under way. */
  wait(): void {
    if (this.timers.length) return;
    this.timers = [
      window.setTimeout(() => {
        this.busy = true;
        this.changed();
      }, BUSY_MS),
      window.setTimeout(
        () => {
          this.set("precomputed", true);
          this.lost();
        },
        this.answered ? LATER_MS : FIRST_MS,
      ),
    ];
  }

  /** An answer has come. */
  hear(): void {
    this.stopTimers();
    this.answered = true;
    this.set("live", false);
  }

  private set(mode: Mode, silent: boolean): void {
    const same = mode === this.mode && silent === this.silent && !this.busy;
    this.mode = mode;
    this.silent = silent;
    this.busy = false;
    if (!same) this.changed();
  }

  private stopTimers(): void {
    for (const timer of this.timers.splice(0)) window.clearTimeout(timer);
  }
}
