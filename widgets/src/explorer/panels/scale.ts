import { h, onTyped, svg } from "../../shared/dom";
import { type Colouring, short } from "../state/columns";
import type { Range } from "../traits";

const BINS = 36;
const HEIGHT = 180;

/**
 * The legend of a number: its colours, how many samples have which value, and the range that
 * matches, to be drawn on it with the mouse or typed.
 */
export function scale(
  by: Colouring,
  selection: Uint32Array,
  range: Range | undefined,
  take: (range: Range | null) => void,
): HTMLElement {
  const { low, high, below, above } = by.scale as NonNullable<Colouring["scale"]>;
  const colours = h("div", { class: "nbi-explorer-scale" });
  colours.style.background = `linear-gradient(to top, ${by.palette.slice(0, -1).join(", ")})`;
  const band = h("div", { class: "nbi-explorer-band", hidden: !range });
  const paint = ([from, to]: Range) => {
    const share = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    band.hidden = false;
    band.style.bottom = `${100 * share(from ?? -Infinity)}%`;
    band.style.top = `${100 * (1 - share(to ?? Infinity))}%`;
  };
  if (range) paint(range);
  const brush = h(
    "div",
    {
      class: "nbi-explorer-brush",
      title: "Drag to keep a range; a click lets go of it",
      "data-nbi": "brush",
    },
    colours,
    histogram(by, selection),
    band,
  );
  let start: number | null = null;
  const value = (event: PointerEvent) => {
    const box = brush.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (box.bottom - event.clientY) / (box.height || 1)));
    return low + share * (high - low);
  };
  const drawn = (event: PointerEvent): Range => {
    const [a, b] = [start ?? 0, value(event)];
    // Beyond the ends of the colours lie the extreme values: the end takes them in.
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    return [from <= low ? null : figure(from), to >= high ? null : figure(to)];
  };
  brush.addEventListener("pointerdown", (event) => {
    start = value(event);
    brush.setPointerCapture?.(event.pointerId);
    event.preventDefault();
  });
  brush.addEventListener("pointermove", (event) => {
    if (start !== null) paint(drawn(event));
  });
  brush.addEventListener("pointerup", (event) => {
    if (start === null) return;
    const far = Math.abs(value(event) - start) > 0.02 * (high - low);
    const next = drawn(event);
    start = null;
    take(far && (next[0] !== null || next[1] !== null) ? next : null);
  });
  const field = (end: 0 | 1) => {
    const input = h("input", {
      class: "nbi-field nbi-explorer-field nbi-explorer-bound",
      inputmode: "decimal",
      value: range?.[end] ?? "",
      placeholder: end ? "to" : "from",
      "aria-label": `${end ? "Highest" : "Lowest"} ${by.column?.name} that matches`,
      "data-nbi": end ? "range-high" : "range-low",
    });
    onTyped(input, () => {
      const typed = input.value.trim();
      const number = typed === "" ? null : Number(typed.replace("−", "-").replace(",", "."));
      if (number !== null && !Number.isFinite(number)) {
        input.value = String(range?.[end] ?? "");
        return;
      }
      const next: Range = [range?.[0] ?? null, range?.[1] ?? null];
      if (next[end] === number) return;
      next[end] = number;
      take(next[0] === null && next[1] === null ? null : next);
    });
    return input;
  };
  const ends = h(
    "div",
    { class: "nbi-explorer-scale-ends" },
    h("span", {}, `${above ? "≥ " : ""}${short(high)}`),
    h("span", {}, short((low + high) / 2)),
    h("span", {}, `${below ? "≤ " : ""}${short(low)}`),
  );
  return h(
    "div",
    {},
    h("div", { class: "nbi-explorer-scale-row" }, brush, ends),
    h("div", { class: "nbi-explorer-bounds" }, field(0), "–", field(1)),
  );
}

/**
 * How many samples have which value, those selected in the colour of the page's accent. Lengths go
 * with the root, so that few extreme values still show.
 */
function histogram(by: Colouring, selection: Uint32Array): SVGElement {
  const shades = by.palette.length - 1;
  const bin = (i: number) => {
    const group = by.groups[i] as number;
    return group < shades ? Math.min(BINS - 1, Math.floor((group / shades) * BINS)) : -1;
  };
  const counts = (samples: ArrayLike<number> | null) => {
    const all = new Float64Array(BINS);
    const n = samples?.length ?? by.groups.length;
    for (let k = 0; k < n; k++) {
      const at = bin(samples ? (samples[k] as number) : k);
      if (at >= 0) all[at] = (all[at] as number) + 1;
    }
    return all;
  };
  const all = counts(null);
  const most = Math.max(1, ...all);
  const bars = (values: Float64Array, kind: string) =>
    [...values].map((value, k) =>
      svg("rect", {
        class: `nbi-explorer-bar-${kind}`,
        x: 0,
        y: HEIGHT - ((k + 1) * HEIGHT) / BINS,
        width: value === 0 ? 0 : Math.max(1.5, 44 * Math.sqrt(value / most)),
        height: HEIGHT / BINS - 0.6,
      }),
    );
  return svg(
    "svg",
    {
      class: "nbi-explorer-histogram",
      viewBox: `0 0 44 ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    ...bars(all, "all"),
    ...bars(counts(selection), "selected"),
  );
}

/** Three figures are what a hand can mean. */
function figure(value: number): number {
  return Number(value.toPrecision(3));
}
