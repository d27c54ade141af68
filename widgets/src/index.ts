import "./shared/base.css";
import { renderExplorer } from "./explorer/index";
import { renderHeatmap } from "./heatmap/index";
import { renderNodeTable } from "./node_table/index";
import { mountPage } from "./page";
import { h } from "./shared/dom";
import { linkOnPage } from "./shared/link";
import { dress } from "./shared/sheet";
import type { RenderView, ViewContext } from "./shared/view";
import { renderSlider } from "./slider/index";
import { renderWorkbench } from "./workbench/index";

/** Every view by the name that Python's `View._kind` gives it. */
const VIEWS: Record<string, RenderView> = {
  explorer: renderExplorer,
  heatmap: renderHeatmap,
  node_table: renderNodeTable,
  slider: renderSlider,
  workbench: renderWorkbench,
};

/** Draw the view called `name`; what fails shows in its place, in words. */
async function render(name: string, context: ViewContext, css?: string): Promise<void> {
  context.el.classList.add("nbi-host");
  try {
    const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined;
    if (!view) throw new Error(`This version of nbinterp has no view called “${name}”.`);
    dress(context.el, css);
    await view(context);
    await linkOnPage(context);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    context.el.replaceChildren(
      h(
        "div",
        { class: "nbi-root nbi-error", role: "alert" },
        `nbinterp cannot draw this view: ${text}`,
      ),
    );
  }
}

// anywidget drops all traffic from the kernel if this takes 2 s, so it only hands out `render`.
export default {
  initialize: (css: string) => ({
    render: (name: string, context: ViewContext) => render(name, context, css),
  }),
};

mountPage(render);
