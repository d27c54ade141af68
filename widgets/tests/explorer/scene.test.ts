import { describe, expect, it } from "vitest";
import {
  around,
  bright,
  coloured,
  filtered,
  GONE,
  nextCentre,
  nextReach,
  picked,
  placed,
  type Scene,
  whyUnfit,
} from "../../src/explorer/scene";
import type { Column } from "../../src/explorer/state/columns";

const NONE = new Uint32Array(0);
const TABLE: Column[] = [
  {
    name: "kind",
    kind: "category",
    codes: Uint8Array.of(0, 1, 0, 1, 2),
    categories: ["a", "b", "c"],
  },
  { name: "depth", kind: "number", values: Float32Array.of(1, 2, 3, 4, 5) },
];

/** Five samples on a line, two of kind a, two of kind b, one of kind c. */
function scene(by = "kind"): Scene {
  const at = placed(Float32Array.of(0, 0, 1, 0, 2, 0, 3, 0, 9, 0));
  return coloured({ ...at, table: TABLE }, by, false);
}

describe("colours", () => {
  it("gives each category its samples and a middle", () => {
    const { groups, centres } = scene();
    expect(groups.map((samples) => [...samples])).toEqual([[0, 2], [1, 3], [4]]);
    expect(centres).toHaveLength(3);
    expect([0, 2]).toContain(centres[0]);
  });

  it("has no categories for a number, nor for an unknown column", () => {
    expect(scene("depth").groups).toEqual([]);
    expect(scene("absent").colours.column).toBeNull();
  });
});

describe("what is drawn in full", () => {
  it("is everything without a selection and a filter", () => {
    const { samples, none } = bright(scene(), NONE, null);
    expect([samples.length, none]).toEqual([0, false]);
  });

  it("is what matches, within the selection if there is one", () => {
    const found = filtered(scene(), "kind=a", {});
    expect([...bright(found, NONE, null).samples]).toEqual([0, 2]);
    expect([...bright(found, Uint32Array.of(1, 2), null).samples]).toEqual([2]);
  });

  it("is nothing where nothing matches", () => {
    const nowhere = filtered(scene(), "absent", {});
    expect(bright(nowhere, NONE, null)).toEqual({ samples: NONE, none: true });
    const other = filtered(scene(), "kind=c", {});
    expect(bright(other, Uint32Array.of(0), null).none).toBe(true);
  });

  it("is the previewed selection before all", () => {
    const samples = Uint32Array.of(3);
    const preview = { name: "mine", color: "#000000", samples };
    expect(bright(scene(), Uint32Array.of(0), preview).samples).toBe(samples);
  });
});

describe("a click on a category", () => {
  const pick = (selection: number[], group: number, ...how: [Parameters<typeof picked>[3]]) => [
    ...picked(scene(), Uint32Array.from(selection), group, ...how),
  ];

  it("selects it, and deselects it the second time", () => {
    expect(pick([], 0, "replace")).toEqual([0, 2]);
    expect(pick([0, 2], 0, "replace")).toEqual([]);
  });

  it("adds it, toggles it, removes and intersects", () => {
    expect(pick([4], 0, "add")).toEqual([0, 2, 4]);
    expect(pick([0, 2, 4], 0, "add")).toEqual([4]);
    expect(pick([0, 1, 4], 1, "remove")).toEqual([0, 4]);
    expect(pick([0, 1, 4], 1, "intersect")).toEqual([1]);
  });

  it("leaves out what the filter hides", () => {
    const few = filtered(scene(), "", { depth: [2, null] });
    expect([...picked(few, NONE, 0, "replace")]).toEqual([2]);
  });
});

describe("the keyboard", () => {
  it("steps from category to category, round and round", () => {
    const one = scene();
    const [a, b, c] = one.centres;
    expect(nextCentre(one, -1, 1)).toBe(a);
    expect(nextCentre(one, -1, -1)).toBe(c);
    expect(nextCentre(one, 0, 1)).toBe(b);
    expect(nextCentre(one, 4, 1)).toBe(a);
    expect(nextCentre(scene(""), 0, 1)).toBe(-1);
  });

  it("selects more and fewer samples around the focus", () => {
    expect(nextReach(0, 2, 1000)).toBe(32);
    expect(nextReach(32, 2, 1000)).toBe(64);
    expect(nextReach(32, 2, 40)).toBe(40);
    expect(nextReach(1, 0.5, 40)).toBe(1);
    expect([...around(scene(), 0, 2)]).toEqual([0, 1]);
    expect([...around(filtered(scene(), "kind=a", {}), 0, 3)]).toEqual([0, 2]);
  });
});

it("says why fitting is not offered, what cannot be changed first", () => {
  const given = { canFit: true, live: true, cutOff: false, selected: 3 };
  expect(whyUnfit(given)).toBeNull();
  expect(whyUnfit({ ...given, selected: 0 })).toContain("Select samples first");
  expect(whyUnfit({ ...given, cutOff: true })).toBe(GONE);
  expect(whyUnfit({ ...given, live: false, cutOff: true })).toContain("Needs a kernel");
  expect(whyUnfit({ ...given, canFit: false, live: false })).toContain("fitted LocalCorEx");
});
