import { h, replace } from "../shared/dom";
import type { Step } from "./traits";

/** The Python program that reproduces all steps. */
export function program(begin: string, steps: readonly Step[]): string {
  return `${[begin, ...steps.map((step) => step.code)].join("\n")}\n`;
}

/** The steps as Python lines, to copy one by one or all at once. */
export class CodeLines {
  private begin = "";
  private steps: readonly Step[] = [];
  private readonly list = h("ol", { class: "nbi-workbench-steps" });
  private readonly said = h("span", { class: "nbi-quiet", role: "status", "data-nbi": "copied" });
  readonly panel: HTMLElement;

  constructor() {
    this.panel = h(
      "section",
      {
        class: "nbi-workbench-lines",
        hidden: true,
        "aria-label": "Python lines",
        "data-nbi": "lines",
      },
      h(
        "div",
        { class: "nbi-workbench-head" },
        h("h3", { class: "nbi-workbench-title" }, "The steps as Python"),
        this.said,
        button("Copy all", "copy-all", () => this.copy(program(this.begin, this.steps))),
      ),
      this.list,
    );
  }

  show(begin: string, steps: readonly Step[]): void {
    this.begin = begin;
    this.steps = steps;
    replace(
      this.list,
      ...[{ title: "Record and map", code: begin }, ...steps].map(({ title, code }) =>
        h(
          "li",
          { class: "nbi-workbench-step" },
          h(
            "div",
            { class: "nbi-workbench-head" },
            h("span", {}, title),
            button("Copy", "copy", () => this.copy(code)),
          ),
          h("pre", { tabindex: 0 }, code),
        ),
      ),
    );
    this.list.scrollTop = this.list.scrollHeight;
  }

  private async copy(text: string): Promise<void> {
    const done = (await clipboard(text)) || byField(text, this.panel);
    this.said.textContent = done ? "Copied" : "Not allowed here: select the lines and press Ctrl+C";
    window.setTimeout(() => {
      this.said.textContent = "";
    }, 4000);
  }
}

function button(text: string, name: string, click: () => void): HTMLElement {
  return h(
    "button",
    { type: "button", class: "nbi-button", "data-nbi": name, on: { click } },
    text,
  );
}

async function clipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Copy through a text field, as pages without a secure origin must. */
function byField(text: string, near: HTMLElement): boolean {
  const field = h("textarea", { class: "nbi-screen-reader" });
  field.value = text;
  near.append(field);
  field.select();
  const done = document.execCommand?.("copy") ?? false;
  field.remove();
  return done;
}
