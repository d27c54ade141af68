import { shorten, fit as sized } from "../../shared/dom";
import { number } from "../../shared/numbers";
import type { Theme } from "../../shared/theme";
import { clipped, digits, type Range } from "../scene";

const ROW = 18;
const TWO_COLUMNS = { rows: 14, width: 460 };

export type Bars = {
  names: readonly string[];
  baseline: ArrayLike<number>;
  edited: ArrayLike<number>;
  /** Which values are drawn, from top to bottom. */
  order: readonly number[];
  range: Range;
  /** The one that stands out; −1 for none. */
  largest: number;
};

/** Paint a bar a value, with a thin mark where it is at the base. */
export function drawBars(
  canvas: HTMLCanvasElement,
  bars: Bars,
  width: number,
  theme: Theme,
  font: string,
): void {
  const { order } = bars;
  const columns = order.length > TWO_COLUMNS.rows && width >= TWO_COLUMNS.width ? 2 : 1;
  const rows = Math.ceil(order.length / columns);
  const context = sized(canvas, width, rows * ROW);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${rows * ROW}px`;
  if (!context) return;
  const gap = 20;
  const across = (width - gap * (columns - 1)) / columns;
  const most = digits(Math.max(-bars.range.low, bars.range.high));
  context.font = `bold 12px ${font}`;
  const name = Math.min(
    0.4 * across,
    Math.max(...order.map((i) => context.measureText(bars.names[i]?.slice(0, 60) ?? "").width)) + 2,
  );
  const figure =
    context.measureText(number(-Math.max(1, Math.abs(bars.range.low)), most)).width + 8;
  const room = Math.max(20, across - name - 8 - Math.max(44, figure));
  const scale = room / (bars.range.high - bars.range.low);
  context.textBaseline = "middle";
  order.forEach((i, position) => {
    const left = Math.floor(position / rows) * (across + gap);
    const top = (position % rows) * ROW;
    const start = left + name + 8;
    const at = (value: number) => start + (clipped(value, bars.range) - bars.range.low) * scale;
    const value = bars.edited[i] ?? 0;
    const stands = i === bars.largest;
    context.font = `${stands ? "bold " : ""}12px ${font}`;
    context.fillStyle = theme.text;
    context.textAlign = "right";
    context.fillText(shorten(bars.names[i] ?? "", name, context), left + name, top + ROW / 2);
    context.fillText(number(value, most), left + across, top + ROW / 2);
    context.globalAlpha = stands ? 1 : 0.5;
    context.fillStyle = theme.accent;
    context.fillRect(Math.min(at(0), at(value)), top + 4, Math.abs(at(value) - at(0)), ROW - 8);
    context.globalAlpha = 1;
    context.fillStyle = theme.line;
    context.fillRect(at(0) - 0.5, top, 1, ROW);
    // A seam keeps the mark apart from its bar.
    const mark = at(bars.baseline[i] ?? 0);
    context.fillStyle = theme.background;
    context.fillRect(mark - 2, top + 2, 4, ROW - 4);
    context.fillStyle = theme.text;
    context.fillRect(mark - 1, top + 2, 2, ROW - 4);
  });
}
