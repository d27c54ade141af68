import { expect, it } from "vitest";
import { Drag } from "../../src/slider/drag";

it("lasts until the exact frame of where the slider was let go", () => {
  const drag = new Drag();
  expect([drag.active, drag.held, drag.released]).toEqual([false, false, false]);
  drag.begin();
  expect([drag.active, drag.held, drag.released]).toEqual([true, true, false]);
  drag.drawn(100, 140);
  drag.release(150);
  expect([drag.active, drag.held, drag.released]).toEqual([true, false, true]);
  drag.drawn(150, 190);
  drag.finish(192);
  expect([drag.active, drag.held, drag.released]).toEqual([false, false, false]);
  expect(drag.stats).toMatchObject({ count: 2, p50: 40 });
  expect(drag.settled).toBe(42);
});

it("shows the times of the last drag until the next has some", () => {
  const drag = new Drag();
  drag.begin();
  drag.drawn(0, 30);
  drag.release(30);
  drag.finish(30);
  drag.begin();
  expect(drag.stats.count).toBe(0);
  expect(drag.shownStats.p50).toBe(30);
  drag.drawn(0, 50);
  expect(drag.shownStats.p50).toBe(50);
  drag.cancel();
  expect(drag.stats.p50).toBe(30);
});
