import type { AnyModel, Host } from "@anywidget/types";
import { bytes, typed } from "./shared/arrays";
import type { RenderView, ViewTraits } from "./shared/view";
import { cut, picture, type Sprite, tileAt } from "./sprite";

/** The state of a view that Python's export writes into a page, as ipywidgets saves it. */
type Saved = {
  state: Record<string, unknown>;
  buffers?: { path: (string | number)[]; data: string }[];
  /** The key of the sprite with the pictures of its samples. */
  sprite?: string;
};
type Page = { views: Record<string, Saved>; sprites: Record<string, Sprite> };
type Message = { v: number; kind: string; seq: number; index?: unknown };

type Listener = (...given: unknown[]) => void;

const DATA = 'script[type="application/json"][data-nbi-page]';
const NO_KERNEL = "This page has no kernel: open the notebook to do that.";

/** A widget's model without a kernel: keeps state, notifies listeners, answers some verbs. */
export class PageModel {
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly state: Record<string, unknown>;
  readonly widget_manager = {
    get_model: (): Promise<never> => Promise.reject(new Error(NO_KERNEL)),
  };

  private sheet: Promise<ImageBitmap> | undefined;

  constructor(
    saved: Saved,
    private readonly sprite?: Sprite,
  ) {
    this.state = { ...saved.state };
    for (const { path, data } of saved.buffers ?? []) {
      // Views keep their arrays in top-level traits only.
      if (path.length === 1) this.state[String(path[0])] = bytes(decode(data));
    }
  }

  get(key: string): unknown {
    return this.state[key];
  }

  set(key: string, value: unknown): void {
    if (this.state[key] === value) return;
    this.state[key] = value;
    this.tell(`change:${key}`);
    this.tell("change");
  }

  save_changes(): void {}

  on(events: string, listener: Listener): void {
    for (const event of events.split(/\s+/)) {
      const known = this.listeners.get(event) ?? new Set();
      this.listeners.set(event, known.add(listener));
    }
  }

  off(events?: string | null, listener?: Listener | null): void {
    for (const event of events ? events.split(/\s+/) : [...this.listeners.keys()]) {
      if (listener) this.listeners.get(event)?.delete(listener);
      else this.listeners.delete(event);
    }
  }

  /** Answer a verb as the kernel would, if the page has the data for it. */
  async send(
    { v, kind, seq, index }: Message,
    _callbacks?: unknown,
    buffers: ArrayBufferView[] = [],
  ): Promise<void> {
    try {
      const { sprite } = this;
      const asked =
        kind === "thumbnails"
          ? [...typed(Uint32Array, buffers[0])]
          : kind === "thumbnail"
            ? [index]
            : [];
      const tiles = sprite ? asked.map((i) => tileAt(sprite, i)) : [];
      if (!sprite || tiles.length === 0 || tiles.includes(null)) throw new Error(NO_KERNEL);
      this.sheet ??= picture(sprite.png);
      const rgb = cut(sprite, await this.sheet, tiles as { x: number; y: number }[]);
      const fields = { width: sprite.width, height: sprite.height, channels: 3 };
      this.tell("msg:custom", { ...fields, v, kind, seq, ok: true, error: null, ms: 0 }, [rgb]);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      await Promise.resolve(); // never answer before the request is registered
      this.tell("msg:custom", { v, kind, seq, ok: false, error: text, ms: 0 }, []);
    }
  }

  private tell(event: string, ...given: unknown[]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...given);
  }
}

function decode(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Draw every view of an exported page; a notebook has none. */
export function mountPage(render: (name: string, context: Parameters<RenderView>[0]) => unknown) {
  const script = document.querySelector(DATA);
  if (!script) return;
  const { views, sprites } = JSON.parse(script.textContent ?? "{}") as Page;
  const models = new Map(
    Object.entries(views).map(([id, saved]) => [
      id,
      new PageModel(saved, saved.sprite === undefined ? undefined : sprites[saved.sprite]),
    ]),
  );
  const find = (ref: string) => {
    const model = models.get(ref.replace(/^(anywidget:|IPY_MODEL_)/, ""));
    if (!model) throw new Error("This page does not hold that view.");
    return model;
  };
  const host: Host = {
    getModel: async (ref) => find(ref) as unknown as AnyModel<never>,
    getWidget: async (ref) => ({
      exports: undefined as never,
      render: async ({ el, signal }) => draw(find(ref), el, signal),
    }),
  };
  const draw = async (model: PageModel, el: HTMLElement, signal?: AbortSignal) => {
    await render(String(model.get("_kind")), {
      model: model as unknown as AnyModel<ViewTraits>,
      el,
      signal: signal ?? new AbortController().signal,
      host,
      live: false,
    });
  };
  for (const place of document.querySelectorAll<HTMLElement>("[data-nbi-view]")) {
    place.replaceChildren(); // the picture for readers without scripts
    void draw(find(place.dataset.nbiView ?? ""), place);
  }
}
