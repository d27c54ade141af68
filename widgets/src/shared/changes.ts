import type { AnyModel } from "@anywidget/types";

/** Call `changed` whenever one of these traits of `model` changes, until `signal` aborts. */
export function onChange<T extends Record<string, unknown>>(
  model: Pick<AnyModel<T>, "on" | "off">,
  names: readonly (keyof T & string)[],
  changed: () => void,
  signal: AbortSignal,
): void {
  for (const name of names) model.on(`change:${name}`, changed);
  signal.addEventListener("abort", () => {
    for (const name of names) model.off(`change:${name}`, changed);
  });
}
