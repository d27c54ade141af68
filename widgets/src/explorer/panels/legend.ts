import { h } from "../../shared/dom";
import type { Colouring, Entry } from "../state/columns";
import { count } from "./words";

/** The legend beside the map: categories with counts, or the `scale` of a number. */
export function paintLegend(
  element: HTMLElement,
  by: Colouring,
  entries: readonly Entry[],
  anySelected: boolean,
  pick: (group: number, event: MouseEvent) => void,
  scale: () => HTMLElement,
): void {
  element.hidden = by.column === null;
  if (by.column === null) return;
  const name = by.column.name;
  const title = h("div", { class: "nbi-explorer-legend-title", title: name }, name);
  // The rows are rebuilt; the keyboard focus must stay on its row.
  const buttons = () => [...element.querySelectorAll<HTMLElement>("button, input")];
  const focused = buttons().indexOf(document.activeElement as HTMLElement);
  element.replaceChildren(title, by.scale ? scale() : list(entries, anySelected, pick));
  buttons()[focused]?.focus({ preventScroll: true });
}

function list(
  entries: readonly Entry[],
  anySelected: boolean,
  pick: (group: number, event: MouseEvent) => void,
): HTMLElement {
  const rows = entries.map(({ label, color, count: total, selected }, group) => {
    const swatch = h("span", { class: "nbi-explorer-swatch" });
    swatch.style.backgroundColor = color;
    // The row itself shows when all or none of a category is selected.
    const partly = selected > 0 && selected < total;
    const figure = partly ? `${count(selected)}/${count(total)}` : count(total);
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "nbi-button nbi-explorer-entry",
          title: `Select “${label}” (Shift toggles, Alt removes)`,
          "aria-label": `${label}, ${count(total)} samples, ${count(selected)} selected`,
          "data-nbi-entry": label,
          "data-nbi-quiet": String(anySelected && selected === 0),
          on: { click: (event: MouseEvent) => pick(group, event) },
        },
        swatch,
        h("span", { class: "nbi-explorer-entry-label" }, label),
        h("span", { class: "nbi-explorer-entry-count" }, figure),
      ),
    );
  });
  return h("ul", {}, ...rows);
}
