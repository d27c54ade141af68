import type { Camera, Size } from "./camera";

const SLOW = 90;
const REST = 140;

/** Measures how long frames take, to decide whether to redraw the map at every move. */
export class Pace {
  private mean = 0;
  private watching = 0;
  private resting = 0;

  /** Whether frames take too long to follow the pointer. */
  get slow(): boolean {
    return this.mean > SLOW;
  }

  /** Time the frame that was just requested. */
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

  /** Call `draw` once nothing has moved for a moment. */
  atRest(draw: () => void): void {
    window.clearTimeout(this.resting);
    this.resting = window.setTimeout(draw, REST);
  }

  stop(): void {
    cancelAnimationFrame(this.watching);
    window.clearTimeout(this.resting);
  }
}

/** The CSS transform that moves a picture drawn for camera `from` to where `to` shows it. */
export function shift(from: Camera, to: Camera, { width, height }: Size): string {
  const half = height / 2;
  const zoom = to.scale / from.scale;
  const x = width / 2 + half * to.left - zoom * (width / 2 + half * from.left);
  const y = half - half * to.up - zoom * (half - half * from.up);
  return `translate(${x}px, ${y}px) scale(${zoom})`;
}
