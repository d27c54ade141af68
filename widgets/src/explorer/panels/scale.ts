import { h, onTyped, svg } from "../../shared/dom";
import type { Colouring } from "../state/columns";
import { rounded, told, understood } from "../state/meaning";
import type { Meaning, Range } from "../traits";

const BINS = 36;
const HEIGHT = 180;

type Take = (range: Range | null) => void;
type Scale = NonNullable<Colouring["scale"]>;

/**
 * The legend of a number: its colours, a histogram of its values, and the range that matches,
 * which can be dragged on it or typed.
 */
export function scale(
  by: Colouring,
  selection: Uint32Array,
  range: Range | undefined,
  take: Take,
): HTMLElement {
  const ends = by.scale as Scale;
  const { low, high, below, above } = ends;
  const name = by.column?.name ?? "";
  const meaning = meaningOf(by);
  return h(
    "div",
    {},
    h(
      "div",
      { class: "nbi-explorer-scale-row" },
      brush(by, selection, ends, range, take),
      h(
        "div",
        { class: "nbi-explorer-scale-ends" },
        h("span", {}, `${above ? "≥ " : ""}${told(high, meaning)}`),
        h("span", {}, told((low + high) / 2, meaning)),
        h("span", {}, `${below ? "≤ " : ""}${told(low, meaning)}`),
      ),
    ),
    h(
      "div",
      { class: "nbi-explorer-bounds" },
      field(0, name, meaning, range, take),
      "–",
      field(1, name, meaning, range, take),
    ),
  );
}

/** Colours and histogram of a number, on which a range is dragged. */
function brush(
  by: Colouring,
  selection: Uint32Array,
  ends: Scale,
  range: Range | undefined,
  take: Take,
): HTMLElement {
  const colours = h("div", { class: "nbi-explorer-scale" });
  colours.style.background = `linear-gradient(to top, ${by.palette.slice(0, -1).join(", ")})`;
  const band = h("div", { class: "nbi-explorer-band", hidden: !range });
  const element = h(
    "div",
    {
      class: "nbi-explorer-brush",
      title: "Drag to filter by a range; click to remove the filter",
      "data-nbi": "brush",
    },
    colours,
    histogram(by, selection),
    band,
  );
  const paint = ([from, to]: Range) => {
    band.hidden = false;
    band.style.bottom = `${100 * shareOf(ends, from ?? -Infinity)}%`;
    band.style.top = `${100 * (1 - shareOf(ends, to ?? Infinity))}%`;
  };
  if (range) paint(range);
  let start: number | null = null;
  const value = (event: PointerEvent) => {
    const box = element.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (box.bottom - event.clientY) / (box.height || 1)));
    return ends.low + share * (ends.high - ends.low);
  };
  element.addEventListener("pointerdown", (event) => {
    start = value(event);
    element.setPointerCapture?.(event.pointerId);
    event.preventDefault();
  });
  element.addEventListener("pointermove", (event) => {
    if (start !== null) paint(dragged(ends, start, value(event), meaningOf(by)));
  });
  element.addEventListener("pointerup", (event) => {
    if (start === null) return;
    const end = value(event);
    const far = Math.abs(end - start) > 0.02 * (ends.high - ends.low);
    const next = dragged(ends, start, end, meaningOf(by));
    start = null;
    take(far && (next[0] !== null || next[1] !== null) ? next : null);
  });
  return element;
}

/** Where a value lies between the ends of the scale, from 0 to 1. */
function shareOf({ low, high }: Scale, value: number): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
}

/** The range between two values of the scale; an end of the scale is no bound. */
export function dragged({ low, high }: Scale, a: number, b: number, meaning: Meaning = {}): Range {
  // Extreme values lie beyond the ends of the colours: a drag to an end includes them.
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  return [from <= low ? null : rounded(from, meaning), to >= high ? null : rounded(to, meaning)];
}

/** The field for the lowest (0) or highest (1) value that matches. */
function field(
  end: 0 | 1,
  name: string,
  meaning: Meaning,
  range: Range | undefined,
  take: Take,
): HTMLElement {
  const bound = range?.[end] ?? null;
  const isDate = meaning.start !== undefined;
  const shown = bound === null ? "" : isDate ? told(bound, meaning) : String(bound);
  const input = h("input", {
    class: "nbi-field nbi-explorer-field nbi-explorer-bound",
    inputmode: isDate ? "text" : "decimal",
    value: shown,
    placeholder: end ? "to" : "from",
    "aria-label": `${end ? "Highest" : "Lowest"} ${name} that matches`,
    "data-nbi": end ? "range-high" : "range-low",
  });
  onTyped(input, () => {
    const typed = input.value.trim();
    if (typed === shown) return;
    const number = typed === "" ? null : understood(typed, meaning);
    if (number !== null && !Number.isFinite(number)) {
      input.value = shown;
      return;
    }
    const next: Range = [range?.[0] ?? null, range?.[1] ?? null];
    if (next[end] === number) return;
    next[end] = number;
    take(next[0] === null && next[1] === null ? null : next);
  });
  return input;
}

/**
 * A histogram of the values, of the selected samples in the page's accent colour. Bars grow with
 * the square root of the count, so that a few extreme values still show.
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

function meaningOf(by: Colouring): Meaning {
  return (by.column?.kind === "number" && by.column.meaning) || {};
}
