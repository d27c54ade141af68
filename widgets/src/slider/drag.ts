import { Lags, type Stats } from "./frames/latency";

const NONE: Stats = { count: 0, p50: 0, p95: 0, fps: 0 };

/**
 * Whether a slider is dragged, and how fast frames came.
 *
 * A drag lasts from the first move until the exact frame of where the slider was let go is drawn.
 */
export class Drag {
  private lags: Lags | null = null;
  private releasedAt: number | null = null;
  private last = NONE;
  /** Milliseconds from the end of the last drag to its exact frame. */
  settled = 0;

  /** Whether a drag is under way or its last frame is awaited. */
  get active(): boolean {
    return this.lags !== null;
  }

  /** Whether the slider is held. */
  get held(): boolean {
    return this.active && this.releasedAt === null;
  }

  /** Whether the slider was let go and its exact frame is awaited. */
  get released(): boolean {
    return this.active && this.releasedAt !== null;
  }

  /** Times of the drag under way, else of the last one. */
  get stats(): Stats {
    return this.lags ? this.lags.stats : this.last;
  }

  /** As `stats`, but of the last drag until the one under way has a frame. */
  get shownStats(): Stats {
    return this.lags?.values.length ? this.lags.stats : this.last;
  }

  begin(): void {
    this.lags = new Lags();
    this.releasedAt = null;
  }

  release(now: number): void {
    this.releasedAt = now;
  }

  /** The exact frame that an event at `asked` wanted was drawn. */
  drawn(asked: number, now: number): void {
    this.lags?.add(asked, now);
  }

  /** The exact frame of where the slider was let go is drawn. */
  finish(now: number): void {
    this.last = this.stats;
    this.settled = now - (this.releasedAt ?? now);
    this.cancel();
  }

  cancel(): void {
    this.lags = null;
    this.releasedAt = null;
  }
}
