import { h } from "../../shared/dom";
import type { MapView } from "../map/map";
import type { Thumbnails } from "../map/thumbnails";
import { FactorPane } from "./factor_pane";
import { Find, type FindActions } from "./find";
import { help } from "./help";
import { type NamedActions, NamedList } from "./named_list";
import { StatusLine } from "./status";
import { Strip, type StripActions } from "./strip";
import { type Actions, Toolbar } from "./toolbar";

/** For tests: where a point of the data is on the screen. */
export type ExplorerElement = HTMLElement & {
  nbi?: { project(x: number, y: number): { x: number; y: number } };
};

/** What the panels ask for. */
export type PanelActions = {
  toolbar: Actions;
  find: FindActions;
  named: NamedActions;
  strip: StripActions;
};

/** The panels around the map. */
export type Panels = {
  root: ExplorerElement;
  status: StatusLine;
  legend: HTMLElement;
  /** The legend and the named selections. */
  side: HTMLElement;
  named: NamedList;
  strip: Strip;
  find: Find;
  bar: Toolbar;
  factors: FactorPane;
  empty: HTMLElement;
};

/** Make the panels and lay them out around the map. */
export function panels(
  map: MapView,
  card: HTMLElement,
  thumbnails: Thumbnails,
  actions: PanelActions,
  given: { pictures: boolean; canFit: boolean; fitsItself: boolean },
): Panels {
  const status = new StatusLine();
  const legend = h("div", { "data-nbi": "legend" });
  const named = new NamedList(actions.named);
  const strip = new Strip(thumbnails, actions.strip);
  const find = new Find(actions.find);
  const guide = help();
  const bar = new Toolbar(actions.toolbar, {
    help: guide.button,
    search: find.field,
    pictures: given.pictures,
  });
  const factors = new FactorPane(given.fitsItself);
  const empty = h(
    "div",
    { class: "nbi-explorer-empty nbi-quiet", hidden: true },
    "No samples to show.",
  );
  const side = h("div", { class: "nbi-explorer-legend" }, legend, named.element);
  map.stage.append(empty, card);
  const root: ExplorerElement = h(
    "div",
    { class: "nbi-root nbi-explorer", "data-nbi": "explorer" },
    bar.element,
    find.row,
    status.problem.element,
    h(
      "div",
      { class: "nbi-explorer-body" },
      guide.panel,
      h("div", { class: "nbi-explorer-left" }, map.stage, strip.element),
      side,
      given.canFit && factors.element,
    ),
    status.element,
  );
  return { root, status, legend, side, named, strip, find, bar, factors, empty };
}
