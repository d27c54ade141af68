import { h } from "../../shared/dom";
import type { Point, Size } from "../map/camera";
import { type Column, textOf } from "../state/columns";

const MOST_ROWS = 10;
const PICTURE = 96;

/** The card about one sample, beside the pointer: picture, number, values. */
export class Card {
  readonly element = h("div", {
    class: "nbi-explorer-card",
    hidden: true,
    "aria-hidden": "true",
    "data-nbi": "card",
  });
  private readonly table = h("div", { class: "nbi-explorer-card-table" });
  private readonly picture = h("canvas", { class: "nbi-explorer-picture" });

  constructor(withPictures: boolean) {
    this.picture.hidden = !withPictures;
  }

  /** Fill the card; returns its text for a screen reader. */
  show(i: number, columns: readonly Column[], at: Point, size: Size): string {
    const rows = columns
      .filter((column) => column.kind === "category" || column.values)
      .slice(0, MOST_ROWS)
      .map((column) => [column.name, textOf(column, i)] as const);
    const title = `Sample ${i}`;
    this.table.replaceChildren();
    this.add(rows);
    this.element.replaceChildren(
      this.picture,
      h("div", { class: "nbi-explorer-card-text" }, h("strong", {}, title), this.table),
    );
    this.element.hidden = false;
    this.place(at, size);
    return [title, ...rows.map(([name, value]) => `${name} ${value}`)].join(", ");
  }

  /** Add rows whose values arrived later. */
  add(rows: readonly (readonly [string, string])[]): void {
    const room = MOST_ROWS - this.table.childElementCount / 2;
    for (const [name, value] of rows.slice(0, room)) {
      this.table.append(h("span", { class: "nbi-quiet" }, name), h("span", {}, value));
    }
  }

  /** Show the picture, or an empty frame while it loads. */
  paint(image: ImageData | null): void {
    const context = this.picture.getContext("2d");
    if (!context) return;
    if (!image) {
      context.clearRect(0, 0, this.picture.width, this.picture.height);
      return;
    }
    this.picture.width = image.width;
    this.picture.height = image.height;
    const zoom = PICTURE / Math.max(image.width, image.height);
    this.picture.style.width = `${Math.round(image.width * zoom)}px`;
    this.picture.style.height = `${Math.round(image.height * zoom)}px`;
    context.putImageData(image, 0, 0);
  }

  hide(): void {
    this.element.hidden = true;
  }

  private place({ x, y }: Point, size: Size): void {
    const { offsetWidth, offsetHeight } = this.element;
    const left = x + 16 + offsetWidth > size.width ? x - 16 - offsetWidth : x + 16;
    const top = Math.min(y + 12, size.height - offsetHeight - 4);
    this.element.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
}
