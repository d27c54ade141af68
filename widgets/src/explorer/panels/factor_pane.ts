import { h, svg } from "../../shared/dom";

/** The place beside the map for the factors of the selection. */
export class FactorPane {
  private readonly words = h("p", {});
  private readonly guide = h(
    "div",
    { class: "nbi-explorer-guide" },
    svg(
      "svg",
      { viewBox: "0 0 48 48", "aria-hidden": "true" },
      ...[0, 1, 2, 3].flatMap((row) =>
        [0, 1, 2, 3].map((column) =>
          svg("rect", {
            x: 4 + 10.5 * column,
            y: 4 + 10.5 * row,
            width: 8.5,
            height: 8.5,
            rx: 1.5,
            opacity: 0.15 + 0.75 * Math.abs(Math.cos(1.7 * row + 2.3 * column)),
          }),
        ),
      ),
    ),
    this.words,
    h("p", { class: "nbi-quiet" }, "The factors that are local to those samples appear here."),
  );
  private readonly place = h("div", { class: "nbi-explorer-heatmap", hidden: true });
  private filled = false;

  readonly element = h(
    "div",
    { class: "nbi-explorer-pane", "data-nbi": "factors" },
    this.guide,
    this.place,
  );

  /** `fitsItself`: a selection is fitted right away, without the button. */
  constructor(fitsItself: boolean) {
    this.words.textContent = fitsItself
      ? "Draw around samples on the map: their factors are fitted at once."
      : "Draw around samples on the map, then press “Fit this selection”.";
  }

  /** Draw the child view with `render`, once: later it follows its own model. */
  async fill(render: (place: HTMLElement) => Promise<void>): Promise<void> {
    if (this.filled) return;
    this.filled = true;
    this.guide.hidden = true;
    this.place.hidden = false;
    try {
      await render(this.place);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.place.replaceChildren(h("div", { class: "nbi-error" }, `No heatmap: ${text}`));
    }
  }
}
