import { diverging, rgb } from "../../shared/colours";
import { shorten, fit as sized } from "../../shared/dom";
import { number } from "../../shared/numbers";
import type { Theme } from "../../shared/theme";
import { digits, type Range } from "../scene";

const ROW = 18;
const TWO_COLUMNS = { rows: 14, width: 460 };
const COLOURS = 512;

/** Paint decoded values as a picture, grey or in colour, dot by dot. */
export function drawImage(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number>,
  shape: readonly number[],
  { low, high }: Range,
): void {
  const channels = shape[2] ?? 1;
  const scale = 255 / (high - low || 1);
  paint(canvas, shape, (i, channel) => {
    const at = channels === 1 ? i : i * channels + channel;
    return ((values[at] ?? low) - low) * scale;
  });
}

/** Paint values from −limit to limit in the colours of a scale that is neutral at zero. */
export function drawDifference(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number>,
  shape: readonly number[],
  limit: number,
  dark: boolean,
): void {
  const table = scaleTable(dark);
  const middle = COLOURS / 2;
  paint(canvas, shape, (i, channel) => {
    const share = Math.min(1, Math.max(-1, (values[i] ?? 0) / limit));
    return table[3 * Math.round(middle + share * middle) + channel] ?? 0;
  });
}

const tables = new Map<boolean, Uint8Array>();

/** Red, green and blue of the diverging scale from −1 to 1. */
function scaleTable(dark: boolean): Uint8Array {
  let table = tables.get(dark);
  if (!table) {
    table = new Uint8Array(3 * (COLOURS + 1));
    for (let i = 0; i <= COLOURS; i++)
      table.set(rgb(diverging((2 * i) / COLOURS - 1, dark)), 3 * i);
    tables.set(dark, table);
  }
  return table;
}

function paint(
  canvas: HTMLCanvasElement,
  shape: readonly number[],
  colour: (dot: number, channel: number) => number,
): void {
  const [height = 1, width = 1] = shape;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const picture = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) {
      picture.data[4 * i + channel] = colour(i, channel); // rounded and clipped by the array
    }
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

/** Paint the scale of the differences from left to right. */
export function drawScale(canvas: HTMLCanvasElement, dark: boolean): void {
  const [width, height] = [96, 8];
  const context = sized(canvas, width, height);
  if (!context) return;
  for (let x = 0; x < width; x++) {
    context.fillStyle = diverging((2 * (x + 0.5)) / width - 1, dark);
    context.fillRect(x, 0, 1, height);
  }
}

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

function clipped(value: number, { low, high }: Range): number {
  return Math.min(high, Math.max(low, value));
}
