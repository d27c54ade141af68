import type { Point } from "./camera";

export type Gestures = {
  hovered(at: Point | null): void;
  clicked(at: Point): void;
  panned(dx: number, dy: number): void;
  zoomed(at: Point, factor: number): void;
};

const STILL = 4; // a press that moves by fewer pixels is a click

/** Turn pointer and wheel events on `canvas` into gestures, at points relative to it. */
export function listen(
  canvas: HTMLCanvasElement,
  field: HTMLElement,
  events: Gestures,
  signal: AbortSignal,
): void {
  // Not offsetX, which is a whole number: where cells are small, half a pixel is many cells.
  const at = (event: MouseEvent): Point => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  let drag: { id: number; start: Point; last: Point; far: boolean } | null = null;
  const options = { signal };
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      field.focus({ preventScroll: true });
      drag = { id: event.pointerId, start: at(event), last: at(event), far: false };
      canvas.setPointerCapture?.(event.pointerId);
      event.preventDefault();
    },
    options,
  );
  canvas.addEventListener(
    "pointermove",
    (event) => {
      const here = at(event);
      if (!drag || drag.id !== event.pointerId) {
        events.hovered(here);
        return;
      }
      const { start, last } = drag;
      drag.far ||= Math.hypot(here.x - start.x, here.y - start.y) > STILL;
      if (!drag.far) return;
      drag.last = here;
      events.hovered(null);
      events.panned(here.x - last.x, here.y - last.y);
    },
    options,
  );
  const ended = (event: PointerEvent, isClick: boolean) => {
    if (!drag || drag.id !== event.pointerId) return;
    const { far } = drag;
    drag = null;
    if (isClick && !far) events.clicked(at(event));
  };
  canvas.addEventListener("pointerup", (event) => ended(event, true), options);
  canvas.addEventListener("pointercancel", (event) => ended(event, false), options);
  canvas.addEventListener("pointerleave", () => drag || events.hovered(null), options);
  canvas.addEventListener("dblclick", (event) => events.zoomed(at(event), 2), options);
  canvas.addEventListener(
    "wheel",
    (event) => {
      // Do not catch the wheel while the page scrolls: zoom only after a click, or with Ctrl.
      if (!event.ctrlKey && !event.metaKey && !field.contains(document.activeElement)) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      const amount = Math.max(-60, Math.min(60, event.deltaY * lines));
      events.zoomed(at(event), Math.exp(-amount * (event.ctrlKey ? 0.01 : 0.004)));
    },
    { signal, passive: false },
  );
}
