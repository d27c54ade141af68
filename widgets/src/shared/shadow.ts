import type { AnyModel, Host } from "@anywidget/types";

const dressed = new WeakSet<ShadowRoot>();

/**
 * Bring the style sheet to a view that its host draws in a shadow tree, as marimo does: there the
 * page's own styles do not reach, and the sheet belongs to the widget that holds the bundle.
 */
export async function dress(el: HTMLElement, core: string | undefined, host: Host): Promise<void> {
  const root = el.getRootNode();
  if (!(root instanceof ShadowRoot) || dressed.has(root) || !core) return;
  dressed.add(root);
  const model = (await host.getModel(core)) as AnyModel<{ _css?: string }>;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(model.get("_css") ?? "");
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
