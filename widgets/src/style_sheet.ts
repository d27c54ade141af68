// Kept on the tree: each kernel, also a restarted one, brings its own bundle.
const OWN = Symbol.for("nbinterp.sheets");
type Sheets = Map<string, { sheet: CSSStyleSheet; css: string }>;
type Tree = (Document | ShadowRoot) & { [OWN]?: Sheets };

/**
 * Add the style sheet called `name` where a view is drawn: to the page, or to a shadow tree, as in
 * marimo. A newer sheet of that name replaces the older one.
 */
export function dress(el: HTMLElement, name: string, css: string | undefined): void {
  const root = el.getRootNode();
  const tree: Tree = root instanceof ShadowRoot ? root : document;
  tree[OWN] ??= new Map();
  const known = tree[OWN].get(name);
  if (css === undefined || known?.css === css) return;
  const sheet = known?.sheet ?? new CSSStyleSheet();
  sheet.replaceSync(css);
  if (!known) tree.adoptedStyleSheets = [...tree.adoptedStyleSheets, sheet];
  tree[OWN].set(name, { sheet, css });
}
