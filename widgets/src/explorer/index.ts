import "./explorer.css";
import type { AnyModel } from "@anywidget/types";
import { bytes, same, typed } from "../shared/arrays";
import { h } from "../shared/dom";
import { History } from "../shared/history";
import { Client, Superseded } from "../shared/protocol";
import { watchTheme } from "../shared/theme";
import type { ViewContext } from "../shared/view";
import { Card } from "./card";
import { type Colouring, type Column, colouring, columns, legend, members } from "./columns";
import { FactorPane } from "./factor_pane";
import { operationOf } from "./gestures";
import { help } from "./help";
import { listenToKeys } from "./keys";
import { paintLegend } from "./legend";
import { MapView } from "./map";
import { combine, type Operation } from "./selection";
import { StatusLine } from "./status";
import { Thumbnails } from "./thumbnails";
import { type Actions, toolbar } from "./toolbar";
import type { ExplorerTraits } from "./traits";
import { caughtNothing, fitted, selected } from "./words";
import { places, type World, world } from "./world";

const NARROW = 720;

/** For tests: where a point of the data is on the screen. */
export type ExplorerElement = HTMLElement & {
  nbi?: { project(x: number, y: number): { x: number; y: number } };
};

/** Draw the cluster explorer and wire it to its model. */
export async function renderExplorer(context: ViewContext): Promise<void> {
  const { el, signal, host, live = true } = context;
  const model = context.model as unknown as AnyModel<ExplorerTraits>;
  const client = new Client(model, signal);
  const history = new History<Uint32Array>();

  let at: World = world(new Float32Array(0));
  let table: Column[] = [];
  let colours: Colouring = colouring(null, 0);
  let centres: Int32Array = new Int32Array(0);
  let selection: Uint32Array = new Uint32Array(0);
  let busy = false;
  let dark = false;

  const root: ExplorerElement = h("div", {
    class: "nbi-root nbi-explorer",
    "data-nbi": "explorer",
  });
  const status = new StatusLine();
  const card = new Card(model.get("_has_images"));
  const thumbnails = new Thumbnails(client);
  const legendElement = h("div", { class: "nbi-explorer-legend", "data-nbi": "legend" });
  const pane = new FactorPane();

  const map = new MapView(
    {
      caught: (hits, operation, shape) => {
        if (hits.length === 0 && shape !== "click") status.hint(caughtNothing(operation, shape));
        else select(combine(selection, hits, operation));
      },
      focused: (i, place, byKey) => {
        if (i < 0 || i >= at.x.length) {
          card.hide();
          return;
        }
        const told = card.show(i, table, place, map.size);
        if (byKey) status.announce(told);
        if (!model.get("_has_images")) return;
        card.paint(thumbnails.peek(i));
        void thumbnails.fetch(i).then((picture) => {
          if (picture && map.focus === i) card.paint(picture);
        });
      },
      drawn: () => {
        root.dataset.nbiReady = "true";
      },
      note: (text) => status.note(text),
      scrolledPast: () => status.hint("Click the map to zoom with the wheel, or hold Ctrl"),
    },
    signal,
  );

  const actions: Actions = {
    mode(mode) {
      map.mode = mode;
      map.stage.dataset.nbiMode = mode;
      update();
    },
    operation(operation) {
      map.operation = map.operation === operation ? "replace" : operation;
      update();
    },
    undo: () => travel(history.undo(selection)),
    redo: () => travel(history.redo(selection)),
    clear: () => select(new Uint32Array(0)),
    zoom: () => map.zoomTo(selection),
    reset: () => map.reset(),
    color(name) {
      model.set("color_by", name);
      model.save_changes();
    },
    fit: () => void fit(),
  };
  const guide = help();
  const bar = toolbar(actions, guide.button);

  function select(next: Uint32Array): void {
    if (same(next, selection)) return;
    history.leave(selection);
    status.error(null);
    show(next);
    send();
  }

  function travel(target: Uint32Array | null): void {
    if (!target) return;
    show(target);
    send();
  }

  function send(): void {
    model.set("_selection", bytes(selection));
    model.save_changes();
  }

  function show(next: Uint32Array): void {
    selection = next;
    map.setSelection(selection);
    update();
  }

  async function fit(): Promise<void> {
    busy = true;
    status.error(null);
    update();
    const slow = setTimeout(
      () => status.hint("Still fitting. If the kernel was restarted, run the cell again."),
      20_000,
    );
    try {
      const reply = await client.request("fit", {}, [bytes(selection)]);
      if (!reply.ok) status.error(reply.error ?? "The fit failed.");
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
    } finally {
      clearTimeout(slow);
      busy = false;
      if (!signal.aborted) update();
    }
  }

  function unfit(): string | null {
    if (!model.get("_can_fit")) return "Needs a fitted LocalCorEx: this map was made of positions";
    if (!live) return "Needs a kernel: run this notebook to fit";
    if (selection.length === 0) return "Select samples first: draw around them on the map";
    return null;
  }

  function update(): void {
    bar.update({
      mode: map.mode,
      operation: map.operation,
      canUndo: history.canUndo,
      canRedo: history.canRedo,
      anySelected: selection.length > 0,
      busy,
      unfit: unfit(),
    });
    status.selection(selected(selection.length, at.x.length));
    root.dataset.nbiBusy = String(busy);
    root.dataset.nbiSelected = String(selection.length);
    paintLegend(legendElement, colours, legend(colours, selection), selection.length > 0, pick);
  }

  function pick(group: number, event: MouseEvent): void {
    const hits = members(colours, group);
    const operation: Operation = operationOf(event, map.operation);
    // A second click on what is isolated lets go of it.
    const again = operation === "replace" && same(hits, selection);
    select(again ? new Uint32Array(0) : combine(selection, hits, operation));
  }

  function readPoints(): void {
    at = world(typed(Float32Array, model.get("_positions")));
    const n = at.x.length;
    selection = typed(Uint32Array, model.get("_selection")).filter((i) => i < n);
    table = columns(model.get("_columns"), model.get("_column_data"), n);
    map.setPoints(at);
    empty.hidden = n > 0;
    readColours();
    map.setSelection(selection);
  }

  function readColours(): void {
    const name = model.get("color_by");
    const column = table.find((one) => one.name === name) ?? null;
    colours = colouring(column, at.x.length, dark);
    centres =
      colours.labels.length && column
        ? places(at, colours.groups, colours.labels.length)
        : new Int32Array(0);
    const entries = legend(colours, new Uint32Array(0));
    const labels = entries.map(({ label, count }, group) => ({
      text: label,
      at: centres[group] ?? -1,
      weight: count,
    }));
    map.setColours(colours, column ? labels : []);
    bar.setColumns(
      table.map((one) => one.name),
      column ? name : "",
    );
    update();
  }

  /** Go to the next or previous category by keyboard. */
  function stepGroup(by: number): void {
    if (centres.length === 0) return;
    const from = map.focus >= 0 ? (colours.groups[map.focus] ?? 0) : by > 0 ? -1 : 0;
    const target = centres[(from + by + centres.length) % centres.length] as number;
    if (target >= 0) map.focusOn(target);
  }

  listenToKeys(root, map, actions, stepGroup, signal);

  async function readFit(): Promise<void> {
    const summary = model.get("_fit");
    status.fit(summary ? fitted(summary) : "");
    const ref = model.get("heatmap");
    if (!summary || !ref) return;
    await pane.fill(async (place) => {
      const widget = await host.getWidget(ref);
      await widget.render({ el: place, signal });
    });
  }

  const empty = h(
    "div",
    { class: "nbi-explorer-empty nbi-quiet", hidden: true },
    "No samples to show.",
  );
  map.stage.append(empty, card.element);
  root.append(
    bar.element,
    h(
      "div",
      { class: "nbi-explorer-body" },
      status.problem,
      guide.panel,
      map.stage,
      legendElement,
      model.get("_can_fit") && pane.element,
    ),
    status.element,
  );
  root.nbi = {
    project: (x, y) => {
      const place = at.fromData(x, y);
      return map.toScreen(place.x, place.y);
    },
  };
  el.replaceChildren(root);

  const on = (name: string, changed: () => void) => {
    model.on(`change:${name}`, changed);
    signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
  };
  on("_selection", () => {
    const next = typed(Uint32Array, model.get("_selection"));
    if (same(next, selection)) return;
    history.leave(selection);
    show(next.slice());
  });
  on("_positions", readPoints);
  on("_column_data", readPoints);
  on("color_by", readColours);
  on("_fit", () => void readFit());
  const resize = () => root.style.setProperty("--nbi-explorer-height", `${model.get("height")}px`);
  on("height", resize);
  const notice = (message: { kind?: string; error?: string }) => {
    if (message?.kind === "notice") status.error(message.error ?? "");
  };
  model.on("msg:custom", notice);
  signal.addEventListener("abort", () => model.off("msg:custom", notice));

  const narrow = new ResizeObserver(([entry]) => {
    root.dataset.nbiNarrow = String((entry?.contentRect.width ?? NARROW) < NARROW);
  });
  narrow.observe(root);
  signal.addEventListener("abort", () => narrow.disconnect());

  resize();
  actions.mode("lasso");
  readPoints();
  watchTheme(root, signal, (theme) => {
    map.setTheme(theme);
    if (theme.dark === dark) return;
    dark = theme.dark;
    readColours();
  });
  await readFit();
}
