import { bytes } from "../../shared/arrays";
import type { Client, Reply } from "../../shared/protocol";
import { type Frame, framesOf, type Sizes } from "../scene";
import { FrameCache } from "./cache";
import { Pace } from "./look_ahead";

const MOST_ANSWER_BYTES = 2e6;

/** The answer to a request: frames, or why there are none. */
export type Answer = {
  frames: Frame[];
  error: string | null;
  trace: unknown;
  ms: number;
  /** Whether it is of another base, so that its frames are of no use. */
  outdated: boolean;
};

/** Requests for frames; all that are answered are kept in `cache`. */
export class FrameRequests {
  readonly cache = new FrameCache();
  /** How many frames to ask for at a time while a slider moves. */
  pace = new Pace();
  private epoch = 0;

  constructor(
    private readonly client: Client,
    private sizes: Sizes,
  ) {}

  /** How many frames one answer may hold. */
  get most(): number {
    const bytesEach = 4 * (this.sizes.decoded + this.sizes.outputs);
    return Math.floor(MOST_ANSWER_BYTES / Math.max(1, bytesEach));
  }

  /** Forget all frames, which were of another base; answers under way become outdated. */
  reset(sizes: Sizes): void {
    this.epoch++;
    this.sizes = sizes;
    this.pace = new Pace();
    this.cache.clear();
  }

  busy(kind: "frame" | "frames"): boolean {
    return this.client.busy(kind);
  }

  /** Ask for the frames at `rows`; null if the request was superseded or the kernel is gone. */
  async ask(kind: "frame" | "frames", rows: readonly Float32Array[]): Promise<Answer | null> {
    const { epoch } = this;
    const reply = await this.client.request(kind, {}, [table(rows)]).catch(() => null);
    return reply && this.take(reply, rows, epoch !== this.epoch);
  }

  private take(reply: Reply, rows: readonly Float32Array[], outdated: boolean): Answer {
    const answer = { frames: [], error: null, trace: reply.trace, ms: reply.ms ?? 0, outdated };
    if (outdated) return answer;
    const frames = framesOf(reply, this.sizes, rows.length);
    if (typeof frames === "string") return { ...answer, error: frames };
    this.pace.took(rows.length, answer.ms);
    rows.forEach((amounts, row) => {
      this.cache.put(amounts, frames[row] as Frame);
    });
    return { ...answer, frames };
  }
}

/** Rows of amounts as they are sent. */
function table(rows: readonly Float32Array[]): DataView {
  const width = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * width);
  rows.forEach((amounts, row) => {
    all.set(amounts, row * width);
  });
  return bytes(all);
}
