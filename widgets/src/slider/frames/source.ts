import { bytes } from "../../shared/arrays";
import type { Client } from "../../shared/protocol";
import { alone } from "../positions";
import type { Frame, Sizes } from "../scene";
import type { FrameCache } from "./cache";
import { Connection, type Mode } from "./connection";
import type { Stats } from "./latency";
import { Heading } from "./look_ahead";
import { estimated, frameAt, type Precomputed } from "./precomputed";
import { Prefetcher } from "./prefetch";
import { FrameRequests } from "./requests";

type Position = {
  amounts: Float32Array;
  /** Grows with each position that is asked for. */
  serial: number;
  /** When the event happened that asked for it; NaN if none did. */
  asked: number;
};

/** A frame to draw, and of what. */
export type PlacedFrame = Frame &
  Position & {
    /**
     * Where it comes from: an answer to this request, an earlier answer, the precomputed frames,
     * or an estimate from the last exact frame and the precomputed ones.
     */
    from: "answer" | "cache" | "precomputed" | "estimate";
    /** The newest position whose exact frame this is, or builds on; null for precomputed frames. */
    exact: Position | null;
  };

export type Listener = {
  show(frame: PlacedFrame): void;
  /** There is no frame for the position `serial`. */
  fail(text: string, serial: number, trace: unknown): void;
  /** `busy`, `mode` or `silent` differ from before. */
  changed(): void;
};

export type SourceOptions = {
  client: Client;
  live: boolean;
  listener: Listener;
  precomputed: Precomputed | null;
  sizes: Sizes;
  span: () => number;
  signal: AbortSignal;
};

/** Frames for positions of the sliders: from the kernel, the cache, or the precomputed ones. */
export class FrameSource {
  private readonly requests: FrameRequests;
  private readonly connection: Connection;
  private readonly prefetcher: Prefetcher;
  private readonly heading = new Heading();
  private precomputed: Precomputed | null;
  private serial = 0;
  private exact: (Frame & Position) | null = null;
  private last: (Position & { factor: number }) | null = null;

  constructor(private readonly options: SourceOptions) {
    const { client, live, listener, sizes, signal } = options;
    this.precomputed = options.precomputed;
    this.requests = new FrameRequests(client, sizes);
    this.prefetcher = new Prefetcher(this.requests, signal);
    const changed = () => listener.changed();
    this.connection = new Connection(live, changed, () => this.showPrecomputed(), signal);
  }

  get mode(): Mode {
    return this.connection.mode;
  }

  get busy(): boolean {
    return this.connection.busy;
  }

  /** Whether a kernel should be there and does not answer. */
  get silent(): boolean {
    return this.connection.silent;
  }

  get cache(): FrameCache {
    return this.requests.cache;
  }

  /** The serial of the newest position. */
  get newest(): number {
    return this.serial;
  }

  /**
   * Ask for the frame at `amounts`; what is known of it is shown at once. Precomputed frames show
   * `factor` alone.
   */
  ask(amounts: Float32Array, asked: number, factor: number): void {
    this.prefetcher.stop();
    const position = { amounts, serial: ++this.serial, asked };
    this.heading.move(amounts, factor);
    this.last = { ...position, factor };
    const known = this.cache.get(amounts);
    if (known) this.showExact({ ...known, ...position }, "cache");
    else if (this.mode === "precomputed") this.showPrecomputed();
    else this.showEstimate();
    if (this.options.live) void this.fetch(position, this.ahead());
  }

  /** Find out whether a kernel answers, before the first drag does. */
  probe(amounts: Float32Array): void {
    const { live } = this.options;
    if (live && !this.connection.answered && !this.requests.busy("frame")) {
      void this.fetch({ amounts, serial: this.serial, asked: Number.NaN });
    }
  }

  /** Show `frame`, which Python sent unasked, as the newest. */
  adopt(frame: Frame, amounts: Float32Array): void {
    this.prefetcher.stop();
    this.heading.forget();
    this.last = null;
    this.showExact({ ...frame, amounts, serial: ++this.serial, asked: Number.NaN }, "answer");
  }

  /** Forget all frames: they were of another base. Answers that are under way are dropped. */
  forget(precomputed: Precomputed | null, sizes: Sizes): void {
    this.prefetcher.stop();
    this.precomputed = precomputed;
    this.exact = null;
    this.requests.reset(sizes);
  }

  /** Tell Python that the sliders rest at `amounts`. */
  settle(amounts: Float32Array, { count, p50, p95 }: Stats): void {
    const { serial } = this;
    const { client, listener } = this.options;
    client.request("settle", { count, p50, p95 }, [bytes(amounts)]).then(
      (reply) => {
        if (reply.ok) return;
        listener.fail(reply.error || "Python refused the amounts.", serial, reply.trace);
      },
      () => undefined, // superseded, or the kernel is gone
    );
  }

  /** Ask for `positions` while the sliders rest. */
  prefetch(positions: Float32Array[]): void {
    if (this.options.live && this.mode === "live") this.prefetcher.start(positions);
  }

  /** Where the slider may come to next: as many positions as take hardly longer than one. */
  private ahead(): Float32Array[] {
    const most = Math.min(this.requests.pace.width, this.requests.most);
    if (most < 2) return [];
    return this.heading
      .ahead(this.options.span())
      .filter((next) => !this.cache.get(next))
      .slice(0, most - 1);
  }

  private async fetch(position: Position, ahead: Float32Array[] = []): Promise<void> {
    const { connection, requests } = this;
    const pending = requests.ask("frame", [position.amounts, ...ahead]);
    connection.wait();
    const answer = await pending;
    if (!answer) return; // superseded; the connection notices a kernel that is gone
    connection.hear();
    if (requests.busy("frame")) connection.wait();
    if (answer.outdated) return;
    if (answer.error === null) this.take(position, answer.frames[0] as Frame);
    else if (ahead.length) {
      // One of the positions ahead may be to blame.
      requests.pace.alone();
      if (!requests.busy("frame")) void this.fetch(position);
    } else this.fail(position, answer.error, answer.trace);
  }

  /** Show the answer to `position`, or something newer that builds on it. */
  private take(position: Position, frame: Frame): void {
    if (this.exact && this.exact.serial > position.serial) return;
    const known = this.last && position.serial < this.serial && this.cache.get(this.last.amounts);
    if (this.last && known) {
      const { factor, ...newest } = this.last;
      this.showExact({ ...known, ...newest }, "cache");
      return;
    }
    const exact = { ...frame, ...position };
    this.exact = exact;
    if (position.serial === this.serial || !this.showEstimate()) this.showExact(exact, "answer");
  }

  private fail(position: Position, error: string, trace: unknown): void {
    // After an error nothing is estimated until there is an exact frame again.
    const last = this.exact;
    this.exact = null;
    const { listener } = this.options;
    if (last) listener.show({ ...last, serial: this.serial, from: "cache", exact: last });
    listener.fail(error, position.serial, trace);
  }

  private showExact(exact: Frame & Position, from: "answer" | "cache"): void {
    this.exact = exact;
    this.options.listener.show({ ...exact, from, exact });
  }

  /** Show an estimate of the newest position at once; its exact frame is under way. */
  private showEstimate(): boolean {
    if (!this.precomputed || !this.last || !this.exact) return false;
    const { factor, ...position } = this.last;
    const frame = estimated(this.precomputed, this.exact, position.amounts);
    this.options.listener.show({ ...frame, ...position, from: "estimate", exact: this.exact });
    return true;
  }

  /** Show the newest position as far as the precomputed frames have it. */
  private showPrecomputed(): void {
    if (!this.precomputed || !this.last) return;
    const { factor, ...position } = this.last;
    const frame = frameAt(this.precomputed, factor, position.amounts[factor] ?? 0);
    const amounts = alone(position.amounts, factor);
    const shown = { ...frame, ...position, amounts, from: "precomputed" as const, exact: null };
    this.options.listener.show(shown);
  }
}
