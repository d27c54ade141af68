import { onChange } from "../../shared/changes";
import { Client } from "../../shared/protocol";
import type { Theme } from "../../shared/theme";
import type { ViewContext } from "../../shared/view";
import { type Model, PAIR_DATA, readGrid, readPairs } from "../model";
import { mount } from "../mount";
import type { HeatmapTraits } from "../traits";
import { Aside, type Hovered } from "./aside/index";
import type { Point } from "./camera";
import { Cursor } from "./cursor";
import { canvasSide, drawMatrix, drawScale, marginOf } from "./draw";
import { listen } from "./gestures";
import { matrixImage } from "./images";
import { Panel } from "./panel";
import {
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
  visible,
} from "./scene";
import { Viewport } from "./viewport";

const ASIDE = 252; // CSS pixels beside the matrix
const NARROW_BELOW = 620;
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
  private readonly cursor: Cursor;
  private pairs: Pairs;
  /** The value at which the colours end, and the strength of each row. */
  private limit: number;
  private strength: ArrayLike<number>;
  /** Whether `pairs` is older than the model. */
  private isStale = false;
  /** Null until the page around the view is known. */
  private theme: Theme | null = null;
  /** A pixel for each cell; null when it must be painted again. */
  private image: HTMLCanvasElement | null = null;
  private query = "";
  /** The requested animation frame, 0 for none. */
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
      toSample: (sample: number) => this.save("sample", sample),
      failed: (error: string, trace: unknown) => this.panel.controls.problem.show(error, trace),
    };
    this.aside = new Aside(model, live ? new Client(model, signal) : null, events, signal);
    this.panel = new Panel(this.aside.element);
    this.cursor = new Cursor(this.panel, this.viewport, () => this.pairs, {
      moved: () => this.redraw(),
      chose: (pair) => this.choose(pair),
      cleared: () => this.model.get("pair") && this.choose(null),
    });
  }

  /** Put the view on the page and keep it in step with the model. */
  open(): void {
    this.hearModel();
    this.hearPage();
    this.hearCanvas();
    this.signal.addEventListener("abort", () => cancelAnimationFrame(this.due));
    mount(this.panel.controls, this.context, {
      resized: () => this.redraw(),
      themed: (theme) => {
        this.theme = theme;
        this.aside.forget();
        this.rearrange();
      },
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
    const { panel, cursor, signal } = this;
    panel.field.addEventListener("keydown", (event) => cursor.press(event), { signal });
    panel.controls.onLeave(panel.field, signal, () => cursor.hover(null));
    panel.controls.onSearch((text, isNext) => this.find(text, isNext));
    panel.controls.top.onChange((top) => this.save("top", top));
    panel.onOrder((order) => this.save("order", order));
    panel.onZoom((direction) => {
      if (direction === "whole") cursor.showAll();
      else cursor.zoom(direction);
    });
    panel.sample.onChange(
      (wanted) => {
        const now = this.model.get("sample");
        const next = sampleNear(this.model.get("_samples"), now, wanted);
        if (next !== now) this.save("sample", next);
      },
      () => this.save("sample", null),
    );
  }

  private hearCanvas(): void {
    const { viewport, panel, cursor } = this;
    const events = {
      hovered: (at: Point | null) => cursor.hover(at && viewport.cellAt(at)),
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
        cursor.hover(null);
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

  /** Choose a pair of inputs; clear the choice if it was chosen already. */
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
    this.cursor.reset();
  }

  /** Show the interaction of an input in the pictures with the chosen one. */
  private hoverInput(input: Hovered | null): void {
    const pair = this.model.get("pair");
    if (input && pair) this.cursor.hoverInput(pair[0], input, (feature) => this.nameOf(feature));
    else this.cursor.hover(null);
  }

  private find(text: string, isNext: boolean): void {
    this.query = text;
    this.image = null;
    this.draw();
    const matches = find(this.pairs.names, text);
    const { places } = this.viewport;
    const next = isNext ? nextMatch(this.pairs, matches, this.cursor.cell, places) : null;
    if (next) this.cursor.goTo(next);
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
    const { cell } = this.cursor;
    const marks = { cursor: cell, chosen, found };
    drawMatrix(panel.canvas, { pairs, viewport, image, theme, font, ...marks });
    this.aside.update({ pairs, theme, cursor: cell && pairOf(pairs, cell)[1] });
    drawScale(panel.legend.scale, SCALE, theme.dark);
    panel.legend.show(pairs, this.limit);
    panel.showOrder(model.get("order"));
    panel.showZoom(viewport.isWhole);
    panel.sample.show(model.get("sample"), model.get("_samples"), this.isLive);
    const count = this.query.trim() ? found.size : null;
    panel.controls.top.show(model.get("top"), pairs.names.length, count);
    panel.controls.showWords(model.get("_about"), model.get("_warning"));
  }

  /** Choose the rows and paint them, after a change of what is drawn. */
  private arrange(theme: Theme): HTMLCanvasElement {
    const { model, pairs, viewport } = this;
    const found = find(pairs.names, this.query);
    viewport.show(visible(pairs, model.get("top"), model.get("order"), this.strength, found));
    this.cursor.keepWithinView();
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
    canvas.style.width = canvas.style.height = `${canvasSide(this.viewport)}px`;
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
      cursor: this.cursor.cell,
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
