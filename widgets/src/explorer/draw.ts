import type { MapView } from "./map/map";
import { labelsOf, outlinedOf, stripOf } from "./map/marks";
import { paintLegend } from "./panels/legend";
import type { Panels } from "./panels/panels";
import { scale } from "./panels/scale";
import type { ToolbarState } from "./panels/toolbar";
import { selected } from "./panels/words";
import { bright, type State } from "./scene";
import { legend } from "./state/columns";
import type { Named } from "./state/named";
import type { Range } from "./traits";

/** Dim the samples that are neither previewed nor selected and matching. */
export function drawBright(map: MapView, state: State, selection: Uint32Array): void {
  const { samples, none } = bright(state.scene, selection, state.preview);
  map.stage.dataset.nbiNone = String(none);
  map.setBright(samples);
}

/** Draw the names and lines on the map, and the exemplars under it. */
export function drawMarks(
  map: MapView,
  { strip }: Panels,
  state: State,
  marks: { selection: Uint32Array; named: readonly Named[] },
  pictures: boolean,
): void {
  const { layers, accent } = state;
  const { at, colours, groups, centres } = state.scene;
  const labels = layers.labels ? labelsOf(at, colours, centres, marks.named) : [];
  map.setMarks(labels, outlinedOf(at, colours, groups, marks.named, layers.contours));
  const open = pictures && layers.exemplars;
  strip.element.hidden = !open;
  if (!open) return;
  const shown = stripOf(at, colours, groups, centres, marks.selection, accent);
  strip.show(shown, "Colour by a category to see exemplars of each.");
}

export type LegendActions = {
  /** A click on a category. */
  pick(group: number, event: MouseEvent): void;
  range(name: string, range: Range | null): void;
};

/** Draw everything around the map. */
export function drawPanels(
  panels: Panels,
  { scene }: State,
  marks: { selection: Uint32Array; named: readonly Named[] },
  toolbar: ToolbarState,
  ranges: Readonly<Record<string, Range>>,
  actions: LegendActions,
): void {
  const { selection, named } = marks;
  const { colours } = scene;
  const column = colours.column?.name ?? "";
  panels.bar.update(toolbar);
  panels.status.selection(selected(selection.length, scene.at.x.length));
  panels.root.dataset.nbiBusy = String(toolbar.busy);
  panels.root.dataset.nbiSelected = String(selection.length);
  panels.named.show(named);
  paintLegend(
    panels.legend,
    colours,
    legend(colours, selection),
    selection.length > 0,
    actions.pick,
    () => scale(colours, selection, ranges[column], (range) => actions.range(column, range)),
  );
  panels.side.hidden = panels.legend.hidden && named.length === 0;
}
