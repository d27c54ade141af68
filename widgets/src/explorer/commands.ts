import type { Explorer } from "./index";
import { operationOf } from "./map/gestures";
import type { MapEvents } from "./map/map";
import type { PanelActions } from "./panels/panels";
import type { Actions } from "./panels/toolbar";
import { caughtNothing } from "./panels/words";
import { around, nextCentre, nextReach, picked } from "./scene";
import { samplesOf } from "./state/filter";
import { suggestion } from "./state/named";
import { combine, kept } from "./state/selection";
import type { Range } from "./traits";

/** What the buttons and keys do. */
export function actions(explorer: Explorer): Actions {
  const { choice, map, model } = explorer;
  return {
    mode(mode) {
      map.mode = mode;
      map.stage.dataset.nbiMode = mode;
      explorer.drawPanels();
    },
    operation(operation) {
      map.operation = map.operation === operation ? "replace" : operation;
      explorer.drawPanels();
    },
    undo: () => choice.undo(),
    redo: () => choice.redo(),
    clear: () => choice.select(new Uint32Array(0)),
    keep() {
      const { panels, state } = explorer;
      if (choice.selection.length === 0) panels.status.hint("Select samples first, then name them");
      else panels.named.edit(choice.keep(suggestion(choice.selection, state.scene.colours)));
    },
    zoom: () => map.zoomTo(choice.selection),
    reset: () => map.reset(),
    color: (name) => model.set("color_by", name),
    toggle: (layer) => model.set(layer, !model.get(layer)),
    find: () => explorer.panels.find.field.focus(),
    fit() {
      const { fitting } = explorer;
      if (fitting.busy) fitting.stop();
      else void fitting.run(choice.selection);
    },
    stepGroup(by) {
      const target = nextCentre(explorer.state.scene, map.focus, by);
      if (target >= 0) map.focusOn(target);
    },
    grow(times) {
      const { panels, state } = explorer;
      if (map.focus < 0) {
        panels.status.hint("Step to a sample first, by the arrow keys");
        return;
      }
      state.reach = nextReach(state.reach, times, state.scene.at.x.length);
      choice.select(around(state.scene, map.focus, state.reach));
    },
  };
}

/** What the panels around the map ask for. */
export function panelActions(explorer: Explorer, toolbar: Actions): PanelActions {
  const { choice, map, model, state } = explorer;
  return {
    toolbar,
    find: {
      search: (text) => model.set("search", text),
      range: (name, range) => filterBy(explorer, name, range),
      take: () => state.scene.keep && choice.select(samplesOf(state.scene.keep)),
    },
    named: {
      recall: ({ samples }, event) =>
        choice.select(combine(choice.selection, samples, operationOf(event, map.operation))),
      rename: (old, name) => choice.rename(old, name),
      drop: (name) => choice.drop(name),
      preview(one) {
        state.preview = one;
        explorer.drawBright();
      },
    },
    strip: {
      look: (i) => map.focusOn(i),
      // With a selection, its exemplars come before those of the categories.
      pick: (group, event) =>
        pick(explorer, choice.selection.length > 0 ? group - 1 : group, event),
    },
  };
}

/** Select a category, or combine it with the selection as the keys of `event` say. */
export function pick({ choice, map, state }: Explorer, group: number, event: MouseEvent): void {
  const operation = operationOf(event, map.operation);
  choice.select(picked(state.scene, choice.selection, group, operation));
}

/** Filter by a range of the column `name`; null removes its filter. */
export function filterBy({ model }: Explorer, name: string, range: Range | null): void {
  const { [name]: _, ...others } = model.get("ranges");
  model.set("ranges", range ? { ...others, [name]: range } : others);
}

/** What follows from gestures on the map. */
export function mapEvents(explorer: Explorer): MapEvents {
  const { choice, hover, state } = explorer;
  return {
    caught(hits, operation, shape) {
      const found = kept(hits, state.scene.keep);
      if (found.length > 0) choice.select(combine(choice.selection, found, operation));
      else if (shape !== "click") explorer.panels.status.hint(caughtNothing(operation, shape));
    },
    focused(i, place, byKey) {
      explorer.pointed.tell(i);
      const { at, table } = state.scene;
      if (i < 0 || i >= at.x.length) {
        hover.card.hide();
        return;
      }
      const told = hover.show(i, table, place, explorer.map);
      if (byKey) explorer.panels.status.announce(told);
    },
    drawn() {
      explorer.panels.root.dataset.nbiReady = "true";
    },
    note: (text) => explorer.panels.status.note("drawing", text),
    scrolledPast: () =>
      explorer.panels.status.hint("Click the map to zoom with the wheel, or hold Ctrl"),
  };
}
