/** Positions of the sliders: pure, so that they are tested without a page. */

/** How far an arrow moves a slider, and the grid of a drag: 1, 2 or 5 times a power of ten. */
export function stepOf(span: number): number {
  const wanted = span / 60;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const factor = [5, 2, 1].find((one) => one * power <= wanted * 1.001) ?? 1;
  return factor * power;
}

/** `value` within ±span, on the grid of `step` if one is given. */
export function placed(value: number, span: number, step = 0): number {
  const near = step > 0 ? Math.round(value / step) * step : value;
  const within = Math.min(span, Math.max(-span, near));
  return Number(within.toFixed(6)) || 0; // neither 0.30000000000000004 nor −0
}

/** Where a key takes a slider; null for keys that do not move it. */
export function keyed(value: number, span: number, key: string, large: boolean): number | null {
  const step = stepOf(span) * (large ? 10 : 1);
  const by: Record<string, number> = {
    ArrowRight: step,
    ArrowUp: step,
    ArrowLeft: -step,
    ArrowDown: -step,
    PageUp: 10 * stepOf(span),
    PageDown: -10 * stepOf(span),
  };
  if (key === "Home") return -span;
  if (key === "End") return span;
  const move = by[key];
  return move === undefined ? null : placed(value + move, span);
}

/** `amounts` with one of them changed. */
export function changed(amounts: Float32Array, factor: number, value: number): Float32Array {
  const next = amounts.slice();
  next[factor] = value;
  return next;
}

/** All zero but the amount of `factor`: what precomputed frames can show. */
export function alone(amounts: Float32Array, factor: number): Float32Array {
  return amounts.map((amount, other) => (other === factor ? amount : 0));
}

/** The factor that is moved most. */
export function strongest(amounts: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < amounts.length; i++) {
    if (Math.abs(amounts[i] ?? 0) > Math.abs(amounts[best] ?? 0)) best = i;
  }
  return best;
}

/** Positions around `amounts`, the nearest first and those of `first` before the others. */
export function around(
  amounts: Float32Array,
  span: number,
  first: number,
  most: number,
): Float32Array[] {
  const step = stepOf(span);
  const found: Float32Array[] = [];
  const order = [...amounts.keys()].sort((a, b) => Number(b === first) - Number(a === first));
  for (let away = 1; found.length < most && away * step <= 2 * span; away++) {
    for (const factor of order) {
      for (const sign of [1, -1]) {
        // A drag lands on the grid, wherever a typed value left the slider.
        const target = placed((amounts[factor] ?? 0) + sign * away * step, span, step);
        if (target !== amounts[factor]) found.push(changed(amounts, factor, target));
      }
    }
  }
  return found.slice(0, most);
}

/** The next positions of a slider that moves in `direction`, 1 or −1, the nearest first. */
export function onward(
  amounts: Float32Array,
  span: number,
  factor: number,
  direction: number,
  most: number,
): Float32Array[] {
  const step = stepOf(span);
  const here = amounts[factor] ?? 0;
  const found: Float32Array[] = [];
  for (let away = 1; found.length < most; away++) {
    const target = placed(here + direction * away * step, span, step);
    if (Math.abs(target - here) < (away - 0.6) * step) break; // the end of the slider
    found.push(changed(amounts, factor, target));
  }
  return found;
}
