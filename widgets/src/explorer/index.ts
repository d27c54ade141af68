import type { AnyModel } from "@anywidget/types";
import { same, unpacked } from "../shared/arrays";
import { h } from "../shared/dom";
import { watchKernel } from "../shared/kernel";
import { onNotice } from "../shared/problem";
import { Client } from "../shared/protocol";
import { watchTheme } from "../shared/theme";
import type { ViewContext } from "../shared/view";
import { operationOf } from "./map/gestures";
import { MapView } from "./map/map";
import { labelsOf, outlinedOf, stripOf } from "./map/marks";
import { Thumbnails } from "./map/thumbnails";
import { nearest, places, positions, type World, world } from "./map/world";
import { FactorPane } from "./panels/factor_pane";
import { Find } from "./panels/find";
import { help } from "./panels/help";
import { paintLegend } from "./panels/legend";
import { NamedList } from "./panels/named_list";
import { scale } from "./panels/scale";
import { StatusLine } from "./panels/status";
import { Strip } from "./panels/strip";
import { type Actions, type Layer, toolbar } from "./panels/toolbar";
import { watchWidth } from "./panels/width";
import { caughtNothing, fitted, selected } from "./panels/words";
import { Choice } from "./state/choice";
import {
  type Colouring,
  type Column,
  colouring,
  columns,
  legend,
  memberships,
} from "./state/columns";
import { marked, matching, samplesOf } from "./state/filter";
import { Fitting } from "./state/fitting";
import { Hover } from "./state/hover";
import { listenToKeys } from "./state/keys";
import { Memory } from "./state/memory";
import { type Named, suggestion } from "./state/named";
import { Pointed } from "./state/pointed";
import { combine, kept, toggle } from "./state/selection";
import type { ExplorerTraits, Range } from "./traits";

const GONE = "The kernel was restarted or is gone: run the cell again.";

/** For tests: where a point of the data is on the screen. */
export type ExplorerElement = HTMLElement & {
  nbi?: { project(x: number, y: number): { x: number; y: number } };
};

/** Draw the cluster explorer and wire it to its model. */
export async function render(context: ViewContext): Promise<void> {
  const { el, signal, host, live = true } = context;
  const model = context.model as unknown as AnyModel<ExplorerTraits>;
  const client = new Client(model, signal);
  const choice = new Choice(model, chosen);

  let at: World = world(new Float32Array(0));
  let table: Column[] = [];
  let colours: Colouring = colouring(null, 0);
  let groups: Uint32Array[] = [];
  let centres: Int32Array = new Int32Array(0);
  let keep: Uint8Array | null = null;
  let preview: Named | null = null;
  let reach = 0;
  let cutOff = false;
  let dark = false;
  let accent = "";

  const root: ExplorerElement = h("div", {
    class: "nbi-root nbi-explorer",
    "data-nbi": "explorer",
  });
  const status = new StatusLine();
  const memory = new Memory(root);
  const pictured = model.get("_has_images");
  const thumbnails = new Thumbnails(client);
  const hover = new Hover(client, thumbnails, { pictures: pictured, live });
  const legendElement = h("div", { "data-nbi": "legend" });
  const pane = new FactorPane(model.get("_fits_itself"));
  const fitting = new Fitting(client, status, update);
  const strip = new Strip(thumbnails, {
    look: (i) => map.focusOn(i),
    pick: (group, event) => pick(choice.selection.length > 0 ? group - 1 : group, event),
  });
  const list = new NamedList({
    recall: ({ samples }, event) =>
      choice.select(combine(choice.selection, samples, operationOf(event, map.operation))),
    rename: (old, name) => choice.rename(old, name),
    drop: (name) => choice.drop(name),
    preview: (one) => {
      preview = one;
      brighten();
    },
  });
  const find = new Find({
    search: (text) => tell("search", text),
    range: (name, range) => filterBy(name, range),
    take: () => keep && choice.select(samplesOf(keep)),
  });

  const map = new MapView(
    {
      caught: (hits, operation, shape) => {
        const found = kept(hits, keep);
        if (found.length === 0 && shape !== "click") status.hint(caughtNothing(operation, shape));
        else if (found.length > 0) choice.select(combine(choice.selection, found, operation));
      },
      focused: (i, place, byKey) => {
        pointed.tell(i);
        if (i < 0 || i >= at.x.length) {
          hover.card.hide();
          return;
        }
        const told = hover.show(i, table, place, map);
        if (byKey) status.announce(told);
      },
      drawn: () => {
        root.dataset.nbiReady = "true";
      },
      note: (text) => status.note("drawing", text),
      scrolledPast: () => status.hint("Click the map to zoom with the wheel, or hold Ctrl"),
    },
    signal,
  );

  const pointed = new Pointed(model, (i) => map.mark(i), signal);

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
    undo: () => choice.undo(),
    redo: () => choice.redo(),
    clear: () => choice.select(new Uint32Array(0)),
    keep() {
      if (choice.selection.length === 0) status.hint("Select samples first, then name them");
      else list.edit(choice.keep(suggestion(choice.selection, colours)));
    },
    zoom: () => map.zoomTo(choice.selection),
    reset: () => map.reset(),
    color: (name) => tell("color_by", name),
    toggle: (layer) => tell(layer, !model.get(layer)),
    find: () => find.field.focus(),
    fit: () => (fitting.busy ? fitting.stop() : void fitting.run(choice.selection)),
  };
  const guide = help();
  const bar = toolbar(actions, { help: guide.button, search: find.field, pictures: pictured });

  function tell<K extends keyof ExplorerTraits>(name: K, value: ExplorerTraits[K]): void {
    model.set(name, value);
    model.save_changes();
  }

  function filterBy(name: string, range: Range | null): void {
    const { [name]: _, ...others } = model.get("ranges");
    tell("ranges", range ? { ...others, [name]: range } : others);
  }

  /** The selection or a name has changed. */
  function chosen(): void {
    status.error(null);
    status.offer("");
    memory.keep(at, choice.selection, choice.named);
    brighten();
    mark();
    update();
  }

  /** Put in full what is pointed at in the list, else what is selected and matches. */
  function brighten(): void {
    const { selection } = choice;
    const base = selection.length > 0 ? kept(selection, keep) : keep && samplesOf(keep);
    const bright = preview?.samples ?? base ?? selection;
    // Where nothing matches all must dim, and the engine takes none for all.
    const none = bright.length === 0 && (keep !== null || selection.length > 0);
    map.stage.dataset.nbiNone = String(none);
    map.setBright(bright);
  }

  function mark(): void {
    const { named } = choice;
    const labels = model.get("labels") ? labelsOf(at, colours, centres, named) : [];
    map.setMarks(labels, outlinedOf(at, colours, groups, named, model.get("contours")));
    const open = pictured && model.get("exemplars");
    strip.element.hidden = !open;
    if (!open) return;
    const shown = stripOf(at, colours, groups, centres, choice.selection, accent);
    strip.show(shown, "Colour by a category to see exemplars of each.");
  }

  function unfit(): string | null {
    if (!model.get("_can_fit")) return "Needs a fitted LocalCorEx: this map was made of positions";
    if (!live) return "Needs a kernel: run this notebook to fit";
    if (cutOff) return GONE;
    if (choice.selection.length === 0) return "Select samples first: draw around them on the map";
    return null;
  }

  function update(): void {
    const { selection, named } = choice;
    const layer = (name: Layer) => model.get(name);
    bar.update({
      mode: map.mode,
      operation: map.operation,
      canUndo: choice.canUndo,
      canRedo: choice.canRedo,
      anySelected: selection.length > 0,
      busy: fitting.busy,
      unfit: unfit(),
      layers: {
        labels: layer("labels"),
        contours: layer("contours"),
        exemplars: layer("exemplars"),
      },
    });
    status.selection(selected(selection.length, at.x.length));
    root.dataset.nbiBusy = String(fitting.busy);
    root.dataset.nbiSelected = String(selection.length);
    list.show(named);
    paintLegend(
      legendElement,
      colours,
      legend(colours, selection),
      selection.length > 0,
      pick,
      () =>
        scale(colours, selection, model.get("ranges")[colours.column?.name ?? ""], (range) =>
          filterBy(colours.column?.name ?? "", range),
        ),
    );
    side.hidden = legendElement.hidden && named.length === 0;
  }

  function pick(group: number, event: MouseEvent): void {
    const hits = kept(groups[group] ?? new Uint32Array(0), keep);
    const operation = operationOf(event, map.operation);
    const { selection } = choice;
    // A second click on what is isolated lets go of it.
    if (operation === "replace") choice.select(same(hits, selection) ? new Uint32Array(0) : hits);
    else if (operation === "add") choice.select(toggle(selection, hits));
    else choice.select(combine(selection, hits, operation));
  }

  /** Select more or fewer samples round the one in focus. */
  function grow(times: number): void {
    if (map.focus < 0) {
      status.hint("Step to a sample first, by the arrow keys");
      return;
    }
    reach = reach ? Math.min(at.x.length, Math.max(1, Math.round(reach * times))) : 32;
    choice.select(kept(nearest(at, map.focus, reach), keep));
  }

  function readPoints(): void {
    at = world(positions(model.get("_positions")));
    choice.start(at.x.length);
    map.setPoints(at);
    empty.hidden = at.x.length > 0;
    readTable();
  }

  function readTable(): void {
    table = columns(
      model.get("_columns"),
      unpacked(Uint8Array, model.get("_column_data")),
      at.x.length,
    );
    readColours();
    readFilter();
  }

  function readColours(): void {
    const name = model.get("color_by");
    const column = table.find((one) => one.name === name) ?? null;
    if (column?.kind === "number" && !column.values) status.hint(`Fetching ${name}…`);
    colours = colouring(column, at.x.length, dark);
    groups = colours.column && !colours.scale ? memberships(colours) : [];
    centres = places(at, groups);
    map.setColours(colours);
    bar.setColumns(
      table.map((one) => one.name),
      column ? name : "",
    );
    brighten();
    mark();
    update();
  }

  function readFilter(): void {
    const [search, ranges] = [model.get("search"), model.get("ranges")];
    keep = matching(table, at.x.length, search, ranges);
    find.show(search, ranges, keep && marked(keep), at.x.length);
    brighten();
    update();
  }

  /** Go to the next or previous category by keyboard. */
  function stepGroup(by: number): void {
    if (centres.length === 0) return;
    const from = map.focus >= 0 ? (colours.groups[map.focus] ?? 0) : by > 0 ? -1 : 0;
    const target = centres[(from + by + centres.length) % centres.length] as number;
    if (target >= 0) map.focusOn(target);
  }

  listenToKeys(root, map, actions, stepGroup, grow, signal);

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
  const side = h("div", { class: "nbi-explorer-legend" }, legendElement, list.element);
  map.stage.append(empty, hover.card.element);
  root.append(
    bar.element,
    find.row,
    status.problem.element,
    h(
      "div",
      { class: "nbi-explorer-body" },
      guide.panel,
      h("div", { class: "nbi-explorer-left" }, map.stage, strip.element),
      side,
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
  for (const name of ["_selection", "_named", "_named_data"]) {
    on(name, () => choice.follow(at.x.length));
  }
  on("_positions", readPoints);
  on("_columns", readTable);
  on("_column_data", readTable);
  on("color_by", readColours);
  for (const name of ["search", "ranges"]) on(name, readFilter);
  for (const name of ["labels", "contours", "exemplars"]) {
    on(name, () => {
      mark();
      update();
    });
  }
  on("_fit", () => void readFit());
  const resize = () => root.style.setProperty("--nbi-explorer-height", `${model.get("height")}px`);
  on("height", resize);
  onNotice(model, signal, (text, trace) => status.error(text, trace));

  watchWidth(root, signal);
  resize();
  actions.mode("lasso");
  readPoints();
  watchTheme(root, signal, (theme) => {
    map.setTheme(theme);
    accent = theme.accent;
    if (theme.dark === dark) mark();
    else {
      dark = theme.dark;
      readColours();
    }
  });
  if (live) {
    requestAnimationFrame(() => signal.aborted || memory.offer(at, choice, status));
    watchKernel(model, el, signal, () => {
      if (cutOff) return;
      cutOff = true;
      fitting.lose(GONE);
      status.note("kernel", GONE);
      update();
    });
  }
  await readFit();
}
