import type { FrameRequests } from "./requests";

const IDLE_MS = 150;
// A drag may have to wait for a prefetch at most this long: about half a frame.
const CHUNK_MS = 40;
const MOST_POSITIONS = 64;

/** Fetches frames near a resting slider, a few at a time. */
export class Prefetcher {
  private timer = 0;
  /** How many frames are fetched at a time. */
  private chunk = 4;
  private generation = 0;

  constructor(
    private readonly requests: FrameRequests,
    signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => this.stop());
  }

  /** Fetch those of `positions` that are not known yet, once the slider has rested a while. */
  start(positions: readonly Float32Array[]): void {
    window.clearTimeout(this.timer);
    const most = Math.min(MOST_POSITIONS, Math.floor(this.requests.most));
    const missing = positions.filter((amounts) => !this.requests.cache.get(amounts));
    this.timer = window.setTimeout(() => void this.fill(missing.slice(0, most)), IDLE_MS);
  }

  /** A slider moves: what is under way still comes, and nothing after it. */
  stop(): void {
    window.clearTimeout(this.timer);
    this.generation++;
  }

  private async fill(positions: Float32Array[]): Promise<void> {
    const { generation, requests } = this;
    while (positions.length && !requests.busy("frames") && !requests.busy("frame")) {
      const few = positions.splice(0, this.chunk);
      const answer = await requests.ask("frames", few);
      // An error is not shown: the drag itself will show it.
      if (!answer || answer.outdated || answer.error !== null) return;
      const slow = answer.ms > CHUNK_MS;
      this.chunk = slow ? Math.max(1, this.chunk >> 1) : Math.min(MOST_POSITIONS, 2 * this.chunk);
      if (generation !== this.generation) return;
    }
  }
}
