import { expect, it } from "vitest";
import { within } from "../../../src/explorer/map/overlay";

const SIZE = { width: 300, height: 200 };

it("keeps names whole on the map, and where they are if they fit", () => {
  expect(within({ x: 150, y: 100 }, 40, 9, SIZE)).toEqual({ x: 150, y: 100 });
  expect(within({ x: 2, y: 3 }, 40, 9, SIZE)).toEqual({ x: 40, y: 9 });
  expect(within({ x: 299, y: 199 }, 40, 9, SIZE)).toEqual({ x: 260, y: 191 });
  expect(within({ x: 10, y: 50 }, 400, 9, SIZE)).toEqual({ x: 150, y: 50 });
});
