import type { Theme } from "../../shared/theme";
import { widest } from "../frames/precomputed";
import type { Shot } from "../frames/source";
import type { Panel } from "../panel";
import { difference, drawnOutputs, extent, type Frame, largest, type Range } from "../scene";
import type { World } from "../state";
import { drawBars, drawDifference, drawImage, drawLines, drawScale } from "./draw";

/** Beyond so many decoded variables their bars turn into lines. */
const MOST_BARS = 40;
const LEAST_IMAGE = 168;
const GAP = 14;
/** Height of what stands around the images and the bars. */
const AROUND = 130;
const ROW = 18;
/** Shares of the range of the values that are no change: of exact frames, and of a film's bytes. */
const ROUNDING = { exact: 1e-4, film: 1 / 255 };

/** Draws frames; scales hold still while sliders move, and only widen where a frame needs it. */
export class Picture {
  theme: Theme | undefined;
  private limit = 1;
  private range: Range = { low: 0, high: 1 };
  private values: Range = { low: 0, high: 1 };
  private order: number[] = [];

  constructor(private readonly panel: Panel) {}

  /** Begin anew, with the scales of another base. */
  reset({ film, baseline, limits, sizes }: World): void {
    const rows = film?.values ?? new Float32Array(0);
    this.range = extent([0], baseline.outputs, rows);
    this.order = drawnOutputs(rows.length ? rows : baseline.outputs, sizes.outputs);
    // Bars begin at zero, lines need not.
    const zero = sizes.decoded > MOST_BARS ? [] : [0];
    this.values = extent([limits.low, limits.high], baseline.decoded, zero);
    const widestKept = film && sizes.decoded ? widest(film, baseline.decoded) : 0;
    this.limit = widestKept < ROUNDING.film * (limits.high - limits.low) ? 0 : widestKept;
  }

  draw(world: World, frame: Shot, height: number): void {
    const { panel, theme } = this;
    if (!theme) return;
    const width = Math.max(160, panel.stage.clientWidth);
    const font = getComputedStyle(panel.root).fontFamily;
    const isImage = world.shape.length > 0;
    const asLines = world.sizes.decoded > MOST_BARS;
    panel.pictures.hidden = !isImage;
    panel.decoded.hidden = isImage || world.sizes.decoded === 0;
    panel.showNotes(this.order.length, world.sizes.outputs, asLines, frame.from === "guess");
    const room = height - AROUND - ROW * this.order.length;
    if (isImage) this.drawImages(world, frame, width, room, theme);
    else if (world.sizes.decoded) this.drawChart(world, frame, width, room, theme, font);
    if (!world.sizes.outputs) return;
    const { outputs: edited } = frame;
    this.range = extent([this.range.low, this.range.high], edited);
    const best = largest(edited);
    const { order, range } = this;
    const bars = { names: world.outputs, baseline: world.baseline.outputs, edited, range };
    drawBars(panel.bars, { ...bars, order, largest: best }, width, theme, font);
    panel.bars.setAttribute("aria-label", `Outputs; the largest is ${world.outputs[best] ?? best}`);
  }

  private drawImages(
    { shape, baseline, limits }: World,
    { decoded, from }: Shot,
    width: number,
    height: number,
    theme: Theme,
  ): void {
    const { images } = this.panel;
    const channels = shape[2] ?? 1;
    const change = difference(decoded, baseline.decoded, channels);
    const range = limits.high - limits.low;
    const reach = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (reach < ROUNDING[from === "film" || from === "guess" ? "film" : "exact"] * range)
      change.fill(0);
    else this.limit = Math.max(this.limit, reach);
    const limit = this.limit || range || 1;
    const room = Math.min((width - 2 * GAP) / 3, Math.max(LEAST_IMAGE, height));
    for (const { canvas, element } of Object.values(images)) place(canvas, element, shape, room);
    drawImage(images.baseline.canvas, baseline.decoded, shape, limits);
    drawImage(images.edited.canvas, decoded, shape, limits);
    drawDifference(images.difference.canvas, change, shape, limit, theme.dark);
    drawScale(this.panel.scale, theme.dark);
    this.panel.showLimit(limit, channels);
  }

  private drawChart(
    { features: names, baseline: { decoded: baseline } }: World,
    { decoded: edited }: Frame,
    width: number,
    height: number,
    theme: Theme,
    font: string,
  ): void {
    const { chart } = this.panel;
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
