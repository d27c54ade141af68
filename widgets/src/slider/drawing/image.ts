import { diverging, rgb } from "../../shared/colours";
import { fit as sized } from "../../shared/dom";
import type { Range } from "../scene";

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
