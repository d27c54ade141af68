import { h } from "../../shared/dom";
import { NATS } from "../../shared/help";
import type { Stats } from "../frames/latency";
import { AMOUNT, latencyText, type SourceState, sourceText } from "./labels";

export type ReadoutState = {
  about: string;
  busy: boolean;
  source: SourceState;
  stats: Stats;
};

/** The line below: where frames come from, how fast they are, and what the amounts mean. */
export function buildReadout() {
  const spinner = h("span", { class: "nbi-spinner", hidden: true, "aria-hidden": "true" });
  const source = h("span", { "data-nbi": "source" });
  const latency = h("span", {
    title: "The median time from a move of the slider to its exact frame",
    "data-nbi": "latency",
  });
  const about = h("span", { class: "nbi-about" });
  const element = h(
    "div",
    { class: "nbi-slider-readout nbi-quiet" },
    h("span", { class: "nbi-slider-group", role: "status" }, source, spinner),
    latency,
    about,
  );
  return {
    element,
    show(state: ReadoutState): void {
      about.textContent = state.about;
      about.title = `${state.about}\n${AMOUNT}\n${NATS}`;
      spinner.hidden = !state.busy;
      // A status line that is set anew is read aloud again.
      const text = sourceText(state.source);
      if (source.textContent !== text) source.textContent = text;
      latency.textContent = state.source.live ? latencyText(state.stats) : "";
    },
  };
}
