import { fit } from "../../../shared/dom";
import type { World } from "../../world";
import type { Camera, Size } from "../camera";
import { dimming, type Engine, emphasis, growth, pointOpacity, pointSize } from "./engine";

/** The points group by group, by counting sort: comparing a million of them takes a second. */
export function byGroup(groups: Uint16Array): Uint32Array {
  const start = new Uint32Array(2 ** 16 + 1);
  for (let i = 0; i < groups.length; i++) {
    const after = (groups[i] as number) + 1;
    start[after] = (start[after] as number) + 1;
  }
  for (let k = 1; k < start.length; k++) {
    start[k] = (start[k] as number) + (start[k - 1] as number);
  }
  const order = new Uint32Array(groups.length);
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] as number;
    order[start[group] as number] = i;
    start[group] = (start[group] as number) + 1;
  }
  return order;
}

/** The points on a plain 2-D canvas: slower than WebGL, but available everywhere. */
export class CanvasEngine implements Engine {
  readonly canvas = document.createElement("canvas");
  onDraw: () => void = () => {};
  private at: World | null = null;
  private groups = new Uint16Array(0);
  private palette: readonly string[] = [];
  private order: Uint32Array = new Uint32Array(0);
  private selected = new Uint8Array(0);
  private selectedCount = 0;
  private view: { camera: Camera; size: Size } | null = null;
  private frame = 0;

  setPoints(at: World, groups: Uint16Array, palette: readonly string[]): void {
    this.at = at;
    this.groups = groups as Uint16Array<ArrayBuffer>;
    this.palette = palette;
    // Few changes of colour make a frame several times faster.
    this.order = byGroup(groups);
    if (this.selected.length !== at.x.length) this.selected = new Uint8Array(at.x.length);
    this.soon();
  }

  setSelection(selection: Uint32Array): void {
    this.selected.fill(0);
    for (const i of selection) this.selected[i] = 1;
    this.selectedCount = selection.length;
    this.soon();
  }

  setView(camera: Camera, size: Size): void {
    this.canvas.style.width = `${size.width}px`;
    this.canvas.style.height = `${size.height}px`;
    this.view = { camera, size };
    this.soon();
  }

  setBackground(): void {
    this.soon();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.canvas.remove();
  }

  private soon(): void {
    this.frame ||= requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    if (!this.view) return;
    const { camera, size } = this.view;
    const context = fit(this.canvas, size.width, size.height);
    if (!context) return;
    context.clearRect(0, 0, size.width, size.height);
    if (this.at) {
      const n = this.at.x.length;
      const side = pointSize(n, size) * growth(camera.scale);
      const opacity = pointOpacity(n);
      if (this.selectedCount === 0) this.paintPass(context, this.at, null, side, opacity);
      else {
        // Selected points are painted last, over those that dim.
        this.paintPass(context, this.at, 0, side, opacity * dimming(n, size));
        this.paintPass(context, this.at, 1, side + emphasis(this.selectedCount), opacity);
      }
    }
    this.onDraw();
  }

  /** Paint all points, or those that are selected (1) or not (0). */
  private paintPass(
    context: CanvasRenderingContext2D,
    at: World,
    pass: 0 | 1 | null,
    side: number,
    opacity: number,
  ): void {
    const { camera, size } = this.view as { camera: Camera; size: Size };
    const { groups, palette, selected } = this;
    context.globalAlpha = opacity;
    const half = size.height / 2;
    let group = -1;
    for (const i of this.order) {
      if (pass !== null && selected[i] !== pass) continue;
      if (groups[i] !== group) {
        group = groups[i] as number;
        context.fillStyle = palette[group] ?? "#808080";
      }
      const x = size.width / 2 + half * (camera.scale * (at.x[i] as number) + camera.left);
      const y = half - half * (camera.scale * (at.y[i] as number) + camera.up);
      if (x < -side || y < -side || x > size.width + side || y > size.height + side) continue;
      if (side < 4) context.fillRect(x - side / 2, y - side / 2, side, side);
      else {
        context.beginPath();
        context.arc(x, y, side / 2, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }
}
