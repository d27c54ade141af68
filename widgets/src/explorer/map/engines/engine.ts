import type { World } from "../../world";
import type { Camera, Size } from "../camera";

/** Paints points on a canvas, and nothing else. */
export interface Engine {
  readonly canvas: HTMLCanvasElement;
  /** Points with their palette entry each. */
  setPoints(at: World, groups: Uint16Array, palette: readonly string[]): void;
  /** Draw these points in full and dim the others; none selected: all in full. */
  setSelection(selection: Uint32Array): void;
  setView(camera: Camera, size: Size): void;
  setBackground(color: string): void;
  /** Called after each frame; tests wait for it. */
  onDraw: () => void;
  destroy(): void;
}

/** Diameter of a point in CSS pixels: smaller where there are many. */
export function pointSize(n: number, size: Size): number {
  const room = Math.sqrt((size.width * size.height) / Math.max(1, n));
  return Math.min(9, Math.max(1.4, 0.62 * room));
}

/** Opacity of a point: lower where many overlap. */
export function pointOpacity(n: number): number {
  return Math.min(0.95, Math.max(0.35, 1.35 - 0.13 * Math.log10(Math.max(1, n))));
}

/** The share of their opacity that dimmed points keep: less where many overlap and add up. */
export function dimming(n: number, size: Size): number {
  const covered = (n * pointSize(n, size) ** 2) / (0.1 * size.width * size.height);
  return 0.2 / Math.max(1, covered / 4);
}

/** How points grow with the zoom: slower than the map, so that clusters open up. */
export function growth(scale: number): number {
  return scale > 1 ? Math.asinh(scale) / Math.asinh(1) : Math.max(0.6, scale);
}

/** By how many CSS pixels selected points are larger, so that a few stand out. */
export function emphasis(selected: number): number {
  return selected <= 50 ? 4 : 1;
}
