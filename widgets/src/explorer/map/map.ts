import { h } from "../../shared/dom";
import type { Theme } from "../../shared/theme";
import type { Mode } from "../panels/toolbar";
import type { Colouring } from "../state/columns";
import type { Operation } from "../state/selection";
import { Grid, step, type World, within } from "../world";
import type { Point, Size } from "./camera";
import { type GestureEvents, Gestures, operationOf } from "./gestures";
import { type Label, type Outlined, paintOverlay } from "./overlay";
import { PointLayer } from "./point_layer";
import { Viewport } from "./viewport";

const HIT = 12; // pixels from the pointer to a sample
const SMALLEST = 8; // pixels; a smaller stage is hidden
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export type MapEvents = {
  caught(hits: Uint32Array, operation: Operation, shape: "lasso" | "box" | "click"): void;
  /** The sample under the pointer or stepped to by key, with its place in pixels; -1 for none. */
  focused(i: number, at: Point, byKey: boolean): void;
  drawn(): void;
  note(text: string): void;
  scrolledPast(): void;
};

/** The map itself: points, what is painted over them, the camera, the focus and the gestures. */
export class MapView {
  readonly stage = h("div", {
    class: "nbi-explorer-stage",
    tabindex: "0",
    role: "application",
    "aria-label":
      "Map of the samples. Arrow keys step from sample to sample, Space selects, Escape clears.",
    "data-nbi": "stage",
  });
  mode: Mode = "lasso";
  operation: Operation = "replace";
  focus = -1;

  private readonly overlay = h("canvas", { class: "nbi-explorer-overlay", "aria-hidden": "true" });
  private readonly viewport: Viewport;
  private readonly points: PointLayer;
  private readonly gestures: Gestures;
  private at: World | null = null;
  private grid: Grid | null = null;
  private colours: Colouring | null = null;
  private labels: Label[] = [];
  private outlined: Outlined[] = [];
  /** The outline being drawn by the pointer, in pixels. */
  private outline: Point[] = [];
  private removing = false;
  private theme: Theme | null = null;
  private hidden = false;
  private frame = 0;

  constructor(
    private readonly events: MapEvents,
    signal: AbortSignal,
  ) {
    this.stage.append(this.overlay);
    this.viewport = new Viewport(() => {
      this.repaint();
      this.points.move();
    }, signal);
    this.points = new PointLayer(this.stage, this.viewport, events, signal);
    this.gestures = new Gestures(this.stage, this.gestureEvents(), signal);
    const watch = new ResizeObserver(() => this.resize());
    watch.observe(this.stage);
    signal.addEventListener("abort", () => {
      watch.disconnect();
      cancelAnimationFrame(this.frame);
    });
  }

  get size(): Size {
    return this.viewport.size;
  }

  setPoints(at: World): void {
    this.at = at;
    this.grid = new Grid(at);
    this.focus = -1;
    this.points.setPoints(at);
    this.viewport.start();
    this.resize();
  }

  setColours(colours: Colouring): void {
    this.colours = colours;
    this.points.setColours(colours);
    this.repaint();
  }

  /** Names and lines over the points. */
  setMarks(labels: Label[], outlined: Outlined[]): void {
    this.labels = labels;
    this.outlined = outlined;
    this.repaint();
  }

  /** Draw `samples` in full and dim the others; none: all in full. */
  setBright(samples: Uint32Array): void {
    this.points.setBright(samples);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.points.setBackground(theme.background);
    this.repaint();
  }

  /** Place of a point of the world on the screen, in CSS pixels of the window. */
  toScreen(x: number, y: number): Point {
    const { left, top } = this.stage.getBoundingClientRect();
    const place = this.viewport.place(x, y);
    return { x: place.x + left, y: place.y + top };
  }

  reset(): void {
    this.viewport.reset();
  }

  zoomTo(samples: ArrayLike<number>): void {
    if (this.at) this.viewport.zoomTo(this.at, samples);
  }

  /** Answer a key; false if it means nothing here. */
  key(event: KeyboardEvent): boolean {
    const { viewport } = this;
    const arrow = ARROWS[event.key];
    if (arrow) this.step(...arrow);
    else if (event.key === "+" || event.key === "=") viewport.zoom(viewport.centre, 1.4);
    else if (event.key === "-") viewport.zoom(viewport.centre, 1 / 1.4);
    else if (event.key === "0") this.reset();
    else if ((event.key === " " || event.key === "Enter") && this.focus >= 0) {
      const operation = operationOf(event, this.operation);
      this.events.caught(Uint32Array.of(this.focus), operation, "click");
    } else if (event.key === "Escape") return this.gestures.cancel();
    else return false;
    return true;
  }

  /** Put the focus on a sample and bring it into view. */
  focusOn(i: number): void {
    if (!this.at) return;
    this.setFocus(i, this.viewport.reveal(this.at.x[i] ?? 0, this.at.y[i] ?? 0), true);
  }

  /** Ring sample `i`, at which a linked view points; -1 for none. */
  mark(i: number): void {
    this.focus = this.at && i < this.at.x.length ? i : -1;
    this.repaint();
  }

  private gestureEvents(): GestureEvents {
    const { events, viewport } = this;
    return {
      mode: () => this.mode,
      operation: () => this.operation,
      outline: (corners, operation) => {
        this.outline = corners ?? [];
        this.removing = operation === "remove";
        this.repaint();
      },
      caught: (corners, operation, shape) => {
        if (!this.at) return;
        const polygon = corners.map((corner) => viewport.worldAt(corner));
        events.caught(within(this.at, polygon), operation, shape);
      },
      clicked: (place, operation) => {
        const hit = this.nearest(place);
        if (hit >= 0) events.caught(Uint32Array.of(hit), operation, "click");
      },
      panned: (dx, dy) => viewport.pan(dx, dy),
      zoomed: (place, factor) => viewport.zoom(place, factor),
      hovered: (place) => {
        const hit = place ? this.nearest(place) : -1;
        if (hit !== this.focus || hit >= 0) this.setFocus(hit, place ?? { x: 0, y: 0 });
      },
      scrolledPast: () => events.scrolledPast(),
    };
  }

  private setFocus(i: number, place: Point, byKey = false): void {
    const moved = i !== this.focus;
    this.focus = i;
    if (moved) this.repaint();
    this.events.focused(i, place, byKey);
  }

  /** The sample under a place of the stage, or -1. */
  private nearest(place: Point): number {
    const { x, y } = this.viewport.worldAt(place);
    return this.grid?.nearest(x, y, this.viewport.length(HIT)) ?? -1;
  }

  private step(dx: number, dy: number): void {
    if (!this.at || this.at.x.length === 0) return;
    if (this.focus >= 0) {
      this.focusOn(step(this.at, this.focus, dx, dy));
      return;
    }
    const { x, y } = this.viewport.worldAt(this.viewport.centre);
    this.focusOn(Math.max(0, this.grid?.nearest(x, y, 3) ?? 0));
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.stage;
    this.hidden = width < SMALLEST || height < SMALLEST;
    if (this.hidden) {
      this.points.hide();
      return;
    }
    this.viewport.resize({ width, height });
    this.points.show();
    this.repaint();
  }

  private repaint(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      const { at, colours, focus, labels, outline, outlined, removing, theme } = this;
      const { camera, size } = this.viewport;
      if (!at || !theme || this.hidden || size.width === 0) return;
      const group = colours?.groups[focus] ?? 0;
      const focusColor = colours?.palette[group] ?? theme.accent;
      const overlay = { labels, outlined, outline, removing, focus, focusColor };
      paintOverlay(this.overlay, overlay, at, camera, size, theme);
    });
  }
}
