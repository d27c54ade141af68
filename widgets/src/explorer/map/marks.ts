import type { StripGroup } from "../panels/strip";
import { type Colouring, legend } from "../state/columns";
import { exemplars } from "../state/exemplars";
import type { Named } from "../state/named";
import { places, type World } from "../world";
import { type Contour, contours } from "./density";
import type { Label, Outlined } from "./overlay";

const MOST_OUTLINED = 12;
const FEW = 20;
const EXEMPLARS = 6;
const MOST_GROUPS = 60;

/** Names on the map: of categories and of named selections. */
export function labelsOf(
  at: World,
  by: Colouring,
  centres: Int32Array,
  named: readonly Named[],
): Label[] {
  const categories = by.column
    ? legend(by, new Uint32Array(0)).map(({ label, count }, group) => ({
        text: label,
        at: centres[group] ?? -1,
        weight: count,
      }))
    : [];
  const selections = named.map(({ name, color, samples }) => ({
    text: name,
    at: middle(at, samples),
    weight: samples.length,
    color,
  }));
  return [...categories, ...selections];
}

/** Lines on the map: around each named selection, and the contours if they are on. */
export function outlinedOf(
  at: World,
  by: Colouring,
  groups: readonly Uint32Array[],
  named: readonly Named[],
  wanted: boolean,
): Outlined[] {
  const selections = named.map(({ color, samples }) => {
    const few = samples.length <= FEW;
    const lines = few ? [] : lined(at, samples).filter(({ share }) => share > 0.7);
    return { color, contours: lines, rings: few ? samples : [] };
  });
  if (!wanted) return selections;
  const each = groups.length > 0 && groups.length <= MOST_OUTLINED;
  const dense = each
    ? groups.map((samples, group) => ({
        color: by.palette[group] as string,
        contours: lined(at, samples),
        rings: [],
      }))
    : [{ color: null, contours: lined(at, null), rings: [] }];
  return [...dense, ...selections];
}

/** Exemplars of the selection, if there is one, and of each category, for the strip. */
export function stripOf(
  at: World,
  by: Colouring,
  groups: readonly Uint32Array[],
  centres: Int32Array,
  selection: Uint32Array,
  accent: string,
): StripGroup[] {
  const strips = groups.slice(0, MOST_GROUPS).map((samples, group) => ({
    label: by.labels[group] as string,
    color: by.palette[group] as string,
    samples: exemplars(at, samples, centres[group] ?? -1, EXEMPLARS),
  }));
  if (selection.length === 0) return strips;
  const shown = exemplars(at, selection, middle(at, selection), EXEMPLARS);
  return [{ label: "selected", color: accent, samples: shown }, ...strips];
}

const lines = new WeakMap<object, Contour[]>();

/** Contours of some samples, of all for null; cached. */
function lined(at: World, samples: Uint32Array | null): Contour[] {
  const known = lines.get(samples ?? at) ?? contours(at, samples);
  lines.set(samples ?? at, known);
  return known;
}

const middles = new WeakMap<Uint32Array, number>();

/** The sample nearest to the median of `samples`; cached. */
function middle(at: World, samples: Uint32Array): number {
  const known = middles.get(samples) ?? places(at, [samples])[0] ?? -1;
  middles.set(samples, known);
  return known;
}
