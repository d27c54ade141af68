import { expect, it } from "vitest";
import { render } from "../../src/note/index";
import { FakeModel } from "../fake_model";

it("shows its text as it is, and nothing without one", async () => {
  const model = new FakeModel({ text: "<b>Choose</b> a node." });
  const [el, page] = [document.createElement("div"), new AbortController()];
  await render({ model: model as never, el, signal: page.signal, host: {} as never });
  const line = el.querySelector<HTMLElement>("[data-nbi=note-line]");
  expect(line?.textContent).toBe("<b>Choose</b> a node.");
  expect(line?.hidden).toBe(false);
  model.set("text", "");
  expect(line?.hidden).toBe(true);
  page.abort();
  expect(model.listenerCount).toBe(0);
  expect(el.childElementCount).toBe(0);
});
