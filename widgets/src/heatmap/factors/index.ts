import { typed } from "../../shared/arrays";
import { h } from "../../shared/dom";
import { number } from "../../shared/numbers";
import { onNotice } from "../../shared/problem";
import { keepPlainKeys } from "../../shared/shortcuts";
import { type Theme, watchTheme } from "../../shared/theme";
import type { RenderView, ViewContext } from "../../shared/view";
import type { HeatmapTraits } from "../traits";
import { drawBars, drawBlock, drawScale, headOf } from "./draw";
import { buildPanel } from "./panel";
import {
  type Cell,
  cellAt,
  describe,
  type Factors,
  factorName,
  find,
  type Layout,
  layoutOf,
  moved,
  rowName,
  scaleOf,
  valueAt,
  visible,
} from "./scene";

// CSS pixels of names, bars and matrix: all there is, or a place beside the map.
const WIDE = { names: 150, bars: 96, height: Number.POSITIVE_INFINITY };
const NARROW = { names: 142, bars: 40, height: 300 };
const GAPS = 36;
const PLACES = [0, 1] as const;

function read(model: ViewContext<HeatmapTraits>["model"]): Factors {
  return {
    ids: model.get("_ids"),
    nodes: model.get("_nodes"),
    outputs: model.get("_outputs"),
    mutualInformation: typed(Float32Array, model.get("_mutual_information")),
    correlation: typed(Float32Array, model.get("_correlation")),
    totalCorrelations: model.get("_total_correlations"),
    nullTotalCorrelation: model.get("_null_total_correlation"),
    nullMutualInformation: model.get("_null_mutual_information"),
  };
}

/** Factors × nodes. */
export const renderFactors: RenderView = (context) => {
  const { model, el, signal } = context as unknown as ViewContext<HeatmapTraits>;
  const panel = buildPanel();
  const { root, blocks, field, bars, names, card, live } = panel;
  el.append(root);

  let theme: Theme | undefined;
  let factors = read(model);
  let layout: Layout | undefined;
  let cursor: Cell | null = null;
  let query = "";
  let due = 0;

  const set = <K extends "quantity" | "top" | "factor">(key: K, value: HeatmapTraits[K]) => {
    panel.problem.show(null);
    model.set(key, value);
    model.save_changes();
    redraw();
  };
  const choose = (row: number) => {
    const id = factors.ids[row];
    if (id === undefined) return;
    const next = model.get("factor") === id ? -1 : id;
    set("factor", next);
    live.textContent = next < 0 ? "no factor chosen" : `${rowName(factors, row)} chosen`;
  };

  function redraw(): void {
    if (!due) due = requestAnimationFrame(draw);
  }

  function draw(): void {
    due = 0;
    if (signal.aborted || !theme || !root.isConnected) return;
    const quantity = model.get("quantity");
    const rows = factors.ids.length;
    const empty = rows === 0 || factors.nodes.length === 0;
    panel.showEmpty(empty, model.get("_about"));
    expose();
    if (empty) return;
    const font = getComputedStyle(root).fontFamily;
    const found = find(factors, query);
    const columns = visible(factors, model.get("top"), found);
    const sizes = root.clientWidth < 620 ? NARROW : WIDE;
    const room = Math.max(60, root.clientWidth - sizes.names - sizes.bars - GAPS);
    const head = headOf(
      bars,
      columns.map((column) => factors.nodes[column] ?? ""),
      font,
    );
    const chosen = factors.ids.indexOf(model.get("factor"));
    const scale = scaleOf(factors, quantity);
    layout = layoutOf(factors, columns, room, Math.min(model.get("height"), sizes.height), head);
    if (cursor && !columns.includes(cursor.column)) cursor = null;
    bars.style.width = `${sizes.bars}px`;
    bars.style.height = `${layout.height}px`;
    const marks = { chosen, cursor, found: new Set(found) };
    const picture = { factors, layout, quantity, scale, theme, font, ...marks };
    for (const place of PLACES) {
      const block = layout.blocks[place];
      const { canvas, scroller } = blocks[place];
      scroller.hidden = block.columns.length === 0;
      canvas.style.width = `${block.width}px`;
      canvas.style.height = `${layout.height}px`;
      drawBlock(canvas, picture, block);
    }
    drawBars(bars, factors, layout, theme, sizes.bars, chosen);
    drawScale(panel.scale, scale, theme.dark);
    names.style.paddingTop = `${head}px`;
    names.style.width = `${sizes.names}px`;
    nameRows(layout.cell.height, chosen);
    panel.showState({
      quantity,
      top: model.get("top"),
      nodes: factors.nodes.length - factors.outputs,
      found: query.trim() ? found.length : null,
      warning: model.get("_warning"),
      about: model.get("_about"),
      scale,
      factors,
    });
    expose();
  }

  function nameRows(height: number, chosen: number): void {
    while (names.children.length > factors.ids.length) names.lastElementChild?.remove();
    factors.ids.forEach((_, row) => {
      let button = names.children[row] as HTMLButtonElement | undefined;
      if (!button) {
        button = h("button", {
          class: "nbi-heatmap-row",
          type: "button",
          on: { click: () => choose(row) },
        });
        names.append(button);
      }
      button.style.height = `${height}px`;
      button.textContent = rowName(factors, row);
      button.title = `${rowName(factors, row)}: total correlation`;
      button.setAttribute("aria-pressed", String(row === chosen));
    });
  }

  /** What is drawn, for tests and for scripts in the page: `element.nbi`. */
  function expose(): void {
    const blocks = layout && factors.ids.length ? layout.blocks : [];
    const columns = blocks.flatMap((block) => block.columns);
    const quantity = model.get("quantity");
    Object.assign(root, {
      nbi: {
        quantity,
        factor: model.get("factor"),
        rows: factors.ids.map((_, row) => rowName(factors, row)),
        ids: [...factors.ids],
        columns: columns.map((column) => factors.nodes[column]),
        values: factors.ids.map((_, row) =>
          columns.map((column) => valueAt(factors, quantity, row, column)),
        ),
        cursor,
      },
    });
    root.dataset.nbiRows = String(factors.ids.length);
    root.dataset.nbiColumns = String(columns.length);
  }

  /** Move the cursor, say what is there, and show it beside the cell. */
  function point(cell: Cell | null, aloud: boolean): void {
    if (cell?.row === cursor?.row && cell?.column === cursor?.column && !aloud) return;
    cursor = cell;
    card.hidden = true;
    if (cell && layout) {
      const lines = cell.row < 0 ? [factors.nodes[cell.column] ?? ""] : describe(factors, cell);
      const place = layout.blocks[0].columns.includes(cell.column) ? 0 : 1;
      const { width, height } = layout.cell;
      const x = layout.blocks[place].columns.indexOf(cell.column) * width;
      if (aloud) {
        live.textContent = lines.join(", ");
        panel.reveal(place, x, x + width);
      }
      panel.showCell(
        lines,
        place,
        x + width,
        layout.head + (Math.max(0, cell.row) + 1) * height + 6,
      );
    }
    redraw();
  }

  function pressed(event: KeyboardEvent): void {
    if (!layout) return;
    if (event.key === "/") {
      panel.search.focus();
      event.preventDefault();
      return;
    }
    const next = moved(layout, cursor, event.key);
    if (next) point(next, true);
    else if (event.key === "Enter" || event.key === " ") choose(cursor?.row ?? -1);
    else if (event.key === "Escape") {
      point(null, false);
      if (model.get("factor") >= 0) set("factor", -1);
      live.textContent = "no factor chosen";
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const options = { signal };
  for (const place of PLACES) {
    const { canvas } = blocks[place];
    const at = (event: MouseEvent) =>
      layout && cellAt(layout, layout.blocks[place], event.offsetX, event.offsetY);
    canvas.addEventListener("pointermove", (event) => point(at(event) ?? null, false), options);
    canvas.addEventListener("pointerleave", () => point(null, false), options);
    canvas.addEventListener("click", (event) => choose(at(event)?.row ?? -1), options);
  }
  field.addEventListener("keydown", pressed, options);
  for (const part of [field, panel.search]) {
    part.addEventListener("blur", (event) => panel.left(event) && point(null, false), options);
  }
  panel.onQuantity((quantity) => set("quantity", quantity));
  panel.onTop((top) => set("top", top));
  panel.onSearch((text, next) => {
    query = text;
    draw();
    const matches = find(factors, query);
    const count = matches.length;
    if (!next || !count) {
      live.textContent = query.trim() ? `${count} nodes found` : "";
      return;
    }
    const column = matches[(matches.indexOf(cursor?.column ?? -1) + 1) % count] as number;
    const best = factors.ids.reduce((row, _, other) => {
      const value = (candidate: number) =>
        valueAt(factors, "mutual_information", candidate, column);
      return value(other) > value(row) ? other : row;
    }, 0);
    point({ row: best, column }, true);
  });

  const data = [
    "_ids",
    "_nodes",
    "_outputs",
    "_mutual_information",
    "_correlation",
    "_total_correlations",
    "_null_total_correlation",
    "_null_mutual_information",
  ] as const;
  const reload = () => {
    factors = read(model);
    cursor = null;
    card.hidden = true;
    redraw();
  };
  const announce = () => {
    const row = factors.ids.indexOf(model.get("factor"));
    if (row >= 0) live.textContent = `${factorName(factors, row)} chosen`;
    redraw();
  };
  const loaded = () => {
    const count = model.get("_ids").length;
    const best = number(model.get("_total_correlations")[0] ?? Number.NaN, 2);
    if (count) live.textContent = `${count} factors, the largest with ${best} nats`;
    redraw();
  };
  for (const key of data) model.on(`change:${key}`, reload);
  for (const key of ["quantity", "top", "height", "_warning"] as const) {
    model.on(`change:${key}`, redraw);
  }
  model.on("change:factor", announce);
  model.on("change:_about", loaded);
  const resized = new ResizeObserver(redraw);
  resized.observe(root);
  signal.addEventListener("abort", () => {
    for (const key of data) model.off(`change:${key}`, reload);
    for (const key of ["quantity", "top", "height", "_warning"] as const) {
      model.off(`change:${key}`, redraw);
    }
    model.off("change:factor", announce);
    model.off("change:_about", loaded);
    resized.disconnect();
    cancelAnimationFrame(due);
    root.remove();
  });
  onNotice(model, signal, (text, trace) => panel.problem.show(text, trace));
  keepPlainKeys(root, signal);
  watchTheme(root, signal, (next) => {
    theme = next;
    redraw();
  });
};
