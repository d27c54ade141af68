import { expect, test } from "vitest";
import { rounded, short, told, understood } from "../../../src/explorer/state/meaning";

// The same values and the same texts as in tests/views/explorer/test_scales.py.
const DAYS = { start: Date.UTC(2020, 1, 28), letters: 10 };
const MINUTES = { ...DAYS, letters: 16 };
const SECONDS = { ...DAYS, letters: 19 };

test.each([
  [0, "0"],
  [1234.56, "1235"],
  [-0.123456, "−0.1235"],
  [1e-7, "1.00e−7"],
  [12345678, "1.23e+7"],
  [Number.POSITIVE_INFINITY, "∞"],
])("%f is written %s", (value, text) => {
  expect(short(value)).toBe(text);
});

test.each([
  [0, DAYS, "2020-02-28"],
  [2, DAYS, "2020-03-01"],
  [-59, DAYS, "2019-12-31"],
  [Math.fround(1 + 13.34 / 24), MINUTES, "2020-02-29 13:20"],
  [Math.fround(100 + 45_296 / 86_400), SECONDS, "2020-06-07 12:34:56"],
  [2.5, { unit: "h" }, "2.5 h"],
  [-12.5, { unit: "d" }, "−12.5 d"],
  [2.5, {}, "2.5"],
])("%f reads as it is meant", (value, meaning, text) => {
  expect(told(value, meaning)).toBe(text);
  expect(told(understood(text, meaning), meaning)).toBe(text);
});

test("what no person could mean is no number", () => {
  expect(understood("2020-03-01", DAYS)).toBe(2);
  expect(understood("2020-03-01 12:00", DAYS)).toBe(2.5);
  expect(understood("2020-03", DAYS)).toBe(2);
  expect(understood("3,5", { unit: "h" })).toBe(3.5);
  for (const [text, meaning] of [
    ["yesterday", DAYS],
    ["2020-02-31 25:00", DAYS],
    ["h", {}],
  ] as const)
    expect(understood(text, meaning)).toBeNaN();
  expect(told(Number.POSITIVE_INFINITY, DAYS)).toBe("∞");
});

test("a drag is as precise as what is shown", () => {
  expect(rounded(1234.567)).toBe(1230);
  expect(rounded(1234.567, DAYS)).toBe(1235);
  expect(told(rounded(1.123456, MINUTES), MINUTES)).toBe("2020-02-29 02:58");
});
