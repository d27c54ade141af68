import { fit } from "../shared/dom";
import type { Theme } from "../shared/theme";
import { type Camera, type Point, project, type Size } from "./camera";
import type { World } from "./world";

export type Label = { text: string; at: number; weight: number };

/** What is painted over the points. */
export type Overlay = {
  labels: readonly Label[];
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
  paintLabels(context, overlay.labels, placed, size, theme);
  if (overlay.focus >= 0) paintFocus(context, placed(overlay.focus), overlay.focusColor, theme);
  if (overlay.outline.length > 1) paintOutline(context, overlay, theme);
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
  // Large groups get their name first; a name that would cover another is left to the legend.
  for (const label of [...labels].sort((a, b) => b.weight - a.weight)) {
    if (label.at < 0) continue;
    const text = label.text.length > 24 ? `${label.text.slice(0, 23)}…` : label.text;
    const { x, y } = placed(label.at);
    const half = context.measureText(text).width / 2 + 3;
    const room: [number, number, number, number] = [x - half, y - 9, x + half, y + 9];
    if (x < 0 || y < 0 || x > size.width || y > size.height) continue;
    if (taken.some((b) => room[0] < b[2] && b[0] < room[2] && room[1] < b[3] && b[1] < room[3])) {
      continue;
    }
    taken.push(room);
    context.lineWidth = 3.5;
    context.globalAlpha = 0.85;
    context.strokeStyle = theme.background;
    context.strokeText(text, x, y);
    context.globalAlpha = 1;
    context.fillStyle = theme.text;
    context.fillText(text, x, y);
  }
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
