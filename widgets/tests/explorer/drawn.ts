import { afterEach, beforeEach } from "vitest";
import { render as renderExplorer } from "../../src/explorer/index";
import { bytes, typed } from "../../src/shared/arrays";
import type { ViewContext } from "../../src/shared/view";
import { FakeModel } from "../fake_model";
import { packed, packedMap } from "../packed";

export const HOSTILE = "<img src=x onerror=alert(1)>";
let closing: AbortController;
export let el: HTMLElement;

/** Give each test of a file an element of its own; files share this module, so each calls it. */
export function eachInItsOwnElement() {
  beforeEach(() => {
    closing = new AbortController();
    el = document.createElement("div");
    document.body.append(el);
  });
  afterEach(() => {
    closing.abort();
    el.remove();
  });
}

export async function draw(state: Record<string, unknown> = {}, live?: boolean) {
  const model = new FakeModel({
    _positions: packedMap([0, 0, 1, 0, 0, 1, 1, 1]),
    selection: bytes(new Uint32Array(0)),
    _columns: [
      { name: HOSTILE, kind: "category", offset: 0, categories: [HOSTILE, "b"], width: 2 },
      { name: "depth", kind: "number", offset: 8 },
    ],
    _column_data: (() => {
      const data = new ArrayBuffer(24);
      new Uint16Array(data, 0, 4).set([0, 1, 0, 1]);
      new Float32Array(data, 8, 4).set([1, 2, 3, 4]);
      return packed(new Uint8Array(data));
    })(),
    _named: [],
    _named_data: bytes(new Uint32Array(0)),
    color_by: HOSTILE,
    search: "",
    ranges: {},
    contours: false,
    exemplars: false,
    labels: true,
    height: 400,
    _has_images: false,
    _can_fit: true,
    _fit: null,
    _fits_itself: false,
    hovered: null,
    heatmap: "anywidget:child",
    ...state,
  });
  const children: HTMLElement[] = [];
  await renderExplorer({
    model: model.any,
    el,
    signal: closing.signal,
    live,
    host: {
      getWidget: async () => ({
        exports: undefined,
        render: async ({ el }: { el: HTMLElement }) => void children.push(el),
      }),
    },
  } as unknown as ViewContext);
  return { model, children };
}

export const part = (name: string) =>
  el.querySelector<HTMLElement>(`[data-nbi="${name}"]`) as HTMLElement;
export const entry = (i: number) =>
  el.querySelectorAll<HTMLElement>("[data-nbi-entry]")[i] as HTMLElement;
export const chosen = (model: FakeModel) => [
  ...typed(Uint32Array, model.get("selection") as DataView),
];
export const key = (key: string, init: KeyboardEventInit = {}) =>
  part("stage").dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init }),
  );

/** Take the view off the page. */
export const close = () => closing.abort();
