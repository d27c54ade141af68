import { afterEach, expect, it } from "vitest";
import { dress } from "../../src/shared/shadow";
import { FakeModel } from "../fake_model";

afterEach(() => document.body.replaceChildren());

function host(asked: string[]) {
  return {
    getModel: async (ref: string) => {
      asked.push(ref);
      return new FakeModel({ _css: ".nbi-root { color: red }" }).any;
    },
    getWidget: async () => ({ exports: undefined as never, render: async () => {} }),
  };
}

it("brings the sheet of the bundle into a shadow tree, once", async () => {
  const asked: string[] = [];
  const root = document.createElement("div").attachShadow({ mode: "open" });
  document.body.append(root.host);
  const [one, two] = [document.createElement("div"), document.createElement("div")];
  root.append(one, two);
  await dress(one, "anywidget:core", host(asked));
  await dress(two, "anywidget:core", host(asked));
  expect(asked).toEqual(["anywidget:core"]);
  expect(root.adoptedStyleSheets.length).toBe(1);
});

it("leaves a page alone, which has the sheet", async () => {
  const asked: string[] = [];
  const el = document.createElement("div");
  document.body.append(el);
  await dress(el, "anywidget:core", host(asked));
  expect(asked).toEqual([]);
});
