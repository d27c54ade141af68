import { expect, test } from "vitest";
import { h, replace } from "../../src/shared/dom";

const HOSTILE = "<img src=x onerror=alert(1)>";

test("strings become text, whatever they hold", () => {
  const element = h("div", { title: HOSTILE }, HOSTILE);
  expect(element.children).toHaveLength(0);
  expect(element.textContent).toBe(HOSTILE);
  expect(element.getAttribute("title")).toBe(HOSTILE);
  replace(element, HOSTILE, null, h("b", {}, "x"));
  expect(element.querySelector("img")).toBeNull();
  expect(element.children).toHaveLength(1);
});

test("flags are attributes that are there or not, ARIA states are words", () => {
  const element = h("button", { disabled: true, hidden: false, "aria-pressed": false });
  expect(element.hasAttribute("disabled")).toBe(true);
  expect(element.hasAttribute("hidden")).toBe(false);
  expect(element.getAttribute("aria-pressed")).toBe("false");
});
