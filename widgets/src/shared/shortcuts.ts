/**
 * Keep plain keys within `root`, and undo, from being JupyterLab's shortcuts (B would insert a
 * cell); Ctrl+S and the like still reach it.
 *
 * JupyterLab listens on the document, before anything inside it. It only heeds an attribute, so a
 * listener on the window sets that just before.
 */
export function keepPlainKeys(root: HTMLElement, signal: AbortSignal): void {
  const decide = (event: KeyboardEvent) => {
    if (!(event.target instanceof Node && root.contains(event.target))) return;
    const plain = !event.ctrlKey && !event.metaKey;
    root.toggleAttribute("data-lm-suppress-shortcuts", plain || event.key.toLowerCase() === "z");
  };
  window.addEventListener("keydown", decide, { capture: true, signal });
}
