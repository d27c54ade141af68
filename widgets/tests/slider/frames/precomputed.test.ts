import { expect, it } from "vitest";
import {
  checked,
  estimated,
  frameAt,
  largestChange,
  type Precomputed,
  thinned,
} from "../../../src/slider/frames/precomputed";

/** Two factors, three positions, two variables, one output. */
const precomputed: Precomputed = {
  factors: 2,
  amounts: Float32Array.of(-1, 0, 1),
  ...thinned([], 2, 1),
  decoded: Uint8Array.of(0, 255, 51, 102, 255, 0, 0, 0, 51, 102, 102, 204),
  limits: [0, 1],
  nOutputs: 1,
  outputs: Float32Array.of(-4, 0, 8, 1, 0, -1),
};

it("shows precomputed frames, and interpolates between two", () => {
  expect([...frameAt(precomputed, 0, 1).decoded]).toEqual([1, 0]);
  expect([...frameAt(precomputed, 1, -1).outputs]).toEqual([1]);
  const between = frameAt(precomputed, 0, 0.5);
  expect(between.outputs[0]).toBeCloseTo(4);
  expect(between.decoded[0]).toBeCloseTo((0.2 + 1) / 2);
  expect([...frameAt(precomputed, 0, 99).outputs]).toEqual([8]);
  expect([...frameAt(precomputed, 0, -99).outputs]).toEqual([-4]);
});

it("estimates from a known frame by what each factor alone changes since", () => {
  const known = { amounts: [0.5, 0], ...frameAt(precomputed, 0, 0.5) };
  const same = estimated(precomputed, known, [0.5, 0]);
  expect([...same.outputs]).toEqual([...known.outputs]);
  expect([...same.decoded]).toEqual([...known.decoded]);
  // Along one factor it is the precomputed frame itself; of two, changes add up.
  expect(estimated(precomputed, known, [1, 0]).outputs[0]).toBeCloseTo(8);
  expect(estimated(precomputed, known, [1, -1]).outputs[0]).toBeCloseTo(8 + 1);
  expect(estimated(precomputed, known, [1, -1]).decoded[0]).toBeCloseTo(1 + 0 - 0.2);
});

it("repeats pixels where only every second one is kept", () => {
  const { kept, stands } = thinned([3, 3], 9, 2);
  expect([...kept]).toEqual([0, 2, 6, 8]);
  expect([...stands]).toEqual([0, 0, 1, 0, 0, 1, 2, 2, 3]);
  const colour = thinned([2, 2, 3], 12, 2);
  expect([...colour.kept]).toEqual([0, 1, 2]);
  expect([...colour.stands]).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

it("is refused if its sizes do not agree", () => {
  expect(checked(precomputed)).toBe(precomputed);
  expect(checked({ ...precomputed, decoded: precomputed.decoded.slice(1) })).toBeNull();
  expect(checked({ ...precomputed, outputs: precomputed.outputs.slice(1) })).toBeNull();
  expect(checked({ ...precomputed, amounts: Float32Array.of(1, 0, -1) })).toBeNull();
  expect(checked({ ...precomputed, amounts: new Float32Array(0) })).toBeNull();
});

it("knows its largest change", () => {
  expect(largestChange(precomputed, [0.2, 0.4])).toBeCloseTo(0.8);
});
