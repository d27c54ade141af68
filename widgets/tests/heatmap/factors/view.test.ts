import { afterEach, expect, it, vi } from "vitest";
import { render as renderHeatmap } from "../../../src/heatmap/index";
import { PageModel } from "../../../src/page";
import type { FakeModel } from "../../fake_model";

const HOSTILE = "<img src=x onerror=alert(1)>";

function numbers(values: number[]): DataView {
  return new DataView(new Float32Array(values).buffer);
}

function state(): Record<string, unknown> {
  return {
    quantity: "mutual_information",
    top: 40,
    factor: null,
    height: 300,
    _ids: [0, 1],
    _nodes: [`h1[${HOSTILE}]`, "h1[1]", HOSTILE],
    _outputs: 1,
    _mutual_information: numbers([0.9, 0.1, 0.5, 0.2, 0.7, 0.1]),
    _correlation: numbers([0.9, -0.1, 0.5, 0.2, -0.7, 0.1]),
    _total_correlations: [2.5, 1],
    _null_total_correlation: 0.84,
    _null_mutual_information: 0.15,
    _unstable: [],
    _about: `selection of 312 ${HOSTILE}`,
    _warning: "Not converged in max_iter=2 iterations.",
  };
}

const opened: AbortController[] = [];
afterEach(() => {
  for (const page of opened.splice(0)) page.abort();
  document.body.replaceChildren();
});

async function shown(given: Record<string, unknown>) {
  const model = new PageModel({ state: given });
  const [el, page] = [document.createElement("div"), new AbortController()];
  opened.push(page);
  document.body.append(el);
  await renderHeatmap({ model, el, signal: page.signal, host: {} } as never);
  const root = el.querySelector<HTMLElement & { nbi: Record<string, unknown> }>("[data-nbi]");
  if (!root) throw new Error("nothing was drawn");
  await vi.waitFor(() => expect(root.nbi).toBeDefined());
  return { model, root, page };
}

it("is one tab stop for all cells, also where they scroll", async () => {
  const { root } = await shown(state());
  const field = root.querySelector<HTMLElement>('[data-nbi="field"]');
  const scrollers = [...root.querySelectorAll<HTMLElement>(".nbi-heatmap-scroller")];
  expect(scrollers.map(({ tabIndex }) => tabIndex)).toEqual([-1, -1]);
  scrollers[0]?.focus();
  expect(document.activeElement).toBe(field);
});

it("exposes what it draws, and shows hostile names as text", async () => {
  const { root } = await shown(state());
  expect(root.nbi).toMatchObject({
    rows: ["factor 0 · 2.50 nats", "factor 1 · 1.00 nats"],
    columns: [`h1[${HOSTILE}]`, "h1[1]", HOSTILE],
  });
  expect((root.nbi.values as number[][])[1]?.[1]).toBeCloseTo(0.7);
  expect(root.textContent).toContain(`selection of 312 ${HOSTILE}`);
  expect(root.textContent).toContain("shuffled data: 0.42 nats per factor");
  expect(root.querySelector(".nbi-warning")?.textContent).toContain("Not converged");
  expect(root.querySelector<HTMLElement>('[data-nbi="nats"]')?.title).toContain("1.44 bits");
  expect(root.querySelector("img")).toBeNull();
});

it("marks factors that are not stable when that is known", async () => {
  const { model, root } = await shown(state());
  const names = () => [...root.querySelectorAll(".nbi-heatmap-row")].map((row) => row.textContent);
  expect(names()).toEqual(["factor 0 · 2.50 nats", "factor 1 · 1.00 nats"]);
  expect(root.textContent).not.toContain("random selections:");
  model.set("_unstable", [1]);
  model.set("_evidence", `in random selections: 2.00 ${HOSTILE}`);
  model.save_changes();
  await vi.waitFor(() => expect(names()[1]).toBe("factor 1 · 1.00 nats · not stable"));
  const marked = root.querySelectorAll<HTMLElement>(".nbi-heatmap-row")[1];
  expect(marked?.title).toContain("not found again in halves");
  expect(names()[0]).toBe("factor 0 · 2.50 nats");
  expect(root.textContent).toContain(`in random selections: 2.00 ${HOSTILE}`);
});

it("says in the legend where the colours end", async () => {
  const high = (root: HTMLElement) =>
    root.querySelector<HTMLElement>('[data-nbi="nats"]')?.parentElement?.textContent;
  expect(high((await shown(state())).root)).toBe("0.90 nats");
  const copied = numbers([7.33, 0.1, 0.5, 0.2, 0.7, 0.1]);
  const { root } = await shown({ ...state(), _mutual_information: copied });
  expect(high(root)).toBe("≥ 3.00 nats");
});

it("chooses a factor both ways", async () => {
  const { model, root } = await shown(state());
  const rows = root.querySelectorAll<HTMLButtonElement>(".nbi-heatmap-row");
  rows[1]?.click();
  expect(model.get("factor")).toBe(1);
  await vi.waitFor(() => expect(rows[1]?.getAttribute("aria-pressed")).toBe("true"));
  model.set("factor", 0);
  await vi.waitFor(() => expect(rows[0]?.getAttribute("aria-pressed")).toBe("true"));
  expect(root.querySelector("[aria-live]")?.textContent).toBe("factor 0 chosen");
  rows[0]?.click();
  expect(model.get("factor")).toBeNull();
});

it("reads cells to those who do not see them", async () => {
  const { model, root } = await shown(state());
  const field = root.querySelector<HTMLElement>('[data-nbi="field"]');
  const press = (key: string) => field?.dispatchEvent(new KeyboardEvent("keydown", { key }));
  press("ArrowRight");
  press("End");
  press("ArrowDown");
  expect(root.querySelector("[aria-live]")?.textContent).toBe(
    `factor 1 and ${HOSTILE} (output), mutual information 0.100 nats, correlation 0.10, ` +
      "rank 3 of 3 in this factor, not above chance",
  );
  press("Enter");
  expect(model.get("factor")).toBe(1);
  press("Escape");
  expect(model.get("factor")).toBeNull();
});

it("is empty with a word on why, and fills later", async () => {
  const none = { _ids: [], _nodes: [], _outputs: 0, _about: "Lasso samples and press Fit" };
  const { model, root } = await shown({ ...state(), ...none });
  expect(root.querySelector(".nbi-empty")?.textContent).toBe(none._about);
  expect(root.querySelector<HTMLElement>(".nbi-heatmap-full")?.hidden).toBe(true);
  for (const [name, value] of Object.entries(state())) model.set(name, value);
  await vi.waitFor(() => expect(root.dataset.nbiRows).toBe("2"));
  expect(root.querySelector<HTMLElement>(".nbi-empty")?.hidden).toBe(true);
});

it("leaves no listener behind", async () => {
  const { model, root, page } = await shown(state());
  page.abort();
  expect(root.isConnected).toBe(false);
  const read = vi.spyOn(model, "get");
  for (const name of Object.keys(state())) model.set(name, null);
  expect(read).not.toHaveBeenCalled();
});

it("shows what a callback in Python raised, until the next factor is chosen", async () => {
  const { model, root } = await shown(state());
  const problem = root.querySelector<HTMLElement>('[data-nbi="error"]');
  const notice = { kind: "notice", error: HOSTILE, trace: "Traceback" };
  (model as unknown as FakeModel).tell("msg:custom", notice);
  expect(problem?.hidden).toBe(false);
  expect(problem?.querySelector("span")?.textContent).toBe(HOSTILE);
  root.querySelectorAll<HTMLButtonElement>(".nbi-heatmap-row")[1]?.click();
  expect(problem?.hidden).toBe(true);
});
