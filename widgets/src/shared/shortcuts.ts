/**
 * Keep plain keys pressed within `root` from being JupyterLab's shortcuts (B would insert a cell),
 * and undo, but leave it Ctrl+S and the like.
 *
 * JupyterLab listens on the document before anything inside it; its attribute is all it heeds, so
 * that is set just before, on the window.
 */
export function keepPlainKeys(root: HTMLElement, signal: AbortSignal): void {
  const decide = (event: KeyboardEvent) => {
    if (!(event.target instanceof Node && root.contains(event.target))) return;
    const plain = !event.ctrlKey && !event.metaKey;
    root.toggleAttribute("data-lm-suppress-shortcuts", plain || event.key.toLowerCase() === "z");
  };
  window.addEventListener("keydown", decide, { capture: true, signal });
}
