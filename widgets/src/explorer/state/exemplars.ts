import type { World } from "../world";

const POOL = 400;

/**
 * Typical members of a group: the one in its middle, then each time the one farthest from those
 * chosen. Only the 90 % of the group nearest to the middle count, which leaves out outliers.
 */
export function exemplars(at: World, members: Uint32Array, middle: number, most: number): number[] {
  if (members.length === 0 || middle < 0) return [];
  const distance = (i: number, j: number) =>
    Math.hypot(
      (at.x[i] as number) - (at.x[j] as number),
      (at.y[i] as number) - (at.y[j] as number),
    );
  // Every `stride`-th member of a large group is enough to spread out.
  const stride = Math.max(1, Math.floor(members.length / POOL));
  const near = [...members.filter((_, k) => k % stride === 0)]
    .map((i) => ({ i, from: distance(i, middle) }))
    .sort((a, b) => a.from - b.from);
  const pool = near
    .slice(0, Math.max(2, Math.floor(0.9 * near.length)))
    .filter((p) => p.i !== middle);
  const shown = [middle];
  while (shown.length < most && pool.length > 0) {
    let best = 0;
    for (let k = 1; k < pool.length; k++) {
      if ((pool[k]?.from ?? 0) > (pool[best]?.from ?? 0)) best = k;
    }
    const [next] = pool.splice(best, 1) as [{ i: number; from: number }];
    shown.push(next.i);
    for (const one of pool) one.from = Math.min(one.from, distance(one.i, next.i));
  }
  return shown;
}
