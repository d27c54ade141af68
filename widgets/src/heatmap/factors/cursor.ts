import type { Controls } from "../controls";
import { boxOf, type Layout, moved } from "./layout";
import type { Panel } from "./panel";
import { type Cell, describe, type Factors } from "./scene";

export type CursorEvents = {
  /** The cursor is at another cell, or at none. */
  moved(): void;
  /** The reader chose the row of the cell. */
  chose(row: number): void;
  cleared(): void;
};

/** The cell under the pointer, or reached by keys or search: shown in a card and read aloud. */
export class Cursor {
  cell: Cell | null = null;
  private readonly controls: Controls;

  /** `seen` returns what is drawn; the layout is null while nothing is. */
  constructor(
    private readonly panel: Panel,
    private readonly seen: () => { factors: Factors; layout: Layout | null },
    private readonly events: CursorEvents,
  ) {
    this.controls = panel.controls;
  }

  /** The factors have changed. */
  reset(): void {
    this.cell = null;
    this.controls.hideCard();
  }

  /** Stay only where the column is still drawn. */
  keepWithin(columns: readonly number[]): void {
    if (this.cell && !columns.includes(this.cell.column)) this.cell = null;
  }

  hover(cell: Cell | null): void {
    if (cell?.row === this.cell?.row && cell?.column === this.cell?.column) return;
    this.moveTo(cell);
  }

  /** Move by key or search: scroll to the cell and read it aloud. */
  goTo(cell: Cell): void {
    const { layout } = this.seen();
    const box = layout && boxOf(layout, cell);
    if (box) this.panel.reveal(box.place, box.left, box.right);
    this.controls.say(this.moveTo(cell).join(", "));
  }

  press(event: KeyboardEvent): void {
    const { layout } = this.seen();
    if (!layout) return;
    const next = moved(layout, this.cell, event.key);
    if (next) this.goTo(next);
    else if (event.key === "/") this.controls.search.focus();
    else if (event.key === "Enter" || event.key === " ") this.events.chose(this.cell?.row ?? -1);
    else if (event.key === "Escape") {
      this.moveTo(null);
      this.events.cleared();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Show the lines about the cell beside it, and return them. */
  private moveTo(cell: Cell | null): readonly string[] {
    const { factors, layout } = this.seen();
    this.cell = cell;
    this.controls.hideCard();
    this.events.moved();
    const box = cell && layout && boxOf(layout, cell);
    if (!cell || !box) return [];
    const lines = cell.row < 0 ? [factors.nodes[cell.column] ?? ""] : describe(factors, cell);
    this.panel.showCell(lines, box.place, box.right, box.bottom + 6);
    return lines;
  }
}
