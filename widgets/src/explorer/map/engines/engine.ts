import type { Camera, Size } from "../camera";
import type { World } from "../world";

/** Paints points on a canvas. Gestures, labels and cards are not its business. */
export interface Engine {
  readonly canvas: HTMLCanvasElement;
  /** Points with their palette entry each. */
  setPoints(at: World, groups: Uint16Array, palette: readonly string[]): void;
  /** Points drawn in full while the others dim; none selected: all are drawn in full. */
  setSelection(selection: Uint32Array): void;
  setView(camera: Camera, size: Size): void;
  setBackground(color: string): void;
  /** Called after each frame; tests wait for it. */
  onDraw: () => void;
  destroy(): void;
}

/** Diameter of a point in CSS pixels, so that any number of points leaves a map to look at. */
export function pointSize(n: number, size: Size): number {
  const room = Math.sqrt((size.width * size.height) / Math.max(1, n));
  return Math.min(9, Math.max(1.4, 0.62 * room));
}

/** Opacity of a point: many overlap where there are many. */
export function pointOpacity(n: number): number {
  return Math.min(0.95, Math.max(0.35, 1.35 - 0.13 * Math.log10(Math.max(1, n))));
}

/** How much of their opacity unselected points keep: less where so many overlap that they add up. */
export function dimming(n: number, size: Size): number {
  const covered = (n * pointSize(n, size) ** 2) / (0.1 * size.width * size.height);
  return 0.2 / Math.max(1, covered / 4);
}

/** How the size of points grows with the zoom: slower than the map, so that clusters open up. */
export function growth(scale: number): number {
  return scale > 1 ? Math.asinh(scale) / Math.asinh(1) : Math.max(0.6, scale);
}

/** By how much selected points are larger, in CSS pixels: few must not be lost among many. */
export function emphasis(selected: number): number {
  return selected <= 50 ? 4 : 1;
}
