import { expect, test } from "vitest";
import { bytes, typed } from "../../src/shared/arrays";
import type { FakeModel } from "../fake_model";
import { packedMap } from "../packed";
import { chosen, draw, eachInItsOwnElement, el, entry, HOSTILE, key, part } from "./drawn";

eachInItsOwnElement();

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

test("the next widget of a cell offers the names of the one before, of the same samples only", async () => {
  el.classList.add("jp-Cell");
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  await draw();
  await frame();
  entry(0).click();
  key("n");
  const { model } = await draw();
  await frame();
  expect(part("offer").textContent).toBe("Restore 1 named selection");
  part("offer").click();
  expect(names(model)).toHaveLength(1);
  expect(chosen(model)).toEqual([0, 2]);
  expect(part("offer").hidden).toBe(true);
  await draw({ _positions: packedMap([0, 0, 1, 0, 0, 1, 1, 9]) });
  await frame();
  expect(part("offer").hidden).toBe(true);
});
