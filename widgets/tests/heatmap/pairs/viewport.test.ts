import { beforeEach, expect, it } from "vitest";
import { Viewport } from "../../../src/heatmap/pairs/viewport";

let viewport: Viewport;

beforeEach(() => {
  viewport = new Viewport();
  viewport.show([4, 0, 2, 7]);
  viewport.resize(100, 20);
});

it("finds each cell where it is drawn, also after zooming and panning", () => {
  const check = () => {
    for (const row of viewport.rows) {
      for (const column of viewport.rows) {
        const at = viewport.centreOf({ row, column });
        if (!at) throw new Error("not drawn");
        const inside = Math.min(at.x, at.y) >= 20 && Math.max(at.x, at.y) < 120;
        expect(viewport.cellAt(at)).toEqual(inside ? { row, column } : null);
      }
    }
  };
  check();
  viewport.zoom({ x: 50, y: 90 }, 1.7);
  check();
  viewport.pan(-9, 4);
  check();
});

it("knows no place of a row that is not drawn", () => {
  expect(viewport.centreOf({ row: 4, column: 3 })).toBeNull();
  expect(viewport.has({ row: 4, column: 3 })).toBe(false);
  expect(viewport.has({ row: 4, column: 7 })).toBe(true);
  expect(viewport.cellAt({ x: 10, y: 50 })).toBeNull(); // over the names
});

it("has the lower right corner of a cell, for the card", () => {
  expect(viewport.cornerOf({ row: 4, column: 0 })).toEqual({ x: 70, y: 45 });
});

it("zooms about a cell, or about the middle, and shows all again", () => {
  expect(viewport.isWhole).toBe(true);
  const cell = { row: 0, column: 2 };
  const before = viewport.centreOf(cell);
  viewport.zoomAbout(cell, 1.5);
  expect(viewport.isWhole).toBe(false);
  expect(viewport.centreOf(cell)?.x).toBeCloseTo(before?.x as number);
  viewport.showAll();
  viewport.zoomAbout(null, 1.5);
  expect(viewport.camera.x).toBeCloseTo(viewport.camera.y);
  viewport.showAll();
  expect(viewport.isWhole).toBe(true);
});

it("brings a cell into sight", () => {
  viewport.zoom({ x: 20, y: 20 }, 4);
  viewport.reveal({ row: 7, column: 7 });
  expect(viewport.cellAt(viewport.centreOf({ row: 7, column: 7 }) as never)).not.toBeNull();
});

it("keeps what is seen as the room grows, but shows other cells whole", () => {
  viewport.zoom({ x: 20, y: 20 }, 1.6);
  const share = viewport.camera.scale / viewport.side;
  viewport.resize(110, 20);
  expect(viewport.camera.scale / viewport.side).toBeCloseTo(share);
  viewport.show([4, 0]);
  viewport.resize(90, 20);
  expect(viewport.isWhole).toBe(true);
});

it("moves the cursor over the rows in their order", () => {
  expect(viewport.moved(null, "ArrowDown")).toEqual({ row: 4, column: 4 });
  expect(viewport.moved({ row: 4, column: 4 }, "ArrowRight")).toEqual({ row: 4, column: 0 });
  expect(viewport.moved({ row: 4, column: 4 }, "End")).toEqual({ row: 4, column: 7 });
  expect(viewport.moved({ row: 4, column: 4 }, "a")).toBeNull();
});
