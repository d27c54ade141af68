import { h } from "../../shared/dom";
import type { Column } from "../state/columns";
import { told } from "../state/meaning";
import type { Meaning, Range } from "../traits";
import { count } from "./words";

const PAUSE = 160;

export type FindActions = {
  search(text: string): void;
  range(name: string, range: Range | null): void;
  /** Select the samples that match. */
  take(): void;
};

/** The search field, and the row that lists the filters, each with a button that removes it. */
export class Find {
  readonly field = h("input", {
    type: "search",
    class: "nbi-select nbi-explorer-search",
    placeholder: "Find",
    title: "Find samples by the texts of their columns, as 9 or digit=9 (/). Enter selects them",
    "aria-label": "Find samples",
    maxlength: 200,
    "data-nbi": "search",
  });
  private readonly chips = h("span", { class: "nbi-explorer-chips" });
  private readonly figure = h("span", { "data-nbi": "matching", "aria-live": "polite" });
  readonly row = h(
    "div",
    { class: "nbi-explorer-filters", hidden: true, "data-nbi": "filters" },
    this.chips,
    this.figure,
    h(
      "button",
      {
        type: "button",
        class: "nbi-button nbi-explorer-take",
        title: "Select what matches",
        "data-nbi": "take",
        on: { click: () => this.actions.take() },
      },
      "Select them",
    ),
  );
  private timer = 0;

  constructor(private readonly actions: FindActions) {
    const say = () => {
      window.clearTimeout(this.timer);
      this.timer = 0;
      this.actions.search(this.field.value);
    };
    this.field.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(say, PAUSE);
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") this.field.value = "";
      say();
      if (event.key === "Enter") this.actions.take();
    });
  }

  /** Show the filters and how many samples match; `match` is null without a filter. */
  show(
    search: string,
    ranges: Readonly<Record<string, Range>>,
    table: readonly Column[],
    match: number | null,
    n: number,
  ) {
    // While the person types, what Python or another page sets must wait.
    if (!this.timer && this.field.value !== search) this.field.value = search;
    const chips = Object.entries(ranges).map(([name, range]) =>
      this.chip(`${name} ${words(range, meaningOf(name, table))}`, () =>
        this.actions.range(name, null),
      ),
    );
    if (search.trim())
      chips.unshift(this.chip(`“${search.trim()}”`, () => this.actions.search("")));
    this.chips.replaceChildren(...chips);
    this.row.hidden = match === null;
    this.figure.textContent = match === null ? "" : `${count(match)} of ${count(n)} match`;
  }

  private chip(text: string, remove: () => void): HTMLElement {
    return h(
      "button",
      {
        type: "button",
        class: "nbi-button nbi-explorer-chip",
        title: `Remove the filter ${text}`,
        "aria-label": `Remove the filter ${text}`,
        on: { click: remove },
      },
      h("span", { class: "nbi-explorer-chip-text" }, text),
      "✕",
    );
  }
}

function meaningOf(name: string, table: readonly Column[]): Meaning | undefined {
  const column = table.find((one) => one.name === name);
  return column?.kind === "number" ? column.meaning : undefined;
}

function words([low, high]: Range, meaning: Meaning | undefined): string {
  if (low === null) return `≤ ${told(high ?? 0, meaning)}`;
  if (high === null) return `≥ ${told(low, meaning)}`;
  return `${told(low, meaning)} – ${told(high, meaning)}`;
}
