import { afterEach, expect, it } from "vitest";
import { dress } from "../src/style_sheet";

const CSS = ".nbi-root { color: red }";

afterEach(() => document.body.replaceChildren());

it("brings the sheet to a page and to a shadow tree, once each", () => {
  const root = document.createElement("div").attachShadow({ mode: "open" });
  document.body.append(root.host);
  for (const home of [document.body, root]) {
    const [one, two] = [document.createElement("div"), document.createElement("div")];
    home.append(one, two);
    dress(one, "base", CSS);
    dress(two, "base", CSS);
  }
  expect(root.adoptedStyleSheets).toHaveLength(1);
  expect(document.adoptedStyleSheets).toHaveLength(1);
});

it("replaces the sheet of an earlier kernel, and leaves an exported page alone, which has it", () => {
  const root = document.createElement("div").attachShadow({ mode: "open" });
  document.body.append(root.host);
  const el = root.appendChild(document.createElement("div"));
  dress(el, "base", undefined);
  expect(root.adoptedStyleSheets).toHaveLength(0);
  dress(el, "base", CSS);
  dress(el, "base", ".nbi-root { color: blue }");
  expect(root.adoptedStyleSheets).toHaveLength(1);
  expect(root.adoptedStyleSheets[0]?.cssRules[0]?.cssText).toContain("blue");
});

it("keeps the sheet of each view beside the one that all share", () => {
  const root = document.createElement("div").attachShadow({ mode: "open" });
  document.body.append(root.host);
  const el = root.appendChild(document.createElement("div"));
  dress(el, "base", CSS);
  dress(el, "slider", ".nbi-slider { color: blue }");
  dress(el, "slider", ".nbi-slider { color: green }");
  const texts = root.adoptedStyleSheets.map((sheet) => sheet.cssRules[0]?.cssText);
  expect(texts).toHaveLength(2);
  expect(texts[0]).toContain("red");
  expect(texts[1]).toContain("green");
});
