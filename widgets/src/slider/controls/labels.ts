/** What the slider's view says: pure, so that it is tested without a page. */

/** The unit of amounts, for tooltips. */
export const AMOUNT =
  "How far a factor is moved: 1 moves each of its nodes by the mutual information, in nats, that " +
  "the node shares with the factor.";

/** What the number after a factor's name is, for tooltips and help. */
export const TOTAL =
  "The number after a factor's name is its total correlation, in nats: how much of what its nodes " +
  "share the factor explains.";

export type SourceState = {
  live: boolean;
  /** Whether a kernel should be there and does not answer. */
  silent: boolean;
  hasPrecomputed: boolean;
};

/** Where frames come from, in words. */
export function sourceText({ live, silent, hasPrecomputed }: SourceState): string {
  if (live) return "live";
  const saved = hasPrecomputed ? "precomputed frames: one factor at a time" : "";
  if (silent) return ["no answer from the kernel", saved].filter(Boolean).join(" · ");
  return saved || "no precomputed frames: run the notebook to move the factors";
}

/** How fast the last drag was, in words; nothing if no frame was measured. */
export function latencyText({ count, p50, fps }: { count: number; p50: number; fps: number }) {
  if (!count) return "";
  const rate = fps ? ` · ${fps.toFixed(0)} frames per second` : "";
  return `last drag: exact frame after ${p50.toFixed(0)} ms${rate}`;
}
