import type { Camera, Size } from "./camera";

const SLOW = 90;
const REST = 140;

/** How fast the map is drawn: whether it can be drawn anew at each move of the hand. */
export class Pace {
  private mean = 0;
  private watching = 0;
  private resting = 0;

  /** Whether frames take too long to follow a hand. */
  get slow(): boolean {
    return this.mean > SLOW;
  }

  /** Time the frame that has just been asked for. */
  watch(): void {
    if (this.watching || document.hidden) return;
    const begun = performance.now();
    // The second frame comes when the first has been drawn.
    this.watching = requestAnimationFrame(() => {
      this.watching = requestAnimationFrame((now) => {
        this.watching = 0;
        const took = Math.min(2000, now - begun);
        this.mean = this.mean ? 0.6 * this.mean + 0.4 * took : took;
      });
    });
  }

  /** Call `draw` when nothing has moved for a moment. */
  atRest(draw: () => void): void {
    window.clearTimeout(this.resting);
    this.resting = window.setTimeout(draw, REST);
  }

  stop(): void {
    cancelAnimationFrame(this.watching);
    window.clearTimeout(this.resting);
  }
}

/** The CSS transform that makes a picture drawn for camera `from` show what `to` looks at. */
export function shift(from: Camera, to: Camera, { width, height }: Size): string {
  const half = height / 2;
  const zoom = to.scale / from.scale;
  const x = width / 2 + half * to.left - zoom * (width / 2 + half * from.left);
  const y = half - half * to.up - zoom * (half - half * from.up);
  return `translate(${x}px, ${y}px) scale(${zoom})`;
}
