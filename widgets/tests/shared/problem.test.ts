import { afterEach, expect, it, vi } from "vitest";
import { onNotice, Problem } from "../../src/shared/problem";
import { FakeModel } from "../fake_model";

const HOSTILE = "<img src=x onerror=alert(1)>";
const opened: AbortController[] = [];
afterEach(() => {
  for (const page of opened.splice(0)) page.abort();
});

it("says what went wrong as text, with the traceback folded, until it is closed", () => {
  const dismissed = vi.fn();
  const problem = new Problem(dismissed);
  const { element } = problem;
  const trace = () => element.querySelector("details");
  expect(element.hidden).toBe(true);
  problem.show(HOSTILE, `Traceback: ${HOSTILE}`);
  expect(element.hidden).toBe(false);
  expect(element.querySelector("img")).toBeNull();
  expect(element.querySelector("span")?.textContent).toBe(HOSTILE);
  expect([trace()?.hidden, trace()?.open]).toEqual([false, false]);
  expect(element.querySelector("pre")?.textContent).toBe(`Traceback: ${HOSTILE}`);
  element.querySelector("button")?.click();
  expect(element.hidden).toBe(true);
  expect(dismissed).toHaveBeenCalledOnce();
  problem.show("a check of ours, which says all there is");
  expect(trace()?.hidden).toBe(true);
});

it("hears of failures that no request asked for, as long as the view is there", () => {
  const [model, page, tell] = [new FakeModel(), new AbortController(), vi.fn()];
  opened.push(page);
  onNotice(model.any, page.signal, tell);
  model.reply({ kind: "frame", ok: false, error: "of a request" });
  expect(tell).not.toHaveBeenCalled();
  model.reply({ kind: "notice", ok: false, error: "callback", trace: "lines" });
  expect(tell).toHaveBeenCalledExactlyOnceWith("callback", "lines");
  page.abort();
  expect(model.listenerCount).toBe(0);
});
