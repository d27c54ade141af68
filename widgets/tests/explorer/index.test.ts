import { expect, test, vi } from "vitest";
import { bytes, typed } from "../../src/shared/arrays";
import { chosen, close, draw, eachInItsOwnElement, el, entry, HOSTILE, key, part } from "./drawn";

eachInItsOwnElement();

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
  model.set("selection", bytes(Uint32Array.of(3)));
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
  close();
  expect(model.listenerCount).toBe(0);
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

test("a kernel that stops responding in mid-fit frees the button", async () => {
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
    expect(part("error").textContent).toContain("stopped responding");
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
