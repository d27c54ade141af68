import type { AnyModel } from "@anywidget/types";

const VERSION = 1;

/** The answer to a verb; `buffers` carry arrays and pictures. */
export type Reply = {
  ok: boolean;
  error?: string;
  ms?: number;
  buffers: DataView[];
  [field: string]: unknown;
};

/** The request was dropped: a newer one of the same kind replaced it. */
export class Superseded extends Error {}

/** For `catch`: null if a newer request replaced this one. */
export function unlessSuperseded(error: unknown): null {
  if (error instanceof Superseded) return null;
  throw error;
}

/** No answer will come, or the page stopped waiting for it. */
export class Lost extends Superseded {}

const TIMEOUT = 10_000; // milliseconds without a sign of life

type Request = {
  fields: Record<string, unknown>;
  buffers: ArrayBufferView[];
  resolve: (reply: Reply) => void;
  reject: (reason: Error) => void;
};

type Channel = {
  seq: number;
  running: Request | null;
  waiting: Request | null;
  /** The timer that ends the running request when its signs of life stop; 0 before the first. */
  timeout: number;
};

/**
 * Requests to Python's verbs and their answers.
 *
 * One request of a kind runs at a time. Of those made meanwhile only the newest is kept; the others
 * are rejected with `Superseded`, so that a slow kernel never falls behind the pointer. Answers
 * with an unknown `seq` are dropped.
 */
export class Client {
  private readonly channels = new Map<string, Channel>();
  // Views of one widget receive each other's answers, so each starts counting at random.
  private seq = Math.floor(Math.random() * 2 ** 52);

  constructor(
    private readonly model: Pick<AnyModel, "on" | "off" | "send">,
    signal: AbortSignal,
  ) {
    const listen = (message: unknown, buffers: DataView[]) => this.receive(message, buffers ?? []);
    model.on("msg:custom", listen);
    signal.addEventListener("abort", () => {
      model.off("msg:custom", listen);
      for (const kind of this.channels.keys()) this.giveUp(kind, "the view was closed");
    });
  }

  /** Stop waiting for answers to `kind`: the kernel is gone, or the person gave up. */
  giveUp(kind: string, why: string): void {
    const channel = this.channels.get(kind);
    if (!channel) return;
    this.calm(channel);
    const { running, waiting } = channel;
    channel.running = channel.waiting = null;
    running?.reject(new Lost(why));
    waiting?.reject(new Lost(why));
  }

  /** Request `kind`. Rejects only with `Superseded`; failures are answers with `ok: false`. */
  request(
    kind: string,
    fields: Record<string, unknown> = {},
    buffers: ArrayBufferView[] = [],
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const request = { fields, buffers, resolve, reject };
      const channel = this.channel(kind);
      if (channel.running === null) {
        this.start(kind, channel, request);
      } else {
        channel.waiting?.reject(new Superseded(`a newer ${kind} was asked for`));
        channel.waiting = request;
      }
    });
  }

  /** Whether a request of `kind` is running. */
  busy(kind: string): boolean {
    return this.channels.get(kind)?.running != null;
  }

  /** Whether Python has begun the running request of `kind`. */
  begun(kind: string): boolean {
    return (this.channels.get(kind)?.timeout ?? 0) > 0;
  }

  private channel(kind: string): Channel {
    let channel = this.channels.get(kind);
    if (!channel) {
      channel = { seq: -1, running: null, waiting: null, timeout: 0 };
      this.channels.set(kind, channel);
    }
    return channel;
  }

  private start(kind: string, channel: Channel, request: Request): void {
    channel.running = request;
    channel.seq = ++this.seq;
    this.model.send(
      { v: VERSION, kind, seq: channel.seq, ...request.fields },
      undefined,
      request.buffers,
    );
  }

  private receive(message: unknown, buffers: DataView[]): void {
    const reply = message as { v?: unknown; kind?: unknown; seq?: unknown; ok?: unknown };
    if (reply?.v !== VERSION || typeof reply.kind !== "string") return;
    if (reply.kind === "alive") {
      this.hear(message as { of?: unknown; seq?: unknown });
      return;
    }
    const channel = this.channels.get(reply.kind);
    if (!channel?.running || reply.seq !== channel.seq) return;
    const { running, waiting } = channel;
    channel.running = channel.waiting = null;
    this.calm(channel);
    if (waiting) this.start(reply.kind, channel, waiting);
    running.resolve({ ...reply, ok: reply.ok === true, buffers });
  }

  private calm(channel: Channel): void {
    window.clearTimeout(channel.timeout);
    channel.timeout = 0;
  }

  /** Restart the timeout: a long verb sends signs of life until its kernel dies. */
  private hear({ of, seq }: { of?: unknown; seq?: unknown }): void {
    const channel = typeof of === "string" ? this.channels.get(of) : undefined;
    if (!channel?.running || channel.seq !== seq) return;
    window.clearTimeout(channel.timeout);
    channel.timeout = window.setTimeout(
      () => this.giveUp(of as string, "The kernel stopped responding."),
      TIMEOUT,
    );
  }
}
