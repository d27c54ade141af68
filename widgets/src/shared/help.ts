import { h } from "./dom";

/** The "?" button of a view and its panel: how to read the view, and its keys. */
export function help(
  reading: readonly string[],
  effects: readonly (readonly [string, string])[],
): { button: HTMLElement; panel: HTMLElement } {
  const keys = h("div", { class: "nbi-keys" });
  for (const [key, effect] of effects)
    keys.append(h("span", { class: "nbi-quiet" }, key), h("span", {}, effect));
  const panel = h(
    "div",
    { class: "nbi-help", hidden: true, "data-nbi": "help-panel" },
    ...reading.map((text) => h("p", {}, text)),
    keys,
  );
  const button = h(
    "button",
    {
      type: "button",
      class: "nbi-button",
      title: "How to read it, and keys",
      "aria-label": "How to read it, and keys",
      "aria-expanded": "false",
      "data-nbi": "help",
      on: {
        click: () => {
          panel.hidden = !panel.hidden;
          button.setAttribute("aria-expanded", String(!panel.hidden));
        },
      },
    },
    "?",
  );
  return { button, panel };
}

/** What "not stable" means: for help panels and tooltips. */
export const UNSTABLE =
  "A factor is not stable if it is not found again in halves of the same samples: do not build on it.";

/** How much a nat is: for help panels and for the title of a figure in nats. */
export const NATS =
  "A nat is a unit of information, 1.44 bits. Two Gaussian variables with correlation r share " +
  "−½\u00a0ln(1\u00a0−\u00a0r²) nats: 0.5 at r\u00a0=\u00a00.80, 1 at 0.93, 2 at 0.99, 3 at 0.999; at 7 one " +
  "nearly copies the other. A total correlation adds up over many variables: a factor with 7 nats " +
  "explains as much dependence as seven separate pairs of variables with r\u00a0=\u00a00.93.";
