import type { Drag } from "./drag";
import type { FrameSource, PlacedFrame } from "./frames/source";

export type Inspected = {
  readonly amounts: Float32Array;
  readonly factors: readonly string[];
  readonly source: FrameSource;
  readonly drag: Drag;
  readonly error: string | null;
  /** The frame on the canvas. */
  readonly painted: PlacedFrame | null;
};

/** What is drawn and how fast, for tests and for scripts in the page: `element.nbi`. */
export function inspection(view: Inspected) {
  return {
    get amounts() {
      return [...view.amounts];
    },
    get factors() {
      return [...view.factors];
    },
    get source() {
      return view.source.mode;
    },
    get busy() {
      return view.source.busy;
    },
    get error() {
      return view.error;
    },
    get cached() {
      return view.source.cache.size;
    },
    /** The frame that is drawn, where it comes from, and the exact one that it builds on. */
    get frame() {
      if (!view.painted) return null;
      const { from, amounts, exact, decoded, outputs } = view.painted;
      return {
        from,
        amounts: [...amounts],
        exact: exact ? [...exact.amounts] : null,
        decoded: [...decoded],
        outputs: [...outputs],
      };
    },
    /** Of the drag under way, else of the last: times in milliseconds. */
    get stats() {
      return { ...view.drag.stats, settled: view.drag.settled };
    },
  };
}
