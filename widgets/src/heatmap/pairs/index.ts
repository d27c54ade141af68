import { onChange } from "../../shared/changes";
import { onNotice } from "../../shared/problem";
import { Client } from "../../shared/protocol";
import { keepPlainKeys } from "../../shared/shortcuts";
import { type Theme, watchTheme } from "../../shared/theme";
import type { ViewContext } from "../../shared/view";
import { type Model, PAIR_DATA, readGrid, readPairs, sampleOf, sampleTrait } from "../state";
import type { HeatmapTraits } from "../traits";
import { Aside, type Hovered } from "./aside/index";
import type { Point } from "./camera";
import { drawMatrix, drawScale, marginOf } from "./draw";
import { listen } from "./gestures";
import { matrixImage } from "./images";
import { Panel } from "./panel";
import {
  type Cell,
  cellOf,
  entryAt,
  find,
  inputName,
  limitOf,
  nextMatch,
  type Pairs,
  pairOf,
  sampleNear,
  strengths,
  strongest,
  tell,
  visible,
} from "./scene";
import { Viewport } from "./viewport";

const ASIDE = 252; // CSS pixels beside the matrix
const NARROW_BELOW = 620;
const STEP = 1.5; // of the zoom by key or button
const SCALE = 140; // CSS pixels of the scale of colours

type Saved = "order" | "top" | "pair" | "sample";

/** Inputs × inputs: holds the state of the view, and keeps model and page in step. */
export class PairMatrix {
  private readonly model: Model;
  private readonly signal: AbortSignal;
  private readonly isLive: boolean;
  private readonly aside: Aside;
  private readonly panel: Panel;
  private readonly viewport = new Viewport();
  private pairs: Pairs;
  /** Where the colours end, and the strength of each row. */
  private limit: number;
  private strength: ArrayLike<number>;
  /** Whether `pairs` is older than the model. */
  private isStale = false;
  /** Null until the page around the view is known. */
  private theme: Theme | null = null;
  /** Null when it must be painted anew. */
  private image: HTMLCanvasElement | null = null;
  private cursor: Cell | null = null;
  private query = "";
  /** The frame that is asked for, 0 for none. */
  private due = 0;

  constructor(private readonly context: ViewContext<HeatmapTraits>) {
    const { model, signal, live = true } = context;
    [this.model, this.signal, this.isLive] = [model, signal, live];
    this.pairs = readPairs(model);
    this.limit = limitOf(this.pairs);
    this.strength = strengths(this.pairs);
    const events = {
      hovered: (input: Hovered | null) => this.hoverInput(input),
      chose: (pair: [number, number]) => this.choose(pair),
      toSample: (sample: number) => this.save("sample", sampleTrait(sample)),
      failed: (error: string, trace: unknown) => this.panel.controls.problem.show(error, trace),
    };
    this.aside = new Aside(model, live ? new Client(model, signal) : null, events, signal);
    this.panel = new Panel(this.aside.element);
  }

  /** Put the view on the page and keep it in step with the model. */
  open(): void {
    const { signal } = this;
    const { root, problem } = this.panel.controls;
    this.context.el.append(root);
    this.hearModel();
    this.hearPage();
    this.hearCanvas();
    const resized = new ResizeObserver(() => this.redraw());
    resized.observe(root);
    signal.addEventListener("abort", () => {
      resized.disconnect();
      cancelAnimationFrame(this.due);
      root.remove();
    });
    onNotice(this.model, signal, (text, trace) => problem.show(text, trace));
    keepPlainKeys(root, signal);
    watchTheme(root, signal, (theme) => {
      this.theme = theme;
      this.aside.forget();
      this.rearrange();
    });
  }

  private hearModel(): void {
    const on = (names: readonly (keyof HeatmapTraits)[], changed: () => void) =>
      onChange(this.model, names, changed, this.signal);
    on(PAIR_DATA, () => {
      this.isStale = true;
      this.rearrange();
    });
    on(["order", "top", "_grid", "_groups", "_unit"], () => this.rearrange());
    on(["height", "pair", "sample", "_picture", "_about", "_warning", "_samples"], () =>
      this.redraw(),
    );
    on(["_about"], () => this.panel.controls.say(this.model.get("_about")));
  }

  private hearPage(): void {
    const { panel, signal } = this;
    panel.field.addEventListener("keydown", (event) => this.press(event), { signal });
    panel.controls.onLeave(panel.field, signal, () => this.hover(null));
    panel.controls.onSearch((text, isNext) => this.find(text, isNext));
    panel.controls.top.onChange((top) => this.save("top", top));
    panel.onOrder((order) => this.save("order", order));
    panel.onZoom((direction) => {
      if (direction === "whole") this.showAll();
      else this.zoomAbout(direction === "in" ? STEP : 1 / STEP);
    });
    panel.sample.onChange(
      (wanted) => {
        const now = sampleOf(this.model);
        const next = sampleNear(this.model.get("_samples"), now, wanted);
        if (next !== now) this.save("sample", sampleTrait(next));
      },
      () => this.save("sample", sampleTrait(null)),
    );
  }

  private hearCanvas(): void {
    const { viewport, panel } = this;
    const events = {
      hovered: (at: Point | null) => this.hover(at && viewport.cellAt(at)),
      clicked: (at: Point) => {
        const cell = viewport.cellAt(at);
        if (cell) this.choose(pairOf(this.pairs, cell));
      },
      panned: (dx: number, dy: number) => {
        viewport.pan(dx, dy);
        this.redraw();
      },
      zoomed: (at: Point, factor: number) => {
        viewport.zoom(at, factor);
        this.moveTo(null);
      },
    };
    listen(panel.canvas, panel.field, events, this.signal);
  }

  private save<K extends Saved>(key: K, value: HeatmapTraits[K]): void {
    this.panel.controls.problem.show(null);
    this.model.set(key, value);
    this.model.save_changes();
    this.redraw();
  }

  /** Choose a pair of inputs, or let go of it. */
  private choose(pair: [number, number] | null): void {
    const isAgain = String(pair) === String(this.model.get("pair"));
    const chosen = isAgain ? null : pair;
    this.save("pair", chosen);
    const names = chosen?.map((feature) => this.nameOf(feature));
    this.panel.controls.say(names ? `${names.join(" × ")} chosen` : "no pair chosen");
  }

  private nameOf(feature: number): string {
    return inputName(this.pairs, feature, readGrid(this.model)?.width ?? null);
  }

  private rearrange(): void {
    this.image = null;
    this.redraw();
  }

  private reload(): void {
    this.isStale = false;
    this.pairs = readPairs(this.model);
    this.limit = limitOf(this.pairs);
    this.strength = strengths(this.pairs);
    this.aside.forget();
    this.cursor = null;
    this.panel.controls.hideCard();
  }

  private hover(cell: Cell | null): void {
    const { cursor } = this;
    if (cell && cell.row === cursor?.row && cell.column === cursor.column) return;
    this.moveTo(cell);
  }

  /** Show what an input in the pictures has with the chosen one. */
  private hoverInput(input: Hovered | null): void {
    const pair = this.model.get("pair");
    if (!input || !pair) {
      this.hover(null);
      return;
    }
    this.cursor = cellOf(this.pairs, [pair[0], input.feature]);
    const names = [this.nameOf(pair[0]), this.nameOf(input.feature)] as const;
    this.panel.showCard(tell(...names, input.entry, this.pairs.unit), input.x, input.y);
    this.redraw();
  }

  /** Move the cursor and show beside the cell what is there; return this. */
  private moveTo(cell: Cell | null): readonly string[] {
    const { pairs, panel } = this;
    this.cursor = cell;
    panel.controls.hideCard();
    this.redraw();
    const corner = cell && this.viewport.cornerOf(cell);
    if (!cell || !corner) return [];
    const names = [pairs.names[cell.row] ?? "", pairs.names[cell.column] ?? ""] as const;
    const lines = tell(...names, entryAt(pairs, cell), pairs.unit);
    panel.showCard(lines, corner.x + 6, corner.y + 6);
    return lines;
  }

  /** Move the cursor by key or search: the cell is brought into sight and read out. */
  private goTo(cell: Cell): void {
    this.viewport.reveal(cell);
    this.panel.controls.say(this.moveTo(cell).join(", "));
  }

  private zoomAbout(factor: number): void {
    const { cursor } = this;
    this.viewport.zoomAbout(cursor, factor);
    if (cursor) this.goTo(cursor);
    else this.moveTo(null);
  }

  private showAll(): void {
    this.viewport.showAll();
    this.redraw();
  }

  private press(event: KeyboardEvent): void {
    const { key } = event;
    const { cursor } = this;
    const next = this.viewport.moved(cursor, key);
    if (next) this.goTo(next);
    else if (key === "Enter" || key === " ") cursor && this.choose(pairOf(this.pairs, cursor));
    else if (key === "+" || key === "=") this.zoomAbout(STEP);
    else if (key === "-" || key === "−") this.zoomAbout(1 / STEP);
    else if (key === "0") this.showAll();
    else if (key === "/") this.panel.controls.search.focus();
    else if (key === "Escape") {
      this.moveTo(null);
      if (this.model.get("pair")) this.choose(null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private find(text: string, isNext: boolean): void {
    this.query = text;
    this.image = null;
    this.draw();
    const matches = find(this.pairs.names, text);
    const { places } = this.viewport;
    const next = isNext ? nextMatch(this.pairs, matches, this.cursor, places) : null;
    if (next) this.goTo(next);
    else this.panel.controls.say(text.trim() ? `${matches.length} inputs found` : "");
  }

  private redraw(): void {
    if (!this.due) this.due = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.due = 0;
    const { controls } = this.panel;
    if (this.signal.aborted || !this.theme || !controls.root.isConnected) return;
    if (this.isStale) this.reload();
    const isEmpty = this.pairs.names.length === 0;
    controls.showEmpty(isEmpty, this.model.get("_about"));
    if (!isEmpty) this.drawAll(this.theme);
    this.expose();
  }

  private drawAll(theme: Theme): void {
    const { model, pairs, panel, viewport } = this;
    const found = new Set(find(pairs.names, this.query));
    const image = this.image ?? this.arrange(theme);
    const font = getComputedStyle(panel.controls.root).fontFamily;
    this.resize(font);
    const chosen = cellOf(pairs, model.get("pair"));
    const marks = { cursor: this.cursor, chosen, found };
    drawMatrix(panel.canvas, { pairs, viewport, image, theme, font, ...marks });
    const cursor = this.cursor && pairOf(pairs, this.cursor)[1];
    this.aside.update({ pairs, theme, cursor });
    drawScale(panel.legend.scale, SCALE, theme.dark);
    panel.legend.show(pairs, this.limit);
    panel.showOrder(model.get("order"));
    panel.showZoom(viewport.isWhole);
    panel.sample.show(sampleOf(model), model.get("_samples"), this.isLive);
    const count = this.query.trim() ? found.size : null;
    panel.controls.top.show(model.get("top"), pairs.names.length, count);
    panel.controls.showWords(model.get("_about"), model.get("_warning"));
  }

  /** Choose the rows and paint them, after a change of what is drawn. */
  private arrange(theme: Theme): HTMLCanvasElement {
    const { model, pairs, viewport } = this;
    const found = find(pairs.names, this.query);
    viewport.show(visible(pairs, model.get("top"), model.get("order"), this.strength, found));
    if (this.cursor && !viewport.has(this.cursor)) this.cursor = null;
    this.image = matrixImage(pairs, viewport.rows, this.limit, theme.dark);
    return this.image;
  }

  private resize(font: string): void {
    const { canvas, controls } = this.panel;
    const { root } = controls;
    const isNarrow = root.clientWidth < NARROW_BELOW;
    root.classList.toggle("nbi-heatmap-narrow", isNarrow);
    const margin = marginOf(canvas, this.pairs.names, font);
    const room = root.clientWidth - margin - (isNarrow ? 14 : ASIDE);
    this.viewport.resize(Math.min(this.model.get("height"), room), margin);
    canvas.style.width = canvas.style.height = `${margin + this.viewport.side + 1}px`;
  }

  /** What is drawn, for tests and for scripts in the page: `element.nbi`. */
  private expose(): void {
    const { pairs, viewport, model } = this;
    const { root } = this.panel.controls;
    const nbi = {
      form: "pairs",
      order: model.get("order"),
      rows: viewport.rows.map((row) => pairs.names[row]),
      pair: model.get("pair"),
      camera: viewport.camera,
      side: viewport.side,
      cursor: this.cursor,
      limit: this.limit,
      strongest: () => strongest(pairs, 20),
      entry: (row: number, column: number) => entryAt(pairs, { row, column }),
      at: (row: number, column: number) => {
        const centre = viewport.centreOf({ row, column });
        const box = this.panel.canvas.getBoundingClientRect();
        return centre && { x: box.left + centre.x, y: box.top + centre.y };
      },
      partners: () => this.aside.partners,
    };
    Object.assign(root, { nbi });
    root.dataset.nbiRows = root.dataset.nbiColumns = String(viewport.rows.length);
  }
}
