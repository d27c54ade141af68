import { inkOn } from "../../shared/colours";
import { fit } from "../../shared/dom";
import type { Theme } from "../../shared/theme";
import type { World } from "../world";
import { type Camera, type Point, project, type Size } from "./camera";
import type { Contour } from "./density";

/** A name on the map; only names of selections have a colour. */
export type Label = { text: string; at: number; weight: number; color?: string };
/** Lines of one colour, and rings around samples that are too few for a line. */
export type Outlined = {
  color: string | null;
  contours: readonly Contour[];
  rings: ArrayLike<number>;
};

/** What is painted over the points. */
export type Overlay = {
  labels: readonly Label[];
  outlined: readonly Outlined[];
  /** The outline being drawn, in pixels. */
  outline: readonly Point[];
  removing: boolean;
  /** The sample under the pointer or the keyboard, or -1. */
  focus: number;
  focusColor: string;
};

const FONT = "600 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

export function paintOverlay(
  canvas: HTMLCanvasElement,
  overlay: Overlay,
  at: World,
  camera: Camera,
  size: Size,
  theme: Theme,
): void {
  const context = fit(canvas, size.width, size.height);
  if (!context) return;
  context.clearRect(0, 0, size.width, size.height);
  const placed = (i: number) => project(camera, size, at.x[i] as number, at.y[i] as number);
  for (const one of overlay.outlined) paintOutlined(context, one, placed, camera, size, theme);
  paintLabels(context, overlay.labels, placed, size, theme);
  if (overlay.focus >= 0) paintFocus(context, placed(overlay.focus), overlay.focusColor, theme);
  if (overlay.outline.length > 1) paintOutline(context, overlay, theme);
}

/** The place nearest to `point` where a box of these half sizes fits on the map. */
export function within(
  { x, y }: Point,
  acrossHalf: number,
  downHalf: number,
  { width, height }: Size,
): Point {
  const between = (value: number, half: number, room: number) =>
    2 * half > room ? room / 2 : Math.min(room - half, Math.max(half, value));
  return { x: between(x, acrossHalf, width), y: between(y, downHalf, height) };
}

function paintLabels(
  context: CanvasRenderingContext2D,
  labels: readonly Label[],
  placed: (i: number) => Point,
  size: Size,
  theme: Theme,
): void {
  context.font = FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const taken: [number, number, number, number][] = [];
  // Large groups are named first; a name that would cover another is only in the legend.
  // Named selections come before all groups.
  const rank = ({ color, weight }: Label) => (color ? 1e12 : 0) + weight;
  for (const label of [...labels].sort((a, b) => rank(b) - rank(a))) {
    if (label.at < 0) continue;
    const text = label.text.length > 24 ? `${label.text.slice(0, 23)}…` : label.text;
    const point = placed(label.at);
    const half = context.measureText(text).width / 2 + (label.color ? 6 : 3);
    if (point.x < 0 || point.y < 0 || point.x > size.width || point.y > size.height) continue;
    const { x, y } = within(point, half, 9, size);
    const room: [number, number, number, number] = [x - half, y - 9, x + half, y + 9];
    if (taken.some((b) => room[0] < b[2] && b[0] < room[2] && room[1] < b[3] && b[1] < room[3])) {
      continue;
    }
    taken.push(room);
    if (label.color) {
      context.fillStyle = label.color;
      context.beginPath();
      context.roundRect(x - half, y - 9, 2 * half, 18, 9);
      context.fill();
      context.fillStyle = inkOn(label.color);
      context.fillText(text, x, y + 0.5);
      continue;
    }
    context.lineWidth = 3.5;
    context.globalAlpha = 0.85;
    context.strokeStyle = theme.background;
    context.strokeText(text, x, y);
    context.globalAlpha = 1;
    context.fillStyle = theme.text;
    context.fillText(text, x, y);
  }
}

function paintOutlined(
  context: CanvasRenderingContext2D,
  { color, contours, rings }: Outlined,
  placed: (i: number) => Point,
  camera: Camera,
  size: Size,
  theme: Theme,
): void {
  for (const { segments, share } of contours) {
    context.beginPath();
    for (let k = 0; k + 3 < segments.length; k += 4) {
      const [a, b, c, d] = segments.subarray(k, k + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const from = project(camera, size, a, b);
      const to = project(camera, size, c, d);
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
    }
    stroke(context, color ?? theme.text, share > 0.7 ? 1 : 2, theme);
  }
  context.beginPath();
  for (let k = 0; k < rings.length; k++) {
    const { x, y } = placed(rings[k] as number);
    context.moveTo(x + 6, y);
    context.arc(x, y, 6, 0, 2 * Math.PI);
  }
  if (rings.length > 0) stroke(context, color ?? theme.text, 2, theme);
}

/** Stroke a line with a halo, so that it shows over points of its own colour. */
function stroke(context: CanvasRenderingContext2D, color: string, width: number, theme: Theme) {
  context.lineWidth = width + 2;
  context.globalAlpha = 0.7;
  context.strokeStyle = theme.background;
  context.stroke();
  context.lineWidth = width;
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.stroke();
}

function paintFocus(
  context: CanvasRenderingContext2D,
  { x, y }: Point,
  color: string,
  theme: Theme,
): void {
  for (const [radius, width, stroke] of [
    [7, 4, theme.background],
    [7, 2, theme.text],
  ] as const) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.lineWidth = width;
    context.strokeStyle = stroke;
    context.stroke();
  }
  context.beginPath();
  context.arc(x, y, 4, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
}

function paintOutline(
  context: CanvasRenderingContext2D,
  { outline, removing }: Overlay,
  theme: Theme,
): void {
  context.beginPath();
  for (const { x, y } of outline) context.lineTo(x, y);
  context.closePath();
  context.globalAlpha = 0.1;
  context.fillStyle = theme.accent;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.75;
  context.strokeStyle = theme.accent;
  context.setLineDash(removing ? [5, 4] : []);
  context.stroke();
  context.setLineDash([]);
}
