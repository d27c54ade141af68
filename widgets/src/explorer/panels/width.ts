const NARROW = 720;

/** Mark the root when it is too narrow for two panes side by side. */
export function watchWidth(root: HTMLElement, signal: AbortSignal): void {
  const watch = new ResizeObserver(([entry]) => {
    root.dataset.nbiNarrow = String((entry?.contentRect.width ?? NARROW) < NARROW);
  });
  watch.observe(root);
  signal.addEventListener("abort", () => watch.disconnect());
}
