import { h } from "../shared/dom";
import { digitsOf, place } from "./scene";
import type { Bar } from "./traits";

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

/** Draw bars over their chance bands: as a list, so that a screen reader reads it as one. */
export function bars(rows: readonly Bar[], pointed: (row: number) => void): HTMLElement {
  const placed = place(rows, digitsOf(rows));
  return h(
    "ul",
    { class: "nbi-workbench-bars" },
    ...placed.map((bar, row) => {
      const spoken = `${bar.label}: ${bar.text}. ${bar.note}${bar.beyond ? "" : "; within chance"}`;
      const track = h(
        "div",
        { class: "nbi-workbench-track", "aria-hidden": "true" },
        bar.band &&
          h("div", {
            class: "nbi-workbench-band",
            style: `left:${percent(bar.band[0])};width:${percent(bar.band[1] - bar.band[0])}`,
          }),
        h("div", {
          class: "nbi-workbench-bar",
          "data-nbi-below": String(bar.below),
          "data-nbi-beyond": String(bar.beyond),
          style: `left:${percent(bar.from)};width:${percent(bar.to - bar.from)}`,
        }),
        h("div", { class: "nbi-workbench-zero", style: `left:${percent(bar.zero)}` }),
      );
      return h(
        "li",
        {
          class: "nbi-workbench-row",
          title: spoken,
          "aria-label": spoken,
          "data-nbi": "bar",
          on: { pointerenter: () => pointed(row), pointerleave: () => pointed(-1) },
        },
        h("span", { class: "nbi-workbench-label" }, bar.label),
        track,
        h("span", { class: "nbi-workbench-value" }, bar.text),
      );
    }),
  );
}
