import { h, onTyped } from "../../shared/dom";
import { type Base, MEAN, sameBase, sampleOf } from "../model";
import { help } from "./help";

export type BarActions = {
  base(base: Base): void;
  undo(): void;
  redo(): void;
  resetAll(): void;
};

export type BarState = {
  base: Base;
  baseName: string;
  /** How many samples may be the base; 0 if none may. */
  nSamples: number;
  /** Whether another base may be chosen. */
  canRebase: boolean;
  canUndo: boolean;
  canRedo: boolean;
  canReset: boolean;
};

function textButton(name: string, label: string, title: string, press: () => void) {
  return h(
    "button",
    {
      type: "button",
      class: "nbi-button nbi-slider-button",
      title,
      "data-nbi": name,
      on: { click: press },
    },
    label,
  );
}

/** The bar above the sliders: what is edited, undo, redo and reset. */
export function buildBar(actions: BarActions) {
  const base = buildBase(actions);
  const undo = textButton("undo", "Undo", "Undo (Ctrl+Z)", actions.undo);
  const redo = textButton("redo", "Redo", "Redo (Ctrl+Shift+Z)", actions.redo);
  const reset = textButton("reset-all", "Reset all", "Move all factors to 0", actions.resetAll);
  const guide = help();
  const element = h(
    "div",
    { class: "nbi-slider-bar" },
    ...base.elements,
    h("span", { class: "nbi-slider-group" }, undo, redo, reset, guide.button),
  );
  return {
    element,
    help: guide.panel,
    show(state: BarState): void {
      base.show(state);
      undo.disabled = !state.canUndo;
      redo.disabled = !state.canRedo;
      reset.disabled = !state.canReset;
    },
  };
}

/** What is edited, and the controls that choose another. */
function buildBase(actions: BarActions) {
  const name = h("span", { class: "nbi-slider-base", "data-nbi": "base" });
  const mean = textButton("mean", "Mean", "Edit the mean of the cluster", () => actions.base(MEAN));
  const sample = h("input", {
    class: "nbi-field nbi-slider-number",
    type: "number",
    min: 0,
    step: 1,
    "aria-label": "Number of the sample to edit",
    "data-nbi": "sample",
  });
  onTyped(sample, () => {
    const row = sample.value.trim() ? Number(sample.value) : Number.NaN;
    if (Number.isInteger(row) && row >= 0 && row <= Number(sample.max)) actions.base(row);
    else sample.value = sample.defaultValue;
  });
  const range = h("span", { class: "nbi-quiet" });
  const choices = h(
    "span",
    { class: "nbi-slider-group" },
    mean,
    h("label", { class: "nbi-slider-group" }, "Sample", sample),
    range,
  );
  const label = h(
    "span",
    { class: "nbi-quiet", title: "What the sliders edit: the mean of a cluster, or one sample" },
    "Base:",
  );
  return {
    elements: [h("span", { class: "nbi-slider-group" }, label, name), choices],
    show(state: BarState): void {
      name.textContent = name.title = state.baseName;
      choices.hidden = state.nSamples === 0;
      choices.title = state.canRebase ? "" : "Needs a kernel: run the notebook to change the base";
      mean.setAttribute("aria-pressed", String(sameBase(state.base, MEAN)));
      const last = Math.max(0, state.nSamples - 1);
      sample.max = String(last);
      sample.defaultValue = String(sampleOf(state.base) ?? "");
      if (document.activeElement !== sample) sample.value = sample.defaultValue;
      range.textContent = `0–${last}`;
      for (const control of [mean, sample]) control.disabled = !state.canRebase;
    },
  };
}
