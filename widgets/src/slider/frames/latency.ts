/** How long the frames of one drag took, in milliseconds. */
export type Stats = { count: number; p50: number; p95: number; fps: number };

export class Lags {
  readonly values: number[] = [];
  private first = 0;
  private last = 0;

  /** A frame that an event at `asked` wanted was drawn at `drawn`. */
  add(asked: number, drawn: number): void {
    if (!this.values.length) this.first = drawn;
    this.last = drawn;
    this.values.push(drawn - asked);
  }

  get stats(): Stats {
    const sorted = [...this.values].sort((a, b) => a - b);
    const count = sorted.length;
    const at = (share: number) => sorted[Math.min(count - 1, Math.floor(share * count))] ?? 0;
    const seconds = (this.last - this.first) / 1000;
    const fps = count > 1 && seconds > 0 ? (count - 1) / seconds : 0;
    return { count, p50: at(0.5), p95: at(0.95), fps };
  }
}
