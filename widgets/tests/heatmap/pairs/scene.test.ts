import { expect, describe as group, it } from "vitest";
import {
  amount,
  bit,
  cellOf,
  entryAt,
  find,
  inputName,
  limitOf,
  nextMatch,
  nothing,
  pairOf,
  placeOf,
  rowOfInput,
  sampleNear,
  strengths,
  strongest,
  tell,
  visible,
} from "../../../src/heatmap/pairs/scene";
import { significant } from "../../../src/shared/numbers";
import { full, HOSTILE, noisy, pairsOf, plain } from "./triangles";

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

group("inputs by their numbers", () => {
  const some = { ...plain, features: new Uint32Array([7, 3, 9, 1]) };

  it("have a row where they are among the pairs", () => {
    expect(rowOfInput(some, 9)).toBe(2);
    expect(rowOfInput(some, 2)).toBe(-1);
    expect(cellOf(some, [3, 1])).toEqual({ row: 1, column: 3 });
    expect(cellOf(some, [3, 2])).toBeNull();
    expect(cellOf(some, null)).toBeNull();
    expect(pairOf(some, { row: 1, column: 3 })).toEqual([3, 1]);
  });

  it("have a name, also where they are not", () => {
    expect(inputName(some, 3, null)).toBe("x1");
    expect(inputName(some, 2, null)).toBe("input 2");
    expect(inputName(some, 30, 28)).toBe("pixel 1,2");
  });
});

it("goes from match to match, each at its strongest pair that is drawn", () => {
  const all = new Map([0, 1, 2, 3].map((row) => [row, row]));
  expect(nextMatch(plain, [1, 3], null, all)).toEqual({ row: 1, column: 2 });
  expect(nextMatch(plain, [1, 3], { row: 1, column: 2 }, all)).toEqual({ row: 3, column: 1 });
  expect(nextMatch(plain, [1, 3], { row: 3, column: 1 }, new Map([[1, 0]]))).toEqual({
    row: 1,
    column: 1,
  });
  expect(nextMatch(plain, [], null, all)).toBeNull();
});
