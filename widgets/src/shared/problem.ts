import { h } from "./dom";

/** The panel for what went wrong: a sentence, and the traceback folded beneath it. */
export class Problem {
  private readonly text = h("span", {});
  private readonly trace = h("pre", {});
  private readonly details = h(
    "details",
    { class: "nbi-trace" },
    h("summary", {}, "Traceback"),
    this.trace,
  );
  readonly element: HTMLElement;

  constructor(className: string) {
    this.element = h(
      "div",
      { class: `nbi-error ${className}`, role: "alert", hidden: true, "data-nbi": "error" },
      h("div", { class: "nbi-problem-text" }, this.text, this.details),
      h(
        "button",
        {
          type: "button",
          class: "nbi-button",
          "aria-label": "Dismiss",
          title: "Dismiss",
          on: { click: () => this.show(null) },
        },
        "✕",
      ),
    );
  }

  /** Show a text, or nothing for null. */
  show(text: string | null, trace: unknown = null): void {
    this.element.hidden = text === null;
    this.text.textContent = text ?? "";
    this.details.hidden = typeof trace !== "string";
    this.details.open = false;
    this.trace.textContent = typeof trace === "string" ? trace : "";
  }
}
