import { diverging } from "../../shared/colours";
import { shorten, fit as sized } from "../../shared/dom";
import type { Theme } from "../../shared/theme";
import { type Grid, inputsAt } from "./aside/partners";
import type { Cell, Pairs } from "./scene";
import type { Viewport } from "./viewport";

const NAMED = 13; // pixels that a name needs
const HATCH = 6; // pixels from stripe to stripe
const EDGE = 3; // pixels around the matrix for outlines of its outermost cells

/** The colour of a share of the limit, −1 to 1, by its square root: a few pairs hold nearly all. */
export function shade(share: number, dark: boolean): string {
  return diverging(Math.sign(share) * Math.sqrt(Math.min(1, Math.abs(share))), dark);
}

/** Stripes over a box, equally wide at any zoom. */
export function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  theme: Theme,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.beginPath();
  for (let start = -height; start < width; start += HATCH) {
    context.moveTo(x + start, y + height);
    context.lineTo(x + start + height, y);
  }
  context.strokeStyle = theme.muted;
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  context.stroke();
  context.restore();
}

export type Picture = {
  pairs: Pairs;
  viewport: Viewport;
  /** One pixel for each cell. */
  image: HTMLCanvasElement;
  cursor: Cell | null;
  chosen: Cell | null;
  found: ReadonlySet<number>;
  theme: Theme;
  font: string;
};

/** The side of the canvas that holds the matrix and its names. */
export function canvasSide({ margin, side }: Viewport): number {
  return margin + side + EDGE;
}

export function drawMatrix(canvas: HTMLCanvasElement, picture: Picture): void {
  const { image, theme } = picture;
  const { camera, side, margin, rows } = picture.viewport;
  const whole = canvasSide(picture.viewport);
  const context = sized(canvas, whole, whole);
  if (!context) return;
  const span = side / camera.scale;
  context.fillStyle = theme.background;
  context.fillRect(0, 0, whole, whole);
  hatch(context, margin, margin, side, side, theme);
  context.save();
  clip(context, margin, side);
  // Where cells are smaller than pixels, these average them; else their edges stay sharp.
  context.imageSmoothingEnabled = camera.scale * (window.devicePixelRatio || 1) < 1;
  context.imageSmoothingQuality = "high";
  context.drawImage(image, camera.x, camera.y, span, span, margin, margin, side, side);
  if (camera.scale >= 10) drawGrid(context, picture);
  context.restore();
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.strokeRect(margin + 0.5, margin + 0.5, side, side);
  if (rows.length) drawNames(context, picture);
  context.save();
  clip(context, margin - EDGE, side + 2 * EDGE);
  drawMarks(context, picture);
  context.restore();
}

function clip(context: CanvasRenderingContext2D, start: number, side: number): void {
  context.beginPath();
  context.rect(start, start, side, side);
  context.clip();
}

/** Room for the names on the left and above, with an upper limit. */
export function marginOf(
  canvas: HTMLCanvasElement,
  names: readonly string[],
  font: string,
): number {
  const context = canvas.getContext("2d");
  if (!context) return 60;
  context.font = `bold 11px ${font}`;
  // Measure only those with most letters: there may be a thousand names.
  const longest = [...names].sort((a, b) => b.length - a.length).slice(0, 24);
  const widths = longest.map((name) => context.measureText(name.slice(0, 200)).width);
  return Math.ceil(Math.min(104, Math.max(0, ...widths))) + 14;
}

function drawGrid(context: CanvasRenderingContext2D, { viewport, theme }: Picture) {
  const { camera, side, margin } = viewport;
  context.fillStyle = theme.background;
  for (let line = Math.ceil(camera.x); line <= camera.x + side / camera.scale; line++) {
    context.fillRect(margin + (line - camera.x) * camera.scale - 0.5, margin, 1, side);
  }
  for (let line = Math.ceil(camera.y); line <= camera.y + side / camera.scale; line++) {
    context.fillRect(margin, margin + (line - camera.y) * camera.scale - 0.5, side, 1);
  }
}

function drawMarks(context: CanvasRenderingContext2D, picture: Picture): void {
  const { theme } = picture;
  const { camera, margin, places } = picture.viewport;
  const outline = (cell: Cell, dash: number[]) => {
    const [down, right] = [places.get(cell.row), places.get(cell.column)];
    if (down === undefined || right === undefined) return;
    const size = Math.max(7, camera.scale);
    const centre = (place: number, start: number) =>
      margin + (place + 0.5 - start) * camera.scale - size / 2;
    const box = [centre(right, camera.x), centre(down, camera.y), size, size] as const;
    context.lineWidth = 4;
    context.strokeStyle = theme.background;
    context.setLineDash([]);
    context.strokeRect(...box);
    context.lineWidth = 2;
    context.strokeStyle = theme.accent;
    context.setLineDash(dash);
    context.strokeRect(...box);
    context.setLineDash([]);
  };
  if (picture.chosen) outline(picture.chosen, []);
  if (picture.cursor) outline(picture.cursor, [3, 2]);
}

/** The names that have room along each side: first that of the cursor, then those found. */
function drawNames(context: CanvasRenderingContext2D, picture: Picture): void {
  const { cursor, found, viewport } = picture;
  const { rows, camera, side, places } = viewport;
  const every = Math.max(1, Math.ceil(NAMED / camera.scale));
  context.textBaseline = "middle";
  for (const upright of [false, true]) {
    const start = upright ? camera.x : camera.y;
    const taken: number[] = [];
    const write = (place: number | undefined, isMarked: boolean) => {
      if (place === undefined) return;
      const along = (place + 0.5 - start) * camera.scale;
      if (along < 0 || along > side) return;
      const at = Math.min(along, side - NAMED / 2); // beyond, it would be cut at the edge
      if (taken.some((other) => Math.abs(other - at) < NAMED - 1)) return;
      taken.push(at);
      writeName(context, picture, place, at, upright, isMarked);
    };
    for (const row of [upright ? cursor?.column : cursor?.row, ...found]) {
      write(places.get(row ?? -1), true);
    }
    const end = Math.min(rows.length, start + side / camera.scale);
    for (let place = Math.floor(start / every) * every; place < end; place += every) {
      write(place, false);
    }
  }
}

/** Write the name of the row or column at a place, `at` pixels along its side. */
function writeName(
  context: CanvasRenderingContext2D,
  { pairs, viewport, theme, font }: Picture,
  place: number,
  at: number,
  upright: boolean,
  isMarked: boolean,
): void {
  const { rows, margin } = viewport;
  context.save();
  context.font = `${isMarked ? "bold " : ""}11px ${font}`;
  context.translate(upright ? margin + at : margin - 6, upright ? margin - 6 : margin + at);
  if (upright) context.rotate(-Math.PI / 2);
  context.textAlign = upright ? "left" : "right";
  context.fillStyle = isMarked ? theme.accent : theme.text;
  const name = pairs.names[rows[place] as number] ?? "";
  context.fillText(shorten(name, margin - 10, context), 0, 0);
  context.restore();
}

/** Paint an image over the hatch, with outlines around some inputs. */
export function drawPartners(
  canvas: HTMLCanvasElement,
  image: HTMLCanvasElement,
  grid: Grid,
  scale: number,
  marks: readonly { feature: number; colour: string }[],
  theme: Theme,
): void {
  const [width, height] = [grid.width * scale, grid.height * scale];
  const context = sized(canvas, width, height);
  if (!context) return;
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  hatch(context, 0, 0, width, height, theme);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, width, height);
  for (const { feature, colour } of marks) {
    for (let pixel = 0; pixel < grid.width * grid.height; pixel++) {
      if (!inputsAt(grid, pixel).includes(feature)) continue;
      const [x, y] = [(pixel % grid.width) * scale, Math.floor(pixel / grid.width) * scale];
      context.lineWidth = 3.5;
      context.strokeStyle = theme.background;
      context.strokeRect(x, y, scale, scale);
      context.lineWidth = 1.5;
      context.strokeStyle = colour;
      context.strokeRect(x, y, scale, scale);
    }
  }
}

/** Paint the colour scale from −limit to limit. */
export function drawScale(canvas: HTMLCanvasElement, width: number, dark: boolean): void {
  const context = sized(canvas, width, 10);
  if (!context) return;
  for (let x = 0; x < width; x++) {
    context.fillStyle = shade((2 * (x + 0.5)) / width - 1, dark);
    context.fillRect(x, 0, 1, 10);
  }
}
