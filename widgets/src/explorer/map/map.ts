import { h } from "../../shared/dom";
import { reducedMotion, type Theme } from "../../shared/theme";
import type { Mode } from "../panels/toolbar";
import type { Colouring } from "../state/columns";
import type { Operation } from "../state/selection";
import {
  between,
  type Camera,
  overview,
  type Point,
  panned,
  project,
  type Size,
  showing,
  unproject,
  zoomed,
} from "./camera";
import { canvasEngine } from "./canvas_engine";
import type { Engine } from "./engine";
import { type GestureEvents, listen, operationOf } from "./gestures";
import { type Label, type Outlined, paintOverlay } from "./overlay";
import { Pace, shift } from "./pace";
import { webglEngine } from "./webgl_engine";
import { Grid, step, type World, within } from "./world";

const REACH = 12;
const MANY = 200_000;
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

/** The map itself: points, what is painted over them, the camera and the gestures. */
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

  private readonly paper = h("canvas", { class: "nbi-explorer-overlay", "aria-hidden": "true" });
  private engine: Engine | null = null;
  size: Size = { width: 0, height: 0 };
  /** Of a hidden tab: nothing is drawn until it is shown, and then what has changed. */
  private hidden = false;
  private stale = false;
  private camera: Camera = { scale: 1, left: 0, up: 0 };
  /** What the engine's picture shows. */
  private pictured: Camera | null = null;
  private untouched = true;
  private at: World | null = null;
  private grid: Grid | null = null;
  private colours: Colouring | null = null;
  private labels: Label[] = [];
  private outlined: Outlined[] = [];
  /** The samples that are drawn in full. */
  private bright: Uint32Array = new Uint32Array(0);
  private readonly pace = new Pace();
  private outline: Point[] = [];
  private removing = false;
  private theme: Theme | null = null;
  private frame = 0;
  private flight = 0;
  private soon = 0;
  private readonly gesture: { cancel(): boolean };

  constructor(
    private readonly events: MapEvents,
    signal: AbortSignal,
  ) {
    this.stage.append(this.paper);
    this.gesture = listen(this.stage, this.gestures(), () => this.operation, signal);
    const watch = new ResizeObserver(() => this.resize());
    watch.observe(this.stage);
    signal.addEventListener("abort", () => {
      watch.disconnect();
      cancelAnimationFrame(this.frame);
      cancelAnimationFrame(this.flight);
      this.pace.stop();
      window.clearTimeout(this.soon);
      this.engine?.destroy();
      this.engine = null;
    });
  }

  setPoints(at: World): void {
    this.at = at;
    this.grid = new Grid(at);
    this.focus = -1;
    this.untouched = true;
    this.resize();
  }

  setColours(colours: Colouring): void {
    this.colours = colours;
    this.feed();
  }

  /** Names and lines over the points. */
  setMarks(labels: Label[], outlined: Outlined[]): void {
    this.labels = labels;
    this.outlined = outlined;
    this.repaint();
  }

  /** Draw `samples` in full and dim the others; none: all in full. */
  setBright(samples: Uint32Array): void {
    if (samples === this.bright) return;
    this.bright = samples;
    window.clearTimeout(this.soon);
    // Python is told first: where the processor draws, a large map would keep the message waiting.
    const many = (this.at?.x.length ?? 0) > MANY;
    const draw = () => {
      if (this.hidden) this.stale = true;
      else this.engine?.setSelection(this.bright);
    };
    if (many) this.soon = window.setTimeout(draw, 80);
    else draw();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.engine?.setBackground(theme.background);
    this.repaint();
  }

  /** Place of a point of the world on the screen, in CSS pixels of the window. */
  toScreen(x: number, y: number): Point {
    const { left, top } = this.stage.getBoundingClientRect();
    const place = project(this.camera, this.size, x, y);
    return { x: place.x + left, y: place.y + top };
  }

  reset(): void {
    this.fly(overview(this.size), true);
  }

  zoomTo(samples: ArrayLike<number>): void {
    if (!this.at || samples.length === 0) return;
    const low = { x: Infinity, y: Infinity };
    const high = { x: -Infinity, y: -Infinity };
    for (let k = 0; k < samples.length; k++) {
      const [x, y] = [this.at.x[samples[k] as number] ?? 0, this.at.y[samples[k] as number] ?? 0];
      low.x = Math.min(low.x, x);
      low.y = Math.min(low.y, y);
      high.x = Math.max(high.x, x);
      high.y = Math.max(high.y, y);
    }
    this.fly(showing(this.size, low, high), false);
  }

  /** Answer a key; false if it means nothing here. */
  key(event: KeyboardEvent): boolean {
    const arrow = ARROWS[event.key];
    const centre = { x: this.size.width / 2, y: this.size.height / 2 };
    if (arrow) this.step(...arrow);
    else if (event.key === "+" || event.key === "=") this.zoom(centre, 1.4);
    else if (event.key === "-") this.zoom(centre, 1 / 1.4);
    else if (event.key === "0") this.reset();
    else if ((event.key === " " || event.key === "Enter") && this.focus >= 0) {
      const operation = operationOf(event, this.operation);
      this.events.caught(Uint32Array.of(this.focus), operation, "click");
    } else if (event.key === "Escape") return this.gesture.cancel();
    else return false;
    return true;
  }

  /** Put the focus on a sample, bringing it into view. */
  focusOn(i: number): void {
    if (!this.at) return;
    const place = () => project(this.camera, this.size, this.at?.x[i] ?? 0, this.at?.y[i] ?? 0);
    const { x, y } = place();
    const margin = 24;
    const dx = Math.max(0, margin - x) + Math.min(0, this.size.width - margin - x);
    const dy = Math.max(0, margin - y) + Math.min(0, this.size.height - margin - y);
    if (dx || dy) this.look(panned(this.camera, this.size, dx, dy));
    this.setFocus(i, place(), true);
  }

  /** Ring sample `i`, at which another points; -1 for none. */
  mark(i: number): void {
    this.focus = this.at && i < this.at.x.length ? i : -1;
    this.repaint();
  }

  private gestures(): GestureEvents {
    const inWorld = ({ x, y }: Point) => unproject(this.camera, this.size, x, y);
    return {
      mode: () => this.mode,
      outline: (corners, operation) => {
        this.outline = corners ?? [];
        this.removing = operation === "remove";
        this.repaint();
      },
      caught: (corners, operation, shape) => {
        if (this.at) this.events.caught(within(this.at, corners.map(inWorld)), operation, shape);
      },
      clicked: (place, operation) => {
        const hit = this.nearest(place);
        if (hit >= 0) this.events.caught(Uint32Array.of(hit), operation, "click");
      },
      panned: (dx, dy) => this.look(panned(this.camera, this.size, dx, dy)),
      zoomed: (place, factor) => this.zoom(place, factor),
      hovered: (place) => {
        const hit = place ? this.nearest(place) : -1;
        if (hit !== this.focus || hit >= 0) this.setFocus(hit, place ?? { x: 0, y: 0 });
      },
      scrolledPast: () => this.events.scrolledPast(),
    };
  }

  private setFocus(i: number, place: Point, byKey = false): void {
    const moved = i !== this.focus;
    this.focus = i;
    if (moved) this.repaint();
    this.events.focused(i, place, byKey);
  }

  private nearest({ x, y }: Point): number {
    if (!this.grid) return -1;
    const here = unproject(this.camera, this.size, x, y);
    return this.grid.nearest(here.x, here.y, REACH / (this.camera.scale * (this.size.height / 2)));
  }

  private step(dx: number, dy: number): void {
    if (!this.at || this.at.x.length === 0) return;
    if (this.focus >= 0) {
      this.focusOn(step(this.at, this.focus, dx, dy));
      return;
    }
    const centre = unproject(this.camera, this.size, this.size.width / 2, this.size.height / 2);
    this.focusOn(Math.max(0, this.grid?.nearest(centre.x, centre.y, 3) ?? 0));
  }

  private zoom(place: Point, factor: number): void {
    this.look(zoomed(this.camera, this.size, place.x, place.y, factor));
  }

  private look(camera: Camera): void {
    cancelAnimationFrame(this.flight);
    this.untouched = false;
    this.camera = camera;
    this.repaint();
    const { engine } = this;
    if (!engine) return;
    // Too many points to draw at each move: their last picture moves along until the hand rests.
    const [from, to] = [this.pictured, camera];
    if (this.pace.slow && from) {
      engine.canvas.style.transform = shift(from, to, this.size);
      this.pace.atRest(() => {
        this.draw();
        this.pace.watch();
      });
    } else {
      this.draw();
      this.pace.watch();
    }
  }

  /** Have the engine draw what is looked at now. */
  private draw(): void {
    this.engine?.setView(this.camera, this.size);
    this.pictured = this.camera;
  }

  private fly(target: Camera, untouched: boolean): void {
    cancelAnimationFrame(this.flight);
    if (reducedMotion()) {
      this.look(target);
      this.untouched = untouched;
      return;
    }
    const from = this.camera;
    const begun = performance.now();
    const frame = (now: number) => {
      const share = Math.min(1, Math.max(0, (now - begun) / 320));
      this.look(between(from, target, 1 - (1 - share) ** 3));
      this.untouched = untouched;
      if (share < 1) this.flight = requestAnimationFrame(frame);
    };
    this.flight = requestAnimationFrame(frame);
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.stage;
    this.hidden = width < 8 || height < 8;
    if (this.hidden) return;
    this.size = { width, height };
    if (this.untouched) this.camera = overview(this.size);
    if (!this.engine) this.start();
    this.draw();
    if (this.stale) this.feed();
    this.repaint();
  }

  private start(): void {
    try {
      this.use(webglEngine(() => this.fallBack("the graphics card took it away")));
    } catch (error) {
      // regl generates code, which a strict policy of the page forbids.
      const forbidden = error instanceof EvalError;
      this.fallBack(forbidden ? "this page forbids generated code" : "this browser offers none");
    }
  }

  private fallBack(reason: string): void {
    this.engine?.destroy();
    this.use(canvasEngine());
    this.events.note(`Drawn without WebGL, ${reason}: large maps move more slowly.`);
  }

  private use(engine: Engine): void {
    this.engine = engine;
    engine.canvas.classList.add("nbi-explorer-points");
    engine.canvas.setAttribute("aria-hidden", "true");
    engine.onDraw = () => {
      if (this.pictured === this.camera) engine.canvas.style.transform = "";
      this.events.drawn();
    };
    this.stage.prepend(engine.canvas);
    if (this.theme) engine.setBackground(this.theme.background);
    this.draw();
    this.feed();
  }

  private feed(): void {
    if (!this.engine || !this.at || !this.colours) return;
    if (this.colours.groups.length !== this.at.x.length) return;
    this.stale = this.hidden;
    if (this.hidden) return;
    this.engine.setPoints(this.at, this.colours.groups, this.colours.palette);
    this.engine.setSelection(this.bright);
    this.repaint();
    if (this.at.x.length === 0) this.events.drawn();
  }

  private repaint(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.at || !this.theme || this.hidden || this.size.width === 0) return;
      const group = this.colours?.groups[this.focus] ?? 0;
      const overlay = {
        labels: this.labels,
        outlined: this.outlined,
        outline: this.outline,
        removing: this.removing,
        focus: this.focus,
        focusColor: this.colours?.palette[group] ?? this.theme.accent,
      };
      paintOverlay(this.paper, overlay, this.at, this.camera, this.size, this.theme);
    });
  }
}
