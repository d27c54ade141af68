import { afterEach, beforeEach, expect, test } from "vitest";
import { renderExplorer } from "../../src/explorer/index";
import { bytes, typed } from "../../src/shared/arrays";
import type { ViewContext } from "../../src/shared/view";
import { FakeModel } from "../fake_model";

const HOSTILE = "<img src=x onerror=alert(1)>";
let closing: AbortController;
let el: HTMLElement;

beforeEach(() => {
  closing = new AbortController();
  el = document.createElement("div");
  document.body.append(el);
});

afterEach(() => {
  closing.abort();
  el.remove();
});

async function draw(state: Record<string, unknown> = {}, live?: boolean) {
  const model = new FakeModel({
    _positions: bytes(new Float32Array([0, 0, 1, 0, 0, 1, 1, 1])),
    _selection: bytes(new Uint32Array(0)),
    _columns: [
      { name: HOSTILE, kind: "category", offset: 0, categories: [HOSTILE, "b"], width: 2 },
      { name: "depth", kind: "number", offset: 8 },
    ],
    _column_data: (() => {
      const data = new ArrayBuffer(24);
      new Uint16Array(data, 0, 4).set([0, 1, 0, 1]);
      new Float32Array(data, 8, 4).set([1, 2, 3, 4]);
      return new DataView(data);
    })(),
    _named: [],
    _named_data: bytes(new Uint32Array(0)),
    color_by: HOSTILE,
    search: "",
    ranges: {},
    contours: false,
    exemplars: false,
    labels: true,
    height: 400,
    _has_images: false,
    _can_fit: true,
    _fit: null,
    heatmap: "anywidget:child",
    ...state,
  });
  const children: HTMLElement[] = [];
  await renderExplorer({
    model: model.any,
    el,
    signal: closing.signal,
    live,
    host: {
      getWidget: async () => ({
        exports: undefined,
        render: async ({ el }: { el: HTMLElement }) => void children.push(el),
      }),
    },
  } as unknown as ViewContext);
  return { model, children };
}

const part = (name: string) => el.querySelector<HTMLElement>(`[data-nbi="${name}"]`) as HTMLElement;
const entry = (i: number) => el.querySelectorAll<HTMLElement>("[data-nbi-entry]")[i] as HTMLElement;
const chosen = (model: FakeModel) => [...typed(Uint32Array, model.get("_selection") as DataView)];
const key = (key: string, init: KeyboardEventInit = {}) =>
  part("stage").dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init }),
  );

test("hostile names are text", async () => {
  await draw();
  expect(el.querySelector("img")).toBeNull();
  expect(part("legend").textContent).toContain(HOSTILE);
  expect(part("color-by").textContent).toContain(HOSTILE);
});

test("a click in the legend isolates a category, shift adds, alt removes, again lets go", async () => {
  const { model } = await draw();
  entry(0).click();
  expect(chosen(model)).toEqual([0, 2]);
  expect(part("status").textContent).toBe("2 selected of 4 (50 %)");
  entry(1).dispatchEvent(new MouseEvent("click", { shiftKey: true }));
  expect(chosen(model)).toEqual([0, 1, 2, 3]);
  entry(0).dispatchEvent(new MouseEvent("click", { altKey: true }));
  expect(chosen(model)).toEqual([1, 3]);
  entry(1).click();
  expect(chosen(model)).toEqual([]);
  expect(model.saved).toBe(4);
});

test("the buttons make adding and removing stay", async () => {
  const { model } = await draw();
  part("add").click();
  expect(part("add").getAttribute("aria-pressed")).toBe("true");
  entry(0).click();
  entry(1).click();
  expect(chosen(model)).toEqual([0, 1, 2, 3]);
  part("remove").click();
  entry(1).click();
  expect(chosen(model)).toEqual([0, 2]);
  part("remove").click();
  expect(part("remove").getAttribute("aria-pressed")).toBe("false");
});

test("Escape clears, Ctrl+Z brings back, Ctrl+Shift+Z clears again", async () => {
  const { model } = await draw();
  entry(0).click();
  key("Escape");
  expect(chosen(model)).toEqual([]);
  key("z", { ctrlKey: true });
  expect(chosen(model)).toEqual([0, 2]);
  key("Z", { ctrlKey: true, shiftKey: true });
  expect(chosen(model)).toEqual([]);
});

test("plain keys are kept from JupyterLab, and Ctrl+S is left to it", async () => {
  await draw();
  const kept = () => part("explorer").hasAttribute("data-lm-suppress-shortcuts");
  key("b");
  expect(kept()).toBe(true);
  key("s", { ctrlKey: true });
  expect(kept()).toBe(false);
  key("z", { ctrlKey: true });
  expect(kept()).toBe(true);
});

test("keys switch what dragging does", async () => {
  await draw();
  key("b");
  expect(part("mode-box").getAttribute("aria-pressed")).toBe("true");
  key("v");
  expect(part("mode-pan").getAttribute("aria-pressed")).toBe("true");
  key("l");
  expect(part("mode-lasso").getAttribute("aria-pressed")).toBe("true");
});

test("what Python selects is shown and not sent back", async () => {
  const { model } = await draw();
  model.set("_selection", bytes(Uint32Array.of(3)));
  expect(part("status").textContent).toBe("1 selected of 4 (25 %)");
  expect(model.saved).toBe(0);
});

test("the fit button says why it rests, and sends the selection when it works", async () => {
  const { model } = await draw();
  expect(part("fit").getAttribute("aria-disabled")).toBe("true");
  expect(part("fit").title).toContain("Select samples first");
  part("fit").click();
  expect(model.sent).toHaveLength(0);
  entry(0).click();
  part("fit").click();
  expect(part("fit").getAttribute("aria-busy")).toBe("true");
  part("fit").click();
  expect(model.sent).toHaveLength(1);
  const { content, buffers } = model.sent[0] as (typeof model.sent)[0];
  expect(content).toEqual({ v: 1, kind: "fit", seq: expect.any(Number) });
  expect([...typed(Uint32Array, buffers[0])]).toEqual([0, 2]);
});

test("a failed fit is said in the view, and everything stays", async () => {
  const { model } = await draw();
  entry(0).click();
  part("fit").click();
  const seq = model.sent[0]?.content.seq;
  model.reply({ kind: "fit", seq, ok: false, error: `too few ${HOSTILE}` });
  await new Promise((resolve) => setTimeout(resolve));
  expect(part("error").hidden).toBe(false);
  expect(part("error").textContent).toContain(`too few ${HOSTILE}`);
  expect(part("fit").getAttribute("aria-busy")).toBe("false");
  expect(chosen(model)).toEqual([0, 2]);
});

test("a fit fills the pane once and says what it found", async () => {
  const { model, children } = await draw();
  const fit = { n_factors: 2, n_samples: 3, seconds: 0.4, converged: true };
  model.set("_fit", fit);
  model.set("_fit", { ...fit, n_samples: 4 });
  await new Promise((resolve) => setTimeout(resolve));
  expect(children).toHaveLength(1);
  expect(part("fitted").textContent).toBe("2 factors of 4 samples in 0.4 s");
});

test("without a kernel or without data the button explains itself", async () => {
  await draw({}, false);
  expect(part("fit").title).toContain("Needs a kernel");
  await draw({ _can_fit: false });
  expect(part("fit").title).toContain("Needs a fitted LocalCorEx");
  expect(part("factors")).toBeNull();
});

test("a callback that failed in Python is said in the view", async () => {
  const { model } = await draw();
  model.tell("msg:custom", { v: 1, kind: "notice", seq: -1, ok: false, error: "KeyError: 3" });
  expect(part("error").textContent).toContain("KeyError: 3");
});

test("a column picked in the view is told to Python, and one set there is shown", async () => {
  const { model } = await draw();
  const picker = part("color-by") as HTMLSelectElement;
  picker.value = "depth";
  picker.dispatchEvent(new Event("change"));
  expect([model.get("color_by"), model.saved]).toEqual(["depth", 1]);
  expect(part("legend").querySelector(".nbi-explorer-scale")).not.toBeNull();
  model.set("color_by", "");
  expect(part("legend").hidden).toBe(true);
});

test("the question mark unfolds how to read the map", async () => {
  await draw();
  expect(part("help-panel").hidden).toBe(true);
  part("help").click();
  expect(part("help-panel").hidden).toBe(false);
  expect(part("help").getAttribute("aria-expanded")).toBe("true");
});

test("no samples are an empty state", async () => {
  await draw({ _positions: new DataView(new ArrayBuffer(0)), _columns: [], color_by: "" });
  expect(part("stage").textContent).toContain("No samples to show");
});

test("closing the view lets go of the model", async () => {
  const { model } = await draw();
  expect(model.listenerCount).toBeGreaterThan(0);
  closing.abort();
  expect(model.listenerCount).toBe(0);
});
