import { h } from "../../shared/dom";
import { Problem } from "../../shared/problem";

const SECONDS = 5;

/** The status line under the map, and the error panel above it. */
export class StatusLine {
  private readonly chosen = h("span", { "data-nbi": "selected" });
  private readonly found = h("span", { "data-nbi": "fitted" });
  private readonly passing = h("span", { class: "nbi-quiet", "data-nbi": "hint" });
  private readonly lasting = h("span", { class: "nbi-explorer-note", "data-nbi": "note" });
  private readonly offered = h("button", {
    type: "button",
    class: "nbi-button nbi-explorer-take",
    hidden: true,
    "data-nbi": "offer",
  });
  private readonly spoken = h("span", { class: "nbi-screen-reader", "aria-live": "polite" });
  private readonly notes = new Map<string, string>();
  private timer = 0;

  readonly element = h(
    "div",
    { class: "nbi-explorer-status" },
    h("div", { role: "status", "data-nbi": "status" }, this.chosen, this.found),
    this.passing,
    this.lasting,
    this.offered,
    this.spoken,
  );
  readonly problem = new Problem();

  selection(text: string): void {
    // Screen readers would repeat a text that is set again.
    if (this.chosen.textContent !== text) this.chosen.textContent = text;
  }

  fit(text: string): void {
    this.found.textContent = text;
  }

  /** Show a hint for a few seconds. */
  hint(text: string): void {
    window.clearTimeout(this.timer);
    this.passing.textContent = text;
    this.timer = window.setTimeout(() => {
      this.passing.textContent = "";
    }, 1000 * SECONDS);
  }

  /** Show a note that stays: one for each `topic`. */
  note(topic: string, text: string): void {
    this.notes.set(topic, text);
    this.lasting.textContent = [...this.notes.values()].filter(Boolean).join(" ");
  }

  /** Show a button that can be pressed once; an empty text hides it. */
  offer(text: string, press: () => void = () => {}): void {
    this.offered.hidden = text === "";
    this.offered.textContent = text;
    this.offered.onclick = () => {
      this.offered.hidden = true;
      press();
    };
  }

  /** Tell only screen readers. */
  announce(text: string): void {
    this.spoken.textContent = text;
  }

  error(text: string | null, trace: unknown = null): void {
    this.problem.show(text, trace);
  }
}
