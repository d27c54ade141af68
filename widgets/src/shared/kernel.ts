import type { AnyModel } from "@anywidget/types";

/** JupyterLab's mark of a view whose kernel is gone. */
const CUT_OFF = ".jupyter-widgets-disconnected";

/** Call `lost` when the kernel behind `model` is gone, right away if it is gone already. */
export function watchKernel(
  model: Pick<AnyModel, "on" | "off">,
  el: HTMLElement,
  signal: AbortSignal,
  lost: () => void,
): void {
  // The event comes once, when the kernel restarts: a model never reconnects.
  const gone = () => lost();
  model.on("comm_live_update" as never, gone);
  signal.addEventListener("abort", () => model.off("comm_live_update" as never, gone));
  const check = () => {
    if (!signal.aborted && el.closest(CUT_OFF)) lost();
  };
  // A view is drawn before its host attaches it to the page.
  check();
  requestAnimationFrame(check);
}
