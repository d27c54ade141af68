import { onChange } from "../../shared/changes";
import { number } from "../../shared/numbers";
import type { Theme } from "../../shared/theme";
import type { ViewContext } from "../../shared/view";
import { FACTOR_DATA, type Model, readFactors } from "../model";
import { mount } from "../mount";
import type { HeatmapTraits } from "../traits";
import { Cursor } from "./cursor";
import { besideOf, drawBars, drawBlock, drawScale, headOf } from "./draw";
import { cellAt, type Layout, layoutOf, type Place } from "./layout";
import { Panel } from "./panel";
import {
  type Cell,
  type Factors,
  factorName,
  find,
  nextMatch,
  rowLabel,
  rowName,
  scaleOf,
  valueAt,
  visible,
} from "./scene";

// CSS pixels of bars and matrix: in a view of its own, or beside the map.
const WIDE = { bars: 96, height: Number.POSITIVE_INFINITY };
const NARROW = { bars: 40, height: 300 };
const NARROW_BELOW = 620;
const GAPS = 36;
const PLACES = [0, 1] as const;

/** Factors × nodes: holds the state of the view, and keeps model and page in step. */
export class FactorMatrix {
  private readonly panel = new Panel();
  private readonly model: Model;
  private readonly signal: AbortSignal;
  private factors: Factors;
  /** Null until the page around the view is known. */
  private theme: Theme | null = null;
  /** Null while nothing is drawn. */
  private layout: Layout | null = null;
  private readonly cursor: Cursor;
  private query = "";
  /** The requested animation frame, 0 for none. */
  private due = 0;

  constructor(private readonly context: ViewContext<HeatmapTraits>) {
    this.model = context.model;
    this.signal = context.signal;
    this.factors = readFactors(this.model);
    this.cursor = new Cursor(this.panel, () => ({ factors: this.factors, layout: this.layout }), {
      moved: () => this.redraw(),
      chose: (row) => this.choose(row),
      cleared: () => this.clear(),
    });
  }

  /** Put the view on the page and keep it in step with the model. */
  open(): void {
    this.hearModel();
    this.hearPage();
    this.signal.addEventListener("abort", () => cancelAnimationFrame(this.due));
    mount(this.panel.controls, this.context, {
      resized: () => this.redraw(),
      themed: (theme) => {
        this.theme = theme;
        this.redraw();
      },
    });
  }

  private hearModel(): void {
    const on = (names: readonly (keyof HeatmapTraits)[], changed: () => void) =>
      onChange(this.model, names, changed, this.signal);
    on(FACTOR_DATA, () => this.reload());
    on(["quantity", "top", "height", "_warning"], () => this.redraw());
    on(["_unstable", "_evidence"], () => {
      this.factors = readFactors(this.model);
      this.redraw();
    });
    on(["factor"], () => this.announceFactor());
    on(["_about"], () => this.announceFit());
  }

  private hearPage(): void {
    const { panel, cursor } = this;
    const options = { signal: this.signal };
    for (const place of PLACES) {
      const { canvas } = panel.blocks[place];
      const at = (event: MouseEvent) => this.cellUnder(place, event.offsetX, event.offsetY);
      canvas.addEventListener("pointermove", (event) => cursor.hover(at(event)), options);
      canvas.addEventListener("pointerleave", () => cursor.hover(null), options);
      canvas.addEventListener("click", (event) => this.choose(at(event)?.row ?? -1), options);
    }
    panel.field.addEventListener("keydown", (event) => cursor.press(event), options);
    panel.controls.onLeave(panel.field, this.signal, () => cursor.hover(null));
    panel.controls.onSearch((text, isNext) => this.find(text, isNext));
    panel.controls.top.onChange((top) => this.save("top", top));
    panel.onQuantity((quantity) => this.save("quantity", quantity));
  }

  private save<K extends "quantity" | "top" | "factor">(key: K, value: HeatmapTraits[K]): void {
    this.panel.controls.problem.show(null);
    this.model.set(key, value);
    this.model.save_changes();
    this.redraw();
  }

  /** Choose the factor of a row, or clear the choice; ignore rows that do not exist. */
  private choose(row: number): void {
    const id = this.factors.ids[row];
    if (id === undefined) return;
    const isAgain = this.model.get("factor") === id;
    this.save("factor", isAgain ? null : id);
    const { controls } = this.panel;
    controls.say(isAgain ? "no factor chosen" : `${rowName(this.factors, row)} chosen`);
  }

  private reload(): void {
    this.factors = readFactors(this.model);
    this.cursor.reset();
    this.redraw();
  }

  private announceFactor(): void {
    const row = this.chosenRow();
    if (row >= 0) this.panel.controls.say(`${factorName(this.factors, row)} chosen`);
    this.redraw();
  }

  private announceFit(): void {
    const count = this.model.get("_ids").length;
    const most = number(this.model.get("_total_correlations")[0] ?? Number.NaN, 2);
    if (count) this.panel.controls.say(`${count} factors, the largest with ${most} nats`);
    this.redraw();
  }

  private chosenRow(): number {
    const factor = this.model.get("factor");
    return factor === null ? -1 : this.factors.ids.indexOf(factor);
  }

  private cellUnder(place: Place, x: number, y: number): Cell | null {
    return this.layout && cellAt(this.layout, this.layout.blocks[place], x, y);
  }

  private clear(): void {
    if (this.model.get("factor") !== null) this.save("factor", null);
    this.panel.controls.say("no factor chosen");
  }

  private find(text: string, isNext: boolean): void {
    this.query = text;
    this.draw();
    const matches = find(this.factors, text);
    const next = isNext ? nextMatch(this.factors, matches, this.cursor.cell) : null;
    if (next) this.cursor.goTo(next);
    else this.panel.controls.say(text.trim() ? `${matches.length} nodes found` : "");
  }

  private redraw(): void {
    if (!this.due) this.due = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.due = 0;
    const { factors, theme } = this;
    const { controls } = this.panel;
    if (this.signal.aborted || !theme || !controls.root.isConnected) return;
    const isEmpty = factors.ids.length === 0 || factors.nodes.length === 0;
    controls.showEmpty(isEmpty, this.model.get("_about"));
    if (isEmpty) this.layout = null;
    else this.drawMatrix(theme);
    this.expose();
  }

  private drawMatrix(theme: Theme): void {
    const { model, panel, factors, query } = this;
    const { root, top } = panel.controls;
    const found = find(factors, query);
    const columns = visible(factors, model.get("top"), found);
    this.cursor.keepWithin(columns);
    const font = getComputedStyle(root).fontFamily;
    const names = columns.map((column) => factors.nodes[column] ?? "");
    const head = headOf(panel.bars, names, font);
    const sizes = root.clientWidth < NARROW_BELOW ? NARROW : WIDE;
    const rowNames = factors.ids.map((_, row) => rowLabel(factors, row));
    const beside = besideOf(panel.bars, rowNames, font);
    const room = Math.max(60, root.clientWidth - beside - sizes.bars - GAPS);
    const height = Math.min(model.get("height"), sizes.height);
    const layout = layoutOf(factors, columns, room, height, head);
    const quantity = model.get("quantity");
    const scale = scaleOf(factors, quantity);
    const chosen = this.chosenRow();
    const marks = { chosen, cursor: this.cursor.cell, found: new Set(found) };
    const picture = { factors, layout, quantity, scale, theme, font, ...marks };
    for (const place of PLACES) {
      const block = layout.blocks[place];
      panel.sizeBlock(place, block.width, layout.height);
      drawBlock(panel.blocks[place].canvas, picture, block);
    }
    panel.sizeBars(sizes.bars, layout.height);
    drawBars(panel.bars, picture, sizes.bars);
    drawScale(panel.legend.scale, scale, theme.dark);
    const rows = { width: beside, head, height: layout.cell.height };
    panel.showRows(factors, rows, chosen, (row) => this.choose(row));
    panel.showQuantity(quantity);
    panel.legend.show(scale, factors, model.get("_evidence") ?? "");
    const nodes = factors.nodes.length - factors.outputs;
    top.show(model.get("top"), nodes, query.trim() ? found.length : null);
    panel.controls.showWords(model.get("_about"), model.get("_warning"));
    this.layout = layout;
  }

  /** What is drawn, for tests and for scripts in the page: `element.nbi`. */
  private expose(): void {
    const { factors, model } = this;
    const { root } = this.panel.controls;
    const columns = (this.layout?.blocks ?? []).flatMap((block) => block.columns);
    const quantity = model.get("quantity");
    const nbi = {
      quantity,
      factor: model.get("factor"),
      rows: factors.ids.map((_, row) => rowName(factors, row)),
      unstable: [...factors.unstable],
      ids: [...factors.ids],
      columns: columns.map((column) => factors.nodes[column]),
      values: factors.ids.map((_, row) =>
        columns.map((column) => valueAt(factors, quantity, row, column)),
      ),
      cursor: this.cursor.cell,
    };
    Object.assign(root, { nbi });
    root.dataset.nbiRows = String(factors.ids.length);
    root.dataset.nbiColumns = String(columns.length);
  }
}
