import { typed } from "../../../shared/arrays";
import { h } from "../../../shared/dom";
import type { Theme } from "../../../shared/theme";
import type { Ask } from "./index";
import { type Across, drawStrip, nearest } from "./strip";

const WIDE = 220; // CSS pixels
const HIGH = 84;

/** The chosen pair in each sample, fetched from Python. */
export class PairAcross {
  readonly elements: readonly HTMLElement[];
  private readonly title = h(
    "div",
    { class: "nbi-heatmap-side-title", hidden: true },
    "This pair in each sample",
  );
  private readonly canvas = h("canvas", {
    class: "nbi-heatmap-strip",
    "data-nbi": "across",
    hidden: true,
  });
  private across: (Across & { pair: string }) | null = null;
  /** The pair that was requested. */
  private wanted = "";

  /** `ask` is null where no kernel answers. */
  constructor(
    private readonly ask: Ask | null,
    toSample: (sample: number) => void,
    signal: AbortSignal,
  ) {
    this.elements = [this.title, this.canvas];
    const clicked = (event: MouseEvent) => {
      if (this.across) toSample(nearest(this.across.values.length, event.offsetX, WIDE));
    };
    this.canvas.addEventListener("click", clicked, { signal });
  }

  /** The values have changed. */
  forget(): void {
    this.wanted = "";
  }

  /** Show a pair in `count` samples, of which `now` is the one in the matrix. */
  update(
    pair: readonly [number, number] | null,
    count: number,
    now: number | null,
    theme: Theme,
  ): void {
    this.read(pair, count);
    const { across } = this;
    const isShown = across !== null && across.pair === String(pair);
    this.canvas.hidden = this.title.hidden = !isShown;
    if (isShown) drawStrip(this.canvas, across, WIDE, HIGH, now, theme);
  }

  private read(pair: readonly [number, number] | null, count: number): void {
    const wanted = pair ? String(pair) : "";
    if (!pair || !this.ask || count < 2) this.across = null;
    else if (this.wanted !== wanted) {
      this.ask("across", { first: pair[0], second: pair[1] }, ([values, errors]) => {
        this.across = {
          pair: wanted,
          values: typed(Float32Array, values),
          errors: typed(Float32Array, errors),
        };
      });
    }
    this.wanted = wanted;
  }
}
