import { h, onTyped, replace } from "../shared/dom";
import { help } from "../shared/help";
import { Problem } from "../shared/problem";

/** What differs between the two matrices in words. */
export type Words = {
  things: string;
  /** What the number says of the things that are shown. */
  best: string;
  search: string;
  reading: readonly string[];
  keys: readonly (readonly [string, string])[];
};

const STEPS = 200; // of the slider

/** The controls that both matrices have: how many, search, help, warnings, the card of a cell. */
export function buildControls(words: Words) {
  const name = `How many ${words.things.toLowerCase()} to show, ${words.best}`;
  const top = h("input", {
    class: "nbi-field nbi-heatmap-top",
    type: "number",
    min: 1,
    step: 1,
    "aria-label": name,
    "data-nbi": "top",
  });
  const slide = h("input", {
    class: "nbi-heatmap-slide",
    type: "range",
    min: 0,
    max: STEPS,
    step: 1,
    "aria-label": name,
    title: name,
    "data-nbi": "top-slider",
  });
  // By ratios: of a thousand things, the first ten matter as much as the last nine hundred.
  const slid = () => Math.round(Number(top.max) ** (Number(slide.value) / STEPS));
  const total = h("span", { class: "nbi-quiet" });
  const search = h("input", {
    class: "nbi-field nbi-heatmap-search",
    type: "search",
    placeholder: words.search,
    "aria-label": `${words.search} by name; Enter goes to the next`,
    "data-nbi": "search",
  });
  const guide = help(words.reading, words.keys);
  const about = h("span", { class: "nbi-about nbi-quiet" });
  const warning = h("div", { class: "nbi-warning", role: "status", hidden: true });
  const empty = h("div", { class: "nbi-empty nbi-quiet", hidden: true });
  const live = h("div", { class: "nbi-screen-reader", "aria-live": "polite" });
  const card = h("div", { class: "nbi-heatmap-card", hidden: true });
  const limit = h("label", { class: "nbi-heatmap-limit" }, words.things, top, total);
  const problem = new Problem();
  const full = h("div", { class: "nbi-heatmap-full" });
  const root = h(
    "div",
    { class: "nbi-root nbi-heatmap", "data-nbi": "heatmap" },
    problem.element,
    full,
    empty,
    live,
  );
  return {
    root,
    problem,
    full,
    limit,
    slide,
    search,
    guide,
    about,
    warning,
    live,
    card,
    onTop(changed: (top: number) => void): void {
      onTyped(top, () => {
        const value = Math.floor(Number(top.value));
        if (value >= 1) changed(Math.min(value, Number(top.max)));
        else top.value = top.defaultValue;
      });
      slide.addEventListener("input", () => changed(slid()));
    },
    onSearch(changed: (text: string, next: boolean) => void): void {
      search.addEventListener("input", () => changed(search.value, false));
      search.addEventListener("keydown", (event) => {
        if (event.key === "Enter") changed(search.value, true);
        else if (event.key === "Escape" && !search.value) search.blur();
      });
    },
    /** Whether the focus leaves the view, and not from the search to the cells that it found. */
    left({ relatedTarget }: FocusEvent): boolean {
      return !(relatedTarget instanceof Node && full.contains(relatedTarget));
    },
    showEmpty(isEmpty: boolean, message: string): void {
      full.hidden = isEmpty;
      empty.hidden = !isEmpty;
      empty.textContent = message;
    },
    /** Say how many of all are shown, and how many a search found (null where there is none). */
    showTop(count: number, of: number, found: number | null): void {
      const most = String(Math.max(1, of));
      top.max = most;
      top.disabled = slide.disabled = of < 2;
      top.defaultValue = String(Math.min(count, Math.max(1, of)));
      const share = Math.log(Number(top.defaultValue)) / Math.log(Math.max(2, of));
      // Where the thumb says as much already, it stays: a key would else not get away from 1.
      if (slid() !== Number(top.defaultValue)) slide.value = String(Math.round(STEPS * share));
      slide.setAttribute("aria-valuetext", top.defaultValue);
      if (document.activeElement !== top) top.value = top.defaultValue;
      total.textContent = `of ${of.toLocaleString("en")}${found === null ? "" : ` · ${found} found`}`;
    },
    showWords(said: string, warned: string): void {
      about.textContent = said;
      about.title = said;
      warning.hidden = !warned;
      warning.textContent = warned;
    },
    /** Fill the card and put it at (x, y) of `within`, where it has room. */
    showCard(lines: readonly string[], x: number, y: number, within: HTMLElement): void {
      card.hidden = false;
      replace(card, ...lines.map((line) => h("div", {}, line)));
      const room = within.clientWidth - card.offsetWidth - 4;
      card.style.left = `${Math.max(0, Math.min(x, room))}px`;
      card.style.top = `${y}px`;
    },
  };
}

export function button(label: string, name: string, title: string, content: string | Node) {
  return h(
    "button",
    { class: "nbi-button", type: "button", title, "aria-label": label, "data-nbi": name },
    content,
  );
}
