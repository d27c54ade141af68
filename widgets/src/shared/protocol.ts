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

type Request = {
  fields: Record<string, unknown>;
  buffers: ArrayBufferView[];
  resolve: (reply: Reply) => void;
  reject: (reason: Error) => void;
};

type Channel = { seq: number; running: Request | null; waiting: Request | null };

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
      for (const channel of this.channels.values()) {
        channel.running?.reject(new Superseded("the view was closed"));
        channel.waiting?.reject(new Superseded("the view was closed"));
      }
      this.channels.clear();
    });
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

  private channel(kind: string): Channel {
    let channel = this.channels.get(kind);
    if (!channel) {
      channel = { seq: -1, running: null, waiting: null };
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
    const channel = this.channels.get(reply.kind);
    if (!channel?.running || reply.seq !== channel.seq) return;
    const { running, waiting } = channel;
    channel.running = channel.waiting = null;
    if (waiting) this.start(reply.kind, channel, waiting);
    running.resolve({ ...reply, ok: reply.ok === true, buffers });
  }
}
