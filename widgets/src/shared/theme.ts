/** The colours of the page around a view, from the CSS variables of base.css. */
export type Theme = {
  dark: boolean;
  background: string;
  text: string;
  muted: string;
  line: string;
  accent: string;
};

function luminance(color: string): number {
  const [r = 255, g = 255, b = 255] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

/** Whether the page declares a dark theme; undefined if it declares none. */
function declaredDark(): boolean | undefined {
  const { body } = document;
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter !== undefined) return jupyter === "false";
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) {
    return true;
  }
  if (body.classList.contains("vscode-light")) return false;
  return undefined;
}

/** Read the theme of the page around `root`, an element of class `nbi-root`. */
export function readTheme(root: HTMLElement): Theme {
  const style = getComputedStyle(root);
  const background = style.backgroundColor || "rgb(255, 255, 255)";
  const color = (name: string, fallback: string) => resolve(root, name) || fallback;
  return {
    dark: declaredDark() ?? luminance(background) < 0.5,
    background,
    text: style.color || "rgb(33, 33, 33)",
    muted: color("--nbi-muted", "rgb(97, 97, 97)"),
    line: color("--nbi-line", "rgb(224, 224, 224)"),
    accent: color("--nbi-accent", "rgb(25, 118, 210)"),
  };
}

/** A colour variable as `rgb(…)`, however it is defined. */
function resolve(root: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  probe.hidden = true;
  root.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

/** Call `changed` now and whenever the page's theme changes, until `signal` aborts. */
export function watchTheme(
  root: HTMLElement,
  signal: AbortSignal,
  changed: (theme: Theme) => void,
): void {
  let last = "";
  const update = () => {
    if (!root.isConnected) return;
    const theme = readTheme(root);
    root.dataset.nbiDark = String(theme.dark);
    const key = JSON.stringify(theme);
    if (key === last) return;
    last = key;
    changed(theme);
  };
  // JupyterLab swaps its style sheet some frames after it flips the attribute on the body.
  const soon = () => {
    update();
    for (const wait of [60, 300, 1000]) setTimeout(() => signal.aborted || update(), wait);
  };
  const observer = new MutationObserver(soon);
  for (const target of [document.body, document.documentElement]) {
    observer.observe(target, {
      attributes: true,
      attributeFilter: [
        "class",
        "style",
        "data-jp-theme-light",
        "data-jp-theme-name",
        "data-theme",
      ],
    });
  }
  const scheme = window.matchMedia?.("(prefers-color-scheme: dark)");
  scheme?.addEventListener?.("change", soon, { signal });
  // A view is drawn before its host attaches it to the page; its first size shows that it is.
  const shown = new ResizeObserver(update);
  shown.observe(root);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    shown.disconnect();
  });
  update();
}

/** Whether the reader prefers reduced motion. */
export function reducedMotion(): boolean {
  return window.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
}
