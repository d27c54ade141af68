import "./shared/base.css";
import "./explorer/explorer.css";
import "./heatmap/heatmap.css";
import "./node_table/node_table.css";
import "./note/note.css";
import "./slider/slider.css";
import "./workbench/workbench.css";
import * as page from "./page";
import * as arrays from "./shared/arrays";
import * as changes from "./shared/changes";
import * as colours from "./shared/colours";
import * as dom from "./shared/dom";
import * as help from "./shared/help";
import * as history from "./shared/history";
import * as kernel from "./shared/kernel";
import * as link from "./shared/link";
import * as numbers from "./shared/numbers";
import * as problem from "./shared/problem";
import * as protocol from "./shared/protocol";
import * as shortcuts from "./shared/shortcuts";
import * as theme from "./shared/theme";
import type { RenderView, ViewContext } from "./shared/view";
import { dress } from "./style_sheet";

/** What the parts of the views ask for, once a kernel. */
const SHARED: Record<string, unknown> = {
  arrays,
  changes,
  colours,
  dom,
  help,
  history,
  kernel,
  link,
  numbers,
  problem,
  protocol,
  shortcuts,
  theme,
};

type Require = (name: string) => unknown;
/** A view as build.mjs makes it: a function that returns what its index.ts exports. */
export type Part = (require: Require, module: { exports: unknown }) => { render: RenderView };

const drawn = new Map<Part, RenderView>();

function renderOf(part: Part): RenderView {
  const known = drawn.get(part);
  if (known) return known;
  const { render } = part(
    (name) => {
      if (!Object.hasOwn(SHARED, name)) throw new Error(`There is no shared “${name}”.`);
      return SHARED[name];
    },
    { exports: {} },
  );
  drawn.set(part, render);
  return render;
}

/** Draw the view that `part` holds; what fails shows in its place, in words. */
export async function render(part: Part, context: ViewContext, css?: string): Promise<void> {
  context.el.classList.add("nbi-host");
  try {
    dress(context.el, css);
    await renderOf(part)(context);
    await link.linkOnPage(context);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    context.el.replaceChildren(
      dom.h(
        "div",
        { class: "nbi-root nbi-error", role: "alert" },
        `nbinterp cannot draw this view: ${text}`,
      ),
    );
  }
}

/** Draw every view that an exported page holds, each by its part. */
export function mountPage(parts: Record<string, Part>): void {
  page.mountPage((name, context) => {
    if (!Object.hasOwn(parts, name)) throw new Error(`This page has no view called “${name}”.`);
    return render(parts[name] as Part, context);
  });
}
