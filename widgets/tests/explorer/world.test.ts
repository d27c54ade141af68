import { expect, test } from "vitest";
import {
  box,
  Grid,
  nearest,
  places,
  positions,
  step,
  within,
  world,
} from "../../src/explorer/world";

function random(seed: number) {
  let state = seed;
  return () => {
    state = (1664525 * state + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

function cloud(n: number, seed = 1) {
  const next = random(seed);
  return world(Float32Array.from({ length: 2 * n }, next));
}

test("positions come back from their grid, as Python's packed_map writes it", () => {
  const python =
    "000000000000f83f00000000000000c0000000000000203f78016360f8ff9f0108feff7700930c8c" +
    "2036030300673b083a";
  const bytes = Uint8Array.from(python.match(/../g) ?? [], (two) => Number.parseInt(two, 16));
  // Within a larger buffer, as messages bring it.
  const within = new Uint8Array(bytes.length + 3);
  within.set(bytes, 3);
  const xy = positions(new DataView(within.buffer, 3));
  const expected = [1.5, -2, Number.NaN, Number.NaN, 3.5, 6];
  expect(xy).toHaveLength(6);
  expected.forEach((value, i) => {
    if (Number.isNaN(value)) expect(xy[i]).toBeNaN();
    else expect(Math.abs((xy[i] as number) - value)).toBeLessThan(8 / 65536);
  });
  expect(positions(undefined)).toHaveLength(0);
});

test("the world keeps proportions and centres the data", () => {
  const at = world(new Float32Array([10, 0, 30, 10]));
  expect([...at.x]).toEqual([-1, 1]);
  expect([...at.y]).toEqual([-0.5, 0.5]);
  expect(at.fromData(20, 5)).toEqual({ x: 0, y: 0 });
});

test("no points, one point and equal points are worlds", () => {
  expect(world(new Float32Array(0)).x).toHaveLength(0);
  expect([...world(new Float32Array([7, 8])).x]).toEqual([0]);
  expect([...world(new Float32Array([7, 8, 7, 8])).y]).toEqual([0, 0]);
});

test("a lasso catches what is inside, by the even-odd rule", () => {
  const at = world(new Float32Array([0, 0, 4, 0, 0, 4, 4, 4, 1, 1, 2, 2]));
  const triangle = [
    [-1, -1],
    [5, -1],
    [-1, 4.5],
  ].map(([x, y]) => at.fromData(x as number, y as number));
  expect([...within(at, triangle)]).toEqual([0, 4]);
  expect([...within(at, [...triangle].reverse())]).toEqual([0, 4]);
});

test("a concave lasso leaves out its bay", () => {
  const at = world(new Float32Array([0, 0, 10, 10, 5, 8, 2, 2, 8, 2]));
  const bay = [
    [1, 1],
    [9, 1],
    [9, 9],
    [5, 5],
    [1, 9],
  ].map(([x, y]) => at.fromData(x as number, y as number));
  expect([...within(at, bay)]).toEqual([3, 4]);
});

test("a lasso of two points catches nothing", () => {
  expect(
    within(cloud(50), [
      { x: -1, y: -1 },
      { x: 1, y: 1 },
    ]),
  ).toHaveLength(0);
});

test("a box catches as its corners say", () => {
  const at = cloud(500);
  const hits = within(at, box({ x: -0.5, y: 0.4 }, { x: 0.3, y: -0.2 }));
  const expected = [...at.x.keys()].filter((i) => {
    const [x, y] = [at.x[i] as number, at.y[i] as number];
    return x > -0.5 && x < 0.3 && y > -0.2 && y < 0.4;
  });
  expect([...hits]).toEqual(expected);
});

test("the grid finds what a search of all points finds", () => {
  const at = cloud(2000);
  const grid = new Grid(at);
  const next = random(9);
  for (let trial = 0; trial < 200; trial++) {
    const [x, y, radius] = [3 * next() - 1.5, 3 * next() - 1.5, 0.2 * next()];
    let best = -1;
    let bound = radius * radius;
    for (let i = 0; i < at.x.length; i++) {
      const distance = ((at.x[i] as number) - x) ** 2 + ((at.y[i] as number) - y) ** 2;
      if (distance < bound) {
        bound = distance;
        best = i;
      }
    }
    expect(grid.nearest(x, y, radius)).toBe(best);
  }
});

test("the grid of nothing finds nothing", () => {
  expect(new Grid(world(new Float32Array(0))).nearest(0, 0, 1)).toBe(-1);
});

test("a step goes to the nearest point ahead and stays at the edge", () => {
  const at = world(new Float32Array([0, 0, 1, 0, 2, 0, 1, 5]));
  expect(step(at, 0, 1, 0)).toBe(1);
  expect(step(at, 1, 1, 0)).toBe(2);
  expect(step(at, 2, 1, 0)).toBe(2);
  expect(step(at, 1, 0, 1)).toBe(3);
});

test("a name stands at the member nearest to the group's median", () => {
  const at = world(new Float32Array([0, 0, 1, 1, 2, 2, 90, 90, 50, 0]));
  const groups = [Uint32Array.of(0, 1, 2, 3), Uint32Array.of(4), Uint32Array.of()];
  expect([...places(at, groups)]).toEqual([2, 4, -1]);
});

test("finds the middle of a large group by some of its samples", () => {
  const n = 100_001;
  const at = world(Float32Array.from({ length: 2 * n }, (_, i) => (i & 1 ? 0 : ((i / 2) * 7) % n)));
  const [middle] = places(at, [Uint32Array.from({ length: n }, (_, i) => i)]);
  expect(Math.abs(at.x[middle as number] as number)).toBeLessThan(0.03);
});

test("the nearest samples round one, with it", () => {
  const at = world(new Float32Array([0, 0, 1, 0, 9, 0, 2, 0]));
  expect([...nearest(at, 1, 2)]).toEqual([0, 1, 3]); // two are equally far
  expect([...nearest(at, 2, 1)]).toEqual([2]);
  expect([...nearest(at, 0, 99)]).toEqual([0, 1, 2, 3]);
});
