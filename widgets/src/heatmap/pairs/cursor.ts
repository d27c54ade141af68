import type { Controls } from "../controls";
import type { Hovered } from "./aside/index";
import type { Panel } from "./panel";
import { type Cell, cellOf, entryAt, type Pairs, pairOf, tell } from "./scene";
import type { Viewport } from "./viewport";

const STEP = 1.5; // of the zoom by key or button

export type CursorEvents = {
  /** The cursor is at another cell, or another part of the matrix is visible. */
  moved(): void;
  chose(pair: [number, number]): void;
  cleared(): void;
};

/** The cell under the pointer, or reached by keys or search: shown in a card and read aloud. */
export class Cursor {
  cell: Cell | null = null;
  private readonly controls: Controls;

  /** `pairs` returns what is drawn. */
  constructor(
    private readonly panel: Panel,
    private readonly viewport: Viewport,
    private readonly pairs: () => Pairs,
    private readonly events: CursorEvents,
  ) {
    this.controls = panel.controls;
  }

  /** The pairs have changed. */
  reset(): void {
    this.cell = null;
    this.controls.hideCard();
  }

  /** Stay only where the cell is still drawn. */
  keepWithinView(): void {
    if (this.cell && !this.viewport.has(this.cell)) this.cell = null;
  }

  hover(cell: Cell | null): void {
    const isSame = cell?.row === this.cell?.row && cell?.column === this.cell?.column;
    // Without a cell, there may still be the card of a pixel.
    if (!cell || !isSame) this.moveTo(cell);
  }

  /** Show the interaction of `first`, the chosen input, with one in the pictures. */
  hoverInput(first: number, input: Hovered, nameOf: (feature: number) => string): void {
    const pairs = this.pairs();
    this.cell = cellOf(pairs, [first, input.feature]);
    const lines = tell(nameOf(first), nameOf(input.feature), input.entry, pairs.unit);
    this.panel.showCard(lines, input.x, input.y);
    this.events.moved();
  }

  /** Move by key or search: pan to the cell and read it aloud. */
  goTo(cell: Cell): void {
    this.viewport.reveal(cell);
    this.controls.say(this.moveTo(cell).join(", "));
  }

  /** Zoom by key or button, about the cell. */
  zoom(direction: "in" | "out"): void {
    this.viewport.zoomAbout(this.cell, direction === "in" ? STEP : 1 / STEP);
    if (this.cell) this.goTo(this.cell);
    else this.moveTo(null);
  }

  showAll(): void {
    this.viewport.showAll();
    this.events.moved();
  }

  press(event: KeyboardEvent): void {
    const { key } = event;
    const next = this.viewport.moved(this.cell, key);
    if (next) this.goTo(next);
    else if (key === "Enter" || key === " ") {
      if (this.cell) this.events.chose(pairOf(this.pairs(), this.cell));
    } else if (key === "+" || key === "=") this.zoom("in");
    else if (key === "-" || key === "−") this.zoom("out");
    else if (key === "0") this.showAll();
    else if (key === "/") this.controls.search.focus();
    else if (key === "Escape") {
      this.moveTo(null);
      this.events.cleared();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Show the lines about the cell beside it, and return them. */
  private moveTo(cell: Cell | null): readonly string[] {
    const pairs = this.pairs();
    this.cell = cell;
    this.controls.hideCard();
    this.events.moved();
    const corner = cell && this.viewport.cornerOf(cell);
    if (!cell || !corner) return [];
    const names = [pairs.names[cell.row] ?? "", pairs.names[cell.column] ?? ""] as const;
    const lines = tell(...names, entryAt(pairs, cell), pairs.unit);
    this.panel.showCard(lines, corner.x + 6, corner.y + 6);
    return lines;
  }
}
