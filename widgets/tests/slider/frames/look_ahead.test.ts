import { describe, expect, it } from "vitest";
import { Heading, Pace } from "../../../src/slider/frames/look_ahead";

/** Widths of ten answers by a decoder that takes `ms` for as many rows as it is asked for. */
function widths(ms: (count: number) => number): number[] {
  const pace = new Pace();
  return Array.from({ length: 10 }, () => {
    pace.took(pace.width, ms(pace.width));
    return pace.width;
  });
}

describe("Pace", () => {
  it("asks for more where many take as long as one", () => {
    expect(widths(() => 30).slice(0, 5)).toEqual([2, 4, 8, 16, 16]);
  });

  it("asks for one at a time where each takes its time, after two tries", () => {
    expect(widths((count) => 30 * count)).toEqual([2, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("forgives one slow answer", () => {
    const pace = new Pace();
    pace.took(1, 30);
    pace.took(2, 90);
    pace.took(2, 31);
    expect(pace.width).toBe(4);
    pace.took(4, 200); // slow again, but not twice in a row
    expect(pace.width).toBe(4);
  });

  it("learns nothing from a frame that was there already", () => {
    const pace = new Pace();
    pace.took(1, 0.2);
    pace.took(1, 30);
    pace.took(2, 31);
    expect(pace.width).toBe(4);
  });
});

describe("Heading", () => {
  const at = (first: number, second = 0) => Float32Array.of(first, second);
  const ahead = (heading: Heading, factor = 0) =>
    heading.ahead(3).map((amounts) => Number(amounts[factor]?.toFixed(2)));

  it("knows where a slider goes once it has moved twice", () => {
    const heading = new Heading();
    heading.move(at(1), 0);
    expect(ahead(heading)).toEqual([]);
    heading.move(at(1.5), 0);
    expect(ahead(heading).slice(0, 2)).toEqual([1.55, 1.6]);
    heading.move(at(1.5), 0); // it rests: the direction stays
    expect(ahead(heading)[0]).toBe(1.55);
    heading.move(at(1), 0);
    expect(ahead(heading)[0]).toBe(0.95);
  });

  it("begins anew with another slider, and when told", () => {
    const heading = new Heading();
    heading.move(at(1), 0);
    heading.move(at(1.5), 0);
    heading.move(at(1.5, 1), 1);
    expect(ahead(heading, 1)).toEqual([]);
    heading.move(at(1.5, 0.5), 1);
    expect(ahead(heading, 1)[0]).toBe(0.45);
    heading.forget();
    expect(ahead(heading, 1)).toEqual([]);
  });
});
