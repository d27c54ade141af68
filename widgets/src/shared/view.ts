import type { AnyModel, Host } from "@anywidget/types";

/** The traits that every view has; each view's scene adds its own. */
export type ViewTraits = {
  _core: string;
  _kind: string;
  /** References to the views that this one is linked to. */
  _linked: string[];
};

/** What a view is given to draw itself: the same in a notebook and in an exported page. */
export type ViewContext<T extends ViewTraits = ViewTraits> = {
  model: AnyModel<T>;
  el: HTMLElement;
  /** Aborts when the view is taken off the page: every listener and frame hangs on it. */
  signal: AbortSignal;
  /** Renders child widgets, such as the heatmap beside the map. */
  host: Host;
  /** False where no kernel answers, as in an exported page; then verbs are not offered. */
  live?: boolean;
};

export type RenderView = (context: ViewContext) => void | Promise<void>;
