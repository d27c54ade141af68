import { expect, it } from "vitest";
import { byGroup } from "../../../../src/explorer/map/engines/canvas";

it("puts points group by group, each in its order", () => {
  expect([...byGroup(Uint16Array.of(2, 0, 65535, 2, 0))]).toEqual([1, 4, 0, 3, 2]);
  expect(byGroup(new Uint16Array(0))).toHaveLength(0);
});
