import { afterEach, beforeEach, expect, test, vi } from "vitest";
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

const names = (model: FakeModel) =>
  (model.get("_named") as { name: string; count: number }[]).map(({ name, count }) => [
    name,
    count,
  ]);
const row = (name: string) =>
  el.querySelector<HTMLElement>(`[data-nbi-named="${name}"]`) as HTMLElement;
const field = () => part("name-field") as HTMLInputElement;
const press = (target: HTMLElement, key: string) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

test("a selection gets a name, is recalled, renamed and deleted, and all of it is undone", async () => {
  const { model } = await draw();
  entry(0).click();
  key("n");
  expect(names(model)).toEqual([[`${HOSTILE} ${HOSTILE}`.slice(0, 40).trim(), 2]]);
  field().value = HOSTILE;
  press(field(), "Enter");
  expect(names(model)).toEqual([[HOSTILE, 2]]);
  expect(el.querySelector("img")).toBeNull();
  expect([...typed(Uint32Array, model.get("_named_data") as DataView)]).toEqual([0, 2]);
  key("Escape");
  expect(chosen(model)).toEqual([]);
  (el.querySelector("[data-nbi-named]") as HTMLElement).click();
  expect(chosen(model)).toEqual([0, 2]);
  part("drop").click();
  expect(names(model)).toEqual([]);
  expect(part("named").hidden).toBe(true);
  key("z", { ctrlKey: true });
  expect(names(model)).toEqual([[HOSTILE, 2]]);
  for (let i = 0; i < 4; i++) key("z", { ctrlKey: true });
  expect(names(model)).toEqual([]);
  expect(chosen(model)).toEqual([0, 2]);
});

test("names combine with the selection by the keys of gestures", async () => {
  const { model } = await draw();
  model.set("_named", [{ name: "mine", color: "#0072b2", count: 2 }]);
  model.set("_named_data", bytes(Uint32Array.of(1, 2)));
  entry(0).click();
  const click = (init: MouseEventInit) => row("mine").dispatchEvent(new MouseEvent("click", init));
  click({ shiftKey: true });
  expect(chosen(model)).toEqual([0, 1, 2]);
  click({ altKey: true });
  expect(chosen(model)).toEqual([0]);
  click({ shiftKey: true });
  click({ shiftKey: true, altKey: true });
  expect(chosen(model)).toEqual([1, 2]);
  press(row("mine"), "Delete");
  expect(names(model)).toEqual([]);
});

test("two selections never share a name, and an empty one keeps the old", async () => {
  const { model } = await draw();
  entry(0).click();
  for (let i = 0; i < 2; i++) {
    part("keep").click();
    field().value = "same";
    press(field(), "Enter");
  }
  expect(names(model).map(([name]) => name)).toEqual(["same", "same 2"]);
  press(row("same"), "F2");
  field().value = "  ";
  press(field(), "Enter");
  press(row("same"), "F2");
  field().value = "other";
  press(field(), "Escape");
  expect(names(model).map(([name]) => name)).toEqual(["same", "same 2"]);
});

test("what is searched for is told, counted, and alone caught; Enter selects it", async () => {
  const { model } = await draw();
  const search = part("search") as HTMLInputElement;
  search.value = "b";
  press(search, "Enter");
  expect(model.get("search")).toBe("b");
  expect(part("matching").textContent).toBe("2 of 4 match");
  expect(chosen(model)).toEqual([1, 3]);
  entry(0).click(); // no sample of it matches
  expect(chosen(model)).toEqual([]);
  part("filters").querySelector<HTMLElement>(".nbi-explorer-chip")?.click();
  expect(part("filters").hidden).toBe(true);
  entry(0).click();
  expect(chosen(model)).toEqual([0, 2]);
});

test("a range is typed beside the scale of a number", async () => {
  const { model } = await draw({ color_by: "depth" });
  const low = part("range-low") as HTMLInputElement;
  low.value = "2,5";
  low.dispatchEvent(new Event("change"));
  expect(model.get("ranges")).toEqual({ depth: [2.5, null] });
  expect(part("matching").textContent).toBe("2 of 4 match");
  part("take").click();
  expect(chosen(model)).toEqual([2, 3]);
  (part("range-low") as HTMLInputElement).value = "";
  part("range-low").dispatchEvent(new Event("change"));
  expect(model.get("ranges")).toEqual({});
});

test("layers are told to Python", async () => {
  const { model } = await draw();
  for (const [pressed, layer] of [
    ["c", "contours"],
    ["t", "labels"],
  ] as const) {
    const before = model.get(layer);
    key(pressed);
    expect(model.get(layer)).toBe(!before);
    expect(part(layer).getAttribute("aria-pressed")).toBe(String(!before));
  }
});

test("brackets select round the sample in focus", async () => {
  const { model } = await draw();
  key("]");
  expect(part("hint").textContent).toContain("Step to a sample first");
  key("ArrowRight");
  key("]");
  expect(chosen(model)).toEqual([0, 1, 2, 3]);
});

test("a kernel that restarts in mid-fit frees the button and is said", async () => {
  const { model } = await draw();
  entry(0).click();
  part("fit").click();
  expect(part("fit").getAttribute("aria-busy")).toBe("true");
  el.classList.add("jupyter-widgets-disconnected");
  model.tell("comm_live_update");
  await new Promise((resolve) => setTimeout(resolve));
  expect(part("fit").getAttribute("aria-busy")).toBe("false");
  expect(part("error").textContent).toContain("run the cell again");
  expect(part("note").textContent).toContain("The kernel was restarted");
  expect(part("fit").getAttribute("aria-disabled")).toBe("true");
});

test("a kernel that falls silent in mid-fit frees the button", async () => {
  vi.useFakeTimers();
  try {
    const { model } = await draw();
    entry(0).click();
    part("fit").click();
    const seq = model.sent[0]?.content.seq;
    for (let beat = 0; beat < 4; beat++) {
      model.tell("msg:custom", { v: 1, kind: "alive", of: "fit", seq });
      await vi.advanceTimersByTimeAsync(8_000);
      expect(part("fit").getAttribute("aria-busy")).toBe("true");
    }
    await vi.advanceTimersByTimeAsync(8_000);
    expect(part("fit").getAttribute("aria-busy")).toBe("false");
    expect(part("error").textContent).toContain("fell silent");
  } finally {
    vi.useRealTimers();
  }
});

test("a fit that the kernel has not begun can be given up", async () => {
  const { model } = await draw();
  entry(0).click();
  part("fit").click();
  part("fit").click();
  await new Promise((resolve) => setTimeout(resolve));
  expect(part("fit").getAttribute("aria-busy")).toBe("false");
  part("fit").click();
  expect(model.sent.filter(({ content }) => content.kind === "fit")).toHaveLength(2);
});

test("the traceback of an error is folded, and text", async () => {
  const { model } = await draw();
  model.tell("msg:custom", {
    v: 1,
    kind: "notice",
    error: "KeyError: 3",
    trace: `File ${HOSTILE}`,
  });
  const details = part("error").querySelector("details") as HTMLDetailsElement;
  expect([details.hidden, details.open]).toEqual([false, false]);
  expect(details.textContent).toContain(HOSTILE);
  model.tell("msg:custom", { v: 1, kind: "notice", error: "too few", trace: null });
  expect(details.hidden).toBe(true);
});

test("exemplars of each category are asked for in one message", async () => {
  const { model } = await draw({ _has_images: true, exemplars: true });
  const asked = model.sent.filter(({ content }) => content.kind === "thumbnails");
  expect(asked).toHaveLength(1);
  expect([...typed(Uint32Array, asked[0]?.buffers[0])].sort()).toEqual([0, 1, 2, 3]);
  expect(part("strip").querySelectorAll("[data-nbi-sample]")).toHaveLength(4);
});

test("the next widget of a cell offers the names of the one before, of the same samples only", async () => {
  el.classList.add("jp-Cell");
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  await draw();
  await frame();
  entry(0).click();
  key("n");
  const { model } = await draw();
  await frame();
  expect(part("offer").textContent).toBe("Bring back 1 named selection");
  part("offer").click();
  expect(names(model)).toHaveLength(1);
  expect(chosen(model)).toEqual([0, 2]);
  expect(part("offer").hidden).toBe(true);
  await draw({ _positions: bytes(new Float32Array([0, 0, 1, 0, 0, 1, 1, 9])) });
  await frame();
  expect(part("offer").hidden).toBe(true);
});

test("columns that stayed in Python are fetched for the card", async () => {
  const { model } = await draw({
    _columns: [{ name: "far", kind: "number", offset: -1 }],
    color_by: "",
  });
  key("ArrowRight");
  const about = model.sent.find(({ content }) => content.kind === "about");
  model.reply({ kind: "about", seq: about?.content.seq, values: [["far", "2.5"]] });
  await new Promise((resolve) => setTimeout(resolve));
  expect(part("card").textContent).toContain("far2.5");
});
