import type { AnyModel } from "@anywidget/types";
import { Thumbnails } from "../explorer/map/thumbnails";
import { h, replace, svg } from "../shared/dom";
import { onNotice, Problem } from "../shared/problem";
import { Client, Superseded } from "../shared/protocol";
import { keepPlainKeys } from "../shared/shortcuts";
import { watchTheme } from "../shared/theme";
import type { ViewContext } from "../shared/view";
import { SilencedCard } from "./ablated";
import { Lines } from "./code_lines";
import { help } from "./help";
import { TogetherCard } from "./interactions";
import type { WorkbenchTraits } from "./traits";

const NARROW = 860;
const WIDE = 1240;
const EMPTY =
  "Draw around samples on the map. Their strongest factors come here, on sliders that turn them.";

/** Draw the workbench: the map, the sliders and the evidence, and what binds them. */
export async function render(context: ViewContext): Promise<void> {
  const { el, signal, host, live = true } = context;
  const model = context.model as unknown as AnyModel<WorkbenchTraits>;
  const client = new Client(model, signal);

  const silenced = new SilencedCard();
  const together = new TogetherCard({
    follow: (on) => put("follow", on),
    open: (on) => put("_pairs_open", on),
  });
  const lines = new Lines();
  const guide = help();
  const step = h("span", { "data-nbi": "step" });
  const bar = h("progress", { class: "nbi-workbench-progress", max: 1, "aria-label": "Progress" });
  const cancel = h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      "data-nbi": "cancel",
      on: { click: () => ask("cancel") },
    },
    "Cancel",
  );
  const busy = h(
    "div",
    { class: "nbi-workbench-busy", role: "status", hidden: true, "data-nbi": "busy" },
    h("span", { class: "nbi-spinner", "aria-hidden": "true" }),
    step,
    bar,
    cancel,
  );
  const problem = new Problem();
  const about = h("span", { class: "nbi-workbench-about-all" });
  const factors = h("div", {
    class: "nbi-workbench-factors",
    role: "group",
    "aria-label": "Chosen factor",
  });
  const python = toggle("Python lines", "python", lines.panel);
  const wide = h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      title: "Full screen",
      "aria-label": "Full screen",
      "data-nbi": "full-screen",
      on: { click: () => void fullScreen(root) },
    },
    svg(
      "svg",
      { class: "nbi-icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
      svg("path", { d: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" }),
    ),
  );
  const mapPlace = h("div", { class: "nbi-workbench-map" });
  const sliderPlace = h("div", { class: "nbi-workbench-slider", "data-nbi": "slider-place" });
  const pairsPlace = h("div", {
    class: "nbi-workbench-card",
    hidden: true,
    "aria-label": "All pairs of inputs",
    role: "region",
    "data-nbi": "pairs-place",
  });
  const root = h(
    "div",
    { class: "nbi-root nbi-workbench", "data-nbi": "workbench" },
    h(
      "div",
      { class: "nbi-workbench-top" },
      about,
      busy,
      h("span", { class: "nbi-workbench-gap" }),
      factors,
      python,
      wide,
      guide.button,
    ),
    guide.panel,
    problem.element,
    lines.panel,
    mapPlace,
    h(
      "div",
      { class: "nbi-workbench-below" },
      sliderPlace,
      h("div", { class: "nbi-workbench-evidence" }, silenced.element, together.element),
    ),
    pairsPlace,
  );
  el.replaceChildren(root);
  keepPlainKeys(root, signal);

  function ask(verb: string): void {
    client.request(verb).then(
      (reply) => {
        if (!reply.ok) problem.show(reply.error ?? "", reply.trace);
      },
      (error) => {
        if (!(error instanceof Superseded)) throw error;
      },
    );
  }

  function put<K extends "factor" | "follow" | "_pairs_open">(
    name: K,
    value: WorkbenchTraits[K],
  ): void {
    model.set(name, value);
    model.save_changes();
  }

  function choose(factor: number): void {
    if (factor >= 0 && factor !== model.get("factor")) put("factor", factor);
  }

  function readStep(): void {
    const words = model.get("_step");
    busy.hidden = !words;
    root.dataset.nbiBusy = String(!!words);
    step.textContent = words ? `${words} …` : "";
    bar.value = model.get("_done");
  }

  function readFactor(): void {
    const chosen = model.get("factor");
    const turnable = model.get("_turnable");
    replace(
      factors,
      turnable.length > 0 && h("span", { class: "nbi-quiet" }, "factor"),
      ...turnable.map((factor) =>
        h(
          "button",
          {
            type: "button",
            class: "nbi-button",
            "aria-pressed": String(factor === chosen),
            "data-nbi": `choose-${factor}`,
            on: { click: () => choose(factor) },
          },
          String(factor),
        ),
      ),
    );
    silenced.show(model.get("_ablation") ?? {}, chosen);
  }

  root.addEventListener(
    "keydown",
    (event) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) return;
      const turnable = model.get("_turnable");
      const by = { "[": -1, "]": 1 }[event.key];
      if (by && turnable.length) {
        const at = turnable.indexOf(model.get("factor")) + by;
        choose(turnable[(at + turnable.length) % turnable.length] as number);
      } else if (event.key === "Escape" && !busy.hidden) {
        ask("cancel");
      }
    },
    { signal },
  );

  let thumbnails: Promise<Thumbnails | null> | null = null;
  async function readInteractions(): Promise<void> {
    const found = model.get("_interactions") ?? {};
    together.show(found);
    const { sample, grid } = found;
    const ref = model.get("explorer");
    if (sample === undefined || !grid?.length || !ref) return;
    thumbnails ??= host
      .getModel(ref)
      .then((map) => new Thumbnails(new Client(map as AnyModel, signal)));
    together.setPicture(sample, (await (await thumbnails)?.fetch(sample)) ?? null);
  }

  let drawn: string | null | undefined;
  async function readSlider(): Promise<void> {
    const ref = model.get("slider");
    if (ref === drawn) return;
    drawn = ref;
    if (ref) await child(ref, sliderPlace);
    else replace(sliderPlace, h("p", { class: "nbi-workbench-empty nbi-quiet" }, EMPTY));
  }

  let unfolded = false;
  async function readSwitches(): Promise<void> {
    const [open, ref] = [model.get("_pairs_open"), model.get("pairs")];
    together.switches(model.get("follow"), open, live);
    pairsPlace.hidden = !open;
    if (!open || !ref || unfolded) return;
    unfolded = true; // afterwards it follows its own model
    await child(ref, pairsPlace);
  }

  async function child(ref: string, place: HTMLElement): Promise<void> {
    try {
      place.replaceChildren();
      const widget = await host.getWidget(ref);
      await widget.render({ el: place, signal });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      place.replaceChildren(h("div", { class: "nbi-error" }, `Not drawn: ${reason}`));
    }
  }

  const on = (name: keyof WorkbenchTraits & string, changed: () => void) => {
    model.on(`change:${name}`, changed);
    signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
    changed();
  };
  about.textContent = model.get("_about");
  on("_step", readStep);
  on("_done", readStep);
  on("_error", () => problem.show(model.get("_error") || null, model.get("_trace") || null));
  onNotice(model, signal, (text, trace) => problem.show(text, trace));
  on("factor", readFactor);
  on("_turnable", readFactor);
  on("_ablation", readFactor);
  on("_interactions", () => void readInteractions());
  on("slider", () => void readSlider());
  for (const name of ["follow", "_pairs_open"] as const) on(name, () => void readSwitches());
  const readLines = () => lines.show(model.get("_begin"), model.get("_history"));
  on("_history", readLines);

  const width = new ResizeObserver(([entry]) => {
    const pixels = entry?.contentRect.width ?? NARROW;
    root.dataset.nbiNarrow = String(pixels < NARROW);
    root.dataset.nbiWide = String(pixels >= WIDE);
  });
  width.observe(root);
  signal.addEventListener("abort", () => width.disconnect());
  watchTheme(root, signal, () => {});
  const map = model.get("explorer");
  if (map) await child(map, mapPlace);
}

function toggle(label: string, name: string, panel: HTMLElement): HTMLElement {
  const button = h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      "aria-expanded": "false",
      "data-nbi": name,
      on: {
        click: () => {
          panel.hidden = !panel.hidden;
          button.setAttribute("aria-expanded", String(!panel.hidden));
        },
      },
    },
    label,
  );
  return button;
}

async function fullScreen(root: HTMLElement): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await root.requestFullscreen?.();
}
