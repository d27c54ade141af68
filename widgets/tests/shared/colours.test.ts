import { expect, test } from "vitest";
import { categorical, inkOn, mix, rgb, viridis } from "../../src/shared/colours";

test("few categories have Okabe and Ito's colours", () => {
  expect(categorical(3)).toEqual(["#0072b2", "#e69f00", "#009e73"]);
});

test.each([8, 9, 20, 40])("%i categories have as many different colours", (count) => {
  expect(new Set(categorical(count)).size).toBe(count);
  expect(new Set(categorical(count, true)).size).toBe(count);
});

test("viridis runs from dark violet to yellow, ever lighter", () => {
  expect([viridis(-1), viridis(0), viridis(1), viridis(2)]).toEqual([
    "#440154",
    "#440154",
    "#fde725",
    "#fde725",
  ]);
  const light = Array.from({ length: 30 }, (_, i) => {
    const [r, g, b] = rgb(viridis(i / 29));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  expect(light.slice(1).every((value, i) => value > (light[i] as number))).toBe(true);
});

test("mixing and ink", () => {
  expect(mix("#000000", "#ffffff", 0.5)).toBe("#808080");
  expect([inkOn("#fde725"), inkOn("#440154")]).toEqual(["#000000", "#ffffff"]);
});
