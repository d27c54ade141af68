import type { AnyModel, Host } from "@anywidget/types";

/** The traits that every view has; each view's scene adds its own. */
export type ViewTraits = {
  _core: string;
  _kind: string;
  /** References to the views that this one is linked to. */
  _linked: string[];
};

/** What a view needs to draw itself: the same in a notebook and in an exported page. */
export type ViewContext<T extends ViewTraits = ViewTraits> = {
  model: AnyModel<T>;
  el: HTMLElement;
  /** Aborts when the view leaves the page: every listener and frame ends with it. */
  signal: AbortSignal;
  /** Renders child widgets, such as the heatmap beside the map. */
  host: Host;
  /** False without a kernel, as in an exported page: verbs are then not offered. */
  live?: boolean;
};

export type RenderView = (context: ViewContext) => void | Promise<void>;
