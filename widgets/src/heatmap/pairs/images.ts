/** Images with one pixel for each entry, to be drawn at any size. */
import { diverging, rgb } from "../../shared/colours";
import { type Grid, pixelAt, type Row } from "./aside/partners";
import { entryAt, type Pairs } from "./scene";

const STEPS = 255; // colours on each side of zero

/** Colours as red, green, blue and opacity, for shares from −1 to 1 in equal steps of the root. */
function palette(dark: boolean): Uint32Array {
  const colours = new Uint32Array(2 * STEPS + 1);
  const bytes = new Uint8Array(colours.buffer);
  for (let i = 0; i < colours.length; i++) {
    bytes.set([...rgb(diverging(i / STEPS - 1, dark)), 255], 4 * i);
  }
  return colours;
}

/** An image with one pixel for each entry; noise stays transparent, so that the hatch shows. */
function paint(
  width: number,
  height: number,
  limit: number,
  dark: boolean,
  entry: (down: number, right: number) => { value: number; noise: boolean } | null,
): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, width), Math.max(1, height)];
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = palette(dark);
  for (let down = 0; down < height; down++) {
    for (let right = 0; right < width; right++) {
      const one = entry(down, right);
      if (!one || one.noise || !Number.isFinite(one.value)) continue;
      const root = Math.sqrt(Math.min(1, Math.abs(one.value) / limit));
      const step = Math.round(STEPS + STEPS * (one.value < 0 ? -root : root));
      pixels[down * width + right] = colours[step] as number;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

export function matrixImage(
  pairs: Pairs,
  rows: readonly number[],
  limit: number,
  dark: boolean,
): HTMLCanvasElement {
  return paint(rows.length, rows.length, limit, dark, (down, right) =>
    entryAt(pairs, { row: rows[down] as number, column: rows[right] as number }),
  );
}

export function partnersImage(grid: Grid, row: Row, limit: number, dark: boolean) {
  return paint(grid.width, grid.height, limit, dark, (down, right) =>
    pixelAt(grid, row, down * grid.width + right),
  );
}

/** The sample itself, in grey or in its own colours. */
export function sampleImage(grid: Grid, picture: ArrayLike<number>): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [grid.width, grid.height];
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < picture.length; i++) {
    low = Math.min(low, picture[i] ?? low);
    high = Math.max(high, picture[i] ?? high);
  }
  const area = grid.width * grid.height;
  const image = context.createImageData(grid.width, grid.height);
  for (let pixel = 0; pixel < area; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const channel = grid.channels === 3 ? colour : 0;
      const value = picture[channel * area + pixel] ?? low;
      image.data[4 * pixel + colour] = 255 * ((value - low) / (high - low || 1));
    }
    image.data[4 * pixel + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
