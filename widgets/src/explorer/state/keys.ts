import { keepPlainKeys } from "../../shared/shortcuts";
import type { MapView } from "../map/map";
import type { Actions } from "../panels/toolbar";

/** Wire the keyboard. */
export function listenToKeys(
  root: HTMLElement,
  map: MapView,
  actions: Actions,
  signal: AbortSignal,
): void {
  const onMap: Record<string, () => void> = {
    l: () => actions.mode("lasso"),
    b: () => actions.mode("box"),
    v: () => actions.mode("pan"),
    z: actions.zoom,
    n: actions.keep,
    t: () => actions.toggle("labels"),
    c: () => actions.toggle("contours"),
    e: () => actions.toggle("exemplars"),
    "/": actions.find,
    "[": () => actions.grow(1 / 2),
    "]": () => actions.grow(2),
    PageDown: () => actions.stepGroup(1),
    PageUp: () => actions.stepGroup(-1),
  };

  const answer = (event: KeyboardEvent): boolean => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "Escape") {
      // It first cancels the outline being drawn, then clears the selection.
      if (!map.key(event)) actions.clear();
      return true;
    }
    if ((event.ctrlKey || event.metaKey) && key === "z") {
      if (event.shiftKey) actions.redo();
      else actions.undo();
      return true;
    }
    if (event.target !== map.stage || event.ctrlKey || event.metaKey) return false;
    const action = onMap[key];
    if (!action) return map.key(event);
    action();
    return true;
  };

  keepPlainKeys(root, signal);
  root.addEventListener(
    "keydown",
    (event) => {
      if (!answer(event)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
}
