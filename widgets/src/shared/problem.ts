import type { AnyModel } from "@anywidget/types";
import { h } from "./dom";

/** The error panel: a sentence, with the traceback folded beneath it. */
export class Problem {
  private readonly text = h("span", {});
  private readonly trace = h("pre", {});
  private readonly details = h(
    "details",
    {
      class: "nbi-trace",
      // The last lines of a traceback matter most.
      on: { toggle: () => this.trace.scrollTo?.(0, this.trace.scrollHeight) },
    },
    h("summary", {}, "Traceback"),
    this.trace,
  );
  readonly element: HTMLElement;

  /** `dismissed` is called when the reader closes it. */
  constructor(dismissed: () => void = () => {}) {
    this.element = h(
      "div",
      { class: "nbi-error nbi-problem", role: "alert", hidden: true, "data-nbi": "error" },
      h("div", { class: "nbi-problem-text" }, this.text, this.details),
      h(
        "button",
        {
          type: "button",
          class: "nbi-button",
          "aria-label": "Dismiss",
          title: "Dismiss",
          on: {
            click: () => {
              this.show(null);
              dismissed();
            },
          },
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

/** Call `tell` when Python failed after the page set a trait, such as in a user's callback. */
export function onNotice(
  model: Pick<AnyModel, "on" | "off">,
  signal: AbortSignal,
  tell: (text: string, trace: unknown) => void,
): void {
  const notice = (message: { kind?: string; error?: string; trace?: unknown }) => {
    if (message?.kind === "notice") tell(message.error ?? "", message.trace);
  };
  model.on("msg:custom", notice);
  signal.addEventListener("abort", () => model.off("msg:custom", notice));
}
