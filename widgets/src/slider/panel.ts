import { h, onTyped, replace } from "../shared/dom";
import { number } from "../shared/numbers";
import { Problem } from "../shared/problem";
import type { Stats } from "./frames/latency";
import { help } from "./help";
import { type Row, type RowActions, row } from "./rows";
import { digits } from "./scene";

export type Actions = RowActions & {
  base(index: number): void;
  undo(): void;
  redo(): void;
  resetAll(): void;
  /** The reader has closed the panel for what went wrong. */
  dismiss(): void;
};

/** What the controls and lines around the pictures say. */
export type PanelState = {
  amounts: Float32Array;
  /** Which row is of the chosen factor, −1 for none. */
  chosen: number;
  span: number;
  /** Whether nothing can be turned: no kernel and no film. */
  off: boolean;
  base: number;
  baseName: string;
  nSamples: number;
  /** Whether another base may be asked for. */
  canRebase: boolean;
  canUndo: boolean;
  canRedo: boolean;
  about: string;
  warning: string;
  busy: boolean;
  /** Where frames come from, in words. */
  source: string;
  film: boolean;
  stats: Stats;
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

function figure(name: string) {
  const canvas = h("canvas", { class: "nbi-slider-image", role: "img", "data-nbi": name });
  const caption = h("figcaption", {}, name);
  return { canvas, caption, element: h("figure", {}, caption, canvas) };
}

/** Build the elements of the view; `index.ts` connects them to the model. */
export function buildPanel(actions: Actions) {
  const mean = textButton("mean", "Mean", "Edit the mean of the cluster", () => actions.base(-1));
  const sample = h("input", {
    class: "nbi-field nbi-slider-number",
    type: "number",
    min: 0,
    step: 1,
    "aria-label": "Number of the sample to edit",
    "data-nbi": "sample",
  });
  onTyped(sample, () => {
    const index = Number(sample.value);
    const known = sample.value.trim() && Number.isInteger(index);
    if (known && index >= 0 && index <= Number(sample.max)) actions.base(index);
    else sample.value = sample.defaultValue;
  });
  const baseName = h("span", { class: "nbi-slider-base", "data-nbi": "base" });
  const total = h("span", { class: "nbi-quiet" });
  const choose = h(
    "span",
    { class: "nbi-slider-group" },
    mean,
    h("label", { class: "nbi-slider-group" }, "Sample", sample),
    total,
  );
  const undo = textButton("undo", "Undo", "Undo (Ctrl+Z)", actions.undo);
  const redo = textButton("redo", "Redo", "Redo (Ctrl+Shift+Z)", actions.redo);
  const resetAll = textButton("reset-all", "Reset all", "All factors to 0", actions.resetAll);
  const guide = help();
  const bar = h(
    "div",
    { class: "nbi-slider-bar" },
    h("span", { class: "nbi-slider-group" }, h("span", { class: "nbi-quiet" }, "Base:"), baseName),
    choose,
    h("span", { class: "nbi-slider-group" }, undo, redo, resetAll, guide.button),
  );
  const warning = h("div", { class: "nbi-warning", role: "status", hidden: true });
  const problem = new Problem(actions.dismiss);

  const rows = h("div", { class: "nbi-slider-rows", role: "group", "aria-label": "Factors" });
  let built: Row[] = [];
  let names: string[] = [];

  const images = {
    baseline: figure("baseline"),
    edited: figure("edited"),
    difference: figure("difference"),
  };
  const scale = h("canvas", { class: "nbi-slider-scale", "aria-hidden": "true" });
  const [low, high] = [h("span"), h("span")];
  images.difference.element.append(
    h("div", { class: "nbi-slider-limits nbi-quiet" }, low, scale, high),
  );
  const pictures = h(
    "div",
    { class: "nbi-slider-pictures" },
    ...Object.values(images).map(({ element }) => element),
  );
  const chartNote = h("span", { class: "nbi-quiet" });
  const chart = h("canvas", { class: "nbi-slider-chart", role: "img", "data-nbi": "chart" });
  const decoded = h(
    "div",
    { class: "nbi-slider-part" },
    h("div", { class: "nbi-slider-title" }, "Decoded ", chartNote),
    chart,
  );
  const bars = h("canvas", { class: "nbi-slider-chart", role: "img", "data-nbi": "outputs" });
  const barsNote = h("span", { class: "nbi-quiet" });
  const outputs = h(
    "div",
    { class: "nbi-slider-part" },
    h("div", { class: "nbi-slider-title" }, "Outputs ", barsNote),
    bars,
  );
  const stage = h("div", { class: "nbi-slider-stage" }, pictures, decoded, outputs);

  const spinner = h("span", { class: "nbi-spinner", hidden: true, "aria-hidden": "true" });
  const source = h("span", { "data-nbi": "source" });
  const latency = h("span", { "data-nbi": "latency" });
  const about = h("span", { class: "nbi-about" });
  const readout = h(
    "div",
    { class: "nbi-slider-readout nbi-quiet" },
    h("span", { class: "nbi-slider-group", role: "status" }, source, spinner),
    latency,
    about,
  );
  const empty = h("div", { class: "nbi-empty nbi-quiet", hidden: true });
  const live = h("div", { class: "nbi-screen-reader", "aria-live": "polite" });
  const full = h(
    "div",
    { class: "nbi-slider-full" },
    bar,
    warning,
    guide.panel,
    problem.element,
    h("div", { class: "nbi-slider-body" }, rows, stage),
    readout,
  );
  const root = h("div", { class: "nbi-root nbi-slider", "data-nbi": "slider" }, full, empty, live);

  return {
    root,
    problem,
    stage,
    images,
    pictures,
    decoded,
    chart,
    bars,
    scale,
    live,
    showEmpty(isEmpty: boolean, message: string): void {
      full.hidden = isEmpty;
      empty.hidden = !isEmpty;
      empty.textContent = message || "No factors to turn.";
    },
    /** What the charts hold: how many outputs of all, and which way decoded values are drawn. */
    showNotes(drawn: number, outputCount: number, asLines: boolean, isGuess: boolean): void {
      outputs.hidden = outputCount === 0;
      const mark = isGuess ? " (approximate)" : "";
      const key = `bar: edited${mark} · mark: baseline`;
      images.edited.caption.textContent = `edited${mark}`;
      barsNote.textContent =
        drawn < outputCount ? `${key} · the ${drawn} largest of ${outputCount}` : key;
      chartNote.textContent = asLines ? `bold: edited${mark} · thin: baseline` : key;
    },
    showLimit(limit: number, channels: number): void {
      const text = number(limit, Math.max(0, digits(limit) - 1));
      low.textContent = `−${text}`;
      high.textContent = `+${text}`;
      images.difference.caption.title =
        channels > 1 ? "edited − baseline, the mean of the colours" : "edited − baseline";
    },
    setFactors(next: readonly string[]): void {
      if (next.length === names.length && next.every((name, i) => name === names[i])) return;
      names = [...next];
      built = names.map((name, factor) => row(factor, name, actions));
      replace(rows, ...built.map(({ element }) => element));
    },
    showState(state: PanelState): void {
      built.forEach((one, factor) => {
        one.show(state.amounts[factor] ?? 0, state.span, state.off);
        one.element.toggleAttribute("data-nbi-chosen", factor === state.chosen);
      });
      baseName.textContent = state.baseName;
      baseName.title = state.baseName;
      choose.hidden = state.nSamples === 0;
      mean.setAttribute("aria-pressed", String(state.base === -1));
      sample.max = String(Math.max(0, state.nSamples - 1));
      sample.defaultValue = state.base < 0 ? "" : String(state.base);
      if (document.activeElement !== sample) sample.value = sample.defaultValue;
      total.textContent = `0–${state.nSamples - 1}`;
      for (const control of [mean, sample]) control.disabled = !state.canRebase;
      choose.title = state.canRebase ? "" : "Needs a kernel: run the notebook to change the base";
      undo.disabled = !state.canUndo;
      redo.disabled = !state.canRedo;
      resetAll.disabled = state.off || state.amounts.every((amount) => amount === 0);
      warning.hidden = !state.warning;
      warning.textContent = state.warning;
      about.textContent = state.about;
      about.title = state.about;
      spinner.hidden = !state.busy;
      if (source.textContent !== state.source) source.textContent = state.source;
      const { count, p50, fps } = state.stats;
      const rate = fps ? ` · ${number(fps, 0)} frames a second` : "";
      latency.textContent =
        count && !state.film ? `last drag: exact ${number(p50, 0)} ms behind the hand${rate}` : "";
      root.dataset.nbiBusy = String(state.busy);
      root.dataset.nbiSource = state.film ? "film" : "live";
    },
  };
}

export type Panel = ReturnType<typeof buildPanel>;
