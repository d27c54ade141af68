import { afterEach, expect, it, vi } from "vitest";
import { render as renderHeatmap } from "../../../src/heatmap/index";
import { FakeModel } from "../../fake_model";
import { packed } from "../../packed";

const HOSTILE = "<img src=x onerror=alert(1)>";

function numbers(values: number[]): DataView {
  return packed(new Float32Array(values));
}

function whole(values: number[]): DataView {
  return packed(new Uint32Array(values));
}

/** Four pixels: 0 and 3 interact; 1 and 3 do so within noise. */
function state(): Record<string, unknown> {
  return {
    ...{ _form: "pairs", order: "similarity", top: 4, pair: null, sample: 0, height: 300 },
    ...{ factor: null, quantity: "mutual_information", _ids: [], _nodes: [], _outputs: 0 },
    _names: ["pixel 0,0", "pixel 0,1", HOSTILE, "pixel 1,1"],
    _features: whole([0, 1, 2, 3]),
    _values: numbers([0.5, 0, 0, -2, 0, 0, 0.25, 0, 0, 0]),
    _errors: numbers([0.5, 0, 0, 0.1, 0, 0, 0.2, 0, 0, 0]),
    _beyond: packed(new Uint8Array([8, 0])),
    _seriation: whole([0, 3, 1, 2]),
    _unit: "output per squared input",
    _width: 4,
    _samples: [7, 9],
    _grid: [1, 2, 2],
    _groups: new DataView(new ArrayBuffer(0)),
    _picture: numbers([0, 1, 0.5, 0]),
    _about: `SmoothHess · sample 7 ${HOSTILE}`,
    _warning: "The requested tolerance was not reached.",
  };
}

const opened: AbortController[] = [];
afterEach(() => {
  for (const page of opened.splice(0)) page.abort();
  document.body.replaceChildren();
});

type Root = HTMLElement & { nbi: Record<string, unknown> };

async function shown(given: Record<string, unknown>, live = true) {
  const model = new FakeModel(given);
  const [el, page] = [document.createElement("div"), new AbortController()];
  opened.push(page);
  document.body.append(el);
  await renderHeatmap({ model, el, signal: page.signal, host: {}, live } as never);
  const root = el.querySelector<Root>('[data-nbi="heatmap"]');
  if (!root) throw new Error("nothing was drawn");
  await vi.waitFor(() => expect(root.dataset.nbiRows).toBe("4"));
  const press = (key: string) =>
    root
      .querySelector('[data-nbi="field"]')
      ?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const find = <T extends HTMLElement>(name: string) =>
    root.querySelector<T>(`[data-nbi="${name}"]`) as T;
  return { model, root, el, page, press, find };
}

it("orders by similarity or as given, and shows hostile names as text", async () => {
  const { model, root, find } = await shown(state());
  expect(root.nbi.rows).toEqual(["pixel 0,0", "pixel 1,1", "pixel 0,1", HOSTILE]);
  find("order-given").click();
  expect(model.get("order")).toBe("given");
  await vi.waitFor(() => expect((root.nbi.rows as string[])[3]).toBe("pixel 1,1"));
  expect(root.textContent).toContain(`sample 7 ${HOSTILE}`);
  expect(root.textContent).toContain("The requested tolerance was not reached.");
  expect(find("key").textContent).toContain("within noise");
  expect(root.querySelector("img")).toBeNull();
});

it("lists the pairs beyond noise, and chooses one from the list", async () => {
  const { model, root, find } = await shown(state());
  const items = find("strongest").querySelectorAll("button");
  expect([...items].map((item) => item.title)).toEqual(["pixel 0,0 × pixel 1,1: −2 ± 0.1"]);
  items[0]?.click();
  expect(model.get("pair")).toEqual([0, 3]);
  await vi.waitFor(() => expect(root.textContent).toContain("Partners of pixel 0,0"));
  expect((root.nbi.partners as () => unknown)()).toEqual({ feature: 0, values: [0.5, 0, 0, -2] });
});

it("reads cells to those who do not see them, and clears", async () => {
  const { model, root, press } = await shown(state());
  press("ArrowDown");
  press("ArrowRight");
  expect(root.querySelector("[aria-live]")?.textContent).toBe(
    "pixel 0,0 × pixel 1,1, −2 ± 0.1 output per squared input, " +
      "the effect of each falls as the other rises",
  );
  press("Enter");
  expect(model.get("pair")).toEqual([0, 3]);
  press("End");
  expect(root.querySelector("[aria-live]")?.textContent).toContain("exactly zero");
  press("Escape");
  expect(model.get("pair")).toBeNull();
  await vi.waitFor(() => expect(root.nbi.cursor).toBeNull());
});

it("zooms by key, and shows all again", async () => {
  const { root, press, find } = await shown(state());
  const scale = () => (root.nbi.camera as { scale: number }).scale;
  const before = scale();
  press("+");
  await vi.waitFor(() => expect(scale()).toBeGreaterThan(before));
  expect(find<HTMLButtonElement>("zoom-whole").disabled).toBe(false);
  press("0");
  await vi.waitFor(() => expect(scale()).toBe(before));
});

it("draws the strongest rows and those that a search finds", async () => {
  const { model, root, find } = await shown(state());
  const slider = find<HTMLInputElement>("top-slider");
  slider.value = "100"; // half of the ratio of 1 to 4
  slider.dispatchEvent(new Event("input"));
  expect(model.get("top")).toBe(2);
  await vi.waitFor(() => expect(root.nbi.rows).toEqual(["pixel 0,0", "pixel 1,1"]));
  const search = find<HTMLInputElement>("search");
  search.value = "0,1";
  search.dispatchEvent(new Event("input"));
  expect(root.nbi.rows).toEqual(["pixel 0,0", "pixel 1,1", "pixel 0,1"]);
  search.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  expect(root.querySelector("[aria-live]")?.textContent).toContain("pixel 0,1");
});

it("asks for a pair in all samples, and for rows that are not here", async () => {
  const given = { ...state(), _width: 9, pair: [3, 0] };
  const { model } = await shown(given);
  await vi.waitFor(() => expect(model.sent.map(({ content }) => content.kind)).toHaveLength(2));
  const kinds = model.sent.map(({ content }) => [content.kind, content.feature ?? content.first]);
  expect(kinds).toEqual([
    ["partners", 3],
    ["across", 3],
  ]);
});

it("asks for nothing where no kernel answers", async () => {
  const { model, root, find } = await shown({ ...state(), _width: 9, pair: [3, 0] }, false);
  expect(root.textContent).toContain("Partners need a running kernel.");
  expect(find<HTMLInputElement>("sample").disabled).toBe(true);
  expect(model.sent).toEqual([]);
});

it("becomes factors when the model does, and leaves no listener behind", async () => {
  const { model, el, page } = await shown(state());
  model.state._about = "Lasso samples and press Fit";
  model.set("_form", "factors");
  await vi.waitFor(() => expect(el.querySelector(".nbi-empty")?.textContent).toContain("Lasso"));
  expect(el.querySelectorAll('[data-nbi="heatmap"]')).toHaveLength(1);
  page.abort();
  expect(el.children).toHaveLength(0);
  const read = vi.spyOn(model, "get");
  for (const name of Object.keys(state())) model.tell(`change:${name}`);
  expect(read).not.toHaveBeenCalled();
});
