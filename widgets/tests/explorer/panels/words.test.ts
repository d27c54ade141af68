import { expect, test } from "vitest";
import { caughtNothing, fitted, selected } from "../../../src/explorer/panels/words";

test("the selection in words", () => {
  expect(selected(0, 0)).toBe("No samples to show");
  expect(selected(0, 1)).toBe("1 sample, none selected");
  expect(selected(0, 10000)).toBe("10,000 samples, none selected");
  expect(selected(312, 10000)).toBe("312 selected of 10,000 (3.1 %)");
  expect(selected(1, 1000000)).toBe("1 selected of 1,000,000 (< 0.1 %)");
  expect(selected(10, 10)).toBe("10 selected of 10 (100 %)");
});

test("a gesture that caught nothing says what it left", () => {
  expect(caughtNothing("replace", "lasso")).toBe("No samples in the lasso: the selection stays");
  expect(caughtNothing("remove", "box")).toBe("No samples in the box: none removed");
});

test("a fit in words, with doubt where it did not converge", () => {
  const fit = { n_factors: 10, n_samples: 312, seconds: 0.42, converged: true };
  expect(fitted(fit)).toBe("10 factors of 312 samples in 0.4 s");
  expect(fitted({ ...fit, n_factors: 1, seconds: 0, converged: false })).toBe(
    "1 factor of 312 samples in under 0.1 s, not converged: read with care",
  );
});
