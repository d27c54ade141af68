import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Client, Lost, Superseded } from "../../src/shared/protocol";
import { FakeModel } from "../fake_model";

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function setUp() {
  const model = new FakeModel();
  const closing = new AbortController();
  return { model, closing, client: new Client(model.any, closing.signal) };
}

const seqOf = (model: FakeModel, i: number) => model.sent[i]?.content.seq;

test("a request carries version, kind and number, and its answer resolves it", async () => {
  const { model, client } = setUp();
  const data = new Uint8Array([1, 2]);
  const answer = client.request("fit", { a: 1 }, [data]);
  expect(model.sent[0]?.content).toEqual({ v: 1, kind: "fit", seq: 1, a: 1 });
  expect(model.sent[0]?.buffers).toEqual([data]);
  model.reply({ kind: "fit", seq: 1, sum: 3 });
  expect(await answer).toMatchObject({ ok: true, sum: 3, buffers: [] });
});

test("failures are answers", async () => {
  const { model, client } = setUp();
  const answer = client.request("fit");
  model.reply({ kind: "fit", seq: 1, ok: false, error: "no" });
  expect(await answer).toMatchObject({ ok: false, error: "no" });
});

test("one request of a kind is under way and the newest that follows is sent after it", async () => {
  const { model, client } = setUp();
  const first = client.request("frame", { x: 1 });
  const second = client.request("frame", { x: 2 });
  const third = client.request("frame", { x: 3 });
  await expect(second).rejects.toBeInstanceOf(Superseded);
  expect(model.sent).toHaveLength(1);
  expect(client.busy("frame")).toBe(true);
  model.reply({ kind: "frame", seq: seqOf(model, 0) });
  await first;
  expect(model.sent).toHaveLength(2);
  expect(model.sent[1]?.content).toMatchObject({ x: 3 });
  model.reply({ kind: "frame", seq: seqOf(model, 1), newest: true });
  expect(await third).toMatchObject({ newest: true });
  expect(client.busy("frame")).toBe(false);
});

test("a thousand events make two requests while the kernel answers one", async () => {
  const { model, client } = setUp();
  const answers = Array.from({ length: 1000 }, (_, x) => client.request("frame", { x }));
  for (const answer of answers) answer.catch(() => {});
  model.reply({ kind: "frame", seq: seqOf(model, 0) });
  await answers[0];
  expect(model.sent.map(({ content }) => content.x)).toEqual([0, 999]);
});

test("kinds do not wait for each other", () => {
  const { model, client } = setUp();
  void client.request("a");
  void client.request("b");
  expect(model.sent).toHaveLength(2);
});

test("stale, foreign and malformed answers are dropped", async () => {
  const { model, client } = setUp();
  let settled = false;
  const answer = client.request("fit").then((reply) => {
    settled = true;
    return reply;
  });
  model.reply({ kind: "fit", seq: 0 });
  model.reply({ kind: "fit", seq: 99 });
  model.reply({ kind: "other", seq: 1 });
  model.reply({ v: 2, kind: "fit", seq: 1 });
  model.tell("msg:custom", null, []);
  model.tell("msg:custom", "text", []);
  await Promise.resolve();
  expect(settled).toBe(false);
  model.reply({ kind: "fit", seq: 1 });
  expect((await answer).ok).toBe(true);
});

test("views of one widget do not take each other's answers", async () => {
  vi.mocked(Math.random)
    .mockReturnValueOnce(0.25)
    .mockReturnValueOnce(1 - 2 ** -53);
  const model = new FakeModel();
  const { signal } = new AbortController();
  const [one, other] = [new Client(model.any, signal), new Client(model.any, signal)];
  const answers = [one.request("frame", { x: 1 }), other.request("frame", { x: 2 })];
  const [first, second] = [seqOf(model, 0), seqOf(model, 1)] as [number, number];
  expect(Number.isSafeInteger(second)).toBe(true);
  model.reply({ kind: "frame", seq: second, of: 2 });
  expect(one.busy("frame")).toBe(true);
  model.reply({ kind: "frame", seq: first, of: 1 });
  expect(await Promise.all(answers)).toMatchObject([{ of: 1 }, { of: 2 }]);
});

test("closing the view lets go of the model and of what was waiting", async () => {
  const { model, client, closing } = setUp();
  const running = client.request("fit");
  const waiting = client.request("fit");
  closing.abort();
  await expect(running).rejects.toBeInstanceOf(Superseded);
  await expect(waiting).rejects.toBeInstanceOf(Superseded);
  expect(model.listenerCount).toBe(0);
});

test("a verb that gave signs of life and falls silent is lost; one that never did is waited for", async () => {
  vi.useFakeTimers();
  try {
    const { model, client } = setUp();
    const quiet = client.request("frame");
    const fit = client.request("fit");
    const lost = expect(fit).rejects.toBeInstanceOf(Lost);
    expect(client.begun("fit")).toBe(false);
    model.tell("msg:custom", { v: 1, kind: "alive", of: "fit", seq: seqOf(model, 1) });
    model.tell("msg:custom", { v: 1, kind: "alive", of: "fit", seq: 99 });
    model.tell("msg:custom", { v: 1, kind: "alive", of: "constructor", seq: 99 });
    expect(client.begun("fit")).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    await lost;
    expect([client.busy("fit"), client.busy("frame")]).toEqual([false, true]);
    model.reply({ kind: "fit", seq: seqOf(model, 1) }); // too late: nobody waits for it
    model.reply({ kind: "frame", seq: seqOf(model, 0) });
    expect((await quiet).ok).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test("what is given up is lost, with what waits behind it", async () => {
  const { model, client } = setUp();
  const both = [client.request("fit"), client.request("fit")];
  const lost = both.map((one) => expect(one).rejects.toThrow("gone"));
  client.giveUp("fit", "gone");
  client.giveUp("never asked", "gone");
  await Promise.all(lost);
  void client.request("fit");
  expect(model.sent).toHaveLength(2);
});
