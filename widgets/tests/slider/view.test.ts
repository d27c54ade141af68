import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PageModel } from "../../src/page";
import { typed } from "../../src/shared/arrays";
import { render as renderSlider } from "../../src/slider/index";
import { FakeModel } from "../fake_model";

const HOSTILE = "<img src=x onerror=alert(1)>";
const numbers = (...values: number[]) => new DataView(Float32Array.from(values).buffer);

function state(): Record<string, unknown> {
  return {
    _factor_names: [`factor 3 ${HOSTILE}`, "factor 0"],
    _ids: [3, 0],
    _unstable: [],
    factor: null,
    span: 3,
    amounts: numbers(0, 0),
    base: "mean",
    _base_name: `mean of ${HOSTILE}`,
    _n_samples: 10,
    _output_names: [HOSTILE, "b"],
    _feature_names: [],
    _shape: [1, 2],
    _limits: [0, 1],
    _baseline_decoded: numbers(0.2, 0.4),
    _baseline_outputs: numbers(1, 2),
    _frame_decoded: numbers(0.2, 0.4),
    _frame_outputs: numbers(1, 2),
    _precomputed_amounts: numbers(-3, 0, 3),
    _precomputed_step: 1,
    _precomputed_decoded: new DataView(
      Uint8Array.of(0, 0, 51, 102, 255, 255, 0, 0, 51, 102, 0, 255).buffer,
    ),
    _precomputed_outputs: numbers(0, 0, 1, 2, 6, 4, 9, 9, 1, 2, -3, 0),
    _about: HOSTILE,
    _warning: "",
    height: 420,
  };
}

type Nbi = {
  amounts: number[];
  source: string;
  error: string | null;
  cached: number;
  frame: { from: string; amounts: number[]; exact: number[] | null; outputs: number[] };
  stats: { count: number };
};

const opened: AbortController[] = [];
beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "requestAnimationFrame", "cancelAnimationFrame"],
  });
});
afterEach(() => {
  for (const page of opened.splice(0)) page.abort();
  document.body.replaceChildren();
  vi.useRealTimers();
});

function shown(model: FakeModel | PageModel, live?: boolean) {
  const [el, page] = [document.createElement("div"), new AbortController()];
  opened.push(page);
  document.body.append(el);
  void renderSlider({ model, el, signal: page.signal, host: {}, live } as never);
  const root = el.querySelector<HTMLElement & { nbi: Nbi }>("[data-nbi=slider]");
  if (!root) throw new Error("nothing was drawn");
  const find = <E extends HTMLElement>(name: string) =>
    root.querySelector<E>(`[data-nbi="${name}"]`) as E;
  const drag = (factor: number, value: number) => {
    const slider = find<HTMLInputElement>(`slider-${factor}`);
    slider.value = String(value);
    slider.dispatchEvent(new Event("input"));
  };
  const drop = (factor: number) => find(`slider-${factor}`).dispatchEvent(new Event("change"));
  const press = (target: HTMLElement, key: string, init = {}) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...init }));
  return { root, nbi: root.nbi, page, find, drag, drop, press };
}

function asked(model: FakeModel, kind: string) {
  return model.sent.filter(({ content }) => content.kind === kind);
}

function given(request: { buffers: ArrayBufferView[] } | undefined): number[] {
  const view = request?.buffers[0] as DataView;
  return [...new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + 8))];
}

/** Let promises and frames run. */
const pass = (ms = 40) => vi.advanceTimersByTimeAsync(ms);

/** Answer the newest request of `kind` as a kernel would: outputs tell the amounts. */
async function answer(model: FakeModel, kind = "frame") {
  const request = asked(model, kind).at(-1);
  const outputs = typed(Float32Array, request?.buffers[0] as DataView);
  const { seq } = request?.content ?? {};
  const buffers = [numbers(...outputs.map(() => 0.5)), numbers(...outputs)];
  model.reply({ kind, seq }, kind === "frame" ? buffers : []);
  await pass();
}

it("marks factors that are not stable when that is known, and keeps the sliders", async () => {
  const model = new FakeModel(state());
  const { root, find } = shown(model);
  await pass();
  const slider = find("slider-1");
  model.set("_unstable", [0]);
  await pass();
  const names = [...root.querySelectorAll(".nbi-slider-name")].map((name) => name.textContent);
  expect(names).toEqual([`factor 3 ${HOSTILE}`, "factor 0 · not stable"]);
  expect(find("slider-1")).toBe(slider);
  expect(slider.getAttribute("aria-label")).toBe("factor 0 · not stable");
  model.set("_unstable", []);
  await pass();
  expect(root.textContent).not.toContain("not stable");
});

it("shows names as text and the frame that Python keeps", async () => {
  const { root, nbi } = shown(new FakeModel(state()));
  await pass();
  expect(root.querySelector("img")).toBeNull();
  expect(root.textContent).toContain(`factor 3 ${HOSTILE}`);
  expect(root.textContent).toContain(`mean of ${HOSTILE}`);
  expect(nbi.frame).toMatchObject({ amounts: [0, 0], outputs: [1, 2] });
});

it("asks for one frame at a time, the newest of a drag, and settles with the last", async () => {
  const model = new FakeModel(state());
  const { nbi, drag, drop, root } = shown(model);
  await pass();
  for (const value of [0.5, 1, 1.5]) drag(0, value);
  drop(0);
  await pass();
  expect(asked(model, "frame")).toHaveLength(1);
  expect(asked(model, "settle")).toHaveLength(0);
  expect(nbi.frame).toMatchObject({ from: "estimate", amounts: [1.5, 0], exact: [0, 0] });
  expect(root.querySelector("figure:nth-child(2)")?.textContent).toContain("approximate");
  await answer(model); // of 0.5: the newest is now estimated from there
  expect(nbi.frame).toMatchObject({ from: "estimate", amounts: [1.5, 0], exact: [0.5, 0] });
  // Alone, the factor adds 5 and 2 over 3: the precomputed outputs.
  expect(nbi.frame.outputs[0]).toBeCloseTo(0.5 + 5 / 3);
  expect(nbi.frame.outputs[1]).toBeCloseTo(2 / 3);
  expect(asked(model, "frame").map(given)).toEqual([
    [0.5, 0],
    [1.5, 0],
  ]);
  expect(root.dataset.nbiSettled).toBe("false");
  await answer(model);
  expect(nbi.frame).toMatchObject({ from: "answer", amounts: [1.5, 0], outputs: [1.5, 0] });
  expect(root.textContent).not.toContain("approximate");
  expect(root.dataset.nbiSettled).toBe("true");
  expect(new Float32Array((model.get("amounts") as DataView).buffer)[0]).toBe(1.5);
  expect(model.saved).toBe(1);
  expect(asked(model, "settle").map(({ content }) => content.count)).toEqual([2]);
});

it("fetches ahead once the slider rests, and shows that at once", async () => {
  const model = new FakeModel(state());
  const { nbi, drag, drop } = shown(model);
  drag(0, 1);
  drop(0);
  await answer(model);
  expect(asked(model, "frames")).toHaveLength(0);
  await pass(200);
  const ahead = asked(model, "frames");
  expect(ahead).toHaveLength(1);
  const [positions] = (ahead[0]?.buffers ?? []) as DataView[];
  const table = typed(Float32Array, positions);
  const rows = table.length / 2;
  model.reply({ kind: "frames", seq: ahead[0]?.content.seq }, [
    numbers(...Array<number>(2 * rows).fill(0.1)),
    numbers(...Array.from(table, (value) => 10 * value)),
  ]);
  await pass();
  drag(0, -2);
  drag(0, table[0] ?? 0);
  await pass();
  expect(nbi.frame.from).toBe("cache");
  expect(nbi.frame.outputs[0]).toBeCloseTo(10.5);
  await answer(model); // of −2, which is no longer where the slider is
  expect(nbi.frame.outputs[0]).toBeCloseTo(10.5);
  await answer(model);
  expect(nbi.frame.from).toBe("answer");
  expect(nbi.frame.outputs[0]).toBeCloseTo(1.05);
  // Several took no longer than one: the last request went on upwards, as the slider did.
  const last = typed(Float32Array, asked(model, "frame").at(-1)?.buffers[0] as DataView);
  const moved = [...last].filter((_, i) => i % 2 === 0);
  expect(moved.length).toBeGreaterThan(1);
  expect(moved.every((amount, i) => i === 0 || amount > (moved[i - 1] ?? amount))).toBe(true);
});

it("undoes and redoes, by buttons and keys", async () => {
  const model = new FakeModel(state());
  const { nbi, root, find, press } = shown(model);
  const type = async (factor: number, value: string) => {
    find<HTMLInputElement>(`number-${factor}`).value = value;
    find(`number-${factor}`).dispatchEvent(new Event("change"));
    await answer(model);
  };
  await type(0, "1.25");
  await type(1, "-99");
  expect(nbi.amounts).toEqual([1.25, -3]);
  find("undo").click();
  await answer(model);
  expect(nbi.amounts).toEqual([1.25, 0]);
  press(root, "z", { ctrlKey: true });
  await answer(model);
  expect(nbi.amounts).toEqual([0, 0]);
  expect(find<HTMLButtonElement>("undo").disabled).toBe(true);
  press(root, "Z", { metaKey: true, shiftKey: true });
  await answer(model);
  find("redo").click();
  await answer(model);
  expect(nbi.amounts).toEqual([1.25, -3]);
  press(find("slider-1"), "Escape");
  await answer(model);
  expect(nbi.amounts).toEqual([1.25, 0]);
  press(find("slider-1"), "ArrowRight", { shiftKey: true });
  find("slider-1").dispatchEvent(new Event("keyup"));
  await answer(model);
  expect(nbi.amounts[1]).toBeCloseTo(0.5);
  find("reset-all").click();
  await answer(model);
  expect(nbi.amounts).toEqual([0, 0]);
});

it("shows errors, and goes on", async () => {
  const model = new FakeModel(state());
  const { nbi, find, drag, drop, root } = shown(model);
  const fail = async (fields: object, buffers: DataView[] = []) => {
    drag(0, Math.random() * 3);
    drop(0);
    const seq = asked(model, "frame").at(-1)?.content.seq;
    model.reply({ kind: "frame", seq, ...fields }, buffers);
    await pass();
    expect(find("error").hidden).toBe(false);
    expect(nbi.frame.outputs).toEqual([1, 2]);
    expect(root.dataset.nbiState).toBe("error");
    return find("error").querySelector("span")?.textContent;
  };
  expect(await fail({ ok: false, error: HOSTILE })).toBe(HOSTILE);
  expect(await fail({}, [numbers(1), numbers(1, 2)])).toContain("size");
  expect(await fail({}, [numbers(Number.NaN, 1), numbers(1, 2)])).toContain("not finite");
  expect(asked(model, "settle")).toHaveLength(0);
  drag(0, 2);
  drop(0);
  await answer(model);
  expect(find("error").hidden).toBe(true);
  expect(nbi.frame.outputs).toEqual([2, 0]);
});

it("drops answers of another base", async () => {
  const model = new FakeModel(state());
  const { nbi, drag, find } = shown(model);
  drag(0, 1);
  model.set("_baseline_outputs", numbers(7, 8));
  await pass();
  await answer(model); // of the request before
  expect(nbi.frame.outputs).not.toEqual([1, 0]);
  const [first, second] = asked(model, "frame");
  expect([given(first), given(second)]).toEqual([
    [1, 0],
    [1, 0],
  ]);
  await answer(model);
  expect(nbi.frame.outputs).toEqual([1, 0]);
  const sample = find<HTMLInputElement>("sample");
  sample.value = "4";
  sample.dispatchEvent(new Event("change"));
  expect(model.get("base")).toBe(4);
});

it("follows Python", async () => {
  const model = new FakeModel(state());
  const { nbi, find } = shown(model);
  model.set("amounts", numbers(2, -1));
  model.set("_frame_outputs", numbers(5, 6));
  await pass();
  expect(find<HTMLInputElement>("number-1").value).toBe("-1");
  expect(nbi.frame).toMatchObject({ amounts: [2, -1], outputs: [5, 6] });
  expect(asked(model, "frame")).toHaveLength(0);
  find("undo").click();
  expect(nbi.amounts).toEqual([0, 0]);
});

it("shows precomputed frames while no kernel answers, and leaves them when one does", async () => {
  const model = new FakeModel(state());
  const { nbi, drag, drop, find } = shown(model);
  drag(0, 3);
  drop(0);
  await pass(1400);
  expect(nbi.source).toBe("live");
  await pass(200);
  expect(nbi.source).toBe("precomputed");
  expect(nbi.frame).toMatchObject({ from: "precomputed", outputs: [6, 4] });
  expect(find("source").textContent).toContain("no answer from the kernel");
  drag(1, -3);
  drop(1);
  await pass();
  expect(nbi.frame).toMatchObject({ amounts: [0, -3], outputs: [9, 9] });
  await answer(model);
  expect(nbi.source).toBe("live");
  await answer(model);
  expect(nbi.frame).toMatchObject({ from: "answer", outputs: [0, -3] });
  expect(asked(model, "settle")).toHaveLength(1);
});

it("shows precomputed frames in an exported page, one factor at a time", async () => {
  const model = new PageModel({ state: { ...state(), amounts: numbers(1, 1) } });
  const send = vi.spyOn(model, "send");
  const { nbi, drag, drop, find } = shown(model, false);
  await pass();
  expect(nbi.frame.amounts).toEqual([1, 1]);
  drag(0, 1.5);
  await pass();
  expect(nbi.frame).toMatchObject({ from: "precomputed", amounts: [1.5, 0], outputs: [3.5, 3] });
  expect(find<HTMLInputElement>("number-1").value).toBe("0");
  expect(find("source").textContent).toBe("precomputed frames: one factor at a time");
  expect(find<HTMLInputElement>("sample").disabled).toBe(true);
  drop(0);
  await pass();
  find("undo").click();
  await pass();
  expect(nbi.amounts).toEqual([1, 1]); // the frame that was saved for both is shown again
  expect(send).not.toHaveBeenCalled();
});

it("says where there are no precomputed frames, no decoder or no factor", async () => {
  const none = new DataView(new ArrayBuffer(0));
  const nothing = new PageModel({
    state: { ...state(), _precomputed_decoded: none, _precomputed_amounts: none },
  });
  expect(shown(nothing, false).find<HTMLInputElement>("slider-0").disabled).toBe(true);
  const undecoded = {
    _baseline_decoded: none,
    _frame_decoded: none,
    _precomputed_decoded: none,
    _shape: [],
  };
  const outputs = shown(new PageModel({ state: { ...state(), ...undecoded } }), false);
  outputs.drag(0, 3);
  await pass();
  expect(outputs.nbi.frame).toMatchObject({ from: "precomputed", outputs: [6, 4] });
  const empty = shown(new FakeModel({ ...state(), _factor_names: [], amounts: none, _about: "" }));
  await pass();
  expect(empty.root.textContent).toContain("No factors to move");
});

it("leaves no listener behind", async () => {
  const model = new FakeModel(state());
  const { page, root, drag } = shown(model);
  drag(0, 1);
  page.abort();
  await pass(3000);
  expect(model.listenerCount).toBe(0);
  expect(root.isConnected).toBe(false);
});
