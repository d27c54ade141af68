import { h, onTyped } from "../shared/dom";
import { keyed, placed, stepOf } from "./scene";

export type RowActions = {
  /** The slider of `factor` is at `value`, because of an event at `asked`. */
  move(factor: number, value: number, asked: number): void;
  /** The hand is on `factor`. */
  choose(factor: number): void;
  /** The hand has let go. */
  release(): void;
};

export type Row = {
  element: HTMLElement;
  show(value: number, span: number, off: boolean): void;
};

/** The controls of one factor: its name, a slider, a typed value, and back to 0. */
export function row(factor: number, name: string, actions: RowActions): Row {
  let span = 0;
  let value = 0;
  const slider = h("input", {
    class: "nbi-slider-range",
    type: "range",
    step: "any",
    "aria-label": name,
    "data-nbi": `slider-${factor}`,
  });
  const typedValue = h("input", {
    class: "nbi-field nbi-slider-number",
    type: "number",
    step: "any",
    "aria-label": `${name}, typed`,
    "data-nbi": `number-${factor}`,
  });
  const reset = h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      title: "Back to 0 (Escape)",
      "aria-label": `${name}: back to 0`,
      "data-nbi": `reset-${factor}`,
      on: { click: () => jump(0) },
    },
    "↺",
  );
  const element = h(
    "div",
    { class: "nbi-slider-row", "data-nbi": "row" },
    h("div", { class: "nbi-slider-name", title: name }, name),
    h("div", { class: "nbi-slider-track" }, slider),
    typedValue,
    reset,
  );

  const jump = (target: number) => {
    actions.move(factor, target, performance.now());
    actions.release();
  };
  slider.addEventListener("input", () => {
    actions.move(factor, placed(Number(slider.value), span, stepOf(span)), performance.now());
  });
  for (const end of ["change", "pointerup", "pointercancel", "keyup", "blur"]) {
    slider.addEventListener(end, () => actions.release());
  }
  onTyped(typedValue, () => {
    const next = placed(Number(typedValue.value), span);
    if (typedValue.value.trim() && Number.isFinite(next) && next !== value) jump(next);
    typedValue.value = text(value);
  });
  for (const event of ["input", "focusin"]) {
    element.addEventListener(event, () => actions.choose(factor));
  }
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (!slider.disabled) jump(0);
    } else if (event.target === slider) {
      const next = keyed(value, span, event.key, event.shiftKey);
      if (next === null) return;
      if (next !== value) actions.move(factor, next, performance.now());
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return {
    element,
    show(next: number, wide: number, off: boolean): void {
      // What is being typed, such as a sign alone, stays until the value is another.
      const typing = document.activeElement === typedValue;
      if (next !== value || !(typing || typedValue.value)) typedValue.value = text(next);
      value = next;
      if (wide !== span) {
        span = wide;
        for (const input of [slider, typedValue]) {
          input.min = String(-span);
          input.max = String(span);
        }
      }
      for (const control of [slider, typedValue]) control.disabled = off;
      reset.disabled = off || value === 0;
      // The thumb is where the hand has it, between the steps of the grid.
      if (placed(Number(slider.value), span, stepOf(span)) !== value || value === 0) {
        slider.value = String(value);
      }
      slider.setAttribute("aria-valuetext", text(value));
    },
  };
}

function text(value: number): string {
  return String(Number(value.toFixed(4)));
}
