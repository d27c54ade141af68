import "./base.css";
import "./explorer/explorer.css";
import "./heatmap/heatmap.css";
import "./node_table/node_table.css";
import "./note/note.css";
import "./slider/slider.css";
import "./workbench/workbench.css";
import { linkOnPage } from "./link";
import type { mountPage as MountPage } from "./page";
import * as shared from "./shared";
import type { RenderView, ViewContext } from "./shared/view";
import { dress } from "./style_sheet";

/** The modules of shared/ that the parts of views ask for: evaluated once a page and kernel. */
const SHARED: Record<string, unknown> = { ...shared };

type Require = (name: string) => unknown;
/** A view, or the page, as build.mjs makes it: a function that returns what its module exports. */
export type Part<T = { render: RenderView }> = (
  require: Require,
  module: { exports: unknown },
) => T;

const drawn = new Map<Part, RenderView>();

function load<T>(part: Part<T>): T {
  return part(
    (name) => {
      if (!Object.hasOwn(SHARED, name)) throw new Error(`There is no shared “${name}”.`);
      return SHARED[name];
    },
    { exports: {} },
  );
}

function renderOf(part: Part): RenderView {
  const known = drawn.get(part);
  if (known) return known;
  const { render } = load(part);
  drawn.set(part, render);
  return render;
}

/** Draw the view that `part` holds; an error shows as a sentence in its place. */
export async function render(part: Part, context: ViewContext, css?: string): Promise<void> {
  context.el.classList.add("nbi-host");
  try {
    dress(context.el, css);
    await renderOf(part)(context);
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
