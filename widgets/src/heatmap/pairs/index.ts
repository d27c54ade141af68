import { unpacked } from "../../shared/arrays";
import { onNotice } from "../../shared/problem";
import { Client } from "../../shared/protocol";
import { keepPlainKeys } from "../../shared/shortcuts";
import { type Theme, watchTheme } from "../../shared/theme";
import type { RenderView, ViewContext } from "../../shared/view";
import type { HeatmapTraits } from "../traits";
import { buildAside } from "./aside";
import {
  type Camera,
  clamped,
  moved,
  type Point,
  panned,
  revealed,
  sideOf,
  under,
  whole,
  zoomed,
} from "./camera";
import { drawMatrix, drawScale, marginOf, matrixImage } from "./draw";
import { listen } from "./gestures";
import { buildPanel } from "./panel";
import {
  type Cell,
  entryAt,
  find,
  limitOf,
  type Pairs,
  sampleNear,
  strengths,
  strongest,
  tell,
  visible,
} from "./scene";

const ASIDE = 252; // CSS pixels beside the matrix
const NARROW = 620;
const STEP = 1.5; // of the zoom by key or button

const DATA = ["_names", "_features", "_values", "_errors", "_beyond", "_seriation"] as const;
const DRAWN = ["order", "top", "_grid", "_groups", "_unit"] as const;
const WORDS = ["height", "pair", "_picture", "_about", "_warning", "_samples"] as const;

function read(model: ViewContext<HeatmapTraits>["model"]): Pairs {
  return {
    names: model.get("_names"),
    features: unpacked(Uint32Array, model.get("_features")),
    values: unpacked(Float32Array, model.get("_values")),
    errors: unpacked(Float32Array, model.get("_errors")),
    beyond: unpacked(Uint8Array, model.get("_beyond")),
    seriation: unpacked(Uint32Array, model.get("_seriation")),
    unit: model.get("_unit"),
  };
}

/** Inputs × inputs. */
export const renderPairs: RenderView = (context) => {
  const { model, el, signal, live = true } = context as unknown as ViewContext<HeatmapTraits>;
  const panel = buildPanel();
  const { root, canvas, field, card } = panel;
  el.append(root);

  let theme: Theme | undefined;
  let pairs = read(model);
  let [limit, strength] = [limitOf(pairs), strengths(pairs)];
  let rows: number[] = [];
  let places = new Map<number, number>();
  let image: HTMLCanvasElement | undefined; // undefined when it must be painted anew
  let camera: Camera = { x: 0, y: 0, scale: 1 };
  let [side, margin] = [0, 0];
  let cursor: Cell | null = null;
  let query = "";
  let due = 0;
  let stale = false;

  const set = <K extends "order" | "top" | "pair" | "sample">(key: K, value: HeatmapTraits[K]) => {
    panel.problem.show(null);
    model.set(key, value);
    model.save_changes();
    redraw();
  };
  const rowOfFeature = (feature: number) => Array.from(pairs.features).indexOf(feature);
  const nameOf = (feature: number): string => {
    const [row, [, , width = 0]] = [rowOfFeature(feature), model.get("_grid")];
    if (row >= 0) return pairs.names[row] ?? "";
    return width ? `pixel ${Math.floor(feature / width)},${feature % width}` : `input ${feature}`;
  };
  const chosen = (): Cell | null => {
    const pair = model.get("pair");
    if (!pair) return null;
    const [row, column] = [rowOfFeature(pair[0]), rowOfFeature(pair[1])];
    return row < 0 || column < 0 ? null : { row, column };
  };
  const choose = (pair: [number, number] | null) => {
    const now = model.get("pair");
    const same = pair && now && pair[0] === now[0] && pair[1] === now[1];
    set("pair", same ? null : pair);
    panel.live.textContent =
      same || !pair ? "no pair chosen" : `${nameOf(pair[0])} × ${nameOf(pair[1])} chosen`;
  };
  const chooseCell = ({ row, column }: Cell) =>
    choose([pairs.features[row] as number, pairs.features[column] as number]);

  const aside = buildAside(
    panel,
    model,
    live ? new Client(model, signal) : null,
    {
      nameOf,
      hovered(feature, entry, x, y) {
        const pair = model.get("pair");
        if (feature === null || !entry || !pair) {
          point(null, false);
          return;
        }
        const [row, column] = [rowOfFeature(pair[0]), rowOfFeature(feature)];
        cursor = row < 0 || column < 0 ? null : { row, column };
        const lines = tell(nameOf(pair[0]), nameOf(feature), entry, pairs.unit);
        panel.showCard(lines, x, y, panel.grid);
        redraw();
      },
      chose: choose,
      toSample: (sample) => set("sample", sample),
    },
    signal,
  );

  function redraw(): void {
    if (!due) due = requestAnimationFrame(draw);
  }

  function load(): void {
    stale = false;
    pairs = read(model);
    [limit, strength] = [limitOf(pairs), strengths(pairs)];
    aside.forget();
    cursor = null;
    card.hidden = true;
  }

  /** Choose the rows and paint them, after a change of what is drawn. */
  function arrange(): void {
    const found = find(pairs.names, query);
    const before = rows.length;
    rows = visible(pairs, model.get("top"), model.get("order"), strength, found);
    places = new Map(rows.map((row, place) => [row, place]));
    if (rows.length !== before) side = 0; // the camera is of other cells
    if (cursor && !(places.has(cursor.row) && places.has(cursor.column))) cursor = null;
    image = matrixImage(pairs, rows, limit, theme?.dark ?? false);
  }

  function draw(): void {
    due = 0;
    if (signal.aborted || !theme || !root.isConnected) return;
    if (stale) load();
    const empty = pairs.names.length === 0;
    panel.showEmpty(empty, model.get("_about"));
    expose();
    if (empty) return;
    if (!image) arrange();
    const font = getComputedStyle(root).fontFamily;
    const isNarrow = root.clientWidth < NARROW;
    root.classList.toggle("nbi-heatmap-narrow", isNarrow);
    margin = marginOf(canvas, pairs.names, font);
    const room = root.clientWidth - margin - (isNarrow ? 14 : ASIDE);
    const now = sideOf(rows.length, Math.min(model.get("height"), room));
    if (side === 0) camera = whole(rows.length, now);
    else if (now !== side) camera = { ...camera, scale: (camera.scale * now) / side };
    side = now;
    camera = clamped(camera, rows.length, side);
    canvas.style.width = canvas.style.height = `${margin + side + 1}px`;
    const found = new Set(find(pairs.names, query));
    const marks = { cursor, chosen: chosen(), found };
    if (image)
      drawMatrix(canvas, {
        ...{ pairs, rows, places, image, camera, side, margin, theme, font },
        ...marks,
      });
    const other = cursor ? (pairs.features[cursor.column] as number) : -1;
    aside.update({ pairs, theme, cursor: other });
    drawScale(panel.scale, 140, theme.dark);
    panel.scale.style.width = "140px";
    panel.showOrder(model.get("order"));
    panel.showTop(model.get("top"), pairs.names.length, query.trim() ? found.size : null);
    panel.showSample(model.get("sample"), model.get("_samples"), live);
    panel.showLegend(pairs, limit);
    panel.showWords(model.get("_about"), model.get("_warning"));
    const isWhole = camera.scale <= side / rows.length + 1e-9;
    panel.zooms.out.disabled = panel.zooms.whole.disabled = isWhole;
    expose();
  }

  /** What is drawn, for tests and for scripts in the page: `element.nbi`. */
  function expose(): void {
    const at = (cell: Cell): Point | null => {
      const [down, right] = [places.get(cell.row), places.get(cell.column)];
      if (down === undefined || right === undefined) return null;
      const box = canvas.getBoundingClientRect();
      const along = (place: number, start: number) => (place + 0.5 - start) * camera.scale + margin;
      return { x: box.left + along(right, camera.x), y: box.top + along(down, camera.y) };
    };
    Object.assign(root, {
      nbi: {
        form: "pairs",
        order: model.get("order"),
        rows: rows.map((row) => pairs.names[row]),
        pair: model.get("pair"),
        camera,
        side,
        cursor,
        limit,
        strongest: () => strongest(pairs, 20),
        entry: (row: number, column: number) => entryAt(pairs, { row, column }),
        at: (row: number, column: number) => at({ row, column }),
        partners: aside.partners,
      },
    });
    root.dataset.nbiRows = root.dataset.nbiColumns = String(rows.length);
  }

  /** Move the cursor, say what is there, and show it beside the cell. */
  function point(cell: Cell | null, aloud: boolean): void {
    if (cell?.row === cursor?.row && cell?.column === cursor?.column && cell && !aloud) return;
    cursor = cell;
    card.hidden = true;
    if (cell) {
      const names = [pairs.names[cell.row] ?? "", pairs.names[cell.column] ?? ""] as const;
      const lines = tell(...names, entryAt(pairs, cell), pairs.unit);
      const [down, right] = [places.get(cell.row) ?? 0, places.get(cell.column) ?? 0];
      if (aloud) {
        panel.live.textContent = lines.join(", ");
        camera = revealed(camera, rows.length, side, down, right);
      }
      const below = (place: number, start: number) => margin + (place + 1 - start) * camera.scale;
      panel.showCard(lines, below(right, camera.x) + 6, below(down, camera.y) + 6, panel.grid);
    }
    redraw();
  }

  const cellAt = ({ x, y }: Point): Cell | null => {
    const place = under(camera, rows.length, side, { x: x - margin, y: y - margin });
    return place && { row: rows[place[0]] as number, column: rows[place[1]] as number };
  };
  const zoom = (at: Point, factor: number) => {
    const inside = { x: at.x - margin, y: at.y - margin };
    camera = zoomed(camera, rows.length, side, inside, factor);
    point(null, false);
  };
  /** Zoom by key or button: about the cursor, or the middle. */
  const zoomBy = (factor: number) => {
    const [down, right] = [places.get(cursor?.row ?? -1), places.get(cursor?.column ?? -1)];
    const along = (place: number | undefined, start: number) =>
      margin + (place === undefined ? side / 2 : (place + 0.5 - start) * camera.scale);
    const kept = cursor;
    zoom({ x: along(right, camera.x), y: along(down, camera.y) }, factor);
    if (kept) point(kept, true);
  };
  const showAll = () => {
    camera = whole(rows.length, side);
    redraw();
  };

  function pressed(event: KeyboardEvent): void {
    const { key } = event;
    const place: [number, number] | null = cursor && [
      places.get(cursor.row) as number,
      places.get(cursor.column) as number,
    ];
    const next = moved(rows.length, place, key);
    if (next) point({ row: rows[next[0]] as number, column: rows[next[1]] as number }, true);
    else if (key === "Enter" || key === " ") cursor && chooseCell(cursor);
    else if (key === "+" || key === "=") zoomBy(STEP);
    else if (key === "-" || key === "−") zoomBy(1 / STEP);
    else if (key === "0") showAll();
    else if (key === "/") panel.search.focus();
    else if (key === "Escape") {
      point(null, false);
      if (model.get("pair")) choose(null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  listen(
    canvas,
    field,
    {
      hovered: (at) => point(at && cellAt(at), false),
      clicked: (at) => {
        const cell = cellAt(at);
        if (cell) chooseCell(cell);
      },
      panned: (dx, dy) => {
        camera = panned(camera, rows.length, side, dx, dy);
        redraw();
      },
      zoomed: zoom,
    },
    signal,
  );
  field.addEventListener("keydown", pressed, { signal });
  for (const part of [field, panel.search]) {
    part.addEventListener("blur", (event) => panel.left(event) && point(null, false), { signal });
  }
  panel.zooms.in.addEventListener("click", () => zoomBy(STEP));
  panel.zooms.out.addEventListener("click", () => zoomBy(1 / STEP));
  panel.zooms.whole.addEventListener("click", showAll);
  panel.onOrder((order) => set("order", order));
  panel.onTop((top) => set("top", top));
  panel.onSample(
    (wanted) => {
      const next = sampleNear(model.get("_samples"), model.get("sample"), wanted);
      if (next !== model.get("sample")) set("sample", next);
    },
    () => set("sample", -1),
  );
  panel.onSearch((text, next) => {
    query = text;
    image = undefined;
    draw();
    const matches = find(pairs.names, query);
    const count = matches.length;
    if (!next || !count) {
      panel.live.textContent = query.trim() ? `${count} inputs found` : "";
      return;
    }
    const row = matches[(matches.indexOf(cursor?.row ?? -1) + 1) % count] as number;
    const best = strongest(pairs, 1, row)[0] ?? { row, column: row };
    point(places.has(best.column) ? best : { row, column: row }, true);
  });

  const reload = () => {
    stale = true;
    rearrange();
  };
  const rearrange = () => {
    image = undefined;
    redraw();
  };
  const announce = () => {
    panel.live.textContent = model.get("_about");
  };
  const heard = [
    ...DATA.map((key) => [key, reload] as const),
    ...DRAWN.map((key) => [key, rearrange] as const),
    ...WORDS.map((key) => [key, redraw] as const),
    ["sample", redraw] as const,
    ["_about", announce] as const,
  ];
  for (const [key, changed] of heard) model.on(`change:${key}`, changed);
  const resized = new ResizeObserver(redraw);
  resized.observe(root);
  signal.addEventListener("abort", () => {
    for (const [key, changed] of heard) model.off(`change:${key}`, changed);
    resized.disconnect();
    cancelAnimationFrame(due);
    root.remove();
  });
  onNotice(model, signal, (text, trace) => panel.problem.show(text, trace));
  keepPlainKeys(root, signal);
  watchTheme(root, signal, (next) => {
    theme = next;
    aside.forget();
    rearrange();
  });
};
