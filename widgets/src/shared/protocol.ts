import type { AnyModel } from "@anywidget/types";

const VERSION = 1;

/** What a verb answers; `buffers` carry arrays and pictures. */
export type Reply = {
  ok: boolean;
  error?: string;
  ms?: number;
  buffers: DataView[];
  [field: string]: unknown;
};

/** An answer that came too late: a newer request of the same kind has taken its place. */
export class Superseded extends Error {}

/** For `catch`: nothing, where a newer request took the place of this one. */
export function unlessSuperseded(error: unknown): null {
  if (error instanceof Superseded) return null;
  throw error;
}

/** No answer will come, or nobody waits for it any more. */
export class Lost extends Superseded {}

const SILENCE = 10_000;

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
  /** Ends the running request when a verb that gave signs of life falls silent. */
  silence: number;
};

/**
 * Requests to Python's verbs and their answers.
 *
 * One request of a kind is under way at a time. While it is, only the newest of those that follow
 * is kept and the others are rejected with `Superseded`: a slow kernel then never falls behind the
 * hand. Answers with an unknown `seq` are dropped.
 */
export class Client {
  private readonly channels = new Map<string, Channel>();
  // Views of one widget hear each other's answers, so each counts from a place of its own.
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

  /** Wait no longer for answers to `kind`: the kernel is gone, or somebody lost patience. */
  giveUp(kind: string, why: string): void {
    const channel = this.channels.get(kind);
    if (!channel) return;
    this.calm(channel);
    const { running, waiting } = channel;
    channel.running = channel.waiting = null;
    running?.reject(new Lost(why));
    waiting?.reject(new Lost(why));
  }

  /** Ask for `kind`. Rejects only with `Superseded`; failures are answers with `ok: false`. */
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

  /** Whether a request of `kind` is under way. */
  busy(kind: string): boolean {
    return this.channels.get(kind)?.running != null;
  }

  /** Whether Python has said that it is at work on the request of `kind` under way. */
  begun(kind: string): boolean {
    return (this.channels.get(kind)?.silence ?? 0) > 0;
  }

  private channel(kind: string): Channel {
    let channel = this.channels.get(kind);
    if (!channel) {
      channel = { seq: -1, running: null, waiting: null, silence: 0 };
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
    window.clearTimeout(channel.silence);
    channel.silence = 0;
  }

  /** A long verb lives; a kernel that dies in the midst of it says nothing any more. */
  private hear({ of, seq }: { of?: unknown; seq?: unknown }): void {
    const channel = typeof of === "string" ? this.channels.get(of) : undefined;
    if (!channel?.running || channel.seq !== seq) return;
    window.clearTimeout(channel.silence);
    channel.silence = window.setTimeout(
      () => this.giveUp(of as string, "The kernel fell silent."),
      SILENCE,
    );
  }
}
