import { h } from "../shared/dom";

/** The step that runs, how far the loop has come, and a button to cancel. */
export class Progress {
  private readonly step = h("span", { "data-nbi": "step" });
  private readonly bar = h("progress", {
    class: "nbi-workbench-progress",
    max: 1,
    "aria-label": "Progress",
  });
  readonly element: HTMLElement;

  constructor(cancel: () => void) {
    this.element = h(
      "div",
      { class: "nbi-workbench-busy", role: "status", hidden: true, "data-nbi": "busy" },
      h("span", { class: "nbi-spinner", "aria-hidden": "true" }),
      this.step,
      this.bar,
      h(
        "button",
        { type: "button", class: "nbi-button", "data-nbi": "cancel", on: { click: cancel } },
        "Cancel",
      ),
    );
  }

  /** Whether a step runs. */
  get busy(): boolean {
    return !this.element.hidden;
  }

  /** Show a step, or none for an empty text. */
  show(step: string, done: number): void {
    this.element.hidden = !step;
    this.step.textContent = step ? `${step} …` : "";
    this.bar.value = done;
  }
}
