import { onward } from "../positions";

const MOST = 16;
// Several may take longer than one by this factor, and by the error of a clock, in ms.
const SLOWER = 1.5;
const NOISE_MS = 2;
const TWICE = 2;
// Python had the frame ready: its time says nothing about others.
const READY_MS = 1;
// How many positions ahead of the slider are considered.
const HORIZON = 32;

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
      // Once may be chance; a width that was slow twice in a row is not tried again.
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

/** Which slider moves, and in which direction. */
export class Heading {
  private last: { amounts: Float32Array; factor: number } | null = null;
  /** 1 upwards, −1 downwards, 0 where that is not known. */
  private direction = 0;

  /** The slider of `factor` has come to its place in `amounts`. */
  move(amounts: Float32Array, factor: number): void {
    const { last } = this;
    const moved = (amounts[factor] ?? 0) - (last?.amounts[factor] ?? amounts[factor] ?? 0);
    this.direction = last?.factor === factor ? Math.sign(moved) || this.direction : 0;
    this.last = { amounts, factor };
  }

  forget(): void {
    this.last = null;
    this.direction = 0;
  }

  /** Where the slider may come to next, the nearest first. */
  ahead(span: number): Float32Array[] {
    if (!this.last || !this.direction) return [];
    const { amounts, factor } = this.last;
    return onward(amounts, span, factor, this.direction, HORIZON);
  }
}
