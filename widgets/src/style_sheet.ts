// Kept on the tree: each kernel, also a restarted one, brings its own bundle.
const OWN = Symbol.for("nbinterp.sheet");
type Tree = (Document | ShadowRoot) & { [OWN]?: { sheet: CSSStyleSheet; css: string } };

/** Add the style sheet where a view is drawn: to the page, or to a shadow tree, as in marimo. */
export function dress(el: HTMLElement, css: string | undefined): void {
  const root = el.getRootNode();
  const tree: Tree = root instanceof ShadowRoot ? root : document;
  if (css === undefined || tree[OWN]?.css === css) return;
  const sheet = tree[OWN]?.sheet ?? new CSSStyleSheet();
  sheet.replaceSync(css);
  if (!tree[OWN]) tree.adoptedStyleSheets = [...tree.adoptedStyleSheets, sheet];
  tree[OWN] = { sheet, css };
}
