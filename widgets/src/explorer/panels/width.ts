const NARROW = 720;

/** Tell the style sheet when there is no room for two panes beside each other. */
export function watchWidth(root: HTMLElement, signal: AbortSignal): void {
  const watch = new ResizeObserver(([entry]) => {
    root.dataset.nbiNarrow = String((entry?.contentRect.width ?? NARROW) < NARROW);
  });
  watch.observe(root);
  signal.addEventListener("abort", () => watch.disconnect());
}
