import { diverging, viridis } from "../../shared/colours";
import { shorten, fit as sized } from "../../shared/dom";
import type { Theme } from "../../shared/theme";
import { type Block, type Layout, NAMED } from "./layout";
import {
  type Cell,
  type Factors,
  isUnstable,
  isWeak,
  nullFactor,
  type Quantity,
  type Scale,
  valueAt,
} from "./scene";

export type Ramp = (value: number) => string;

/** The function from values to colours. */
export function rampOf(scale: Scale, dark: boolean): Ramp {
  const span = scale.high - scale.low;
  // Square root, as in the paper: a few cells hold most of the information and leave the rest dark.
  if (!scale.diverging) return (value) => viridis(Math.sqrt((value - scale.low) / span));
  return (value) => diverging(value, dark);
}

export type Picture = {
  factors: Factors;
  layout: Layout;
  quantity: Quantity;
  scale: Scale;
  theme: Theme;
  font: string;
  /** The row of the chosen factor, −1 for none. */
  chosen: number;
  cursor: Cell | null;
  found: ReadonlySet<number>;
};

/** Paint names and cells of one block. */
export function drawBlock(canvas: HTMLCanvasElement, picture: Picture, block: Block): void {
  const { layout, factors, theme } = picture;
  const context = sized(canvas, block.width, layout.height);
  if (!context) return;
  const ramp = rampOf(picture.scale, theme.dark);
  const { width, height } = layout.cell;
  const inset = width >= 6 ? 0.5 : 0;
  block.columns.forEach((column, position) => {
    const x = position * width;
    for (let row = 0; row < layout.rows; row++) {
      const y = layout.head + row * height;
      const value = valueAt(factors, picture.quantity, row, column);
      if (isWeak(factors, row, column) || !Number.isFinite(value)) {
        drawWeak(context, x + inset, y + inset, width - 2 * inset, height - 2 * inset, theme);
        continue;
      }
      context.globalAlpha = picture.chosen < 0 || picture.chosen === row ? 1 : 0.55;
      context.fillStyle = ramp(value);
      context.fillRect(x + inset, y + inset, width - 2 * inset, height - 2 * inset);
      context.globalAlpha = 1;
    }
  });
  drawNames(context, picture, block);
  drawMarks(context, picture, block);
}

/** A cell that is not above chance: empty, with a stroke through it. */
export function drawWeak(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  theme: Theme,
): void {
  context.save();
  context.globalAlpha = 0.55;
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.moveTo(x, y + height);
  context.lineTo(x + width, y);
  context.rect(x, y, width, height);
  context.stroke();
  context.restore();
}

function drawNames(context: CanvasRenderingContext2D, picture: Picture, block: Block): void {
  const { layout, factors, theme, cursor, found } = picture;
  const every = Math.ceil(NAMED / layout.cell.width);
  const room = layout.head - 12;
  context.textAlign = "left";
  context.textBaseline = "middle";
  block.columns.forEach((column, position) => {
    const marked = found.has(column) || cursor?.column === column;
    if (position % every && !marked) return;
    context.save();
    context.font = `${marked ? "bold " : ""}11px ${picture.font}`;
    context.fillStyle = marked ? theme.accent : theme.text;
    context.translate((position + 0.5) * layout.cell.width, layout.head - 6);
    context.rotate(-Math.PI / 2);
    context.fillText(shorten(factors.nodes[column] ?? "", room, context), 0, 0);
    context.restore();
  });
}

function drawMarks(context: CanvasRenderingContext2D, picture: Picture, block: Block): void {
  const { layout, theme, cursor, chosen } = picture;
  const { width, height } = layout.cell;
  const outline = (x: number, y: number, w: number, h: number) => {
    context.lineWidth = 4;
    context.strokeStyle = theme.background;
    context.strokeRect(x, y, w, h);
    context.lineWidth = 2;
    context.strokeStyle = theme.accent;
    context.strokeRect(x, y, w, h);
  };
  if (chosen >= 0) {
    context.fillStyle = theme.accent;
    const y = layout.head + chosen * height;
    context.fillRect(0, y - 1, block.width, 2);
    context.fillRect(0, y + height - 1, block.width, 2);
  }
  if (!cursor || cursor.row < 0) return;
  const position = block.columns.indexOf(cursor.column);
  if (position < 0) return;
  outline(position * width + 1, layout.head + cursor.row * height + 1, width - 2, height - 2);
}

/** The widest of `names` in CSS pixels, written in bold as the chosen one is. */
function widest(canvas: HTMLCanvasElement, names: readonly string[], font: string): number | null {
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.font = `bold ${font}`;
  const wide = (name: string) => context.measureText(name.slice(0, 200)).width;
  return names.reduce((most, name) => Math.max(most, wide(name)), 0);
}

/** The height of the names above the matrix, with an upper limit. */
export function headOf(canvas: HTMLCanvasElement, names: readonly string[], font: string): number {
  const longest = widest(canvas, names, `11px ${font}`);
  return longest === null ? 60 : Math.ceil(Math.min(110, longest)) + 14;
}

/** Room for the names of the rows, so that none is cut off, also not the chosen one. */
export function besideOf(canvas: HTMLCanvasElement, rows: readonly string[], font: string): number {
  const longest = widest(canvas, rows, `12px ${font}`);
  return longest === null ? 142 : Math.ceil(Math.min(220, longest)) + 14;
}

/** Paint the colour scale from left to right. */
export function drawScale(canvas: HTMLCanvasElement, scale: Scale, dark: boolean): void {
  const [width, height] = [120, 10];
  const context = sized(canvas, width, height);
  if (!context) return;
  const ramp = rampOf(scale, dark);
  for (let x = 0; x < width; x++) {
    context.fillStyle = ramp(scale.low + ((x + 0.5) / width) * (scale.high - scale.low));
    context.fillRect(x, 0, 1, height);
  }
}

const TITLED = 80; // pixels of bars that have room for a title

/** Paint the total correlation of each row as a bar, and that of shuffled data as a hatched band. */
export function drawBars(canvas: HTMLCanvasElement, picture: Picture, width: number): void {
  const { factors, layout, theme, chosen } = picture;
  const context = sized(canvas, width, layout.height);
  if (!context) return;
  if (width >= TITLED) {
    context.font = `11px ${picture.font}`;
    context.fillStyle = theme.text;
    context.fillText("total", 0, layout.head - 20);
    context.fillText("correlation", 0, layout.head - 6);
  }
  const level = nullFactor(factors);
  const most = Math.max(level ?? 0, ...factors.totalCorrelations, 1e-12);
  const { height } = layout.cell;
  factors.totalCorrelations.forEach((value, row) => {
    const length = Math.max(0, value / most) * (width - 2);
    context.globalAlpha = chosen < 0 || chosen === row ? 1 : 0.55;
    const y = layout.head + row * height + 3;
    if (isUnstable(factors, row)) {
      context.strokeStyle = theme.accent;
      context.lineWidth = 1;
      context.strokeRect(0.5, y + 0.5, Math.max(0, length - 1), height - 7);
    } else {
      context.fillStyle = theme.accent;
      context.fillRect(0, y, length, height - 6);
    }
  });
  context.globalAlpha = 1;
  if (level === null || !layout.rows) return;
  const [x, y, deep] = [(level / most) * (width - 2), layout.head, layout.rows * height];
  context.save();
  context.beginPath();
  context.rect(0, y, x, deep);
  context.clip();
  context.beginPath();
  for (let start = -deep; start < x; start += 6) {
    context.moveTo(start, y + deep);
    context.lineTo(start + deep, y);
  }
  context.strokeStyle = theme.muted;
  context.globalAlpha = 0.6;
  context.stroke();
  context.restore();
  context.fillStyle = theme.text;
  context.fillRect(x, y, 1.5, deep);
}
