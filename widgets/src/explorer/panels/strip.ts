import { h } from "../../shared/dom";
import type { Thumbnails } from "../map/thumbnails";

export type StripGroup = { label: string; color: string; samples: readonly number[] };

export type StripActions = {
  /** Put the focus of the map on a sample. */
  look(sample: number): void;
  /** A click on the name of a group. */
  pick(group: number, event: MouseEvent): void;
};

/** Pictures of a few samples of each category, under the map. */
export class Strip {
  readonly element = h("div", {
    class: "nbi-explorer-strip",
    role: "group",
    "aria-label": "Exemplars of each category",
    tabindex: "-1",
    hidden: true,
    "data-nbi": "strip",
  });
  private last = "";

  constructor(
    private readonly thumbnails: Thumbnails,
    private readonly actions: StripActions,
  ) {}

  show(groups: readonly StripGroup[], empty: string): void {
    const key = JSON.stringify(groups);
    if (key === this.last && groups.length > 0) return;
    this.last = key;
    const frames = new Map<number, HTMLCanvasElement[]>();
    const parts = groups.map(({ label, color, samples }, group) => {
      const swatch = h("span", { class: "nbi-explorer-swatch" });
      swatch.style.backgroundColor = color;
      const pictures = samples.map((i) => {
        const canvas = h("canvas", { "aria-hidden": "true" });
        frames.set(i, [...(frames.get(i) ?? []), canvas]);
        return h(
          "button",
          {
            type: "button",
            class: "nbi-explorer-exemplar",
            title: `Sample ${i}`,
            "aria-label": `${label}: sample ${i}`,
            "data-nbi-sample": i,
            on: { click: () => this.actions.look(i) },
          },
          canvas,
        );
      });
      return h(
        "div",
        { class: "nbi-explorer-strip-group" },
        h(
          "button",
          {
            type: "button",
            class: "nbi-button nbi-explorer-strip-label",
            title: `Select “${label}” (Shift toggles, Alt removes)`,
            on: { click: (event: MouseEvent) => this.actions.pick(group, event) },
          },
          swatch,
          h("span", { class: "nbi-explorer-entry-label" }, label),
        ),
        h("div", { class: "nbi-explorer-exemplars" }, ...pictures),
      );
    });
    this.element.replaceChildren(
      ...(parts.length ? parts : [h("span", { class: "nbi-quiet" }, empty)]),
    );
    void this.thumbnails.fetchMany([...frames.keys()], (i, picture) => {
      for (const canvas of frames.get(i) ?? []) {
        canvas.width = picture.width;
        canvas.height = picture.height;
        canvas.getContext("2d")?.putImageData(picture, 0, 0);
      }
    });
  }
}
