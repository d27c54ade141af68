import { polygonContains } from "d3-polygon";
import { unpacked } from "../shared/arrays";
import type { Point } from "./map/camera";

const ENOUGH = 4096; // samples of a group that tell where its name stands

/** Positions scaled into [-1, 1]², both axes alike, and the function that takes data there. */
export type World = {
  x: Float32Array;
  y: Float32Array;
  fromData: (x: number, y: number) => Point;
};

const NOWHERE = 2 ** 32 - 1;
const GRID_BYTES = 24; // the least x, the least y and the width of a step, float64 each

/** Decode the positions (x0, y0, x1, y1, …) of Python's `packed_map`: steps on a grid. */
export function positions(view: DataView | undefined | null): Float32Array {
  if (!view?.byteLength) return new Float32Array(0);
  const [left, bottom, step] = [0, 8, 16].map((at) => view.getFloat64(at, true)) as [
    number,
    number,
    number,
  ];
  const { buffer, byteOffset, byteLength } = view;
  const grid = unpacked(
    Uint32Array,
    new DataView(buffer, byteOffset + GRID_BYTES, byteLength - GRID_BYTES),
  );
  const found = new Float32Array(grid.length);
  for (let i = 0; i < grid.length; i++) {
    const steps = grid[i] as number;
    found[i] = steps === NOWHERE ? Number.NaN : (i & 1 ? bottom : left) + steps * step;
  }
  return found;
}

/** Scale interleaved positions (x0, y0, x1, y1, …) into the world. */
export function world(positions: Float32Array): World {
  const n = positions.length / 2;
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (let i = 0; i < positions.length; i++) {
    const value = positions[i] as number;
    const axis = i & 1;
    if (value < (low[axis] as number)) low[axis] = value;
    if (value > (high[axis] as number)) high[axis] = value;
  }
  const centre = [0, 1].map((axis) => (n ? ((low[axis] ?? 0) + (high[axis] ?? 0)) / 2 : 0));
  const extent = Math.max(...[0, 1].map((axis) => (high[axis] ?? 0) - (low[axis] ?? 0)));
  const scale = n && extent > 0 ? 2 / extent : 1;
  const fromData = (x: number, y: number) => ({
    x: (x - (centre[0] as number)) * scale,
    y: (y - (centre[1] as number)) * scale,
  });
  const xs = new Float32Array(n);
  const ys = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    xs[i] = ((positions[2 * i] as number) - (centre[0] as number)) * scale;
    ys[i] = ((positions[2 * i + 1] as number) - (centre[1] as number)) * scale;
  }
  return { x: xs, y: ys, fromData };
}

/** Points of the world inside a closed polygon (even-odd rule), ascending. */
export function within({ x, y }: World, polygon: readonly Point[]): Uint32Array {
  if (polygon.length < 3) return new Uint32Array(0);
  const corners = polygon.map((corner): [number, number] => [corner.x, corner.y]);
  const [px, py] = [polygon.map((corner) => corner.x), polygon.map((corner) => corner.y)];
  // Most points lie outside the polygon's box, which is cheap to see.
  const [left, right] = [Math.min(...px), Math.max(...px)];
  const [low, high] = [Math.min(...py), Math.max(...py)];
  const hits = new Uint32Array(x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    const a = x[i] as number;
    const b = y[i] as number;
    if (a < left || a > right || b < low || b > high) continue;
    if (polygonContains(corners, [a, b])) hits[count++] = i;
  }
  return hits.slice(0, count);
}

/** The corners of the box between two points. */
export function box(a: Point, b: Point): Point[] {
  return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
}

/** A grid over the world that finds the point nearest to a place. */
export class Grid {
  private readonly side: number;
  private readonly start: Uint32Array;
  private readonly order: Uint32Array;

  constructor(private readonly at: World) {
    const n = at.x.length;
    this.side = Math.max(1, Math.min(1024, Math.round(Math.sqrt(n / 2))));
    this.start = new Uint32Array(this.side ** 2 + 1);
    this.order = new Uint32Array(n);
    const cells = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      const cell = this.row(at.y[i] as number) * this.side + this.row(at.x[i] as number);
      cells[i] = cell;
      this.start[cell + 1] = (this.start[cell + 1] as number) + 1;
    }
    for (let c = 0; c < this.side ** 2; c++) {
      this.start[c + 1] = (this.start[c + 1] as number) + (this.start[c] as number);
    }
    const next = this.start.slice();
    for (let i = 0; i < n; i++) {
      const cell = cells[i] as number;
      this.order[next[cell] as number] = i;
      next[cell] = (next[cell] as number) + 1;
    }
  }

  /** The point nearest to (x, y) within `radius`, or -1. */
  nearest(x: number, y: number, radius: number): number {
    let best = -1;
    let bound = radius * radius;
    for (let row = this.row(y - radius); row <= this.row(y + radius); row++) {
      for (let column = this.row(x - radius); column <= this.row(x + radius); column++) {
        const cell = row * this.side + column;
        for (let k = this.start[cell] as number; k < (this.start[cell + 1] as number); k++) {
          const i = this.order[k] as number;
          const distance =
            ((this.at.x[i] as number) - x) ** 2 + ((this.at.y[i] as number) - y) ** 2;
          if (distance <= bound) {
            bound = distance;
            best = i;
          }
        }
      }
    }
    return best;
  }

  private row(value: number): number {
    return Math.min(this.side - 1, Math.max(0, Math.floor(((value + 1) / 2) * this.side)));
  }
}

/** The nearest point in a direction (dx, dy) of the world from point `from`, or `from` itself. */
export function step({ x, y }: World, from: number, dx: number, dy: number): number {
  const [x0, y0] = [x[from] as number, y[from] as number];
  let best = from;
  let bound = Infinity;
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [(x[i] as number) - x0, (y[i] as number) - y0];
    const along = a * dx + b * dy;
    if (along <= 0) continue;
    const aside = Math.abs(a * dy - b * dx);
    // Straight ahead counts more than nearby, so that the step follows the arrow.
    const cost = along + 2 * aside;
    if (aside <= along && cost < bound) {
      bound = cost;
      best = i;
    }
  }
  return best;
}

/** The sample of each group nearest to the group's median: its name stands there. */
export function places({ x, y }: World, groups: readonly Uint32Array[]): Int32Array {
  return Int32Array.from(groups, (group) => {
    const [mx, my] = [median(group, x), median(group, y)];
    let best = -1;
    let bound = Infinity;
    for (const i of group) {
      const distance = ((x[i] as number) - mx) ** 2 + ((y[i] as number) - my) ** 2;
      if (distance < bound) {
        bound = distance;
        best = i;
      }
    }
    return best;
  });
}

/** The median of a group's values; for a large group, of every `step`-th of them. */
function median(group: Uint32Array, values: Float32Array): number {
  const step = Math.ceil(group.length / ENOUGH) || 1;
  const sorted = new Float32Array(Math.ceil(group.length / step));
  for (let k = 0; k < sorted.length; k++) sorted[k] = values[group[k * step] as number] as number;
  sorted.sort();
  return sorted[sorted.length >> 1] as number;
}

/** The `k` samples nearest to sample `i` (more where some are equally far), ascending. */
export function nearest({ x, y }: World, i: number, k: number): Uint32Array {
  const [x0, y0] = [x[i] as number, y[i] as number];
  const distance = x.map((a, j) => (a - x0) ** 2 + ((y[j] as number) - y0) ** 2);
  const bound = distance.slice().sort()[Math.min(k, x.length) - 1] as number;
  return Uint32Array.from(x.keys()).filter((j) => (distance[j] as number) <= bound);
}
