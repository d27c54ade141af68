import { h, svg } from "../shared/dom";
import { Problem } from "../shared/problem";
import { AblationCard } from "./ablation";
import { CodeLines } from "./code_lines";
import { FactorChooser } from "./factor_chooser";
import { help } from "./help";
import { type InteractionActions, InteractionsCard } from "./interactions";
import { Progress } from "./progress";

export type Actions = InteractionActions & {
  choose(factor: number): void;
  cancel(): void;
};

/** The elements of the workbench: a bar, the map, the sliders and the evidence beside them. */
export class Layout {
  readonly ablation = new AblationCard();
  readonly interactions: InteractionsCard;
  readonly lines = new CodeLines();
  readonly problem = new Problem();
  readonly factors: FactorChooser;
  readonly progress: Progress;
  readonly about = h("span", { class: "nbi-workbench-about-all" });
  readonly map = h("div", { class: "nbi-workbench-map" });
  readonly slider = h("div", { class: "nbi-workbench-slider", "data-nbi": "slider-place" });
  readonly pairs = h("div", {
    class: "nbi-workbench-card",
    hidden: true,
    "aria-label": "All pairs of inputs",
    role: "region",
    "data-nbi": "pairs-place",
  });
  readonly root: HTMLElement;

  constructor(actions: Actions) {
    this.interactions = new InteractionsCard(actions);
    this.factors = new FactorChooser((factor) => actions.choose(factor));
    this.progress = new Progress(() => actions.cancel());
    const guide = help();
    const bar = h(
      "div",
      { class: "nbi-workbench-top" },
      this.about,
      this.progress.element,
      h("span", { class: "nbi-workbench-gap" }),
      this.factors.element,
      toggle("Python lines", "python", this.lines.panel),
      fullScreenButton(() => void fullScreen(this.root)),
      guide.button,
    );
    const evidence = [this.ablation.element, this.interactions.element];
    this.root = h(
      "div",
      { class: "nbi-root nbi-workbench", "data-nbi": "workbench" },
      bar,
      guide.panel,
      this.problem.element,
      this.lines.panel,
      this.map,
      h(
        "div",
        { class: "nbi-workbench-below" },
        this.slider,
        h("div", { class: "nbi-workbench-evidence" }, ...evidence),
      ),
      this.pairs,
    );
  }
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

function fullScreenButton(press: () => void): HTMLElement {
  return h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      title: "Full screen",
      "aria-label": "Full screen",
      "data-nbi": "full-screen",
      on: { click: press },
    },
    svg(
      "svg",
      { class: "nbi-icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
      svg("path", { d: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" }),
    ),
  );
}

async function fullScreen(root: HTMLElement): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await root.requestFullscreen?.();
}
