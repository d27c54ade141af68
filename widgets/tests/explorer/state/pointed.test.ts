import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ExplorerModel } from "../../../src/explorer/model";
import { Pointed } from "../../../src/explorer/state/pointed";
import { FakeModel } from "../../fake_model";

let closing: AbortController;
beforeEach(() => {
  closing = new AbortController();
  vi.useFakeTimers();
});
afterEach(() => {
  closing.abort();
  vi.useRealTimers();
});

function pointed() {
  const model = new FakeModel({ hovered: null });
  const shown = vi.fn();
  return {
    model,
    shown,
    hand: new Pointed(new ExplorerModel(model.any, closing.signal), shown, closing.signal),
  };
}

it("tells a sweep over many samples in few messages, of which the last one counts", () => {
  const { model, shown, hand } = pointed();
  for (let i = 0; i < 500; i++) {
    hand.tell(i);
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(500);
  expect(model.get("hovered")).toBe(499);
  expect(model.saved).toBeLessThanOrEqual(6);
  hand.tell(-1);
  expect(model.get("hovered")).toBeNull();
  expect(shown).not.toHaveBeenCalled();
});

it("shows what another points at, but not an old word against a moving hand", () => {
  const { model, shown, hand } = pointed();
  model.set("hovered", 7);
  expect(shown).toHaveBeenCalledWith(7);
  hand.tell(3);
  model.set("hovered", 5);
  expect(shown).toHaveBeenCalledTimes(1);
});

it("lets go of the model when the view closes", () => {
  const { model } = pointed();
  closing.abort();
  expect(model.listenerCount).toBe(0);
});
