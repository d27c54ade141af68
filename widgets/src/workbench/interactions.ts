import { fit, h, replace } from "../shared/dom";
import { bars } from "./bars";
import { middle } from "./scene";
import type { Bar, Interactions } from "./traits";

const EMPTY =
  "Interactions between the inputs of a sample appear here: hover over one on the map, or click it.";
const SIDE = 132;
const ABOVE = "#d55e00";
const BELOW = "#0072b2";

export type InteractionActions = {
  /** Whether to show the interactions of the sample under the pointer. */
  follow(on: boolean): void;
  /** Whether to show all pairs. */
  open(on: boolean): void;
};

function switched(name: string, label: string, title: string, change: (on: boolean) => void) {
  const button = h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      title,
      "aria-pressed": "false",
      "data-nbi": name,
      on: { click: () => change(button.getAttribute("aria-pressed") !== "true") },
    },
    label,
  );
  return button;
}

/** The strongest interactions between inputs of one sample. */
export class InteractionsCard {
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
  private readonly following: HTMLElement;
  private readonly all: HTMLElement;
  readonly element: HTMLElement;

  constructor(actions: InteractionActions) {
    const follow = "Show the sample under the pointer while it rests there; click one to keep it";
    this.following = switched("follow", "Follow pointer", follow, actions.follow);
    const all = "Show all pairs as a matrix below";
    this.all = switched("all-pairs", "All pairs", all, actions.open);
    this.element = h(
      "section",
      {
        class: "nbi-workbench-card",
        "aria-label": "Interactions",
        "data-nbi": "interactions",
      },
      h("div", { class: "nbi-workbench-head" }, this.title, this.following, this.all),
      h("div", { class: "nbi-workbench-beside" }, this.canvas, this.body),
      this.about,
    );
  }

  /** Show which of both are on; without a kernel no other sample can be explained. */
  switches(follow: boolean, open: boolean, live: boolean): void {
    this.following.setAttribute("aria-pressed", String(follow));
    this.following.hidden = !live;
    this.all.setAttribute("aria-pressed", String(open));
  }

  /** Show bars, or the reason why there are none. */
  show(interactions: Interactions, reason?: string): void {
    if (interactions.sample !== this.shown.sample) this.image = null;
    this.shown = interactions;
    const rows = interactions.bars ?? [];
    const known = rows.length > 0;
    this.element.dataset.nbiEmpty = String(!known);
    this.element.dataset.nbiHovered = String(interactions.hovered === true);
    const which = interactions.hovered ? "the hovered sample" : "sample";
    this.title.textContent = known
      ? `Interactions in ${which} ${interactions.sample}`
      : "Interactions";
    this.all.hidden = !known;
    replace(
      this.body,
      known
        ? bars(rows, (row) => {
            this.pointed = row;
            this.paint();
          })
        : h("p", { class: "nbi-workbench-empty nbi-quiet" }, reason ?? EMPTY),
    );
    const where = interactions.grid?.length ? "; patches by (row, column)" : "";
    this.about.textContent = known
      ? `${interactions.unit}${where}. Grey band: 95 % of the noise.`
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
