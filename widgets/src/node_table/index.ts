import { onChange } from "../shared/changes";
import { onNotice } from "../shared/problem";
import { keepPlainKeys } from "../shared/shortcuts";
import { watchTheme } from "../shared/theme";
import type { RenderView, ViewContext } from "../shared/view";
import { drawHead, drawRows, markRows } from "./draw";
import { type Model, readTable } from "./model";
import css from "./node_table.css";
import { Panel } from "./panel";
import { arrange, choose, moved, type Table } from "./scene";
import type { NodeTableTraits } from "./traits";

const PAGE = 100; // rows that are drawn at a time

type Saved = "chosen" | "sort" | "descending" | "query" | "factor";

/** The nodes of a layer, to sort, filter and choose from. */
export const render: RenderView = (context) => {
  new NodeTable(context as unknown as ViewContext<NodeTableTraits>).open();
};

class NodeTable {
  private readonly panel = new Panel();
  private readonly model: Model;
  private readonly signal: AbortSignal;
  private table: Table;
  /** The nodes that match the query, in order; the first `count` of them are drawn. */
  private rows: number[] = [];
  private count = PAGE;
  /** The node that has the keyboard focus. */
  private focus: number | null = null;

  constructor(private readonly context: ViewContext<NodeTableTraits>) {
    this.model = context.model;
    this.signal = context.signal;
    this.table = readTable(this.model);
  }

  /** Put the view on the page and keep it in step with the model. */
  open(): void {
    const { panel, signal } = this;
    this.context.el.append(panel.root);
    signal.addEventListener("abort", () => panel.root.remove());
    this.hearModel();
    this.hearPage();
    onNotice(this.model, signal, (text, trace) => panel.problem.show(text, trace));
    keepPlainKeys(panel.root, signal);
    watchTheme(panel.root, signal, () => {});
    this.listFactors();
    this.draw();
  }

  private hearModel(): void {
    const on = (names: readonly (keyof NodeTableTraits)[], changed: () => void) =>
      onChange(this.model, names, changed, this.signal);
    // Python sets the numbers after the other traits of the table.
    on(["_numbers", "_columns"], () => this.reload());
    on(["_ids", "_uses", "_unstable"], () => {
      this.listFactors();
      this.reload();
    });
    on(["factor"], () => this.sortByFactor());
    on(["sort", "descending", "query", "height", "_about"], () => this.draw());
    on(["chosen"], () => {
      markRows(this.panel.body, this.model.get("chosen"));
      this.expose();
    });
  }

  private hearPage(): void {
    const { panel } = this;
    const options = { signal: this.signal };
    panel.body.addEventListener("keydown", (event) => this.press(event), options);
    panel.body.addEventListener("click", (event) => this.click(event), options);
    // A click with Shift would select text.
    const keepText = (event: MouseEvent) => event.shiftKey && event.preventDefault();
    panel.body.addEventListener("mousedown", keepText, options);
    panel.search.addEventListener("input", () => this.find(panel.search.value), options);
    panel.onFactor((factor) => this.save({ factor }));
    panel.more.addEventListener("click", () => this.showMore(), options);
  }

  private save<K extends Saved>(changes: Pick<NodeTableTraits, K>): void {
    this.panel.problem.show(null);
    for (const key of Object.keys(changes) as K[]) this.model.set(key, changes[key]);
    this.model.save_changes();
  }

  private reload(): void {
    this.table = readTable(this.model);
    this.draw();
  }

  private listFactors(): void {
    this.panel.listFactors(this.model.get("_ids"), this.model.get("_unstable") ?? []);
    this.panel.showFactor(this.model.get("factor"));
  }

  /** Put the nodes that share most with the chosen factor first; without one, as before. */
  private sortByFactor(): void {
    const factor = this.model.get("factor");
    if (factor !== null) this.save({ sort: "factor", descending: true });
    else if (this.model.get("sort") === "factor") {
      this.save({ sort: "prototype_offset", descending: false });
    }
    this.panel.showFactor(factor);
    this.reload();
    const isUnstable = factor !== null && (this.model.get("_unstable") ?? []).includes(factor);
    this.panel.live.textContent =
      factor === null
        ? "no factor chosen"
        : `sorted by factor ${factor}${isUnstable ? ", which is not stable" : ""}`;
  }

  private sortBy(name: string): void {
    const isAgain = this.model.get("sort") === name;
    this.save({ sort: name, descending: isAgain && !this.model.get("descending") });
  }

  private find(query: string): void {
    this.count = PAGE;
    this.save({ query });
    this.panel.sayCount();
  }

  private showMore(): void {
    this.count += PAGE;
    this.draw();
  }

  private setChosen(chosen: number[]): void {
    this.save({ chosen });
    const names = chosen.map((node) => this.table.names[node]);
    this.panel.live.textContent = names.length ? `${names.join(" and ")} chosen` : "no node chosen";
  }

  private click(event: MouseEvent): void {
    const hit = (event.target as HTMLElement).closest<HTMLElement>("[data-nbi-node]");
    if (!hit) return;
    this.focus = Number(hit.dataset.nbiNode);
    const isSecond = event.shiftKey || event.ctrlKey || event.metaKey;
    this.setChosen(choose(this.model.get("chosen"), this.focus, isSecond));
  }

  private press(event: KeyboardEvent): void {
    const { nbiNode } = (event.target as HTMLElement).dataset;
    if (nbiNode === undefined) return;
    const node = Number(nbiNode);
    const next = moved(this.rows, node, event.key);
    if (next !== null) this.moveTo(next);
    else if (event.key === "Enter" || event.key === " ") {
      this.setChosen(choose(this.model.get("chosen"), node, event.shiftKey));
    } else if (event.key === "Escape") this.setChosen([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private moveTo(node: number): void {
    const place = this.rows.indexOf(node);
    if (place >= this.count) this.count = place + PAGE;
    this.focus = node;
    this.draw();
    const row = this.panel.rowOf(node);
    row?.focus();
    row?.scrollIntoView?.({ block: "nearest" });
  }

  private draw(): void {
    if (this.signal.aborted) return;
    const { model, panel, table } = this;
    const order = { sort: model.get("sort"), descending: model.get("descending") };
    this.rows = arrange(table, model.get("query"), order);
    if (this.focus !== null && !this.rows.includes(this.focus)) this.focus = null;
    panel.showQuery(model.get("query"));
    panel.showCount(this.rows.length, table.names.length);
    panel.showAbout(model.get("_about"), model.get("height"));
    panel.showRest(this.rows.length - this.count);
    drawHead(panel.head, table, order, (name) => this.sortBy(name));
    const hadFocus = panel.body.contains(document.activeElement);
    drawRows(panel.body, table, {
      nodes: this.rows.slice(0, this.count),
      chosen: model.get("chosen"),
      focus: this.focus,
    });
    if (hadFocus && this.focus !== null) panel.rowOf(this.focus)?.focus();
    this.expose();
  }

  /** What is drawn, for tests and for scripts in the page: `element.nbi`. */
  private expose(): void {
    const nbi = {
      rows: this.rows.map((node) => this.table.names[node]),
      columns: this.table.columns.map(({ name }) => name),
      chosen: [...this.model.get("chosen")],
    };
    Object.assign(this.panel.root, { nbi });
  }
}

/** The view's style sheet, which is added where the view is drawn. */
export { css };
