import { h, onTyped } from "../../shared/dom";
import { NATS, UNSTABLE } from "../../shared/help";
import { keyed, placed, stepOf } from "../positions";
import { AMOUNT, TOTAL } from "./labels";

export type RowActions = {
  /** The slider of `factor` moves to `value`, because of an event at `asked`. */
  move(factor: number, value: number, asked: number): void;
  /** The reader works on `factor`. */
  choose(factor: number): void;
  /** The slider is let go. */
  release(): void;
};

/** The controls of one factor: its name, a slider, a typed value, and back to 0. */
export class Row {
  private span = 0;
  private value = 0;
  private isUnstable = false;
  private readonly label: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly typedValue: HTMLInputElement;
  private readonly reset: HTMLButtonElement;
  readonly element: HTMLElement;

  constructor(
    private readonly factor: number,
    private readonly name: string,
    private readonly actions: RowActions,
  ) {
    this.slider = h("input", {
      class: "nbi-slider-range",
      type: "range",
      step: "any",
      "aria-label": name,
      "data-nbi": `slider-${factor}`,
    });
    this.typedValue = h("input", {
      class: "nbi-field nbi-slider-number",
      type: "number",
      step: "any",
      title: AMOUNT,
      "aria-label": `${name}, typed`,
      "data-nbi": `number-${factor}`,
    });
    this.reset = h(
      "button",
      {
        type: "button",
        class: "nbi-button",
        title: "Back to 0 (Escape)",
        "aria-label": `${name}: back to 0`,
        "data-nbi": `reset-${factor}`,
        on: { click: () => this.jump(0) },
      },
      "↺",
    );
    this.label = h("div", { class: "nbi-slider-name", title: `${name}\n${TOTAL}\n${NATS}` }, name);
    this.element = h(
      "div",
      { class: "nbi-slider-row", "data-nbi": "row" },
      this.label,
      h("div", { class: "nbi-slider-track" }, this.slider),
      this.typedValue,
      this.reset,
    );
    this.listen();
  }

  /** Say whether the factor is not stable. */
  mark(isUnstable: boolean): void {
    if (isUnstable === this.isUnstable) return;
    this.isUnstable = isUnstable;
    const { label, name } = this;
    label.textContent = isUnstable ? `${name} · not stable` : name;
    this.slider.setAttribute("aria-label", label.textContent);
    label.title = [name, ...(isUnstable ? [UNSTABLE] : []), TOTAL, NATS].join("\n");
  }

  show(value: number, span: number, off: boolean): void {
    const { slider, typedValue } = this;
    // What is being typed, such as a sign alone, stays until the value changes.
    const typing = document.activeElement === typedValue;
    if (value !== this.value || !(typing || typedValue.value)) typedValue.value = text(value);
    this.value = value;
    if (span !== this.span) {
      this.span = span;
      for (const input of [slider, typedValue]) {
        input.min = String(-span);
        input.max = String(span);
      }
    }
    for (const control of [slider, typedValue]) control.disabled = off;
    this.reset.disabled = off || value === 0;
    // The thumb stays where the pointer has it, between the steps of the grid.
    if (placed(Number(slider.value), span, stepOf(span)) !== value || value === 0) {
      slider.value = String(value);
    }
    slider.style.setProperty("--nbi-share", String((value + span) / (2 * span)));
    slider.setAttribute("aria-valuetext", text(value));
  }

  private listen(): void {
    const { slider, typedValue, element, actions, factor } = this;
    slider.addEventListener("input", () => {
      const target = placed(Number(slider.value), this.span, stepOf(this.span));
      actions.move(factor, target, performance.now());
    });
    for (const end of ["change", "pointerup", "pointercancel", "keyup", "blur"]) {
      slider.addEventListener(end, () => actions.release());
    }
    onTyped(typedValue, () => {
      const next = placed(Number(typedValue.value), this.span);
      if (typedValue.value.trim() && Number.isFinite(next) && next !== this.value) this.jump(next);
      typedValue.value = text(this.value);
    });
    for (const event of ["input", "focusin"]) {
      element.addEventListener(event, () => actions.choose(factor));
    }
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.press(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Take a key; whether it is one of ours. */
  private press({ key, target, shiftKey }: KeyboardEvent): boolean {
    if (key === "Escape") {
      if (!this.slider.disabled) this.jump(0);
      return true;
    }
    if (target !== this.slider) return false;
    const next = keyed(this.value, this.span, key, shiftKey);
    if (next === null) return false;
    if (next !== this.value) this.actions.move(this.factor, next, performance.now());
    return true;
  }

  private jump(target: number): void {
    this.actions.move(this.factor, target, performance.now());
    this.actions.release();
  }
}

function text(value: number): string {
  return String(Number(value.toFixed(4)));
}
