import { h, onTyped } from "../shared/dom";

const STEPS = 200; // of the slider

/** How many rows or columns to show: a field and a slider for the same number. */
export class TopControl {
  readonly field: HTMLElement;
  readonly slider: HTMLInputElement;
  private readonly input: HTMLInputElement;
  private readonly total = h("span", { class: "nbi-quiet" });

  /** `things` are what is counted, `best` says which of them are shown. */
  constructor(things: string, best: string) {
    const name = `How many ${things.toLowerCase()} to show, ${best}`;
    this.input = h("input", {
      class: "nbi-field nbi-heatmap-top",
      type: "number",
      min: 1,
      step: 1,
      "aria-label": name,
      title: name,
      "data-nbi": "top",
    });
    this.slider = h("input", {
      class: "nbi-heatmap-slide",
      type: "range",
      min: 0,
      max: STEPS,
      step: 1,
      "aria-label": name,
      title: name,
      "data-nbi": "top-slider",
    });
    this.field = h("label", { class: "nbi-heatmap-limit" }, things, this.input, this.total);
  }

  onChange(changed: (top: number) => void): void {
    const { input } = this;
    onTyped(input, () => {
      const value = Math.floor(Number(input.value));
      if (value >= 1) changed(Math.min(value, Number(input.max)));
      else input.value = input.defaultValue;
    });
    this.slider.addEventListener("input", () => changed(this.slid()));
  }

  /** Say how many of all are shown, and how many a search found (null where there is none). */
  show(count: number, of: number, found: number | null): void {
    const { input, slider } = this;
    const shown = String(Math.min(count, Math.max(1, of)));
    input.max = String(Math.max(1, of));
    input.disabled = slider.disabled = of < 2;
    input.defaultValue = shown;
    const share = Math.log(Number(shown)) / Math.log(Math.max(2, of));
    // Leave a thumb that already means this number: moving it back would block the arrow keys.
    if (this.slid() !== Number(shown)) slider.value = String(Math.round(STEPS * share));
    slider.setAttribute("aria-valuetext", shown);
    if (document.activeElement !== input) input.value = shown;
    this.total.textContent = `of ${of.toLocaleString("en")}${found === null ? "" : ` · ${found} found`}`;
  }

  /** The number at the slider, on a logarithmic scale: the first few matter most. */
  private slid(): number {
    return Math.round(Number(this.input.max) ** (Number(this.slider.value) / STEPS));
  }
}
