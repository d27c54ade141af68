import { keepPlainKeys } from "../shared/shortcuts";
import { watchTheme } from "../shared/theme";
import type { ViewContext } from "../shared/view";
import { WorkbenchController } from "./controller";
import type { WorkbenchTraits } from "./traits";
import css from "./workbench.css";

const NARROW = 860;
const WIDE = 1240;

/** The map, the sliders, the evidence, and what connects them. */
export async function render(context: ViewContext): Promise<void> {
  const { el, signal } = context;
  const controller = new WorkbenchController(context as unknown as ViewContext<WorkbenchTraits>);
  const { root } = controller.layout;
  el.replaceChildren(root);
  keepPlainKeys(root, signal);
  root.addEventListener(
    "keydown",
    ({ key, target, ctrlKey, metaKey }) => {
      if (!(target instanceof HTMLInputElement || ctrlKey || metaKey)) controller.press(key);
    },
    { signal },
  );
  const resized = new ResizeObserver(([entry]) => {
    const width = entry?.contentRect.width ?? NARROW;
    root.dataset.nbiNarrow = String(width < NARROW);
    root.dataset.nbiWide = String(width >= WIDE);
  });
  resized.observe(root);
  signal.addEventListener("abort", () => resized.disconnect());
  watchTheme(root, signal, () => {});
  await controller.start();
}

/** The view's style sheet, which is added where the view is drawn. */
export { css };
