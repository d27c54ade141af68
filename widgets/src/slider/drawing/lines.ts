import { shorten, fit as sized } from "../../shared/dom";
import { number } from "../../shared/numbers";
import type { Theme } from "../../shared/theme";
import { clipped, digits } from "../scene";
import type { Bars } from "./bars";

/** Paint many variables as lines: the base thin, the edited over it, the change between shaded. */
export function drawLines(
  canvas: HTMLCanvasElement,
  { names, baseline, edited, range }: Omit<Bars, "order" | "largest">,
  width: number,
  height: number,
  theme: Theme,
  font: string,
): void {
  const context = sized(canvas, width, height);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  if (!context) return;
  context.font = `11px ${font}`;
  const most = digits(Math.max(-range.low, range.high));
  const marks = range.low < 0 && range.high > 0 ? [range.low, 0, range.high] : Object.values(range);
  const left =
    Math.max(...marks.map((value) => context.measureText(number(value, most)).width)) + 8;
  const [top, bottom] = [8, height - 22];
  const count = edited.length;
  const x = (i: number) => left + (i / Math.max(1, count - 1)) * (width - left - 4);
  const y = (value: number) =>
    bottom - ((clipped(value, range) - range.low) / (range.high - range.low)) * (bottom - top);
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const value of marks) {
    context.fillStyle = theme.line;
    context.fillRect(left, y(value) - 0.5, width - left - 4, 1);
    context.fillStyle = theme.muted;
    context.fillText(number(value, most), left - 6, y(value));
  }
  const trace = (values: ArrayLike<number>) => {
    for (let i = 0; i < count; i++) context.lineTo(x(i), y(values[i] ?? 0));
  };
  context.beginPath();
  trace(edited);
  for (let i = count - 1; i >= 0; i--) context.lineTo(x(i), y(baseline[i] ?? 0));
  context.fillStyle = theme.accent;
  context.globalAlpha = 0.25;
  context.fill();
  context.globalAlpha = 1;
  const lines = [
    [baseline, theme.muted, 1],
    [edited, theme.accent, 2],
  ] as const;
  for (const [values, colour, thick] of lines) {
    context.beginPath();
    trace(values);
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.stroke();
  }
  context.fillStyle = theme.muted;
  const labels = Math.min(count, Math.max(2, Math.floor((width - left) / 90)));
  for (let label = 0; label < labels; label++) {
    const i = Math.round((label / Math.max(1, labels - 1)) * (count - 1));
    context.textAlign = label === 0 ? "left" : label === labels - 1 ? "right" : "center";
    context.fillText(shorten(names[i] ?? "", 84, context), x(i), height - 9);
  }
}
