import { keepPlainKeys } from "../shared/shortcuts";
import { watchTheme } from "../shared/theme";
import type { RenderView, ViewContext } from "../shared/view";
import { SliderController } from "./controller";
import { inspection } from "./inspection";
import css from "./slider.css";
import type { SliderTraits } from "./traits";

const NARROW = 620;

/** A slider for each factor; the baseline, the edited input and their difference; the outputs. */
export const render: RenderView = (context) => {
  const { el, signal } = context;
  const controller = new SliderController(context as unknown as ViewContext<SliderTraits>);
  const { root } = controller.panel;
  el.append(root);
  Object.assign(root, { nbi: inspection(controller) });

  const options = { signal };
  for (const event of ["pointerenter", "focusin"]) {
    root.addEventListener(event, () => controller.source.probe(controller.amounts), options);
  }
  root.addEventListener(
    "keydown",
    (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      if (event.shiftKey) controller.redo();
      else controller.undo();
      event.preventDefault();
      event.stopPropagation();
    },
    options,
  );
  const resized = new ResizeObserver(() => {
    root.dataset.nbiNarrow = String(root.clientWidth < NARROW);
    controller.redraw();
  });
  resized.observe(root);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    controller.stop();
  });

  controller.start();
  keepPlainKeys(root, signal);
  watchTheme(root, signal, (theme) => controller.setTheme(theme));
};

/** The view's style sheet, which is added where the view is drawn. */
export { css };
