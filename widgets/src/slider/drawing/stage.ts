import { h } from "../../shared/dom";
import { number } from "../../shared/numbers";
import { digits } from "../scene";

function figure(name: string, title: string) {
  const canvas = h("canvas", { class: "nbi-slider-image", role: "img", "data-nbi": name });
  const caption = h("figcaption", { title }, name);
  return { canvas, caption, element: h("figure", {}, caption, canvas) };
}

function chart(name: string, title: string) {
  const canvas = h("canvas", { class: "nbi-slider-chart", role: "img", "data-nbi": name });
  const note = h("span", { class: "nbi-quiet" });
  const heading = h("div", { class: "nbi-slider-title" }, `${title} `, note);
  return { canvas, note, element: h("div", { class: "nbi-slider-part" }, heading, canvas) };
}

/** Where frames are drawn: three images, or a chart of decoded variables; and the outputs. */
export class Stage {
  readonly images = {
    baseline: figure("baseline", "What the decoder draws of the base, all factors at 0"),
    edited: figure("edited", "What the decoder draws with the factors where the sliders are"),
    difference: figure("difference", "edited − baseline"),
  };
  readonly scale = h("canvas", { class: "nbi-slider-scale", "aria-hidden": "true" });
  readonly decoded = chart("chart", "Decoded");
  readonly outputs = chart("outputs", "Outputs");
  readonly pictures: HTMLElement;
  readonly element: HTMLElement;
  private readonly low = h("span");
  private readonly high = h("span");

  constructor() {
    const { baseline, edited, difference } = this.images;
    difference.element.append(
      h("div", { class: "nbi-slider-limits nbi-quiet" }, this.low, this.scale, this.high),
    );
    this.pictures = h(
      "div",
      { class: "nbi-slider-pictures" },
      baseline.element,
      edited.element,
      difference.element,
    );
    this.element = h(
      "div",
      { class: "nbi-slider-stage" },
      this.pictures,
      this.decoded.element,
      this.outputs.element,
    );
  }

  /** What the charts show: how many outputs of all, and how decoded values are drawn. */
  showNotes(drawn: number, outputCount: number, asLines: boolean, isEstimate: boolean): void {
    this.outputs.element.hidden = outputCount === 0;
    const mark = isEstimate ? " (approximate)" : "";
    const key = `bar: edited${mark} · mark: baseline`;
    this.images.edited.caption.textContent = `edited${mark}`;
    this.outputs.note.textContent =
      drawn < outputCount ? `${key} · the ${drawn} largest of ${outputCount}` : key;
    this.decoded.note.textContent = asLines ? `bold: edited${mark} · thin: baseline` : key;
  }

  /** Label the ends of the scale of differences. */
  showLimit(limit: number, channels: number): void {
    const text = number(limit, Math.max(0, digits(limit) - 1));
    this.low.textContent = `−${text}`;
    this.high.textContent = `+${text}`;
    this.images.difference.caption.title =
      channels > 1 ? "edited − baseline, the mean of the colour channels" : "edited − baseline";
  }
}
