import { reducedMotion } from "../../shared/theme";
import type { World } from "../world";
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

const FLIGHT = 320; // milliseconds
const MARGIN = 24; // pixels

/** The camera of one map with the size of its stage: panned, zoomed, flown. */
export class Viewport {
  camera: Camera = { scale: 1, left: 0, up: 0 };
  size: Size = { width: 0, height: 0 };
  /** Whether the whole map is shown, and is to stay so when the stage changes its size. */
  private whole = true;
  private flight = 0;

  constructor(
    private readonly moved: () => void,
    signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => cancelAnimationFrame(this.flight));
  }

  /** Place of a point of the world on the stage, in CSS pixels. */
  place(x: number, y: number): Point {
    return project(this.camera, this.size, x, y);
  }

  /** The point of the world at a place of the stage. */
  worldAt({ x, y }: Point): Point {
    return unproject(this.camera, this.size, x, y);
  }

  /** A length on the stage, in units of the world. */
  length(pixels: number): number {
    return pixels / (this.camera.scale * (this.size.height / 2));
  }

  get centre(): Point {
    return { x: this.size.width / 2, y: this.size.height / 2 };
  }

  /** Show the whole map from now on, without telling that it moved. */
  start(): void {
    this.whole = true;
  }

  resize(size: Size): void {
    this.size = size;
    if (this.whole) this.camera = overview(size);
  }

  pan(dx: number, dy: number): void {
    this.look(panned(this.camera, this.size, dx, dy));
  }

  zoom(at: Point, factor: number): void {
    this.look(zoomed(this.camera, this.size, at.x, at.y, factor));
  }

  /** Fly to the whole map. */
  reset(): void {
    this.fly(overview(this.size), true);
  }

  /** Fly to where all `samples` are in view. */
  zoomTo(at: World, samples: ArrayLike<number>): void {
    if (samples.length === 0) return;
    const low = { x: Infinity, y: Infinity };
    const high = { x: -Infinity, y: -Infinity };
    for (let k = 0; k < samples.length; k++) {
      const [x, y] = [at.x[samples[k] as number] ?? 0, at.y[samples[k] as number] ?? 0];
      low.x = Math.min(low.x, x);
      low.y = Math.min(low.y, y);
      high.x = Math.max(high.x, x);
      high.y = Math.max(high.y, y);
    }
    this.fly(showing(this.size, low, high), false);
  }

  /** Pan as little as brings a point of the world into view; returns its place. */
  reveal(x: number, y: number): Point {
    const place = this.place(x, y);
    const { width, height } = this.size;
    const dx = Math.max(0, MARGIN - place.x) + Math.min(0, width - MARGIN - place.x);
    const dy = Math.max(0, MARGIN - place.y) + Math.min(0, height - MARGIN - place.y);
    if (dx || dy) this.pan(dx, dy);
    return this.place(x, y);
  }

  private look(camera: Camera, whole = false): void {
    cancelAnimationFrame(this.flight);
    this.whole = whole;
    this.camera = camera;
    this.moved();
  }

  private fly(target: Camera, whole: boolean): void {
    cancelAnimationFrame(this.flight);
    if (reducedMotion()) {
      this.look(target, whole);
      return;
    }
    const from = this.camera;
    const begun = performance.now();
    const frame = (now: number) => {
      const share = Math.min(1, Math.max(0, (now - begun) / FLIGHT));
      this.look(between(from, target, 1 - (1 - share) ** 3), whole);
      if (share < 1) this.flight = requestAnimationFrame(frame);
    };
    this.flight = requestAnimationFrame(frame);
  }
}
