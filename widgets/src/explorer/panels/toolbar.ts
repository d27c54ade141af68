import { h } from "../../shared/dom";
import type { Operation } from "../state/selection";
import { type IconName, icon } from "./icons";

export type Mode = "pan" | "lasso" | "box";
/** What can be shown on and under the map. */
export type Layer = "labels" | "contours" | "exemplars";

export type Actions = {
  mode(mode: Mode): void;
  /** Switch a gesture's effect; again switches back to replacing. */
  operation(operation: Operation): void;
  undo(): void;
  redo(): void;
  clear(): void;
  zoom(): void;
  reset(): void;
  color(name: string): void;
  /** Keep the selection under a name. */
  keep(): void;
  toggle(layer: Layer): void;
  find(): void;
  fit(): void;
  /** Go to the next (1) or previous (-1) category. */
  stepGroup(by: 1 | -1): void;
  /** Select `times` as many samples around the one in focus: the lasso of the keyboard. */
  grow(times: number): void;
};

export type ToolbarState = {
  mode: Mode;
  operation: Operation;
  canUndo: boolean;
  canRedo: boolean;
  anySelected: boolean;
  busy: boolean;
  layers: Record<Layer, boolean>;
  /** Why fitting is not offered, or null. */
  unfit: string | null;
};

function button(name: string, title: string, face: IconName, press: () => void): HTMLButtonElement {
  return h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      title,
      "aria-label": title,
      "data-nbi": name,
      on: { click: press },
    },
    icon(face),
  );
}

export type Toolbar = {
  element: HTMLElement;
  update(state: ToolbarState): void;
  setColumns(names: readonly string[], current: string): void;
};

/** The row of controls above the map. */
export function toolbar(
  actions: Actions,
  given: { help: HTMLElement; search: HTMLElement; pictures: boolean },
): Toolbar {
  const modes: Record<Mode, HTMLButtonElement> = {
    lasso: button("mode-lasso", "Lasso (L): draw around samples", "lasso", () =>
      actions.mode("lasso"),
    ),
    box: button("mode-box", "Box (B): drag a rectangle over samples", "box", () =>
      actions.mode("box"),
    ),
    pan: button("mode-pan", "Move (V): drag the map", "pan", () => actions.mode("pan")),
  };
  const add = button("add", "Add to the selection (hold Shift)", "add", () =>
    actions.operation("add"),
  );
  const remove = button("remove", "Remove from the selection (hold Alt)", "remove", () =>
    actions.operation("remove"),
  );
  const intersect = button(
    "intersect",
    "Keep only what is in both (hold Shift and Alt)",
    "intersect",
    () => actions.operation("intersect"),
  );
  const undo = button("undo", "Undo (Ctrl+Z)", "undo", actions.undo);
  const redo = button("redo", "Redo (Ctrl+Shift+Z)", "redo", actions.redo);
  const keep = button("keep", "Name this selection (N)", "name", actions.keep);
  const layers: Record<Layer, HTMLButtonElement> = {
    labels: button("labels", "Names on the map (T)", "labels", () => actions.toggle("labels")),
    contours: button(
      "contours",
      "Contours (C): lines round half and nine tenths of the samples, where they are densest",
      "contours",
      () => actions.toggle("contours"),
    ),
    exemplars: button("exemplars", "Exemplars of each category (E)", "exemplars", () =>
      actions.toggle("exemplars"),
    ),
  };
  layers.exemplars.hidden = !given.pictures;
  const clear = button("clear", "Clear the selection (Escape)", "clear", actions.clear);
  const zoom = button("zoom", "Zoom to the selection (Z)", "zoom", actions.zoom);
  const reset = button("reset", "Show the whole map (0)", "reset", actions.reset);
  const picker = h("select", {
    class: "nbi-select",
    "data-nbi": "color-by",
    "aria-label": "Colour by",
    on: { change: () => actions.color(picker.value) },
  });
  const spinner = h("span", { class: "nbi-spinner", hidden: true, "aria-hidden": "true" });
  const caption = h("span", {}, "Fit this selection");
  const fit = h(
    "button",
    {
      type: "button",
      class: "nbi-button nbi-button-primary nbi-explorer-fit",
      "data-nbi": "fit",
      on: { click: () => fit.getAttribute("aria-disabled") !== "true" && actions.fit() },
    },
    spinner,
    caption,
  );
  const group = (label: string, ...children: HTMLElement[]) =>
    h("div", { class: "nbi-explorer-group", role: "group", "aria-label": label }, ...children);
  const element = h(
    "div",
    { class: "nbi-explorer-toolbar", role: "toolbar", "aria-label": "Map" },
    group("What dragging does", modes.lasso, modes.box, modes.pan),
    group("Effect on the selection", add, remove, intersect),
    group("Selection", undo, redo, clear, keep),
    group("View", zoom, reset, layers.labels, layers.contours, layers.exemplars),
    h("label", { class: "nbi-explorer-color" }, h("span", {}, "Colour"), picker),
    given.search,
    given.help,
    h("span", { class: "nbi-explorer-gap" }),
    fit,
  );
  return {
    element,
    setColumns(names, current) {
      picker.replaceChildren(
        h("option", { value: "" }, "one colour"),
        ...names.map((name) => h("option", { value: name }, name)),
      );
      picker.value = current;
    },
    update(state) {
      for (const [mode, element] of Object.entries(modes)) {
        element.setAttribute("aria-pressed", String(mode === state.mode));
      }
      add.setAttribute("aria-pressed", String(state.operation === "add"));
      remove.setAttribute("aria-pressed", String(state.operation === "remove"));
      intersect.setAttribute("aria-pressed", String(state.operation === "intersect"));
      for (const [layer, element] of Object.entries(layers)) {
        element.setAttribute("aria-pressed", String(state.layers[layer as Layer]));
      }
      undo.disabled = !state.canUndo;
      redo.disabled = !state.canRedo;
      clear.disabled = zoom.disabled = keep.disabled = !state.anySelected;
      // aria-disabled keeps the button reachable, so that its tooltip can say why.
      const why = state.unfit ?? "Find the factors of the selected samples";
      fit.setAttribute("aria-disabled", String(!state.busy && state.unfit !== null));
      fit.setAttribute("aria-busy", String(state.busy));
      fit.title = state.busy ? "The kernel is fitting; press to stop waiting" : why;
      spinner.hidden = !state.busy;
      caption.textContent = state.busy ? "Fitting…" : "Fit this selection";
    },
  };
}
