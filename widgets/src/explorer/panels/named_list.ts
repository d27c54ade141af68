import { h } from "../../shared/dom";
import { LONGEST_NAME, type Named } from "../state/named";
import { icon } from "./icons";
import { count } from "./words";

export type NamedActions = {
  /** A click on a name; the keys held say what it does to the selection. */
  recall(one: Named, event: MouseEvent): void;
  rename(old: string, name: string): void;
  drop(name: string): void;
  /** Highlight the samples on the map; null ends it. */
  preview(one: Named | null): void;
};

/** The list of named selections: recall, combine, rename and delete them. */
export class NamedList {
  readonly element = h("div", { class: "nbi-explorer-named", hidden: true, "data-nbi": "named" });
  private named: readonly Named[] = [];
  private editing: string | null = null;

  constructor(private readonly actions: NamedActions) {}

  show(named: readonly Named[]): void {
    if (named === this.named) return;
    this.named = named;
    if (!named.some(({ name }) => name === this.editing)) this.editing = null;
    this.paint();
  }

  /** Open the field that renames `name`. */
  edit(name: string): void {
    this.editing = name;
    this.paint();
    const field = this.element.querySelector("input");
    field?.focus();
    field?.select();
  }

  private paint(): void {
    const buttons = () => [...this.element.querySelectorAll<HTMLElement>(".nbi-explorer-entry")];
    const focused = buttons().indexOf(document.activeElement as HTMLElement);
    this.element.hidden = this.named.length === 0;
    this.element.replaceChildren(
      h("div", { class: "nbi-explorer-legend-title" }, "Named selections"),
      h("ul", {}, ...this.named.map((one) => this.row(one))),
    );
    const again = buttons();
    if (focused >= 0) again[Math.min(focused, again.length - 1)]?.focus({ preventScroll: true });
  }

  private row(one: Named): HTMLElement {
    const { name, samples } = one;
    const swatch = h("span", { class: "nbi-explorer-swatch nbi-explorer-swatch-named" });
    swatch.style.borderColor = one.color;
    if (this.editing === name)
      return h("li", { class: "nbi-explorer-row" }, swatch, this.field(name));
    const entry = h(
      "button",
      {
        type: "button",
        class: "nbi-button nbi-explorer-entry",
        title: `Select “${name}” again (Shift adds, Alt removes, both intersect; F2 renames)`,
        "aria-label": `${name}, ${count(samples.length)} samples`,
        "data-nbi-named": name,
        on: {
          click: (event: MouseEvent) => this.actions.recall(one, event),
          dblclick: () => this.edit(name),
          keydown: (event: KeyboardEvent) => this.key(event, name),
          mouseenter: () => this.actions.preview(one),
          mouseleave: () => this.actions.preview(null),
        },
      },
      swatch,
      h("span", { class: "nbi-explorer-entry-label" }, name),
      h("span", { class: "nbi-explorer-entry-count" }, count(samples.length)),
    );
    return h(
      "li",
      { class: "nbi-explorer-row" },
      entry,
      this.tool("rename", `Rename “${name}” (F2)`, () => this.edit(name)),
      this.tool("clear", `Delete “${name}” (Delete)`, () => this.actions.drop(name)),
    );
  }

  private tool(face: "rename" | "clear", title: string, press: () => void): HTMLElement {
    return h(
      "button",
      {
        type: "button",
        class: "nbi-button nbi-explorer-tool",
        title,
        "aria-label": title,
        "data-nbi": face === "rename" ? "rename" : "drop",
        on: { click: press },
      },
      icon(face),
    );
  }

  private field(name: string): HTMLElement {
    const done = (take: boolean) => {
      if (this.editing !== name) return;
      this.editing = null;
      if (take && field.value.trim() && field.value.trim() !== name) {
        this.actions.rename(name, field.value);
      } else this.paint();
    };
    const field = h("input", {
      class: "nbi-field nbi-explorer-field",
      value: name,
      maxlength: LONGEST_NAME,
      "aria-label": "Name of the selection",
      "data-nbi": "name-field",
      on: {
        blur: () => done(true),
        keydown: (event: KeyboardEvent) => {
          event.stopPropagation();
          if (event.key !== "Enter" && event.key !== "Escape") return;
          event.preventDefault();
          done(event.key === "Enter");
        },
      },
    });
    return field;
  }

  private key(event: KeyboardEvent, name: string): void {
    if (event.key === "F2") this.edit(name);
    else if (event.key === "Delete" || event.key === "Backspace") this.actions.drop(name);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
