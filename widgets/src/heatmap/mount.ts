import { onNotice } from "../shared/problem";
import { keepPlainKeys } from "../shared/shortcuts";
import { type Theme, watchTheme } from "../shared/theme";
import type { ViewContext } from "../shared/view";
import type { Controls } from "./controls";
import type { HeatmapTraits } from "./traits";

/** Put a matrix on the page, report its size and theme, and remove it when the signal aborts. */
export function mount(
  { root, problem }: Controls,
  { el, model, signal }: ViewContext<HeatmapTraits>,
  events: { resized(): void; themed(theme: Theme): void },
): void {
  el.append(root);
  const observer = new ResizeObserver(() => events.resized());
  observer.observe(root);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    root.remove();
  });
  onNotice(model, signal, (text, trace) => problem.show(text, trace));
  keepPlainKeys(root, signal);
  watchTheme(root, signal, (theme) => events.themed(theme));
}
