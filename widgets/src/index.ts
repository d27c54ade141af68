import "./base.css";
import { linkOnPage } from "./link";
import type { mountPage as MountPage } from "./page";
import * as shared from "./shared";
import type { RenderView, ViewContext } from "./shared/view";
import { dress } from "./style_sheet";

/** The modules of shared/ that the parts of views ask for: evaluated once a page and kernel. */
const SHARED: Record<string, unknown> = { ...shared };

type Require = (name: string) => unknown;
type View = { render: RenderView; css: string };
/** A view, or the page, as build.mjs makes it: a function that returns what its module exports. */
export type Part<T = View> = (require: Require, module: { exports: unknown }) => T;

const loaded = new Map<Part, View>();

function load<T>(part: Part<T>): T {
  return part(
    (name) => {
      if (!Object.hasOwn(SHARED, name)) throw new Error(`There is no shared “${name}”.`);
      return SHARED[name];
    },
    { exports: {} },
  );
}

function viewOf(part: Part): View {
  const known = loaded.get(part);
  if (known) return known;
  const view = load(part);
  loaded.set(part, view);
  return view;
}

/** Draw the view that `part` holds; an error shows as a sentence in its place. */
export async function render(part: Part, context: ViewContext, css?: string): Promise<void> {
  context.el.classList.add("nbi-host");
  try {
    const view = viewOf(part);
    dress(context.el, "base", css);
    dress(context.el, context.model.get("_kind"), view.css);
    await view.render(context);
    await linkOnPage(context);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    context.el.replaceChildren(
      shared.dom.h(
        "div",
        { class: "nbi-root nbi-error", role: "alert" },
        `nbinterp cannot draw this view: ${text}`,
      ),
    );
  }
}

/** Draw every view of an exported page, each by its part. */
export function mountPage(
  page: Part<{ mountPage: typeof MountPage }>,
  parts: Record<string, Part>,
): void {
  load(page).mountPage((name, context) => {
    if (!Object.hasOwn(parts, name)) throw new Error(`This page has no view called “${name}”.`);
    return render(parts[name] as Part, context);
  });
}
