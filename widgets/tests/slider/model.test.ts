import { expect, it } from "vitest";
import { MEAN, SliderModel, sameBase, sampleOf } from "../../src/slider/model";
import { FakeModel } from "../fake_model";

const numbers = (...values: number[]) => new DataView(Float32Array.from(values).buffer);

function opened(state: Record<string, unknown> = {}) {
  const [fake, page] = [new FakeModel(state), new AbortController()];
  return { fake, page, model: new SliderModel(fake as never, page.signal) };
}

it("reads which sample is the base, and none of a mean", () => {
  expect(sampleOf(7)).toBe(7);
  expect(sampleOf(0)).toBe(0);
  expect(sampleOf(MEAN)).toBeNull();
  expect(sameBase(MEAN, MEAN)).toBe(true);
  expect(sameBase(MEAN, 0)).toBe(false);
  const rows = (...values: number[]) => new DataView(Uint32Array.from(values).buffer);
  expect(sampleOf(rows(1, 2))).toBeNull();
  expect(sameBase(rows(1, 2), rows(1, 2))).toBe(true);
  expect(sameBase(rows(1, 2), rows(1, 3))).toBe(false);
  expect(sameBase(rows(1, 2), 1)).toBe(false);
});

it("chooses by row what Python counts by factor", () => {
  const { fake, model } = opened({ _ids: [3, 0], factor: null });
  expect(model.chosen).toBeNull();
  model.choose(0);
  expect([fake.get("factor"), fake.saved, model.chosen]).toEqual([3, 1, 0]);
  model.choose(0);
  model.choose(5);
  expect([fake.get("factor"), fake.saved]).toEqual([3, 1]);
});

it("reads the frame of Python, and the baseline where sizes differ", () => {
  const content = {
    baseline: { decoded: Float32Array.of(1), outputs: Float32Array.of(2) },
    sizes: { decoded: 1, outputs: 1 },
  } as never;
  const frame = { _frame_decoded: numbers(5), _frame_outputs: numbers(6) };
  expect(opened(frame).model.readFrame(content).outputs[0]).toBe(6);
  const other = opened({ ...frame, _frame_outputs: numbers(6, 7) });
  expect(other.model.readFrame(content).outputs[0]).toBe(2);
});

it("follows a group of traits until the view is closed", () => {
  const { fake, page, model } = opened();
  let count = 0;
  model.on("frame", () => count++);
  fake.set("_frame_decoded", null);
  fake.set("_frame_outputs", null);
  fake.set("height", 3);
  expect(count).toBe(2);
  page.abort();
  fake.set("_frame_decoded", null);
  expect([count, fake.listenerCount]).toEqual([2, 0]);
});
