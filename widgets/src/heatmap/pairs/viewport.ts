/** Which rows are drawn, and where their cells are on the canvas: tested without a page. */
import {
  type Camera,
  clamped,
  moved,
  type Point,
  panned,
  revealed,
  sideOf,
  under,
  whole,
  zoomed,
} from "./camera";
import type { Cell } from "./scene";

export class Viewport {
  /** The rows that are drawn, which are the columns too, in order. */
  rows: readonly number[] = [];
  /** The places of rows in `rows`. */
  places: ReadonlyMap<number, number> = new Map();
  camera: Camera = { x: 0, y: 0, scale: 1 };
  /** The side of the matrix in CSS pixels; 0 until it is known. */
  side = 0;
  /** Room for the names on the left and above. */
  margin = 0;

  show(rows: readonly number[]): void {
    if (rows.length !== this.rows.length) this.side = 0; // the camera was for other cells
    this.rows = rows;
    this.places = new Map(rows.map((row, place) => [row, place]));
  }

  /** Fit the matrix into `room`. The visible part stays; new rows are first shown whole. */
  resize(room: number, margin: number): void {
    const [n, before] = [this.rows.length, this.side];
    this.margin = margin;
    this.side = sideOf(n, room);
    const scale = (this.camera.scale * this.side) / before;
    this.camera =
      before === 0 ? whole(n, this.side) : clamped({ ...this.camera, scale }, n, this.side);
  }

  get isWhole(): boolean {
    return this.camera.scale <= this.side / this.rows.length + 1e-9;
  }

  has({ row, column }: Cell): boolean {
    return this.places.has(row) && this.places.has(column);
  }

  /** The cell under a point of the canvas; null outside the matrix. */
  cellAt({ x, y }: Point): Cell | null {
    const at = { x: x - this.margin, y: y - this.margin };
    return this.cellOf(under(this.camera, this.rows.length, this.side, at));
  }

  /** The middle of a cell on the canvas; null where it is not drawn. */
  centreOf(cell: Cell): Point | null {
    return this.pointOf(cell, 0.5);
  }

  /** The lower right corner of a cell on the canvas; null where it is not drawn. */
  cornerOf(cell: Cell): Point | null {
    return this.pointOf(cell, 1);
  }

  /** Where a key takes the cursor; null for keys that do not move it. */
  moved(cursor: Cell | null, key: string): Cell | null {
    return this.cellOf(moved(this.rows.length, cursor && this.placesOf(cursor), key));
  }

  /** Zoom about a point of the canvas, which stays where it is. */
  zoom(at: Point, factor: number): void {
    const inside = { x: at.x - this.margin, y: at.y - this.margin };
    this.camera = zoomed(this.camera, this.rows.length, this.side, inside, factor);
  }

  /** Zoom about a cell, or about the middle. */
  zoomAbout(cell: Cell | null, factor: number): void {
    const middle = this.margin + this.side / 2;
    this.zoom((cell && this.centreOf(cell)) ?? { x: middle, y: middle }, factor);
  }

  pan(dx: number, dy: number): void {
    this.camera = panned(this.camera, this.rows.length, this.side, dx, dy);
  }

  /** Move as little as needed for a cell to be seen whole. */
  reveal(cell: Cell): void {
    const places = this.placesOf(cell);
    if (places) this.camera = revealed(this.camera, this.rows.length, this.side, ...places);
  }

  showAll(): void {
    this.camera = whole(this.rows.length, this.side);
  }

  private placesOf({ row, column }: Cell): [down: number, right: number] | null {
    const [down, right] = [this.places.get(row), this.places.get(column)];
    return down === undefined || right === undefined ? null : [down, right];
  }

  private cellOf(places: readonly [down: number, right: number] | null): Cell | null {
    const [row, column] = [this.rows[places?.[0] ?? -1], this.rows[places?.[1] ?? -1]];
    return row === undefined || column === undefined ? null : { row, column };
  }

  private pointOf(cell: Cell, share: number): Point | null {
    const places = this.placesOf(cell);
    if (!places) return null;
    const along = (place: number, start: number) =>
      this.margin + (place + share - start) * this.camera.scale;
    return { x: along(places[1], this.camera.x), y: along(places[0], this.camera.y) };
  }
}
