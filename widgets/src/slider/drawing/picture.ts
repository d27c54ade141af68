import type { Theme } from "../../shared/theme";
import { largestChange } from "../frames/precomputed";
import type { PlacedFrame } from "../frames/source";
import type { Content } from "../model";
import { difference, drawnOutputs, extent, type Frame, largest, type Range } from "../scene";
import { drawBars } from "./bars";
import { drawDifference, drawImage, drawScale } from "./image";
import { drawLines } from "./lines";
import type { Stage } from "./stage";

/** Beyond so many decoded variables their bars turn into lines. */
const MOST_BARS = 40;
const LEAST_IMAGE = 168;
const GAP = 14;
/** Height of what stands around the images and the bars. */
const AROUND = 130;
const ROW = 18;
/** Shares of the range of the values that are no change: of exact frames, and of precomputed bytes. */
const ROUNDING = { exact: 1e-4, precomputed: 1 / 255 };

/** Draws frames; scales hold still while sliders move, and only widen where a frame needs it. */
export class Picture {
  theme: Theme | undefined;
  private limit = 1;
  private range: Range = { low: 0, high: 1 };
  private values: Range = { low: 0, high: 1 };
  private order: number[] = [];

  constructor(private readonly stage: Stage) {}

  /** Begin anew, with the scales of another base. */
  reset({ precomputed, baseline, limits, sizes }: Content): void {
    const rows = precomputed?.outputs ?? new Float32Array(0);
    this.range = extent([0], baseline.outputs, rows);
    this.order = drawnOutputs(rows.length ? rows : baseline.outputs, sizes.outputs);
    // Bars begin at zero, lines need not.
    const zero = sizes.decoded > MOST_BARS ? [] : [0];
    this.values = extent([limits.low, limits.high], baseline.decoded, zero);
    const widestKept =
      precomputed && sizes.decoded ? largestChange(precomputed, baseline.decoded) : 0;
    this.limit = widestKept < ROUNDING.precomputed * (limits.high - limits.low) ? 0 : widestKept;
  }

  draw(content: Content, frame: PlacedFrame, height: number): void {
    const { stage, theme } = this;
    if (!theme) return;
    const width = Math.max(160, stage.element.clientWidth);
    const font = getComputedStyle(stage.element).fontFamily;
    const isImage = content.shape.length > 0;
    const asLines = content.sizes.decoded > MOST_BARS;
    stage.pictures.hidden = !isImage;
    stage.decoded.element.hidden = isImage || content.sizes.decoded === 0;
    stage.showNotes(this.order.length, content.sizes.outputs, asLines, frame.from === "estimate");
    const room = height - AROUND - ROW * this.order.length;
    if (isImage) this.drawImages(content, frame, width, room, theme);
    else if (content.sizes.decoded) this.drawChart(content, frame, width, room, theme, font);
    if (!content.sizes.outputs) return;
    const { outputs: edited } = frame;
    this.range = extent([this.range.low, this.range.high], edited);
    const best = largest(edited);
    const { order, range } = this;
    const bars = { names: content.outputs, baseline: content.baseline.outputs, edited, range };
    drawBars(stage.outputs.canvas, { ...bars, order, largest: best }, width, theme, font);
    stage.outputs.canvas.setAttribute(
      "aria-label",
      `Outputs; the largest is ${content.outputs[best] ?? best}`,
    );
  }

  private drawImages(
    { shape, baseline, limits }: Content,
    { decoded, from }: PlacedFrame,
    width: number,
    height: number,
    theme: Theme,
  ): void {
    const { images } = this.stage;
    const channels = shape[2] ?? 1;
    const change = difference(decoded, baseline.decoded, channels);
    const range = limits.high - limits.low;
    const reach = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const rough = from === "precomputed" || from === "estimate";
    if (reach < ROUNDING[rough ? "precomputed" : "exact"] * range) change.fill(0);
    else this.limit = Math.max(this.limit, reach);
    const limit = this.limit || range || 1;
    const room = Math.min((width - 2 * GAP) / 3, Math.max(LEAST_IMAGE, height));
    for (const { canvas, element } of Object.values(images)) place(canvas, element, shape, room);
    drawImage(images.baseline.canvas, baseline.decoded, shape, limits);
    drawImage(images.edited.canvas, decoded, shape, limits);
    drawDifference(images.difference.canvas, change, shape, limit, theme.dark);
    drawScale(this.stage.scale, theme.dark);
    this.stage.showLimit(limit, channels);
  }

  private drawChart(
    { features: names, baseline: { decoded: baseline } }: Content,
    { decoded: edited }: Frame,
    width: number,
    height: number,
    theme: Theme,
    font: string,
  ): void {
    const chart = this.stage.decoded.canvas;
    this.values = extent([this.values.low, this.values.high], edited);
    const content = { names, baseline, edited, range: this.values };
    if (edited.length > MOST_BARS) {
      drawLines(chart, content, width, Math.max(180, Math.min(height, 320)), theme, font);
    } else {
      const order = [...edited.keys()];
      drawBars(chart, { ...content, order, largest: -1 }, width, theme, font);
    }
    chart.setAttribute("aria-label", `${edited.length} decoded variables, edited and at the base`);
  }
}

/** Give a picture its size on the page: its dots times a whole number where there is room. */
function place(
  canvas: HTMLCanvasElement,
  figure: HTMLElement,
  shape: readonly number[],
  room: number,
): void {
  const [height = 1, width = 1] = shape;
  const scale = room / Math.max(width, height);
  const whole = scale >= 3 ? Math.floor(scale) : scale;
  canvas.dataset.nbiShrunk = String(scale < 1);
  canvas.style.width = `${whole * width}px`;
  canvas.style.height = `${whole * height}px`;
  figure.style.width = `${Math.max(whole * width, Math.min(room, 96))}px`;
}
