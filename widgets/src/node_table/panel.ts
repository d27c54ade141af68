import { h, replace } from "../shared/dom";
import { help } from "../shared/help";
import { Problem } from "../shared/problem";
import { KEYS, READING } from "./help";

const NONE = "none"; // the entry of the list for no factor

/** The elements of the view; `index.ts` connects them to the model. */
export class Panel {
  readonly problem = new Problem();
  readonly search = h("input", {
    class: "nbi-field nbi-node_table-search",
    type: "search",
    placeholder: "Find: words, unit_ratio<2 …",
    "aria-label": "Find nodes by words, or by bounds on a column",
    "data-nbi": "search",
  });
  readonly head = h("tr");
  readonly body = h("tbody");
  readonly more = h("button", { class: "nbi-button", type: "button", "data-nbi": "more" });
  readonly live = h("div", { class: "nbi-screen-reader", "aria-live": "polite" });
  readonly root: HTMLElement;
  private readonly factors = h("select", { class: "nbi-select", "data-nbi": "factor" });
  private readonly choice = h(
    "label",
    { class: "nbi-node_table-choice", hidden: true },
    "Factor",
    this.factors,
  );
  private readonly count = h("span", { class: "nbi-quiet", "data-nbi": "count" });
  private readonly about = h("span", { class: "nbi-about nbi-quiet" });
  private readonly scroller = h(
    "div",
    { class: "nbi-node_table-scroller" },
    h(
      "table",
      { "aria-label": "Nodes", "aria-multiselectable": "true" },
      h("thead", {}, this.head),
      this.body,
    ),
    this.more,
  );

  constructor() {
    const guide = help(READING, KEYS);
    this.root = h(
      "div",
      { class: "nbi-root nbi-node_table", "data-nbi": "node_table" },
      h(
        "div",
        { class: "nbi-node_table-bar" },
        this.search,
        this.choice,
        this.count,
        guide.button,
        this.about,
      ),
      this.problem.element,
      guide.panel,
      this.scroller,
      this.live,
    );
  }

  onFactor(changed: (factor: number | null) => void): void {
    this.factors.addEventListener("change", () => {
      const { value } = this.factors;
      changed(value === NONE ? null : Number(value));
    });
  }

  /** Offer the factors of a fit; without one there is nothing to choose. */
  listFactors(ids: readonly number[], unstable: readonly number[]): void {
    this.choice.hidden = ids.length === 0;
    const options = ids.map((id) =>
      h("option", { value: String(id) }, unstable.includes(id) ? `${id} · not stable` : String(id)),
    );
    replace(this.factors, h("option", { value: NONE }, "none"), ...options);
  }

  showFactor(factor: number | null): void {
    this.factors.value = factor === null ? NONE : String(factor);
  }

  showCount(shown: number, all: number): void {
    const counted = `${all} ${all === 1 ? "node" : "nodes"}`;
    this.count.textContent = shown === all ? counted : `${shown} of ${counted}`;
  }

  showAbout(about: string, height: number): void {
    this.about.textContent = this.about.title = about;
    this.scroller.style.maxHeight = `${height}px`;
  }

  showQuery(query: string): void {
    if (document.activeElement !== this.search) this.search.value = query;
  }

  /** Say how many rows are left to draw. */
  showRest(rest: number): void {
    this.more.hidden = rest <= 0;
    this.more.textContent = `Show more (${Math.max(0, rest)} left)`;
  }

  /** Read to a screen reader how many rows there are. */
  sayCount(): void {
    this.live.textContent = this.count.textContent;
  }

  /** The row of a node, where it is drawn. */
  rowOf(node: number): HTMLElement | null {
    return this.body.querySelector<HTMLElement>(`[data-nbi-node="${node}"]`);
  }
}
