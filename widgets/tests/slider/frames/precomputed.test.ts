import { expect, it } from "vitest";
import {
  checked,
  type Film,
  filmed,
  guessed,
  thinned,
  widest,
} from "../../../src/slider/frames/precomputed";

/** Two factors, three positions, two variables, one output. */
const film: Film = {
  factors: 2,
  positions: Float32Array.of(-1, 0, 1),
  ...thinned([], 2, 1),
  pixels: Uint8Array.of(0, 255, 51, 102, 255, 0, 0, 0, 51, 102, 102, 204),
  limits: [0, 1],
  outputs: 1,
  values: Float32Array.of(-4, 0, 8, 1, 0, -1),
};

it("shows a position that was filmed, and what lies between two", () => {
  expect([...filmed(film, 0, 1).decoded]).toEqual([1, 0]);
  expect([...filmed(film, 1, -1).outputs]).toEqual([1]);
  const between = filmed(film, 0, 0.5);
  expect(between.outputs[0]).toBeCloseTo(4);
  expect(between.decoded[0]).toBeCloseTo((0.2 + 1) / 2);
  expect([...filmed(film, 0, 99).outputs]).toEqual([8]);
  expect([...filmed(film, 0, -99).outputs]).toEqual([-4]);
});

it("guesses from a known frame by what each factor alone changes since", () => {
  const known = { amounts: [0.5, 0], ...filmed(film, 0, 0.5) };
  const same = guessed(film, known, [0.5, 0]);
  expect([...same.outputs]).toEqual([...known.outputs]);
  expect([...same.decoded]).toEqual([...known.decoded]);
  // Along one factor it is the film itself; of two, changes add up.
  expect(guessed(film, known, [1, 0]).outputs[0]).toBeCloseTo(8);
  expect(guessed(film, known, [1, -1]).outputs[0]).toBeCloseTo(8 + 1);
  expect(guessed(film, known, [1, -1]).decoded[0]).toBeCloseTo(1 + 0 - 0.2);
});

it("repeats the pixels of a film that keeps every second one", () => {
  const { kept, stands } = thinned([3, 3], 9, 2);
  expect([...kept]).toEqual([0, 2, 6, 8]);
  expect([...stands]).toEqual([0, 0, 1, 0, 0, 1, 2, 2, 3]);
  const colour = thinned([2, 2, 3], 12, 2);
  expect([...colour.kept]).toEqual([0, 1, 2]);
  expect([...colour.stands]).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

it("is refused if its sizes do not agree", () => {
  expect(checked(film)).toBe(film);
  expect(checked({ ...film, pixels: film.pixels.slice(1) })).toBeNull();
  expect(checked({ ...film, values: film.values.slice(1) })).toBeNull();
  expect(checked({ ...film, positions: Float32Array.of(1, 0, -1) })).toBeNull();
  expect(checked({ ...film, positions: new Float32Array(0) })).toBeNull();
});

it("knows its largest change", () => {
  expect(widest(film, [0.2, 0.4])).toBeCloseTo(0.8);
});
