import { afterEach, expect, it } from "vitest";
import { linkOnPage } from "../src/link";
import { bytes, typed } from "../src/shared/arrays";
import { FakeModel } from "./fake_model";

const opened: AbortController[] = [];
afterEach(() => {
  for (const page of opened.splice(0)) page.abort();
});

/** Models that are linked to one another, and to one that is not on the page. */
async function linked(states: Record<string, unknown>[], live: boolean) {
  const refs = states.map((_, i) => `anywidget:${i}`);
  const models = states.map(
    (state, i) => new FakeModel({ _linked: [...refs.filter((_, j) => j !== i), "gone"], ...state }),
  );
  const host = {
    getModel: async (ref: string) => {
      const model = models[refs.indexOf(ref)];
      if (!model) throw new Error("This page does not hold that view.");
      return model.any;
    },
  };
  const els = models.map(() => document.createElement("div"));
  const page = new AbortController();
  opened.push(page);
  for (const [i, el] of els.entries()) {
    const model = models[i] as never;
    await linkOnPage({ model, el, signal: page.signal, host: host as never, live } as never);
  }
  return { models: models as [FakeModel, FakeModel, FakeModel], els, page };
}

const FACTORS = [
  { factor: null, _ids: [0, 1, 2] },
  { factor: null, _ids: [2, 0] },
  { factor: null }, // a workbench, which has them all
];
const factors = (models: FakeModel[]) => models.map((model) => model.get("factor"));

it("keeps the chosen factor the same where no kernel is, and lets go of none", async () => {
  const { models } = await linked(FACTORS, false);
  models[1].set("factor", 2);
  expect(factors(models)).toEqual([2, 2, 2]);
  models[0].set("factor", 1);
  expect(factors(models)).toEqual([1, 2, 1]); // the second one does not show it
  models[0].set("factor", null);
  expect(factors(models)).toEqual([null, 2, 1]);
});

it("leaves it to the kernel while there is one", async () => {
  const { models, els } = await linked(FACTORS, true);
  models[0].set("factor", 1);
  expect(factors(models)).toEqual([1, null, null]);
  for (const el of els) el.classList.add("jupyter-widgets-disconnected");
  for (const model of models) model.tell("comm_live_update");
  models[0].set("factor", 2);
  expect(factors(models)).toEqual([2, 2, 2]);
});

it("shares selections and the hovered sample between maps", async () => {
  const nothing = { selection: bytes(new Uint32Array(0)), hovered: null };
  const { models } = await linked([nothing, nothing, { factor: 0 }], false);
  models[0].set("selection", bytes(Uint32Array.of(3, 5)));
  models[1].set("hovered", 4);
  expect([...typed(Uint32Array, models[1].get("selection") as DataView)]).toEqual([3, 5]);
  expect(models[0].get("hovered")).toBe(4);
  expect(models[2].get("selection")).toBeUndefined();
  models[1].set("selection", bytes(Uint32Array.of(3, 5)));
  expect(models[0].saved).toBe(1);
});

it("says where only a kernel could follow a selection, until it is as it was", async () => {
  const some = bytes(Uint32Array.of(2));
  const map = { selection: some, hovered: null };
  const { models, els } = await linked([map, { factor: null }], false);
  const hidden = () => els.map((el) => el.querySelector<HTMLElement>(".nbi-unfollowed")?.hidden);
  expect(hidden()).toEqual([true, true]);
  models[0].set("selection", bytes(Uint32Array.of(3, 5)));
  expect(hidden()).toEqual([true, false]);
  models[0].set("selection", bytes(Uint32Array.of(2)));
  expect(hidden()).toEqual([true, true]);
});

it("says nothing of a selection that a kernel has followed, and of the next when it is gone", async () => {
  const map = { selection: bytes(new Uint32Array(0)), hovered: null };
  const { models, els } = await linked([map, { factor: null }], true);
  const hidden = () => els[1]?.querySelector<HTMLElement>(".nbi-unfollowed")?.hidden;
  models[0].set("selection", bytes(Uint32Array.of(3, 5)));
  expect(hidden()).toBe(true);
  els[1]?.classList.add("jupyter-widgets-disconnected");
  models[1].tell("comm_live_update");
  models[0].set("selection", bytes(Uint32Array.of(3, 5)));
  expect(hidden()).toBe(true);
  models[0].set("selection", bytes(Uint32Array.of(1)));
  expect(hidden()).toBe(false);
});

it("says where only a kernel could draw the chart of the chosen nodes", async () => {
  const { models, els } = await linked([{ chosen: [3] }, {}], true);
  const note = els[1]?.querySelector<HTMLElement>(".nbi-unfollowed");
  models[0].set("chosen", [4]);
  expect(note?.hidden).toBe(true);
  els[1]?.classList.add("jupyter-widgets-disconnected");
  models[1].tell("comm_live_update");
  models[0].set("chosen", [4, 5]);
  expect(note?.hidden).toBe(false);
  expect(note?.textContent).toContain("chart of other nodes needs a running kernel");
  models[0].set("chosen", [4]);
  expect(note?.hidden).toBe(true);
});

it("ends with the link in Python, and with the page", async () => {
  const { models, page } = await linked(FACTORS, false);
  models[1].set("_linked", []);
  models[0].set("factor", 2);
  expect(factors(models)).toEqual([2, null, 2]);
  page.abort();
  expect(models.map((model) => model.listenerCount)).toEqual([0, 0, 0]);
});
