const MOST = 16;
// Several take hardly longer than one: by this factor, and by what a clock may be off, in ms.
const SLOWER = 1.5;
const NOISE_MS = 2;
const TWICE = 2;
// Python had the frame ready: that tells nothing of others.
const READY_MS = 1;

/** How many frames to ask for at a time: more, as long as that takes hardly longer than one. */
export class Pace {
  width = 1;
  private most = MOST;
  private single = Number.POSITIVE_INFINITY;
  private slow = 0;

  /** An answer of `count` frames took `ms`. */
  took(count: number, ms: number): void {
    if (ms < READY_MS) return;
    if (count === 1) this.single = Math.min(this.single, ms);
    else if (ms > SLOWER * this.single + NOISE_MS) {
      // Once may be chance; what was slow twice in a row is not tried again.
      if (++this.slow === TWICE) {
        this.slow = 0;
        this.width = this.most = Math.max(1, count >> 1);
      }
      return;
    }
    this.slow = 0;
    if (count >= this.width) this.width = Math.min(this.most, 2 * count);
  }

  /** Ask for one at a time from now on. */
  alone(): void {
    this.width = this.most = 1;
  }
}
