/** Which part of a square matrix is visible, in cells and pixels: pure. */

/** The cell at the upper left, which may be cut, and how many pixels a cell has. */
export type Camera = { x: number; y: number; scale: number };
export type Point = { x: number; y: number };

const LARGEST = 48; // pixels of a cell

/** The side in pixels of a matrix of `n` cells within `room`. */
export function sideOf(n: number, room: number): number {
  return Math.max(40, Math.min(Math.floor(room), n * LARGEST));
}

export function whole(n: number, side: number): Camera {
  return { x: 0, y: 0, scale: side / Math.max(1, n) };
}

/** `camera` with its zoom limited, and moved so that it shows nothing outside the matrix. */
export function clamped(camera: Camera, n: number, side: number): Camera {
  const least = side / Math.max(1, n);
  const scale = Math.min(Math.max(camera.scale, least), Math.max(LARGEST, least));
  const last = Math.max(0, n - side / scale);
  const within = (at: number) => Math.min(Math.max(0, at), last);
  return { x: within(camera.x), y: within(camera.y), scale };
}

/** Zoom by `factor` about a point, which stays where it is. */
export function zoomed(camera: Camera, n: number, side: number, at: Point, factor: number): Camera {
  const { scale } = clamped({ ...camera, scale: camera.scale * factor }, n, side);
  const held = (start: number, pixels: number) => start + pixels / camera.scale - pixels / scale;
  return clamped({ x: held(camera.x, at.x), y: held(camera.y, at.y), scale }, n, side);
}

export function panned(camera: Camera, n: number, side: number, dx: number, dy: number): Camera {
  const { x, y, scale } = camera;
  return clamped({ x: x - dx / scale, y: y - dy / scale, scale }, n, side);
}

/** Move as little as needed for a cell, by its places down and right, to be seen whole. */
export function revealed(
  camera: Camera,
  n: number,
  side: number,
  down: number,
  right: number,
): Camera {
  const span = side / camera.scale;
  const near = (start: number, at: number) => Math.min(at, Math.max(start, at + 1 - span));
  return clamped(
    { x: near(camera.x, right), y: near(camera.y, down), scale: camera.scale },
    n,
    side,
  );
}

/** The places down and right of the cell under a point; null outside the matrix. */
export function under(
  camera: Camera,
  n: number,
  side: number,
  { x, y }: Point,
): [down: number, right: number] | null {
  if (x < 0 || y < 0 || x >= side || y >= side) return null;
  const [down, right] = [
    Math.floor(camera.y + y / camera.scale),
    Math.floor(camera.x + x / camera.scale),
  ];
  return down < n && right < n ? [down, right] : null;
}

/** Where a key takes the cursor among `n` × `n` cells; null for keys that do not move it. */
export function moved(
  n: number,
  cursor: readonly [number, number] | null,
  key: string,
): [down: number, right: number] | null {
  const steps: Record<string, [down: number, right: number]> = {
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
    ArrowRight: [0, 1],
    ArrowLeft: [0, -1],
    PageDown: [n, 0],
    PageUp: [-n, 0],
    End: [0, n],
    Home: [0, -n],
  };
  const step = steps[key];
  if (!step || n === 0) return null;
  if (!cursor) return [0, 0]; // the first key shows where the cursor is
  const within = (at: number) => Math.min(n - 1, Math.max(0, at));
  return [within(cursor[0] + step[0]), within(cursor[1] + step[1])];
}
