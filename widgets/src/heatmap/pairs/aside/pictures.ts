import { typed, unpacked } from "../../../shared/arrays";
import { h } from "../../../shared/dom";
import type { Theme } from "../../../shared/theme";
import { type Model, readGrid } from "../../model";
import { drawPartners } from "../draw";
import { partnersImage, sampleImage } from "../images";
import { amount, type Entry, inputName, type Pairs } from "../scene";
import type { AsideEvents, Ask, Seen } from "./index";
import {
  entryOf,
  type Grid,
  inputsAt,
  pixelAt,
  pixelUnder,
  type Row,
  reach,
  rowOf,
  scaleOf,
} from "./partners";

/** For images: the partners of the first pixel of the chosen pair, and the sample. */
export class Pictures {
  readonly elements: readonly HTMLElement[];
  private readonly title = h("div", { class: "nbi-heatmap-side-title" });
  private readonly note = h("div", { class: "nbi-quiet nbi-heatmap-side-note" });
  private readonly partners = h("canvas", { role: "img", "data-nbi": "partners" });
  private readonly picture = h("canvas", { role: "img", "data-nbi": "picture" });
  private readonly both = h("div", { class: "nbi-heatmap-pictures" }, this.partners, this.picture);
  /** The row of the matrix that is drawn; null while there is none. */
  private row: Row | null = null;
  /** The row and the sample that were requested from Python. */
  private wanted = "";
  private image: { of: string; canvas: HTMLCanvasElement } | null = null;

  /** `ask` is null where no kernel answers. */
  constructor(
    private readonly model: Model,
    private readonly ask: Ask | null,
    private readonly events: AsideEvents,
    signal: AbortSignal,
  ) {
    this.elements = [this.title, this.both, this.note];
    const options = { signal };
    for (const canvas of [this.partners, this.picture]) {
      canvas.addEventListener("click", (event) => this.click(event), options);
      canvas.addEventListener("pointermove", (event) => this.hover(event, canvas), options);
      canvas.addEventListener("pointerleave", () => events.hovered(null), options);
    }
  }

  /** Which row is drawn, for tests. */
  get drawn(): { feature: number; values: number[] } | null {
    return this.row && { feature: this.row.feature, values: Array.from(this.row.values) };
  }

  /** The values or the colours have changed. */
  forget(): void {
    this.row = this.image = null;
    this.wanted = "";
  }

  update(seen: Seen, pair: readonly [number, number] | null): void {
    if (!pair) this.row = null;
    else if (this.row?.feature !== pair[0]) this.readRow(seen.pairs, pair[0]);
    const grid = readGrid(this.model);
    for (const element of this.elements) element.hidden = !grid;
    if (!grid) return;
    const scale = scaleOf(grid);
    for (const canvas of [this.partners, this.picture]) {
      canvas.style.width = `${grid.width * scale}px`;
      canvas.style.height = `${grid.height * scale}px`;
    }
    const sample = unpacked(Float32Array, this.model.get("_picture"));
    this.picture.hidden = sample.length === 0;
    this.showWords(seen.pairs, pair, grid);
    const { theme, cursor } = seen;
    const marks = pair ? [{ feature: pair[0], colour: theme.text }] : [];
    const others = [pair?.[1], cursor].filter(
      (other): other is number => typeof other === "number" && other !== pair?.[0],
    );
    const more = others.map((feature) => ({ feature, colour: theme.accent }));
    if (this.row) {
      const image = this.imageOf(grid, this.row, theme);
      drawPartners(this.partners, image, grid, scale, [...marks, ...more], theme);
    }
    if (sample.length) {
      drawPartners(this.picture, sampleImage(grid, sample), grid, scale, marks, theme);
    }
  }

  private showWords(pairs: Pairs, pair: readonly [number, number] | null, grid: Grid): void {
    const { title, note, partners, picture, row } = this;
    title.textContent = pair ? `Partners of ${inputName(pairs, pair[0], grid.width)}` : "Partners";
    partners.hidden = !row;
    if (!pair)
      note.textContent = `Click ${picture.hidden ? "" : "a pixel or "}a cell of the matrix.`;
    else if (row)
      note.textContent = `colours to ±${amount({ value: reach(row), error: Number.NaN })}`;
    else note.textContent = this.ask ? "…" : "Partners need a running kernel.";
    partners.ariaLabel = title.textContent;
    picture.ariaLabel = `The sample, with ${pairs.names.length} inputs`;
  }

  private imageOf(grid: Grid, row: Row, theme: Theme): HTMLCanvasElement {
    const of = `${row.feature} ${theme.dark}`;
    if (this.image?.of !== of) {
      this.image = { of, canvas: partnersImage(grid, row, reach(row), theme.dark) };
    }
    return this.image.canvas;
  }

  /** Take the row of an input from the matrix, or from Python if the page lacks some inputs. */
  private readRow(pairs: Pairs, feature: number): void {
    if (pairs.names.length === this.model.get("_width")) {
      this.row = rowOf(pairs, feature);
      return;
    }
    this.row = null;
    const wanted = `${feature} of ${this.model.get("sample")}`;
    if (this.wanted === wanted) return;
    this.wanted = wanted;
    this.ask?.("partners", { feature }, ([values, errors, beyond]) => {
      this.row = {
        feature,
        values: typed(Float32Array, values),
        errors: typed(Float32Array, errors),
        beyond: typed(Uint8Array, beyond),
      };
      this.image = null;
    });
  }

  private click({ offsetX, offsetY }: MouseEvent): void {
    const grid = readGrid(this.model);
    const pixel = grid && pixelUnder(grid, offsetX, offsetY);
    if (!grid || pixel === null) return;
    const feature = this.row ? pixelAt(grid, this.row, pixel)?.feature : inputsAt(grid, pixel)[0];
    if (feature !== undefined) this.events.chose([feature, feature]);
  }

  private hover({ offsetX, offsetY }: MouseEvent, canvas: HTMLElement): void {
    const [grid, { row }] = [readGrid(this.model), this];
    const pixel = grid && pixelUnder(grid, offsetX, offsetY);
    const one = grid && row && pixel !== null ? pixelAt(grid, row, pixel) : null;
    if (!one || !row) {
      this.events.hovered(null);
      return;
    }
    const entry: Entry = entryOf(row, one.feature);
    const [x, y] = [canvas.offsetLeft + offsetX + 12, canvas.offsetTop + offsetY + 12];
    this.events.hovered({ feature: one.feature, entry, x, y });
  }
}
