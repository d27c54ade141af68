import { bytes } from "../../shared/arrays";
import type { Client } from "../../shared/protocol";
import { alone, type Frame, framesOf, onward, type Sizes } from "../scene";
import { FrameCache } from "./cache";
import type { Stats } from "./latency";
import { Pace } from "./look_ahead";
import { type Film, filmed, guessed } from "./precomputed";

type Asked = {
  amounts: Float32Array;
  /** Grows with each position that is asked for. */
  serial: number;
  /** When the event was that asked for it. */
  asked: number;
};

/** A frame to draw, and of what. */
export type Shot = Frame &
  Asked & {
    /**
     * Where it comes from: an answer to this request, an earlier answer, the saved film, or a guess
     * from the last exact frame and the film.
     */
    from: "answer" | "cache" | "film" | "guess";
    /** The newest position whose exact frame this is, or builds on; none for the film. */
    exact: Asked | null;
  };

export type Listener = {
  show(shot: Shot): void;
  /** The position `serial` cannot be had. */
  fail(text: string, serial: number, trace: unknown): void;
  /** `busy`, `mode` or `silent` are others than before. */
  turned(): void;
};

const BUSY_MS = 300;
// An answer that never came once tells of no kernel; later, of one that is busy or was restarted.
const FIRST_MS = 1500;
const LATER_MS = 10_000;
const IDLE_MS = 150;
// What a drag may at most have to wait for: half a frame or so.
const CHUNK_MS = 40;
const MOST_POSITIONS = 64;
// How far ahead of the hand frames are asked for.
const HORIZON = 32;
const MOST_CHUNK_BYTES = 2e6;

/** Frames for positions of the sliders: from the kernel, kept from before, or from the film. */
export class Source {
  mode: "live" | "film";
  busy = false;
  /** Whether a kernel should be there and does not answer. */
  silent = false;
  readonly cache = new FrameCache();
  private answered = false;
  private serial = 0;
  private epoch = 0;
  private exact: (Frame & Asked) | null = null;
  private last: (Asked & { factor: number }) | null = null;
  /** Whether the hand goes up or down; 0 where that is not known. */
  private way = 0;
  private pace = new Pace();
  /** How many positions are fetched ahead at a time. */
  private chunk = 4;
  private timers: number[] = [];
  private idle = 0;

  constructor(
    private readonly client: Client,
    private readonly live: boolean,
    private readonly listener: Listener,
    public film: Film | null,
    public sizes: Sizes,
    private readonly span: () => number,
    signal: AbortSignal,
  ) {
    this.mode = live ? "live" : "film";
    signal.addEventListener("abort", () => {
      this.rest();
      window.clearTimeout(this.idle);
    });
  }

  /** The serial of the newest position. */
  get newest(): number {
    return this.serial;
  }

  /**
   * Ask for the frame of `amounts`; what is known of it is shown at once. A film shows `factor`
   * alone.
   */
  ask(amounts: Float32Array, asked: number, factor: number): void {
    window.clearTimeout(this.idle);
    const position = { amounts, serial: ++this.serial, asked };
    const moved = (amounts[factor] ?? 0) - (this.last?.amounts[factor] ?? amounts[factor] ?? 0);
    this.way = this.last?.factor === factor ? Math.sign(moved) || this.way : 0;
    this.last = { ...position, factor };
    const known = this.cache.get(amounts);
    if (known) {
      this.exact = { ...known, ...position };
      this.listener.show({ ...this.exact, from: "cache", exact: position });
    } else if (this.mode === "film") this.play();
    else this.guess();
    if (this.live) void this.fetch(position, this.ahead());
  }

  /** Where the hand may come to next: as many as take hardly longer than one. */
  private ahead(): Float32Array[] {
    const bytesEach = 4 * (this.sizes.decoded + this.sizes.outputs);
    const most = Math.min(this.pace.width, Math.floor(MOST_CHUNK_BYTES / Math.max(1, bytesEach)));
    if (!this.last || !this.way || most < 2) return [];
    const { amounts, factor } = this.last;
    return onward(amounts, this.span(), factor, this.way, HORIZON)
      .filter((next) => !this.cache.get(next))
      .slice(0, most - 1);
  }

  /** Find out whether a kernel answers, before the first drag does. */
  probe(amounts: Float32Array): void {
    if (this.live && !this.answered && !this.client.busy("frame")) {
      void this.fetch({ amounts, serial: this.serial, asked: Number.NaN });
    }
  }

  /** Show `frame`, which came otherwise, as the newest. */
  adopt(frame: Frame, amounts: Float32Array): void {
    window.clearTimeout(this.idle);
    const serial = ++this.serial;
    this.last = null;
    this.way = 0;
    const position = { amounts, serial, asked: Number.NaN };
    this.exact = { ...frame, ...position };
    this.listener.show({ ...this.exact, from: "answer", exact: position });
  }

  /** Forget all frames: they were of another base. Answers that are under way are dropped. */
  forget(film: Film | null, sizes: Sizes): void {
    this.epoch++;
    this.film = film;
    this.sizes = sizes;
    this.exact = null;
    this.pace = new Pace();
    this.cache.clear();
    window.clearTimeout(this.idle);
  }

  /** Tell Python that the sliders rest at `amounts`. */
  settle(amounts: Float32Array, { count, p50, p95 }: Stats): void {
    const { serial } = this;
    this.client.request("settle", { count, p50, p95 }, [bytes(amounts)]).then(
      (reply) => {
        if (reply.ok) return;
        this.listener.fail(reply.error || "The amounts were not taken.", serial, reply.trace);
      },
      () => undefined, // a newer position took its place, or the kernel is gone
    );
  }

  /** Ask for `positions` while the hand rests, a few at a time. */
  prefetch(positions: Float32Array[]): void {
    window.clearTimeout(this.idle);
    if (!this.live || this.mode === "film") return;
    const bytesEach = 4 * (this.sizes.decoded + this.sizes.outputs);
    const most = Math.min(MOST_POSITIONS, Math.floor(MOST_CHUNK_BYTES / Math.max(1, bytesEach)));
    const missing = positions.filter((amounts) => !this.cache.get(amounts)).slice(0, most);
    this.idle = window.setTimeout(() => void this.fill(missing), IDLE_MS);
  }

  private async fill(positions: Float32Array[]): Promise<void> {
    const { epoch, serial } = this;
    while (positions.length && !this.client.busy("frames") && !this.client.busy("frame")) {
      const few = positions.splice(0, this.chunk);
      const reply = await this.client.request("frames", {}, [table(few)]).catch(() => null);
      if (!reply || epoch !== this.epoch) return;
      const frames = framesOf(reply, this.sizes, few.length);
      if (typeof frames === "string") return; // the drag itself will say so
      const slow = (reply.ms ?? 0) > CHUNK_MS;
      this.pace.took(few.length, reply.ms ?? 0);
      this.chunk = slow ? Math.max(1, this.chunk >> 1) : Math.min(MOST_POSITIONS, 2 * this.chunk);
      few.forEach((amounts, row) => {
        this.cache.put(amounts, frames[row] as Frame);
      });
      if (serial !== this.serial) return;
    }
  }

  private async fetch(position: Asked, ahead: Float32Array[] = []): Promise<void> {
    const { epoch } = this;
    const rows = [position.amounts, ...ahead];
    const answer = this.client.request("frame", {}, [table(rows)]);
    if (!this.timers.length) this.watch();
    const reply = await answer.catch(() => null);
    if (!reply) return; // superseded; a kernel that is gone shows by its silence
    this.rest();
    this.answered = true;
    this.turn("live", false);
    if (this.client.busy("frame")) this.watch();
    if (epoch !== this.epoch) return;
    const frames = framesOf(reply, this.sizes, rows.length);
    if (typeof frames === "string" && ahead.length) {
      // One of those ahead may be to blame.
      this.pace.alone();
      if (!this.client.busy("frame")) void this.fetch(position);
      return;
    }
    if (typeof frames === "string") {
      // What cannot be computed is not guessed at either, until something can be.
      const last = this.exact;
      this.exact = null;
      if (last) this.listener.show({ ...last, serial: this.serial, from: "cache", exact: last });
      this.listener.fail(frames, position.serial, reply.trace);
      return;
    }
    this.pace.took(rows.length, reply.ms ?? 0);
    rows.forEach((amounts, row) => {
      this.cache.put(amounts, frames[row] as Frame);
    });
    if (this.exact && this.exact.serial > position.serial) return;
    const known = this.last && position.serial < this.serial && this.cache.get(this.last.amounts);
    if (this.last && known) {
      const { factor, ...newest } = this.last;
      this.exact = { ...known, ...newest };
      this.listener.show({ ...this.exact, from: "cache", exact: newest });
      return;
    }
    this.exact = { ...(frames[0] as Frame), ...position };
    if (position.serial === this.serial || !this.guess()) {
      this.listener.show({ ...this.exact, from: "answer", exact: position });
    }
  }

  /** Show at once what the newest position should look like; its exact frame is under way. */
  private guess(): boolean {
    if (!this.film || !this.last || !this.exact) return false;
    const { factor, ...position } = this.last;
    const frame = guessed(this.film, this.exact, position.amounts);
    this.listener.show({ ...frame, ...position, from: "guess", exact: this.exact });
    return true;
  }

  /** Show the newest position as far as the film has it. */
  private play(): void {
    if (!this.film || !this.last) return;
    const { factor, ...position } = this.last;
    const frame = filmed(this.film, factor, position.amounts[factor] ?? 0);
    const amounts = alone(position.amounts, factor);
    this.listener.show({ ...frame, ...position, amounts, from: "film", exact: null });
  }

  /** Wait for an answer. */
  private watch(): void {
    this.timers = [
      window.setTimeout(() => {
        this.busy = true;
        this.listener.turned();
      }, BUSY_MS),
      window.setTimeout(() => this.giveUp(), this.answered ? LATER_MS : FIRST_MS),
    ];
  }

  private giveUp(): void {
    this.turn("film", true);
    this.play();
  }

  private rest(): void {
    for (const timer of this.timers.splice(0)) window.clearTimeout(timer);
  }

  private turn(mode: "live" | "film", silent: boolean): void {
    const same = mode === this.mode && silent === this.silent && !this.busy;
    this.mode = mode;
    this.silent = silent;
    this.busy = false;
    if (!same) this.listener.turned();
  }
}

/** Rows of amounts as they are sent. */
function table(rows: readonly Float32Array[]): ReturnType<typeof bytes> {
  const width = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * width);
  rows.forEach((amounts, row) => {
    all.set(amounts, row * width);
  });
  return bytes(all);
}
