import { afterEach, describe, expect, it, vi } from "vitest";
import { mountPage, PageModel } from "../src/page";
import { type Sprite, tileAt } from "../src/sprite";

const HOSTILE = "</script><img src=x onerror=alert(1)>";

afterEach(() => document.body.replaceChildren());

function page(views: Record<string, unknown>): void {
  const script = document.createElement("script");
  script.type = "application/json";
  script.dataset.nbiPage = "";
  script.textContent = JSON.stringify({ views, sprites: {} });
  document.body.append(script);
}

describe("a model without a kernel", () => {
  it("keeps state and tells listeners of changes only", () => {
    const model = new PageModel({ state: { top: 3 } });
    const heard = vi.fn();
    model.on("change:top change:factor", heard);
    model.set("top", 3);
    expect(heard).not.toHaveBeenCalled();
    model.set("top", 4);
    expect(model.get("top")).toBe(4);
    model.off("change:top", heard);
    model.set("top", 5);
    model.set("factor", 1);
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it("gives arrays as bytes, as anywidget does", () => {
    const data = btoa(String.fromCharCode(...new Uint8Array(new Float32Array([1.5, -2]).buffer)));
    const model = new PageModel({ state: {}, buffers: [{ path: ["_positions"], data }] });
    expect((model.get("_positions") as DataView).getFloat32(4, true)).toBe(-2);
  });

  it("answers a verb that needs a kernel with an error, after the call returned", async () => {
    const model = new PageModel({ state: {} });
    const heard = vi.fn();
    model.on("msg:custom", heard);
    const sent = model.send({ v: 1, kind: "fit", seq: 7 });
    expect(heard).not.toHaveBeenCalled();
    await sent;
    expect(heard.mock.calls[0]?.[0]).toMatchObject({ v: 1, kind: "fit", seq: 7, ok: false });
    expect(heard.mock.calls[0]?.[0].error).toContain("no kernel");
  });
});

describe("an exported page", () => {
  it("draws each view in its place, and views within views", async () => {
    page({
      a: { state: { _kind: "explorer", heatmap: "anywidget:b" } },
      b: { state: { _kind: "heatmap" } },
    });
    const place = document.createElement("div");
    place.dataset.nbiView = "a";
    place.textContent = "picture";
    document.body.append(place);
    const seen: string[] = [];
    mountPage(async (name, { model, el, host, live, signal }) => {
      seen.push(`${name} ${live}`);
      if (name !== "explorer") return el.append(HOSTILE);
      const child = await host.getWidget(String((model as unknown as PageModel).get("heatmap")));
      await child.render({ el, signal });
    });
    await vi.waitFor(() => expect(place.textContent).toBe(HOSTILE));
    expect(seen).toEqual(["explorer false", "heatmap false"]);
    expect(place.querySelector("img")).toBeNull();
  });

  it("does nothing in a page that holds none", () => {
    const draw = vi.fn();
    mountPage(draw);
    expect(draw).not.toHaveBeenCalled();
  });
});

describe("a sprite", () => {
  const sprite: Sprite = { png: "", width: 28, height: 20, across: 3, count: 8 };

  it("knows where each tile begins", () => {
    expect(tileAt(sprite, 0)).toEqual({ x: 0, y: 0 });
    expect(tileAt(sprite, 7)).toEqual({ x: 28, y: 40 });
  });

  it.each([-1, 8, 1.5, "0", undefined, Number.NaN])("has no tile %s", (index) => {
    expect(tileAt(sprite, index)).toBeNull();
  });
});
