import { afterEach, expect, it } from "vitest";
import { render as renderNodeTable } from "../../src/node_table/index";
import { PageModel } from "../../src/page";
import type { FakeModel } from "../fake_model";

const HOSTILE = "<img src=x onerror=alert(1)>";

function numbers(values: number[]): DataView {
  return new DataView(new Float32Array(values).buffer);
}

function state(n = 3): Record<string, unknown> {
  const rows = Array.from({ length: n }, (_, row) => row);
  return {
    chosen: [],
    sort: "node",
    descending: false,
    query: "",
    height: 300,
    _names: rows.map((row) => (row ? `h1[${row}]` : HOSTILE)),
    _columns: [
      { name: "prototype", label: "prototype", title: "", digits: null, signed: false },
      { name: "offset", label: "offset", title: "", digits: 2, signed: true },
    ],
    _numbers: numbers(rows.map((row) => -row)),
    _texts: [rows.map((row) => `digit ${row} ${HOSTILE}`)],
    _about: HOSTILE,
    factor: null,
    _ids: [],
    _uses: numbers([]),
  };
}

const opened: AbortController[] = [];
afterEach(() => {
  for (const page of opened.splice(0)) page.abort();
  document.body.replaceChildren();
});

function shown(given = state()) {
  const model = new PageModel({ state: given });
  const [el, page] = [document.createElement("div"), new AbortController()];
  opened.push(page);
  document.body.append(el);
  void renderNodeTable({ model, el, signal: page.signal, host: {} } as never);
  const root = el.querySelector<HTMLElement & { nbi: { rows: string[]; chosen: number[] } }>(
    "[data-nbi=node_table]",
  );
  if (!root) throw new Error("nothing was drawn");
  const row = (node: number) => {
    const found = root.querySelector<HTMLElement>(`[data-nbi-node="${node}"]`);
    if (!found) throw new Error(`no row of node ${node}`);
    return found;
  };
  return { model, root, row, page, el };
}

it("shows hostile names as text", () => {
  const { root } = shown();
  expect(root.querySelector("img")).toBeNull();
  expect(root.nbi.rows[0]).toBe(HOSTILE);
  expect(root.textContent).toContain(`digit 1 ${HOSTILE}`);
});

it("sorts by a click on a column, again the other way", () => {
  const { model, root } = shown();
  const button = () => root.querySelector<HTMLElement>('[data-nbi-column="offset"]');
  button()?.click();
  expect([model.get("sort"), model.get("descending")]).toEqual(["offset", false]);
  expect(root.nbi.rows).toEqual([HOSTILE, "h1[1]", "h1[2]"]);
  button()?.click();
  expect(model.get("descending")).toBe(true);
  expect(root.nbi.rows).toEqual(["h1[2]", "h1[1]", HOSTILE]);
  expect(button()?.closest("th")?.getAttribute("aria-sort")).toBe("descending");
});

it("filters while one types", () => {
  const { model, root } = shown();
  const search = root.querySelector<HTMLInputElement>("input");
  if (!search) throw new Error("no search");
  search.value = "offset<-1";
  search.dispatchEvent(new Event("input"));
  expect(root.nbi.rows).toEqual(["h1[2]"]);
  expect(model.get("query")).toBe("offset<-1");
  expect(root.querySelector('[data-nbi="count"]')?.textContent).toBe("1 of 3 nodes");
  model.set("query", "nobody");
  expect(root.textContent).toContain("No node matches.");
});

it("chooses by mouse and by keyboard, and from Python", () => {
  const { model, root, row } = shown();
  row(1).click();
  expect(model.get("chosen")).toEqual([1]);
  row(2).dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
  expect(model.get("chosen")).toEqual([1, 2]);
  expect(row(2).getAttribute("aria-selected")).toBe("true");
  const press = (node: number, key: string) =>
    row(node).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press(2, "Escape");
  expect(model.get("chosen")).toEqual([]);
  press(0, "ArrowDown");
  expect(document.activeElement).toBe(row(1));
  press(1, "Enter");
  expect(root.nbi.chosen).toEqual([1]);
  expect(root.querySelector("[aria-live]")?.textContent).toBe("h1[1] chosen");
  model.set("chosen", [0]);
  expect(row(0).getAttribute("aria-selected")).toBe("true");
  expect(row(1).getAttribute("aria-selected")).toBe("false");
});

it("draws a part of many rows, and more when asked or walked to", () => {
  const { root, row } = shown(state(350));
  const drawn = () => root.querySelectorAll("[data-nbi-node]").length;
  expect(drawn()).toBe(100);
  root.querySelector<HTMLElement>('[data-nbi="more"]')?.click();
  expect(drawn()).toBe(200);
  row(0).dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
  expect(document.activeElement).toBe(row(349));
});

it("shows the information of the chosen factor, the nodes that share most first", () => {
  const uses = numbers([0.1, Number.NaN, 0.3, 0.2, 0.9, Number.NaN]);
  const { model, root } = shown({ ...state(), _ids: [0, 1], _uses: uses });
  const choice = root.querySelector<HTMLSelectElement>('[data-nbi="factor"]');
  if (!choice) throw new Error("no choice of a factor");
  expect([...choice.options].map((option) => option.text)).toEqual(["none", "0", "1"]);
  model.set("factor", 1); // as Python does, or a linked view
  expect(choice.value).toBe("1");
  expect([model.get("sort"), model.get("descending")]).toEqual(["factor", true]);
  expect(root.nbi.rows).toEqual(["h1[1]", HOSTILE, "h1[2]"]);
  expect(root.querySelector("thead")?.textContent).toContain("factor 1");
  expect(root.querySelector("tbody td")?.textContent).toBe("0.90");
  model.set("_unstable", [1]);
  expect([...choice.options].map((option) => option.text)).toEqual(["none", "0", "1 · not stable"]);
  expect(root.querySelector("thead")?.textContent).toContain("factor 1 · not stable");
  choice.value = "0";
  choice.dispatchEvent(new Event("change"));
  expect(model.get("factor")).toBe(0);
  expect(root.nbi.rows).toEqual(["h1[2]", HOSTILE, "h1[1]"]);
  model.set("factor", null);
  expect(model.get("sort")).toBe("prototype_offset");
  expect(root.querySelector("thead")?.textContent).not.toContain("factor");
});

it("has no choice of a factor without a fit", () => {
  const { root } = shown();
  expect(root.querySelector<HTMLElement>(".nbi-node_table-choice")?.hidden).toBe(true);
});

it("takes new columns, and leaves nothing behind", () => {
  const { model, root, page, el } = shown();
  model.set("_texts", []);
  model.set("_columns", [{ name: "x", label: "x", title: "", digits: 0, signed: false }]);
  model.set("_numbers", numbers([7, 8, 9]));
  expect(root.querySelector("tbody td")?.textContent).toBe("7");
  page.abort();
  expect(el.children.length).toBe(0);
});

it("shows what a callback in Python raised, until the next change", () => {
  const { model, root, row } = shown();
  const problem = root.querySelector<HTMLElement>('[data-nbi="error"]');
  const notice = { kind: "notice", error: HOSTILE, trace: "Traceback" };
  (model as unknown as FakeModel).tell("msg:custom", notice);
  expect(problem?.hidden).toBe(false);
  expect(problem?.querySelector("pre")?.textContent).toBe("Traceback");
  row(1).click();
  expect(problem?.hidden).toBe(true);
});
