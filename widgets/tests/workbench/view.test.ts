import { afterEach, expect, it, vi } from "vitest";
import type { PageModel } from "../../src/page";
import { render as renderWorkbench } from "../../src/workbench/index";
import { FakeModel } from "../fake_model";

const HOSTILE = "<img src=x onerror=alert(1)>";

function bars(value: number) {
  return [{ label: HOSTILE, value, low: -1, high: 1, note: HOSTILE }];
}

function state(): Record<string, unknown> {
  return {
    explorer: "anywidget:map",
    slider: "anywidget:slider",
    factor: 4,
    sample: 3,
    follow: true,
    pairs: "anywidget:pairs",
    _pairs_open: false,
    _slider_factors: [4, 1],
    _step: "",
    _done: 0,
    _error: "",
    _ablation: {
      unit: "percentage points",
      about: HOSTILE,
      charts: [
        { factor: 4, size: 5, bars: bars(-3) },
        { factor: 4, size: 10, bars: bars(-7) },
        { factor: 1, size: 10, bars: bars(-0.5) },
      ],
    },
    _interactions: { sample: 3, answer: "a", unit: HOSTILE, grid: [], bars: bars(2) },
    _begin: "import numpy as np",
    _history: [{ kind: "fit", title: HOSTILE, code: `factors = ${HOSTILE}` }],
    _about: HOSTILE,
  };
}

const opened: AbortController[] = [];
afterEach(() => {
  for (const page of opened.splice(0)) page.abort();
  document.body.replaceChildren();
});

async function shown(model: FakeModel | PageModel, live = true) {
  const drawn: string[] = [];
  const heatmap = new FakeModel({ factor: null });
  const map = new FakeModel({ heatmap: "anywidget:heatmap" });
  const models: Record<string, FakeModel> = { "anywidget:heatmap": heatmap, "anywidget:map": map };
  const host = {
    getModel: async (ref: string) => models[ref]?.any as never,
    getWidget: async (ref: string) => ({
      exports: undefined as never,
      render: async ({ el }: { el: HTMLElement }) => {
        drawn.push(ref);
        if (ref !== "anywidget:slider") return;
        for (const name of ["one", "two"]) {
          const row = document.createElement("div");
          row.dataset.nbi = "row";
          row.append(Object.assign(document.createElement("input"), { name }));
          el.append(row);
        }
      },
    }),
  };
  const [el, page] = [document.createElement("div"), new AbortController()];
  opened.push(page);
  document.body.append(el);
  await renderWorkbench({ model: model as never, el, signal: page.signal, host, live });
  await vi.waitFor(() => expect(el.querySelector('[data-nbi="row"]')).not.toBeNull());
  const at = (name: string) => el.querySelector<HTMLElement>(`[data-nbi="${name}"]`);
  return { el, at, heatmap, page, drawn };
}

it("shows the evidence for the chosen factor, names as text", async () => {
  const { el, at } = await shown(new FakeModel(state()));
  expect(at("ablation")?.querySelector("h3")?.textContent).toBe("Factor 4 ablated");
  expect(at("ablation")?.textContent).toContain("−7.00");
  at("size-5")?.click();
  expect(at("ablation")?.textContent).toContain("−3.00");
  expect(at("interactions")?.textContent).toContain("sample 3");
  expect(el.querySelector("img")).toBeNull();
});

it("says that the chosen factor is not stable", async () => {
  const charts = [{ factor: 4, size: 5, bars: bars(-3), unstable: true }];
  const { at } = await shown(new FakeModel({ ...state(), _ablation: { charts } }));
  const title = at("ablation")?.querySelector("h3");
  expect(title?.textContent).toBe("Factor 4 (not stable) ablated");
  expect(title?.title).toContain("not found again in halves");
});

it("marks the buttons of factors that are not stable when that is known", async () => {
  const model = new FakeModel(state());
  const { at } = await shown(model);
  expect(at("choose-4")?.textContent).toBe("4");
  model.set("_unstable", [4]);
  expect(at("choose-4")?.textContent).toBe("4 · not stable");
  expect(at("choose-4")?.title).toContain("not found again in halves");
  expect(at("choose-1")?.textContent).toBe("1");
});

it("says why a step has no result, instead of asking for a selection", async () => {
  const _unavailable = { ablation: "one output", interactions: "tokens", sliders: "twice" };
  const model = new FakeModel({ ...state(), _ablation: {}, _interactions: {}, _unavailable });
  const { at } = await shown(model);
  expect(at("ablation")?.textContent).toContain("one output");
  expect(at("ablation")?.textContent).not.toContain("appears here");
  expect(at("interactions")?.textContent).toContain("tokens");
  model.set("slider", null);
  expect(at("slider-place")?.textContent).toBe("twice");
  model.set("_unavailable", {});
  expect(at("slider-place")?.textContent).toContain("Draw around samples");
});

it("chooses a factor by button and key", async () => {
  const model = new FakeModel(state());
  const { el, at } = await shown(model);
  at("choose-1")?.click();
  expect(model.get("factor")).toBe(1);
  expect(at("ablation")?.textContent).toContain("−0.500");
  el.firstElementChild?.dispatchEvent(new KeyboardEvent("keydown", { key: "]", bubbles: true }));
  expect(model.get("factor")).toBe(4);
});

it("says what is under way, and what failed", async () => {
  const model = new FakeModel(state());
  const { at } = await shown(model);
  expect(at("busy")?.hidden).toBe(true);
  model.set("_step", "Fitting factors");
  model.set("_done", 0.5);
  expect(at("busy")?.hidden).toBe(false);
  expect(at("busy")?.querySelector("progress")?.value).toBe(0.5);
  at("cancel")?.click();
  expect(model.sent.at(-1)?.content).toMatchObject({ v: 1, kind: "cancel" });
  model.set("_step", "");
  model.set("_error", HOSTILE);
  expect(at("error")?.querySelector("span")?.textContent).toBe(HOSTILE);
  expect(at("error")?.querySelector("details")?.hidden).toBe(true);
  model.set("_trace", `Traceback: ${HOSTILE}`);
  model.set("_error", "another");
  expect(at("error")?.querySelector("pre")?.textContent).toBe(`Traceback: ${HOSTILE}`);
  expect(at("error")?.querySelector("details")?.open).toBe(false);
});

it("before a lasso says what to do, and fills when there are sliders", async () => {
  const model = new FakeModel(state());
  const { at } = await shown(model);
  model.set("slider", null);
  await vi.waitFor(() => expect(at("slider-place")?.textContent).toContain("Draw around samples"));
});

it("copies all lines", async () => {
  const written: string[] = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (t: string) => written.push(t) } });
  const { at } = await shown(new FakeModel(state()));
  at("python")?.click();
  expect(at("lines")?.hidden).toBe(false);
  at("copy-all")?.click();
  await vi.waitFor(() => expect(at("copied")?.textContent).toBe("Copied"));
  expect(written).toEqual([`import numpy as np\nfactors = ${HOSTILE}\n`]);
  vi.unstubAllGlobals();
});

it("leaves no listener behind", async () => {
  const model = new FakeModel(state());
  const { page } = await shown(model);
  page.abort();
  expect(model.listenerCount).toBe(0);
});

it("says that a sample is hovered, and lets the pointer be followed or not", async () => {
  const model = new FakeModel(state());
  const { at } = await shown(model);
  model.set("_interactions", { ...(state()._interactions as object), hovered: true });
  expect(at("interactions")?.querySelector("h3")?.textContent).toContain("the hovered sample 3");
  expect(at("follow")?.getAttribute("aria-pressed")).toBe("true");
  at("follow")?.click();
  expect(model.get("follow")).toBe(false);
  expect(at("follow")?.getAttribute("aria-pressed")).toBe("false");
});

it("unfolds all pairs by one click, drawn once", async () => {
  const model = new FakeModel(state());
  const { at, drawn } = await shown(model);
  expect(at("pairs-place")?.hidden).toBe(true);
  at("all-pairs")?.click();
  expect(model.get("_pairs_open")).toBe(true);
  await vi.waitFor(() => expect(drawn.filter((ref) => ref === "anywidget:pairs")).toHaveLength(1));
  expect(at("pairs-place")?.hidden).toBe(false);
  at("all-pairs")?.click();
  at("all-pairs")?.click();
  await new Promise((resolve) => setTimeout(resolve));
  expect(drawn.filter((ref) => ref === "anywidget:pairs")).toHaveLength(1);
});
