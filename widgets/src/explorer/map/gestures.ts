import type { Mode } from "../panels/toolbar";
import type { Operation } from "../state/selection";
import type { Point } from "./camera";
import { box } from "./world";

const CLICK = 4;
const STEP = 3;

export type GestureEvents = {
  mode(): Mode;
  /** The outline so far; null when it ends or is given up. */
  outline(corners: Point[] | null, operation: Operation): void;
  caught(corners: Point[], operation: Operation, shape: "lasso" | "box"): void;
  clicked(at: Point, operation: Operation): void;
  panned(dx: number, dy: number): void;
  zoomed(at: Point, factor: number): void;
  hovered(at: Point | null): void;
  /** A wheel that was left to the page. */
  scrolledPast(): void;
};

/** What the keys held with a gesture make of it. */
export function operationOf(
  event: Pick<MouseEvent, "shiftKey" | "altKey">,
  standing: Operation,
): Operation {
  if (event.altKey) return event.shiftKey ? "intersect" : "remove";
  return event.shiftKey ? "add" : standing;
}

/** Turn pointer and wheel events on `stage` into gestures, the same for every engine. */
export function listen(
  stage: HTMLElement,
  events: GestureEvents,
  standing: () => Operation,
  signal: AbortSignal,
): { cancel(): boolean } {
  type Drag = {
    id: number;
    pan: boolean;
    start: Point;
    last: Point;
    corners: Point[];
    far: boolean;
  };
  let drag: Drag | null = null;
  let pending: Point | null = null;
  let frame = 0;

  const at = (event: MouseEvent): Point => {
    const { left, top } = stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const cancel = () => {
    if (!drag) return false;
    drag = null;
    events.outline(null, "replace");
    return true;
  };
  const shape = (): Point[] => {
    if (!drag) return [];
    return events.mode() === "box" ? box(drag.start, drag.last) : drag.corners;
  };

  const down = (event: PointerEvent) => {
    if (drag || event.button > 2) return;
    // A ring around the map is for the keyboard; lib.dom does not know the option yet.
    stage.focus({ preventScroll: true, focusVisible: false } as FocusOptions);
    stage.setPointerCapture?.(event.pointerId);
    const start = at(event);
    const pan = events.mode() === "pan" || event.button !== 0;
    drag = { id: event.pointerId, pan, start, last: start, corners: [start], far: false };
    events.hovered(null);
    event.preventDefault();
  };
  const move = (event: PointerEvent) => {
    const here = at(event);
    if (!drag) {
      pending = here;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        if (pending && !drag) events.hovered(pending);
      });
      return;
    }
    if (event.pointerId !== drag.id) return;
    drag.far ||= Math.hypot(here.x - drag.start.x, here.y - drag.start.y) > CLICK;
    if (drag.pan) {
      events.panned(here.x - drag.last.x, here.y - drag.last.y);
      drag.last = here;
    } else if (Math.hypot(here.x - drag.last.x, here.y - drag.last.y) >= STEP) {
      drag.last = here;
      drag.corners.push(here);
      events.outline(shape(), operationOf(event, standing()));
    }
  };
  const up = (event: PointerEvent) => {
    if (!drag || event.pointerId !== drag.id) return;
    const operation = operationOf(event, standing());
    const { pan, far, start } = drag;
    const corners = shape();
    const kind = events.mode() === "box" ? "box" : "lasso";
    cancel();
    if (!far && event.button === 0) events.clicked(start, operation);
    else if (!pan) events.caught(corners, operation, kind);
  };
  const wheel = (event: WheelEvent) => {
    // A page that scrolls past the map must not be caught by it.
    if (!event.ctrlKey && !event.metaKey && !stage.contains(document.activeElement)) {
      events.scrolledPast();
      return;
    }
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const amount = Math.max(-60, Math.min(60, event.deltaY * lines));
    events.zoomed(at(event), Math.exp(-amount * (event.ctrlKey ? 0.01 : 0.004)));
  };

  stage.addEventListener("pointerdown", down, { signal });
  stage.addEventListener("pointermove", move, { signal });
  stage.addEventListener("pointerup", up, { signal });
  stage.addEventListener("pointercancel", cancel, { signal });
  stage.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  stage.addEventListener("wheel", wheel, { signal, passive: false });
  stage.addEventListener(
    "pointerleave",
    () => {
      pending = null;
      if (!drag) events.hovered(null);
    },
    { signal },
  );
  signal.addEventListener("abort", () => cancelAnimationFrame(frame));
  return { cancel };
}
