import { expect, describe as group, it } from "vitest";
import { inputsAt, pixelAt, reach, rowOf } from "../../../src/heatmap/pairs/aside/partners";
import { dots, nearest } from "../../../src/heatmap/pairs/aside/strip";
import {
  amount,
  bit,
  entryAt,
  find,
  limitOf,
  nothing,
  type Pairs,
  placeOf,
  sampleNear,
  strengths,
  strongest,
  tell,
  visible,
} from "../../../src/heatmap/pairs/scene";
import { significant } from "../../../src/shared/numbers";

const HOSTILE = "<img src=x onerror=alert(1)>";

/** The triangle of a full matrix, and the bits of the pairs that `beyond` holds. */
export function pairsOf(
  full: number[][],
  errors: number | null = null,
  beyond: (row: number, column: number) => boolean = () => true,
): Pairs {
  const n = full.length;
  const values: number[] = [];
  const bits = new Uint8Array(Math.ceil((n * (n + 1)) / 16) + 1);
  for (let row = 0; row < n; row++) {
    for (let column = row; column < n; column++) {
      const place = values.length;
      values.push(full[row]?.[column] as number);
      if (beyond(row, column)) bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
    }
  }
  return {
    names: full.map((_, i) => (i === 2 ? HOSTILE : `x${i}`)),
    features: full.map((_, i) => i),
    values,
    errors: errors === null ? [] : values.map(() => errors),
    beyond: bits,
    seriation: full.map((_, i) => full.length - 1 - i),
    unit: "nats",
  };
}

const full = [
  [9, 1, -4, 0],
  [1, 0, 2, 0.5],
  [-4, 2, 0, 0],
  [0, 0.5, 0, 0],
];
const plain = pairsOf(full);
const noisy = pairsOf(full, 0.25, (row, column) => row === 0 && column === 2);

group("the triangle", () => {
  it("gives every entry back, whichever way it is asked for", () => {
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 4; column++) {
        expect(entryAt(plain, { row, column }).value).toBe(full[row]?.[column]);
      }
    }
    expect(placeOf(4, 3, 3)).toBe(9);
    expect(bit(new Uint8Array([0, 2]), 9)).toBe(true);
  });

  it("tells noise from what is beyond it, and an exact zero from both", () => {
    expect(entryAt(noisy, { row: 0, column: 2 }).noise).toBe(false);
    expect(entryAt(noisy, { row: 2, column: 1 }).noise).toBe(true);
    expect(entryAt(plain, { row: 1, column: 2 }).noise).toBe(false);
    expect(
      entryAt(
        pairsOf(full, 0, () => false),
        { row: 0, column: 3 },
      ).noise,
    ).toBe(false);
  });

  it("scales colours by pairs of two, whatever a row is with itself", () => {
    expect(limitOf(plain)).toBe(4);
    expect(limitOf(pairsOf([[-7]]))).toBe(7);
    expect(limitOf(pairsOf([]))).toBe(1);
  });
});

group("what is drawn", () => {
  it("keeps the rows of the strongest pairs, in the order asked for", () => {
    expect([...strengths(plain)]).toEqual([4, 2, 4, 0.5]);
    expect([...strengths(noisy)]).toEqual([4, 0, 4, 0]);
    const strength = strengths(plain);
    expect(visible(plain, 9, "given", strength)).toEqual([0, 1, 2, 3]);
    expect(visible(plain, 9, "similarity", strength)).toEqual([3, 2, 1, 0]);
    expect(visible(plain, 2, "similarity", strength)).toEqual([2, 0]);
    expect(visible(plain, 2, "given", strength, find(plain.names, " X3 "))).toEqual([0, 2, 3]);
    expect(find(plain.names, HOSTILE)).toEqual([2]);
    expect(find(plain.names, " ")).toEqual([]);
  });

  it("ranks pairs beyond noise, of all rows or of one", () => {
    expect(strongest(plain, 2)).toEqual([
      { row: 0, column: 2 },
      { row: 1, column: 2 },
    ]);
    expect(strongest(plain, 9, 1).map(({ column }) => column)).toEqual([2, 0, 3]);
    expect(strongest(noisy, 9)).toEqual([{ row: 0, column: 2 }]);
  });
});

group("what is said", () => {
  it("tells a pair with its error, its unit and its sign", () => {
    expect(tell("a", "b", entryAt(noisy, { row: 0, column: 2 }), "nats")).toEqual([
      "a × b",
      "−4 ± 0.25 nats",
      "the effect of each falls as the other rises",
    ]);
    expect(tell("a", "a", entryAt(plain, { row: 0, column: 0 }), "")).toEqual([
      "a with itself",
      "9",
      "its effect rises as it rises",
    ]);
    expect(tell("a", "b", entryAt(noisy, { row: 1, column: 2 }), "").at(-1)).toBe("within noise");
    expect(tell("a", "b", entryAt(plain, { row: 0, column: 3 }), "").at(-1)).toBe("exactly zero");
  });

  it("keeps few digits of large and of tiny numbers", () => {
    expect(significant(-0.000012345, 3)).toBe("−1.23e−5");
    expect(significant(1234567, 2)).toBe("1.2e6");
    expect(significant(0.04567, 2)).toBe("0.046");
    expect(significant(0, 3)).toBe("0");
    expect(amount({ value: Number.NaN, error: Number.NaN })).toBe("not known");
  });
});

group("partners of a pixel", () => {
  const grid = { channels: 1, height: 2, width: 2, groups: [] };

  it("are a row of the matrix", () => {
    const row = rowOf(noisy, 2);
    expect([...Array(4).keys()].map((pixel) => pixelAt(grid, row, pixel)?.value)).toEqual([
      -4, 2, 0, 0,
    ]);
    expect([0, 1].map((pixel) => pixelAt(grid, row, pixel)?.noise)).toEqual([false, true]);
    expect(reach(rowOf(plain, 0))).toBe(4); // not what it is with itself
  });

  it("are, of channels, the strongest, and of groups, their group", () => {
    const channels = { ...grid, channels: 2, height: 1 };
    expect(inputsAt(channels, 1)).toEqual([1, 3]);
    expect(pixelAt(channels, rowOf(plain, 0), 0)).toMatchObject({ feature: 0, value: 9 });
    const groups = { ...grid, groups: [1, 1, -1, 0] };
    const row = rowOf(plain, 1);
    expect([0, 1, 2, 3].map((pixel) => pixelAt(groups, row, pixel)?.value)).toEqual([
      0,
      0,
      undefined,
      1,
    ]);
  });
});

group("a pair in all samples", () => {
  it("stands over and under zero, within its place", () => {
    const { dots: placed, zero } = dots({ values: [1, -3], errors: [0.5, 1] }, 100, 60);
    expect(placed[0]?.y).toBeLessThan(zero);
    expect(placed[1]?.y).toBeGreaterThan(zero);
    expect(placed[1]?.down).toBeCloseTo(52);
    expect(placed.map(({ x }) => nearest(2, x, 100))).toEqual([0, 1]);
    expect(nearest(2, -50, 100)).toBe(0);
  });
});

group("the field of the sample", () => {
  it("goes to the one that is named, or steps to the next", () => {
    const numbers = [12, 3, 7];
    expect(sampleNear(numbers, 0, 7)).toBe(2);
    expect(sampleNear(numbers, 1, 4)).toBe(2); // an arrow up from 3
    expect(sampleNear(numbers, 0, 11)).toBe(2);
    expect(sampleNear(numbers, 0, 13)).toBe(0);
    expect(sampleNear(numbers, null, 0)).toBe(1); // from the mean
    expect(sampleNear(numbers, 1, Number.NaN)).toBe(1);
  });
});

group("an empty list", () => {
  it("says why there is no pair", () => {
    expect(nothing(pairsOf([[3]]))).toBe("a single input makes no pair");
    const zero = [
      [0, 0],
      [0, 0],
    ];
    expect(nothing(pairsOf(zero))).toBe("all are zero");
    expect(nothing(pairsOf(zero, 0.1))).toBe("none beyond noise");
  });
});
