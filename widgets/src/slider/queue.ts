import type { PlacedFrame } from "./frames/source";

/** The newest frame, drawn at most once per animation frame. */
export class FrameQueue {
  /** The frame on the canvas. */
  painted: PlacedFrame | null = null;
  private newest: PlacedFrame | null = null;
  private scheduled = 0;
  /** The serial of the newest exact frame that was drawn. */
  private drawn = -1;

  constructor(private readonly draw: (frame: PlacedFrame | null) => void) {}

  /** Draw `frame` soon, unless a newer one is there. */
  show(frame: PlacedFrame): void {
    if (this.newest && frame.serial < this.newest.serial) return;
    this.newest = frame;
    this.redraw();
  }

  /** Draw the newest frame soon, again if it is drawn already. */
  redraw(): void {
    if (this.scheduled) return;
    this.scheduled = requestAnimationFrame(() => {
      this.scheduled = 0;
      this.draw(this.newest);
    });
  }

  cancel(): void {
    cancelAnimationFrame(this.scheduled);
  }

  /**
   * Note that `frame` is on the canvas. Returns when the event happened that asked for its exact
   * frame; null if no event did, or that frame was drawn before.
   */
  note(frame: PlacedFrame): number | null {
    this.painted = frame;
    const { exact } = frame;
    if (!exact || exact.serial <= this.drawn) return null;
    this.drawn = exact.serial;
    return Number.isNaN(exact.asked) ? null : exact.asked;
  }
}
