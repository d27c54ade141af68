import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type GestureEvents, Gestures, operationOf } from "../../../src/explorer/map/gestures";
import type { Mode } from "../../../src/explorer/panels/toolbar";

let closing: AbortController;
let stage: HTMLElement;

beforeEach(() => {
  closing = new AbortController();
  stage = document.createElement("div");
  stage.tabIndex = 0;
  document.body.append(stage);
});
afterEach(() => {
  closing.abort();
  stage.remove();
});

function gestures(mode: Mode = "lasso") {
  const events = {
    mode: () => mode,
    operation: () => "replace" as const,
    outline: vi.fn(),
    caught: vi.fn(),
    clicked: vi.fn(),
    panned: vi.fn(),
    zoomed: vi.fn(),
    hovered: vi.fn(),
    scrolledPast: vi.fn(),
  } satisfies GestureEvents;
  return { events, gestures: new Gestures(stage, events, closing.signal) };
}

const point = (type: string, x: number, y: number, init: PointerEventInit = {}) =>
  stage.dispatchEvent(
    new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, button: 0, ...init }),
  );

function drag(path: [number, number][], init: PointerEventInit = {}) {
  const [[x, y], ...rest] = path as [[number, number], ...[number, number][]];
  point("pointerdown", x, y, init);
  for (const [a, b] of rest) point("pointermove", a, b, init);
  const [a, b] = path.at(-1) as [number, number];
  point("pointerup", a, b, init);
}

it("reads the operation from the keys held", () => {
  const keys = (shiftKey: boolean, altKey: boolean) => operationOf({ shiftKey, altKey }, "remove");
  expect(keys(false, false)).toBe("remove");
  expect(keys(true, false)).toBe("add");
  expect(keys(false, true)).toBe("remove");
  expect(keys(true, true)).toBe("intersect");
});

it("draws a lasso and catches what is in it, as the keys say", () => {
  const { events } = gestures();
  drag(
    [
      [0, 0],
      [20, 0],
      [20, 20],
    ],
    { shiftKey: true },
  );
  const corners = [
    { x: 0, y: 0 },
    { x: 20, y: 0 },
    { x: 20, y: 20 },
  ];
  expect(events.caught).toHaveBeenCalledExactlyOnceWith(corners, "add", "lasso");
  expect(events.outline).toHaveBeenLastCalledWith(null, "replace");
  expect(events.clicked).not.toHaveBeenCalled();
});

it("draws a box between the first and the last place", () => {
  const { events } = gestures("box");
  drag([
    [0, 0],
    [5, 20],
    [30, 10],
  ]);
  const [corners, , shape] = events.caught.mock.calls[0] ?? [];
  expect(shape).toBe("box");
  expect(corners).toEqual([
    { x: 0, y: 0 },
    { x: 30, y: 0 },
    { x: 30, y: 10 },
    { x: 0, y: 10 },
  ]);
});

it("takes a short drag for a click", () => {
  const { events } = gestures();
  drag([
    [10, 10],
    [12, 11],
  ]);
  expect(events.clicked).toHaveBeenCalledExactlyOnceWith({ x: 10, y: 10 }, "replace");
  expect(events.caught).not.toHaveBeenCalled();
});

it("pans in that mode, and with another button in every mode", () => {
  for (const [mode, button] of [
    ["pan", 0],
    ["lasso", 1],
  ] as const) {
    const { events } = gestures(mode);
    drag(
      [
        [0, 0],
        [10, 5],
      ],
      { button },
    );
    expect(events.panned).toHaveBeenCalledWith(10, 5);
    expect(events.caught).not.toHaveBeenCalled();
    closing.abort();
    closing = new AbortController();
  }
});

it("cancels an outline, and another pointer does not end it", () => {
  const { events, gestures: hand } = gestures();
  expect(hand.cancel()).toBe(false);
  point("pointerdown", 0, 0);
  point("pointermove", 20, 0);
  point("pointerup", 20, 0, { pointerId: 2 });
  expect(hand.cancel()).toBe(true);
  point("pointerup", 20, 0);
  expect(events.caught).not.toHaveBeenCalled();
});

it("leaves the wheel to the page until the map has the focus", () => {
  const { events } = gestures();
  const wheel = () => {
    const event = new WheelEvent("wheel", {
      deltaY: -10,
      clientX: 3,
      clientY: 4,
      cancelable: true,
    });
    stage.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(wheel()).toBe(false);
  expect(events.scrolledPast).toHaveBeenCalledOnce();
  stage.focus();
  expect(wheel()).toBe(true);
  // happy-dom gives wheel events no place.
  expect(events.zoomed.mock.calls[0]?.[1]).toBeCloseTo(Math.exp(0.04));
});

it("hears nothing after it was closed", () => {
  const { events } = gestures();
  closing.abort();
  drag([
    [0, 0],
    [20, 20],
  ]);
  expect(events.caught).not.toHaveBeenCalled();
});
