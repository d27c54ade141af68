import type { Frame } from "../scene";

const MOST_BYTES = 16e6;

/** Frames by the position of the sliders, the latest ones. */
export class FrameCache {
  private readonly frames = new Map<string, Frame>();

  get size(): number {
    return this.frames.size;
  }

  get(amounts: ArrayLike<number>): Frame | undefined {
    return this.frames.get(key(amounts));
  }

  put(amounts: ArrayLike<number>, frame: Frame): void {
    const bytes = 4 * (frame.decoded.length + frame.outputs.length) + 200;
    const most = Math.max(1, Math.min(1000, Math.floor(MOST_BYTES / bytes)));
    this.frames.delete(key(amounts));
    this.frames.set(key(amounts), frame);
    for (const oldest of this.frames.keys()) {
      if (this.frames.size <= most) break;
      this.frames.delete(oldest);
    }
  }

  clear(): void {
    this.frames.clear();
  }
}

function key(amounts: ArrayLike<number>): string {
  return Array.from(amounts, (amount) => (Math.round(amount * 1e4) || 0).toString()).join(" ");
}
