import { h } from "../../shared/dom";
import type { Operation } from "../state/selection";
import { type IconName, icon } from "./icons";

export type Mode = "pan" | "lasso" | "box";
/** What can be switched on and off on and under the map. */
export type Layer = "labels" | "contours" | "exemplars";

export type Actions = {
  mode(mode: Mode): void;
  /** Switch what a gesture does; the same again switches back to replacing. */
  operation(operation: Operation): void;
  undo(): void;
  redo(): void;
  clear(): void;
  zoom(): void;
  reset(): void;
  color(name: string): void;
  /** Name the selection. */
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

type Buttons<Name extends string> = Record<Name, HTMLButtonElement>;

function modeButtons({ mode }: Actions): Buttons<Mode> {
  return {
    lasso: button("mode-lasso", "Lasso (L): draw around samples", "lasso", () => mode("lasso")),
    box: button("mode-box", "Box (B): drag a rectangle over samples", "box", () => mode("box")),
    pan: button("mode-pan", "Pan (V): drag the map", "pan", () => mode("pan")),
  };
}

function operationButtons({ operation }: Actions): Buttons<Exclude<Operation, "replace">> {
  return {
    add: button("add", "Add to the selection (hold Shift)", "add", () => operation("add")),
    remove: button("remove", "Remove from the selection (hold Alt)", "remove", () =>
      operation("remove"),
    ),
    intersect: button(
      "intersect",
      "Intersect with the selection (hold Shift and Alt)",
      "intersect",
      () => operation("intersect"),
    ),
  };
}

function layerButtons({ toggle }: Actions, pictures: boolean): Buttons<Layer> {
  const buttons = {
    labels: button("labels", "Names on the map (T)", "labels", () => toggle("labels")),
    contours: button(
      "contours",
      "Contours (C): lines around the densest 50 % and 90 % of the samples",
      "contours",
      () => toggle("contours"),
    ),
    exemplars: button("exemplars", "Exemplars of each category (E)", "exemplars", () =>
      toggle("exemplars"),
    ),
  };
  buttons.exemplars.hidden = !pictures;
  return buttons;
}

function press(buttons: Record<string, HTMLButtonElement>, pressed: (name: string) => boolean) {
  for (const [name, element] of Object.entries(buttons)) {
    element.setAttribute("aria-pressed", String(pressed(name)));
  }
}

/** The button that fits the selection. */
class FitButton {
  private readonly spinner = h("span", {
    class: "nbi-spinner",
    hidden: true,
    "aria-hidden": "true",
  });
  private readonly caption = h("span", {}, "Fit this selection");
  readonly element: HTMLButtonElement;

  constructor(fit: () => void) {
    this.element = h(
      "button",
      {
        type: "button",
        class: "nbi-button nbi-button-primary nbi-explorer-fit",
        "data-nbi": "fit",
        on: { click: () => this.element.getAttribute("aria-disabled") !== "true" && fit() },
      },
      this.spinner,
      this.caption,
    );
  }

  update({ busy, unfit }: ToolbarState): void {
    // aria-disabled keeps the button reachable, so that its tooltip can say why.
    this.element.setAttribute("aria-disabled", String(!busy && unfit !== null));
    this.element.setAttribute("aria-busy", String(busy));
    const why = unfit ?? "Find the factors of the selected samples";
    this.element.title = busy ? "The kernel is fitting; press to stop waiting" : why;
    this.spinner.hidden = !busy;
    this.caption.textContent = busy ? "Fitting…" : "Fit this selection";
  }
}

const group = (label: string, ...children: HTMLElement[]) =>
  h("div", { class: "nbi-explorer-group", role: "group", "aria-label": label }, ...children);

/** The row of controls above the map. */
export class Toolbar {
  readonly element: HTMLElement;
  private readonly modes: Buttons<Mode>;
  private readonly operations: Buttons<Exclude<Operation, "replace">>;
  private readonly layers: Buttons<Layer>;
  private readonly undo: HTMLButtonElement;
  private readonly redo: HTMLButtonElement;
  private readonly clear: HTMLButtonElement;
  private readonly keep: HTMLButtonElement;
  private readonly zoom: HTMLButtonElement;
  private readonly picker: HTMLSelectElement;
  private readonly fit: FitButton;

  constructor(
    actions: Actions,
    given: { help: HTMLElement; search: HTMLElement; pictures: boolean },
  ) {
    this.modes = modeButtons(actions);
    this.operations = operationButtons(actions);
    this.layers = layerButtons(actions, given.pictures);
    this.undo = button("undo", "Undo (Ctrl+Z)", "undo", actions.undo);
    this.redo = button("redo", "Redo (Ctrl+Shift+Z)", "redo", actions.redo);
    this.clear = button("clear", "Clear the selection (Escape)", "clear", actions.clear);
    this.keep = button("keep", "Name this selection (N)", "name", actions.keep);
    this.zoom = button("zoom", "Zoom to the selection (Z)", "zoom", actions.zoom);
    this.picker = h("select", {
      class: "nbi-select",
      "data-nbi": "color-by",
      "aria-label": "Colour by",
      on: { change: () => actions.color(this.picker.value) },
    });
    this.fit = new FitButton(actions.fit);
    const { add, remove, intersect } = this.operations;
    const { labels, contours, exemplars } = this.layers;
    const reset = button("reset", "Show the whole map (0)", "reset", actions.reset);
    this.element = h(
      "div",
      { class: "nbi-explorer-toolbar", role: "toolbar", "aria-label": "Map" },
      group("What dragging does", this.modes.lasso, this.modes.box, this.modes.pan),
      group("Effect on the selection", add, remove, intersect),
      group("Selection", this.undo, this.redo, this.clear, this.keep),
      group("View", this.zoom, reset, labels, contours, exemplars),
      h("label", { class: "nbi-explorer-color" }, h("span", {}, "Colour"), this.picker),
      given.search,
      given.help,
      h("span", { class: "nbi-explorer-gap" }),
      this.fit.element,
    );
  }

  setColumns(names: readonly string[], current: string): void {
    this.picker.replaceChildren(
      h("option", { value: "" }, "one colour"),
      ...names.map((name) => h("option", { value: name }, name)),
    );
    this.picker.value = current;
  }

  update(state: ToolbarState): void {
    press(this.modes, (name) => name === state.mode);
    press(this.operations, (name) => name === state.operation);
    press(this.layers, (name) => state.layers[name as Layer]);
    this.undo.disabled = !state.canUndo;
    this.redo.disabled = !state.canRedo;
    for (const needed of [this.clear, this.zoom, this.keep]) needed.disabled = !state.anySelected;
    this.fit.update(state);
  }
}
