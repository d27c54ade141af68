/** One pair in all samples: a dot with its error for each sample, and a line at zero. */
import { fit as sized } from "../../../shared/dom";
import type { Theme } from "../../../shared/theme";

export type Across = { values: ArrayLike<number>; errors: ArrayLike<number> };
export type Dot = { x: number; y: number; up: number; down: number };

const EDGE = 8;

/** Where the dots go within `width` × `height`, and where zero is. */
export function dots(
  { values, errors }: Across,
  width: number,
  height: number,
): { dots: Dot[]; zero: number; high: number; low: number } {
  let [low, high] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const [value, error] = [values[i] ?? 0, errors[i] ?? 0];
    low = Math.min(low, value - error);
    high = Math.max(high, value + error);
  }
  const span = high - low || 1;
  const y = (value: number) => EDGE + ((high - value) / span) * (height - 2 * EDGE);
  const step = (width - 2 * EDGE) / Math.max(1, values.length - 1);
  return {
    dots: Array.from({ length: values.length }, (_, i) => {
      const [value, error] = [values[i] ?? 0, errors[i] ?? 0];
      const x = values.length === 1 ? width / 2 : EDGE + i * step;
      return { x, y: y(value), up: y(value + error), down: y(value - error) };
    }),
    zero: y(0),
    high,
    low,
  };
}

/** The sample whose dot is nearest from left to right. */
export function nearest(count: number, x: number, width: number): number {
  const step = (width - 2 * EDGE) / Math.max(1, count - 1);
  return Math.min(count - 1, Math.max(0, Math.round((x - EDGE) / step)));
}

export function drawStrip(
  canvas: HTMLCanvasElement,
  across: Across,
  width: number,
  height: number,
  now: number | null,
  theme: Theme,
): void {
  const context = sized(canvas, width, height);
  if (!context) return;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const placed = dots(across, width, height);
  context.fillStyle = theme.line;
  context.fillRect(0, placed.zero, width, 1);
  placed.dots.forEach(({ x, y, up, down }, sample) => {
    const marked = sample === now;
    context.strokeStyle = context.fillStyle = marked ? theme.accent : theme.muted;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, up);
    context.lineTo(x, down);
    context.stroke();
    context.beginPath();
    context.arc(x, y, marked ? 4.5 : 3, 0, 2 * Math.PI);
    context.fill();
  });
}
