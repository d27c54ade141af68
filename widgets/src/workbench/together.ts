import { fit, h, replace } from "../shared/dom";
import { bars } from "./bars";
import { middle } from "./scene";
import type { Bar, Interactions } from "./traits";

const EMPTY = "Which inputs of a sample act together appears here: click one on the map.";
const SIDE = 132;
const ABOVE = "#d55e00";
const BELOW = "#0072b2";

/** The card of the pairs of inputs that act together in one sample. */
export class TogetherCard {
  private shown: Interactions = {};
  private image: ImageData | null = null;
  private pointed = -1;
  private readonly title = h("h3", { class: "nbi-workbench-title" });
  private readonly canvas = h("canvas", {
    class: "nbi-workbench-picture",
    role: "img",
    "aria-label": "The sample, with lines between the pairs",
  });
  private readonly body = h("div", { class: "nbi-workbench-pairs" });
  private readonly about = h("p", { class: "nbi-quiet nbi-workbench-about" });
  readonly element = h(
    "section",
    {
      class: "nbi-workbench-card",
      "aria-label": "Inputs that act together",
      "data-nbi": "together",
    },
    h("div", { class: "nbi-workbench-head" }, this.title),
    h("div", { class: "nbi-workbench-beside" }, this.canvas, this.body),
    this.about,
  );

  show(interactions: Interactions): void {
    if (interactions.sample !== this.shown.sample) this.image = null;
    this.shown = interactions;
    const rows = interactions.bars ?? [];
    const known = rows.length > 0;
    this.element.dataset.nbiEmpty = String(!known);
    this.title.textContent = known
      ? `Inputs of sample ${interactions.sample} that act together`
      : "Act together";
    replace(
      this.body,
      known
        ? bars(rows, (row) => {
            this.pointed = row;
            this.paint();
          })
        : h("p", { class: "nbi-workbench-empty nbi-quiet" }, EMPTY),
    );
    const where = interactions.grid?.length ? "; patches by (row, column)" : "";
    this.about.textContent = known
      ? `${interactions.unit}${where}. Grey: where noise is, 95 % of the time.`
      : "";
    this.paint();
  }

  setPicture(sample: number, image: ImageData | null): void {
    if (sample !== this.shown.sample) return;
    this.image = image;
    this.paint();
  }

  private paint(): void {
    const { image } = this;
    const grid = this.shown.grid ?? [];
    this.canvas.hidden = !image || grid.length === 0;
    if (!image || this.canvas.hidden) return;
    const scale = SIDE / Math.max(image.width, image.height);
    const [width, height] = [image.width * scale, image.height * scale];
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const context = fit(this.canvas, width, height);
    if (!context) return;
    context.imageSmoothingEnabled = false;
    context.drawImage(bitmap(image), 0, 0, width, height);
    (this.shown.bars ?? []).forEach((bar, row) => {
      if (this.pointed < 0 || this.pointed === row) line(context, bar, grid, width, height);
    });
  }
}

function bitmap(image: ImageData): HTMLCanvasElement {
  const canvas = h("canvas", { width: image.width, height: image.height });
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

function line(
  context: CanvasRenderingContext2D,
  bar: Bar,
  grid: number[],
  width: number,
  height: number,
): void {
  if (!bar.pair) return;
  const [from, to] = bar.pair.map((patch) => middle(patch, grid));
  if (!from || !to) return;
  context.strokeStyle = context.fillStyle = (bar.value ?? 0) < 0 ? BELOW : ABOVE;
  context.lineWidth = 2.5;
  context.beginPath();
  context.moveTo(from.x * width, from.y * height);
  context.lineTo(to.x * width, to.y * height);
  context.stroke();
  for (const end of [from, to]) {
    context.beginPath();
    context.arc(end.x * width, end.y * height, 3.5, 0, 2 * Math.PI);
    context.fill();
  }
}
