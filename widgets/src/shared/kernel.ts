import type { AnyModel } from "@anywidget/types";

/** What JupyterLab marks a view with whose kernel is gone. */
const CUT_OFF = ".jupyter-widgets-disconnected";

/** Call `lost` when the kernel behind `model` is gone, at once if it is gone already. */
export function watchKernel(
  model: Pick<AnyModel, "on" | "off">,
  el: HTMLElement,
  signal: AbortSignal,
  lost: () => void,
): void {
  // It is set once, when the kernel restarts: a model never comes back to life.
  const gone = () => lost();
  model.on("comm_live_update" as never, gone);
  signal.addEventListener("abort", () => model.off("comm_live_update" as never, gone));
  const check = () => {
    if (!signal.aborted && el.closest(CUT_OFF)) lost();
  };
  // A view is drawn before its host puts it on the page.
  check();
  requestAnimationFrame(check);
}
