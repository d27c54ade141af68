type Child = Node | string | null | undefined | false;
type Props = { class?: string; on?: Record<string, (event: never) => void> } & {
  [attribute: string]: unknown;
};

function fill(element: Element, props: Props, children: Child[]): void {
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value as Record<string, EventListener>)) {
        element.addEventListener(event, listener);
      }
    } else if (typeof value === "boolean" && !name.startsWith("aria-")) {
      element.toggleAttribute(name, value);
    } else if (value !== undefined && value !== null) {
      element.setAttribute(name, String(value));
    }
  }
  // Strings become text nodes: no label is ever read as markup.
  for (const child of children) if (child || child === "") element.append(child);
}

/** An HTML element with attributes, listeners (`on: {click}`) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, props, children);
  return element;
}

/** An SVG element; `svg("svg", …)` makes the root. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, props, children);
  return element;
}

/** Replace the children of `element`. */
export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => !!child));
}

/** Size a canvas to `width` × `height` CSS pixels at the screen's resolution. */
export function fit(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  context?.scale(ratio, ratio);
  return context;
}

/** `text` on one line, cut to `room` pixels. */
export function shorten(text: string, room: number, context: CanvasRenderingContext2D): string {
  const line = text.slice(0, 200).replace(/\s+/g, " ");
  if (context.measureText(line).width <= room) return line;
  let end = line.length;
  while (end > 0 && context.measureText(`${line.slice(0, end)}…`).width > room) end--;
  return `${line.slice(0, end)}…`;
}

/** Call `take` when typing into `field` ends: by Enter, which JupyterLab may intercept, or by leaving. */
export function onTyped(field: HTMLInputElement, take: () => void): void {
  field.addEventListener("change", take);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    take();
  });
}
