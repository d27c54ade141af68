import { afterEach, expect, it } from "vitest";
import { typed } from "../../../src/shared/arrays";
import { Client } from "../../../src/shared/protocol";
import { FrameSource, type PlacedFrame } from "../../../src/slider/frames/source";
import { FakeModel } from "../../fake_model";

const opened: AbortController[] = [];
afterEach(() => {
  for (const page of opened.splice(0)) page.abort();
});

/** Frames of two factors, whose outputs tell the amounts of the first one. */
function source(outputs = 1) {
  const [model, page] = [new FakeModel(), new AbortController()];
  opened.push(page);
  const [frames, failures]: [PlacedFrame[], string[]] = [[], []];
  const listener = {
    show: (frame: PlacedFrame) => frames.push(frame),
    fail: (text: string) => failures.push(text),
    changed: () => {},
  };
  const sizes = { decoded: 0, outputs };
  const client = new Client(model.any, page.signal);
  const made = new FrameSource({
    client,
    live: true,
    listener,
    precomputed: null,
    sizes,
    span: () => 3,
    signal: page.signal,
  });
  const requests = () => model.sent.filter(({ content }) => content.kind === "frame");
  /** The amounts of one factor in each row of the newest request. */
  const rows = (factor = 0) => {
    const table = typed(Float32Array, requests().at(-1)?.buffers[0]);
    return [...table].filter((_, i) => i % 2 === factor).map((value) => Number(value.toFixed(2)));
  };
  const ask = (first: number, second = 0, factor = 0) =>
    made.ask(Float32Array.of(first, second), 0, factor);
  const reply = async (fields: Record<string, unknown>, buffers: DataView[] = []) => {
    model.reply({ kind: "frame", seq: requests().at(-1)?.content.seq, ...fields }, buffers);
    await new Promise((done) => setTimeout(done));
  };
  const answer = async (ms = 30) => {
    const values = rows().flatMap((amount) => Array<number>(outputs).fill(amount));
    const parts = [new Float32Array(0), Float32Array.from(values)];
    await reply(
      { ms },
      parts.map(({ buffer }) => new DataView(buffer)),
    );
  };
  /** Move the first factor upwards until several frames are asked for at a time. */
  const widen = async () => {
    for (const amount of [0, 0.5, 1]) {
      ask(amount);
      await answer();
    }
  };
  const known = (amount: number) => made.cache.get(Float32Array.of(amount, 0))?.outputs[0];
  return { made, frames, failures, requests, rows, ask, reply, answer, widen, known };
}

it("asks for frames ahead of the slider, as many as take no longer than one, and keeps them", async () => {
  const { ask, answer, rows, known } = source();
  ask(0);
  expect(rows()).toEqual([0]); // nobody knows where the slider will go
  await answer();
  ask(0.5);
  expect(rows()).toEqual([0.5, 0.55]);
  await answer();
  ask(1);
  expect(rows()).toEqual([1, 1.05, 1.1, 1.15]);
  await answer();
  for (const amount of [1, 1.05, 1.1, 1.15]) expect(known(amount)).toBeCloseTo(amount);
  ask(1.05); // what is known is not asked for again
  expect(rows()).toEqual([1.05, 1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5]);
  await answer();
  ask(0.8); // downwards
  expect(rows().slice(0, 3)).toEqual([0.8, 0.75, 0.7]);
});

it("keeps its direction while the slider rests, and has none for another factor", async () => {
  const { ask, answer, rows, widen } = source();
  await widen();
  ask(1);
  expect(rows().length).toBeGreaterThan(1);
  await answer();
  ask(1, 0.5, 1);
  expect([rows(0), rows(1)]).toEqual([[1], [0.5]]);
  await answer();
  ask(1, 1, 1);
  expect(rows(1).slice(0, 3)).toEqual([1, 1.05, 1.1]);
});

it("asks for no more bytes than a message should have", async () => {
  const { ask, answer, rows } = source(300_000);
  ask(0);
  await answer();
  ask(0.5);
  expect(rows()).toEqual([0.5]);
});

it("asks for the slider's frame alone where those ahead fail, and from then on", async () => {
  const { ask, answer, reply, rows, requests, widen, failures } = source();
  await widen();
  ask(1.4);
  expect(rows().length).toBeGreaterThan(1);
  const before = requests().length;
  await reply({ ok: false, error: "too far" });
  expect(requests()).toHaveLength(before + 1);
  expect(rows()).toEqual([1.4]);
  await answer();
  ask(1.9);
  expect(rows()).toEqual([1.9]);
  expect(failures).toEqual([]);
  await reply({ ok: false, error: "too far" });
  expect(failures).toEqual(["too far"]);
});

it("shows where the slider is now, if an earlier answer has that too", async () => {
  const { ask, answer, widen, frames } = source();
  await widen();
  ask(2);
  ask(2.05); // the slider moves to what was asked for ahead
  await answer();
  const frame = frames.at(-1);
  expect(frame?.from).toBe("cache");
  expect(frame?.amounts[0]).toBeCloseTo(2.05);
  expect(frame?.outputs[0]).toBeCloseTo(2.05);
});

it("measures anew how fast frames come when the base changes", async () => {
  const { made, ask, answer, rows, widen, known } = source();
  await widen();
  made.forget(null, { decoded: 0, outputs: 1 });
  expect(known(1)).toBeUndefined();
  ask(1.5);
  expect(rows()).toEqual([1.5]);
  await answer();
  ask(2);
  expect(rows()).toEqual([2, 2.05]);
});

it("does not take what Python sets for a move of the slider", async () => {
  const { made, ask, rows, widen } = source();
  await widen();
  made.adopt({ decoded: new Float32Array(0), outputs: Float32Array.of(0) }, Float32Array.of(0, 0));
  ask(2);
  expect(rows()).toEqual([2]);
});
