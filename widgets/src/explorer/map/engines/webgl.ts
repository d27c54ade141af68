import createScatterplot, { createSpatialIndex } from "regl-scatterplot";
import { same } from "../../../shared/arrays";
import type { World } from "../../world";
import type { Camera, Size } from "../camera";
import { dimming, type Engine, emphasis, pointOpacity, pointSize } from "./engine";
import { type Renderer, renderer } from "./webgl_renderer";

type Points = { at: World; groups: Uint16Array; palette: readonly string[] };

/**
 * The points by WebGL. The constructor throws where there is none, or where the page's policy
 * forbids the code that regl generates; `onLost` is called if the context is lost later.
 */
export class WebglEngine implements Engine {
  readonly canvas = document.createElement("canvas");
  onDraw: () => void = () => {};
  private readonly gl: Renderer;
  private readonly plot: ReturnType<typeof createScatterplot>;
  // Hovering and lassos use our own grid. regl-scatterplot would take seconds to index a million
  // points, so it gets the index of a single point.
  private readonly index = createSpatialIndex([[0, 0]], false);
  private points: Points | null = null;
  private selection: number[] = [];
  /** What the plot has drawn of both. */
  private drawn: Points | null = null;
  private selected: number[] = [];
  private size: Size = { width: 16, height: 16 };
  private working = false;
  private destroyed = false;

  constructor(private readonly onLost: () => void) {
    // regl-scatterplot listens on the window for a pointer over its canvas; gestures are ours.
    this.canvas.style.pointerEvents = "none";
    this.gl = renderer();
    this.plot = createScatterplot({
      renderer: this.gl,
      canvas: this.canvas,
      width: 16,
      height: 16,
      cameraIsFixed: true,
      deselectOnEscape: false,
      deselectOnDblClick: false,
      showReticle: false,
      colorBy: "category",
      pointOutlineWidth: 0,
      opacityInactiveMax: 1,
    });
    this.gl.canvas.addEventListener("webglcontextlost", onLost);
    this.plot.subscribe("draw", () => this.onDraw());
  }

  setPoints(at: World, groups: Uint16Array, palette: readonly string[]): void {
    this.points = { at, groups, palette };
    void this.update();
  }

  setSelection(selection: Uint32Array): void {
    this.selection = Array.from(selection);
    void this.update();
  }

  setView(camera: Camera, size: Size): void {
    const { gl, plot } = this;
    if (size.width !== this.size.width || size.height !== this.size.height) {
      this.size = size;
      const room = { width: gl.canvas.width, height: gl.canvas.height };
      const ratio = window.devicePixelRatio;
      if (size.width * ratio > room.width || size.height * ratio > room.height) {
        gl.resize(
          Math.max(size.width, room.width / ratio),
          Math.max(size.height, room.height / ratio),
        );
      }
      void plot.set({ ...this.style(), width: size.width, height: size.height });
    }
    plot.view(matrix(camera) as unknown as number[], { preventEvent: true });
    gl.wake();
  }

  setBackground(color: string): void {
    const parts = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => Number(part) / 255);
    if (parts.length === 3) this.plot.set({ backgroundColor: parts as [number, number, number] });
    this.gl.wake();
  }

  destroy(): void {
    this.destroyed = true;
    this.gl.atWork.delete(this);
    this.gl.canvas.removeEventListener("webglcontextlost", this.onLost);
    this.plot.destroy();
    this.canvas.remove();
  }

  private style() {
    const n = this.points?.at.x.length ?? 0;
    return {
      pointSize: pointSize(n, this.size),
      opacity: pointOpacity(n),
      opacityInactiveScale: dimming(n, this.size),
    };
  }

  /**
   * Give the plot what it lacks, one step after the other: draws that overlap go wrong, and only
   * drawn points can be selected.
   */
  private async update(): Promise<void> {
    if (this.working) return;
    this.working = true;
    this.gl.atWork.add(this);
    this.gl.wake();
    try {
      while (!this.destroyed && this.points) {
        const [points, selection] = [this.points, this.selection];
        if (this.drawn !== points) await this.draw(points, selection);
        else if (!same(this.selected, selection)) await this.select(selection);
        else break;
      }
    } finally {
      this.working = false;
      this.gl.atWork.delete(this);
      this.gl.wake();
    }
  }

  private async select(selection: number[]): Promise<void> {
    const larger = emphasis(selection.length);
    if (larger !== this.plot.get("pointSizeSelected")) {
      // A setting that is not waited for causes a frame of its own later.
      await this.plot.set({ pointSizeSelected: larger });
    }
    this.plot.select(selection, { preventEvent: true });
    this.selected = selection;
  }

  private async draw(points: Points, selection: number[]): Promise<void> {
    // The types of regl-scatterplot know a single colour only.
    const palette = [...points.palette] as unknown as string;
    await this.plot.set({
      ...this.style(),
      pointColor: palette,
      pointColorActive: palette,
      pointColorHover: palette,
      pointSizeSelected: emphasis(selection.length),
    });
    const { x, y } = points.at;
    if (x.length > 0) {
      await this.plot.draw(
        { x, y, z: points.groups },
        { zDataType: "categorical", spatialIndex: await this.index, select: selection },
      );
      this.selected = selection;
    }
    this.drawn = points;
  }
}

/** The camera as the column-major matrix that regl-scatterplot multiplies positions with. */
function matrix({ scale, left, up }: Camera): Float32Array {
  return new Float32Array([scale, 0, 0, 0, 0, scale, 0, 0, 0, 0, 1, 0, left, up, 0, 1]);
}
