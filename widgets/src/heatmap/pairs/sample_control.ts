import { h, onTyped } from "../../shared/dom";
import { button } from "../controls";

/** Which of several samples is shown: a field for its number, and a button for their mean. */
export class SampleControl {
  readonly element: HTMLElement;
  private readonly field = h("input", {
    class: "nbi-field nbi-heatmap-top",
    type: "number",
    min: 0,
    step: 1,
    "aria-label": "Which sample to show",
    "data-nbi": "sample",
  });
  private readonly count = h("span", { class: "nbi-quiet" });
  private readonly mean = button("Mean of the samples", "mean", "Mean of the samples", "Mean");

  constructor() {
    const { field, count, mean } = this;
    this.element = h("span", { class: "nbi-heatmap-limit" }, "Sample", field, count, mean);
  }

  /** `numbered` takes the number of a sample as it was typed. */
  onChange(numbered: (wanted: number) => void, averaged: () => void): void {
    onTyped(this.field, () => numbered(Number(this.field.value)));
    this.mean.addEventListener("click", averaged);
  }

  /** Show the place of a sample, null for the mean; without a kernel it cannot be changed. */
  show(now: number | null, numbers: readonly number[], isLive: boolean): void {
    const { field, mean, element } = this;
    element.hidden = numbers.length < 2;
    const shown = now === null ? "" : String(numbers[now] ?? "");
    if (document.activeElement !== field) field.value = shown;
    field.disabled = mean.disabled = !isLive;
    element.title = isLive ? "" : "Other samples need a running kernel";
    this.count.textContent = `· ${numbers.length.toLocaleString("en")} explained`;
    mean.setAttribute("aria-pressed", String(now === null));
  }
}
