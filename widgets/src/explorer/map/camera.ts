/**
 * The part of the map that is shown.
 *
 * A point of the world (x, y), the map fitted into [-1, 1]², falls on the screen at
 * width/2 + height/2 · (scale·x + left) and height/2 - height/2 · (scale·y + up).
 */
export type Camera = { scale: number; left: number; up: number };
export type Size = { width: number; height: number };
export type Point = { x: number; y: number };

const SMALLEST = 0.2;
const LARGEST = 500;

/** The camera that shows the whole map with a margin. */
export function overview({ width, height }: Size): Camera {
  return { scale: 0.92 * Math.min(1, width / Math.max(1, height)), left: 0, up: 0 };
}

export function project({ scale, left, up }: Camera, size: Size, x: number, y: number): Point {
  const half = size.height / 2;
  return { x: size.width / 2 + half * (scale * x + left), y: half - half * (scale * y + up) };
}

export function unproject({ scale, left, up }: Camera, size: Size, x: number, y: number): Point {
  const half = size.height / 2;
  return { x: ((x - size.width / 2) / half - left) / scale, y: ((half - y) / half - up) / scale };
}

/** The camera after a drag by (dx, dy) pixels. */
export function panned(camera: Camera, size: Size, dx: number, dy: number): Camera {
  const half = size.height / 2;
  return { ...camera, left: camera.left + dx / half, up: camera.up - dy / half };
}

/** The camera after zooming by `factor`; the point under pixel (x, y) stays in place. */
export function zoomed(camera: Camera, size: Size, x: number, y: number, factor: number): Camera {
  const scale = Math.min(LARGEST, Math.max(SMALLEST, camera.scale * factor));
  const fixed = unproject(camera, size, x, y);
  return {
    scale,
    left: camera.left + (camera.scale - scale) * fixed.x,
    up: camera.up + (camera.scale - scale) * fixed.y,
  };
}

/** The camera that shows the box of the world from `low` to `high`, with a margin. */
export function showing(size: Size, low: Point, high: Point): Camera {
  const aspect = size.width / size.height;
  const needed = Math.max((high.x - low.x) / aspect, high.y - low.y, 0.02);
  const scale = Math.min(LARGEST, (2 * 0.85) / needed);
  return {
    scale,
    left: (-scale * (low.x + high.x)) / 2,
    up: (-scale * (low.y + high.y)) / 2,
  };
}

/** The camera `share` of the way from `from` to `to`. */
export function between(from: Camera, to: Camera, share: number): Camera {
  const scale = from.scale * (to.scale / from.scale) ** share;
  // Weighted by the zoom reached so far, the centre moves evenly on the screen.
  const weight = to.scale === from.scale ? share : (scale - from.scale) / (to.scale - from.scale);
  return {
    scale,
    left: from.left + (to.left - from.left) * weight,
    up: from.up + (to.up - from.up) * weight,
  };
}
