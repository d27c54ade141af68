import type { AnyModel } from "@anywidget/types";

type Listener = (...given: unknown[]) => void;

/** A widget model without a kernel: remembers what is sent, and plays the kernel when told. */
export class FakeModel {
  readonly sent: { content: Record<string, unknown>; buffers: ArrayBufferView[] }[] = [];
  saved = 0;
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(readonly state: Record<string, unknown> = {}) {}

  get(key: string): unknown {
    return this.state[key];
  }

  set(key: string, value: unknown): void {
    this.state[key] = value;
    this.tell(`change:${key}`);
  }

  save_changes(): void {
    this.saved++;
  }

  on(event: string, listener: Listener): void {
    const known = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, known.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.listeners.get(event)?.delete(listener);
  }

  send(content: Record<string, unknown>, _callbacks?: unknown, buffers: ArrayBufferView[] = []) {
    this.sent.push({ content, buffers });
  }

  tell(event: string, ...given: unknown[]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...given);
  }

  /** Answer as Python does. */
  reply(fields: Record<string, unknown>, buffers: DataView[] = []): void {
    this.tell("msg:custom", { v: 1, ok: true, error: null, ms: 1, ...fields }, buffers);
  }

  get listenerCount(): number {
    let count = 0;
    for (const known of this.listeners.values()) count += known.size;
    return count;
  }

  get any(): AnyModel<never> {
    return this as unknown as AnyModel<never>;
  }
}
