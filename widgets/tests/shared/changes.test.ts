import { expect, it, vi } from "vitest";
import { onChange } from "../../src/shared/changes";
import { FakeModel } from "../fake_model";

it("hears each of the named traits, until the view is closed", () => {
  const [model, page, changed] = [new FakeModel(), new AbortController(), vi.fn()];
  onChange(model.any, ["top", "order"], changed, page.signal);
  model.set("top", 3);
  model.set("order", "given");
  model.set("sample", 1);
  expect(changed).toHaveBeenCalledTimes(2);
  page.abort();
  model.set("top", 4);
  expect(changed).toHaveBeenCalledTimes(2);
  expect(model.listenerCount).toBe(0);
});
