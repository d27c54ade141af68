import { h, replace } from "../shared/dom";
import { help } from "../shared/help";
import { Problem } from "../shared/problem";
import { TopControl } from "./top";

/** What differs between the two matrices in words. */
export type Words = {
  things: string;
  /** Which of the things are shown. */
  best: string;
  search: string;
  reading: readonly string[];
  keys: readonly (readonly [string, string])[];
};

/** The controls that both matrices have: how many, search, help, warnings, the card of a cell. */
export class Controls {
  readonly problem = new Problem();
  readonly top: TopControl;
  readonly search: HTMLInputElement;
  readonly guide: ReturnType<typeof help>;
  readonly about = h("span", { class: "nbi-about nbi-quiet" });
  readonly warning = h("div", { class: "nbi-warning", role: "status", hidden: true });
  readonly card = h("div", { class: "nbi-heatmap-card", hidden: true });
  readonly full = h("div", { class: "nbi-heatmap-full" });
  readonly root: HTMLElement;
  private readonly empty = h("div", { class: "nbi-empty nbi-quiet", hidden: true });
  private readonly live = h("div", { class: "nbi-screen-reader", "aria-live": "polite" });

  constructor(words: Words) {
    this.top = new TopControl(words.things, words.best);
    this.search = h("input", {
      class: "nbi-field nbi-heatmap-search",
      type: "search",
      placeholder: words.search,
      "aria-label": `${words.search} by name; Enter goes to the next`,
      "data-nbi": "search",
    });
    this.guide = help(words.reading, words.keys);
    this.root = h(
      "div",
      { class: "nbi-root nbi-heatmap", "data-nbi": "heatmap" },
      this.problem.element,
      this.full,
      this.empty,
      this.live,
    );
  }

  onSearch(changed: (text: string, isNext: boolean) => void): void {
    const { search } = this;
    search.addEventListener("input", () => changed(search.value, false));
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") changed(search.value, true);
      else if (event.key === "Escape" && !search.value) search.blur();
    });
  }

  /** Call `left` when the focus leaves the view, but not from the search to the cells it found. */
  onLeave(field: HTMLElement, signal: AbortSignal, left: () => void): void {
    const blurred = ({ relatedTarget }: FocusEvent) => {
      if (!(relatedTarget instanceof Node && this.full.contains(relatedTarget))) left();
    };
    for (const part of [field, this.search]) part.addEventListener("blur", blurred, { signal });
  }

  /** Tell a screen reader what has changed. */
  say(text: string): void {
    this.live.textContent = text;
  }

  showEmpty(isEmpty: boolean, message: string): void {
    this.full.hidden = isEmpty;
    this.empty.hidden = !isEmpty;
    this.empty.textContent = message;
  }

  showWords(about: string, warning: string): void {
    this.about.textContent = about;
    this.about.title = about;
    this.warning.hidden = !warning;
    this.warning.textContent = warning;
  }

  /** Fill the card and put it at (x, y) of `within`, where it has room. */
  showCard(lines: readonly string[], x: number, y: number, within: HTMLElement): void {
    const { card } = this;
    card.hidden = false;
    replace(card, ...lines.map((line) => h("div", {}, line)));
    const room = within.clientWidth - card.offsetWidth - 4;
    card.style.left = `${Math.max(0, Math.min(x, room))}px`;
    card.style.top = `${y}px`;
  }

  hideCard(): void {
    this.card.hidden = true;
  }
}

export function button(label: string, name: string, title: string, content: string | Node) {
  return h(
    "button",
    { class: "nbi-button", type: "button", title, "aria-label": label, "data-nbi": name },
    content,
  );
}

/** The element that holds the cells and takes the keys. */
export function cellField(label: string, ...children: Node[]): HTMLElement {
  return h(
    "div",
    {
      class: "nbi-heatmap-field",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "heatmap",
      "aria-label": label,
      "data-nbi": "field",
    },
    ...children,
  );
}
