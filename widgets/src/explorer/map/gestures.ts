import type { Mode } from "../panels/toolbar";
import type { Operation } from "../state/selection";
import { box } from "../world";
import type { Point } from "./camera";

const CLICK = 4; // pixels; a shorter drag is a click
const STEP = 3; // pixels between corners of an outline

export type GestureEvents = {
  mode(): Mode;
  /** What a gesture does without keys held. */
  operation(): Operation;
  /** The outline so far; null when it ends or is cancelled. */
  outline(corners: Point[] | null, operation: Operation): void;
  caught(corners: Point[], operation: Operation, shape: "lasso" | "box"): void;
  clicked(at: Point, operation: Operation): void;
  panned(dx: number, dy: number): void;
  zoomed(at: Point, factor: number): void;
  hovered(at: Point | null): void;
  /** The wheel scrolled the page, not the map. */
  scrolledPast(): void;
};

/** What a gesture does to the selection, given the keys held with it. */
export function operationOf(
  event: Pick<MouseEvent, "shiftKey" | "altKey">,
  standing: Operation,
): Operation {
  if (event.altKey) return event.shiftKey ? "intersect" : "remove";
  return event.shiftKey ? "add" : standing;
}

type Drag = {
  id: number;
  pan: boolean;
  start: Point;
  last: Point;
  corners: Point[];
  /** Whether it has gone too far to be a click. */
  far: boolean;
};

/** Turns pointer and wheel events on a stage into gestures, the same for every engine. */
export class Gestures {
  private drag: Drag | null = null;
  private pointer: Point | null = null;
  private frame = 0;

  constructor(
    private readonly stage: HTMLElement,
    private readonly events: GestureEvents,
    signal: AbortSignal,
  ) {
    stage.addEventListener("pointerdown", (event) => this.down(event), { signal });
    stage.addEventListener("pointermove", (event) => this.move(event), { signal });
    stage.addEventListener("pointerup", (event) => this.up(event), { signal });
    stage.addEventListener("pointercancel", () => this.cancel(), { signal });
    stage.addEventListener("pointerleave", () => this.leave(), { signal });
    stage.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    stage.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    signal.addEventListener("abort", () => cancelAnimationFrame(this.frame));
  }

  /** Cancel the outline being drawn; false if there is none. */
  cancel(): boolean {
    if (!this.drag) return false;
    this.drag = null;
    this.events.outline(null, "replace");
    return true;
  }

  private at(event: MouseEvent): Point {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  private corners({ start, last, corners }: Drag): Point[] {
    return this.events.mode() === "box" ? box(start, last) : corners;
  }

  private down(event: PointerEvent): void {
    if (this.drag || event.button > 2) return;
    // A ring around the map is for the keyboard; lib.dom does not know the option yet.
    this.stage.focus({ preventScroll: true, focusVisible: false } as FocusOptions);
    this.stage.setPointerCapture?.(event.pointerId);
    const start = this.at(event);
    const pan = this.events.mode() === "pan" || event.button !== 0;
    this.drag = { id: event.pointerId, pan, start, last: start, corners: [start], far: false };
    this.events.hovered(null);
    event.preventDefault();
  }

  private move(event: PointerEvent): void {
    const here = this.at(event);
    const { drag, events } = this;
    if (!drag) {
      this.hover(here);
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
      events.outline(this.corners(drag), operationOf(event, events.operation()));
    }
  }

  /** Report the pointer once a frame. */
  private hover(here: Point): void {
    this.pointer = here;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.pointer && !this.drag) this.events.hovered(this.pointer);
    });
  }

  private up(event: PointerEvent): void {
    const { drag, events } = this;
    if (!drag || event.pointerId !== drag.id) return;
    const operation = operationOf(event, events.operation());
    const corners = this.corners(drag);
    this.cancel();
    if (!drag.far && event.button === 0) events.clicked(drag.start, operation);
    else if (!drag.pan) {
      events.caught(corners, operation, events.mode() === "box" ? "box" : "lasso");
    }
  }

  private leave(): void {
    this.pointer = null;
    if (!this.drag) this.events.hovered(null);
  }

  private wheel(event: WheelEvent): void {
    // A page that scrolls past the map must not be caught by it.
    if (!event.ctrlKey && !event.metaKey && !this.stage.contains(document.activeElement)) {
      this.events.scrolledPast();
      return;
    }
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const amount = Math.max(-60, Math.min(60, event.deltaY * lines));
    this.events.zoomed(this.at(event), Math.exp(-amount * (event.ctrlKey ? 0.01 : 0.004)));
  }
}
