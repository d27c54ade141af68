import { onChange } from "../shared/changes";
import { h } from "../shared/dom";
import { watchTheme } from "../shared/theme";
import type { RenderView, ViewContext } from "../shared/view";
import css from "./note.css";
import type { NoteTraits } from "./traits";

/** A line of text, such as one below a table; nothing while it is empty. */
export const render: RenderView = (context) => {
  const { model, el, signal } = context as unknown as ViewContext<NoteTraits>;
  const line = h("p", {
    class: "nbi-note-line nbi-quiet",
    role: "status",
    "data-nbi": "note-line",
  });
  const root = h("div", { class: "nbi-root nbi-note" }, line);
  const draw = () => {
    line.textContent = model.get("text");
    line.hidden = !model.get("text");
  };
  el.append(root);
  onChange(model, ["text"], draw, signal);
  signal.addEventListener("abort", () => root.remove());
  watchTheme(root, signal, () => {});
  draw();
};

/** The view's style sheet, which is added where the view is drawn. */
export { css };
