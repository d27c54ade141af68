import type { AnyModel } from "@anywidget/types";
import { same, typed } from "./shared/arrays";
import { h } from "./shared/dom";
import { watchKernel } from "./shared/kernel";
import type { ViewContext } from "./shared/view";

/** The traits that linked views share. */
const SHARED = ["factor", "selection", "hovered"] as const;

/** What only a kernel can update, and the note of a view that could not follow. */
const UNFOLLOWED = {
  selection: "As before: following the selection on the map needs a running kernel.",
  chosen: "As before: the chart of other nodes needs a running kernel.",
} as const;
type Unfollowed = keyof typeof UNFOLLOWED;

type Shared = {
  _linked: string[];
  /** The factors that the view shows, if it lists them. */
  _ids?: number[];
  factor: number | null;
  selection: DataView;
  hovered: number | null;
  chosen: number[];
};

/**
 * Follow the linked views where no kernel does: in an exported page, and when the kernel is gone.
 * With a kernel the page must not, or the two would overwrite each other. What only a kernel can
 * compute stays unchanged, and a note says so.
 */
export async function linkOnPage(context: ViewContext): Promise<void> {
  const { el, signal, host, live = true } = context;
  const model = context.model as unknown as AnyModel<Shared>;
  let alone = !live;
  if (live) {
    watchKernel(model, el, signal, () => {
      alone = true;
    });
  }
  const note = h("div", {
    class: "nbi-root nbi-unfollowed nbi-quiet",
    role: "status",
    hidden: true,
  });
  const behind = new Set<Unfollowed>();
  const say = (name: Unfollowed, asBefore: boolean) => {
    if (asBefore) behind.delete(name);
    else behind.add(name);
    note.hidden = behind.size === 0;
    note.textContent = [...behind].map((each) => UNFOLLOWED[each]).join(" ");
  };
  el.prepend(note);
  signal.addEventListener("abort", () => note.remove());
  const heard = new Set<string>();
  const follow = async (): Promise<void> => {
    for (const ref of model.get("_linked") ?? []) {
      if (heard.has(ref)) continue;
      heard.add(ref);
      const other = (await host.getModel(ref).catch(() => null)) as AnyModel<Shared> | null;
      if (!other || signal.aborted) continue; // it is not on this page
      const seen = { selection: other.get("selection"), chosen: other.get("chosen") };
      for (const name of [...SHARED, "chosen"] as const) {
        const changed = () => {
          // The last value that a kernel saw.
          if (!alone) Object.assign(seen, { [name]: other.get(name) });
          else if (!model.get("_linked").includes(ref)) return;
          else if (name === "chosen") say(name, same(seen[name] ?? [], other.get(name) ?? []));
          else if (name === "selection" && model.get(name) === undefined) {
            say(name, sameSelection(seen[name], other.get(name)));
          } else take(model, name, other.get(name));
        };
        other.on(`change:${name}`, changed);
        signal.addEventListener("abort", () => other.off(`change:${name}`, changed));
      }
    }
  };
  const changed = () => void follow();
  model.on("change:_linked", changed);
  signal.addEventListener("abort", () => model.off("change:_linked", changed));
  await follow();
}

function sameSelection(one: DataView | undefined, other: DataView | undefined): boolean {
  return same(typed(Uint32Array, one), typed(Uint32Array, other));
}

function take<K extends (typeof SHARED)[number]>(
  model: AnyModel<Shared>,
  name: K,
  value: Shared[K] | undefined,
): void {
  const here = model.get(name);
  if (here === undefined || value === undefined || here === value) return;
  if (name === "factor") {
    // Clearing the factor of one view does not clear it in the others, as in Python.
    const ids = model.get("_ids");
    if (value === null || (ids && !ids.includes(value as number))) return;
  } else if (name === "selection") {
    if (sameSelection(here as DataView, value as DataView)) return;
  }
  model.set(name, value);
  model.save_changes();
}
