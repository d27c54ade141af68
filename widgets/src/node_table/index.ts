import { typed } from "../shared/arrays";
import { h, replace } from "../shared/dom";
import { help } from "../shared/help";
import { onNotice, Problem } from "../shared/problem";
import { keepPlainKeys } from "../shared/shortcuts";
import { watchTheme } from "../shared/theme";
import type { RenderView, ViewContext } from "../shared/view";
import { arrange, choose, type Table, textAt, withFactor } from "./scene";
import type { NodeTableTraits } from "./traits";

const PAGE = 100; // rows that are drawn at a time

const READING = [
  "A row is a node: a plane in what the layer reads. Offsets are distances from it in standard deviations: of the cluster that lies nearest (prototype), and of the mean of all data.",
  "A unit ratio of 1 says that the node counts in standard deviations of the data. A small offset of a prototype, with the mean of all data far away, is what a distance from that prototype looks like; some cluster is always the nearest.",
  "Find takes words, and bounds such as unit_ratio<2, prototype=4 or share_positive>=0.5.",
];

const KEYS = [
  ["Arrows, Home, End", "move over the rows"],
  ["Enter or click", "choose a node, or let go of it"],
  ["Shift", "a second node beside the first"],
  ["Escape", "choose none"],
  ["Factor", "what it tells about each node, in nats, the nodes that it binds first"],
] as const;

/** The nodes of a layer, to sort, filter and choose from. */
export const render: RenderView = (context) => {
  const { model, el, signal } = context as unknown as ViewContext<NodeTableTraits>;
  let table: Table = read();
  let rows: number[] = [];
  let shown = PAGE;
  let focus = -1; // the row, by its node, that the keyboard is at

  const search = h("input", {
    class: "nbi-field nbi-node_table-search",
    type: "search",
    placeholder: "Find: words, unit_ratio<2 …",
    "aria-label": "Find nodes by words, or by bounds on a column",
    "data-nbi": "search",
  });
  const factors = h("select", { class: "nbi-select", "data-nbi": "factor" });
  const choice = h("label", { class: "nbi-node_table-choice", hidden: true }, "Factor", factors);
  const count = h("span", { class: "nbi-quiet", "data-nbi": "count" });
  const about = h("span", { class: "nbi-about nbi-quiet" });
  const guide = help(READING, KEYS);
  const problem = new Problem();
  const head = h("tr");
  const body = h("tbody");
  const more = h("button", { class: "nbi-button", type: "button", "data-nbi": "more" });
  const scroller = h(
    "div",
    { class: "nbi-node_table-scroller" },
    h(
      "table",
      { "aria-label": "Nodes", "aria-multiselectable": "true" },
      h("thead", {}, head),
      body,
    ),
    more,
  );
  const live = h("div", { class: "nbi-screen-reader", "aria-live": "polite" });
  const root = h(
    "div",
    { class: "nbi-root nbi-node_table", "data-nbi": "node_table" },
    h("div", { class: "nbi-node_table-bar" }, search, choice, count, guide.button, about),
    problem.element,
    guide.panel,
    scroller,
    live,
  );
  el.append(root);

  function read(): Table {
    const all = {
      names: model.get("_names"),
      columns: model.get("_columns"),
      numbers: typed(Float32Array, model.get("_numbers")),
      texts: model.get("_texts"),
    };
    const at = model.get("_ids").indexOf(model.get("factor"));
    if (at < 0) return all;
    const uses = typed(Float32Array, model.get("_uses"));
    const n = all.names.length;
    return withFactor(all, model.get("factor"), uses.slice(at * n, (at + 1) * n));
  }

  function listFactors(): void {
    const ids = model.get("_ids");
    choice.hidden = ids.length === 0;
    replace(
      factors,
      h("option", { value: "-1" }, "none"),
      ...ids.map((id) => h("option", { value: String(id) }, String(id))),
    );
    factors.value = String(model.get("factor"));
  }

  function save<K extends "chosen" | "sort" | "descending" | "query" | "factor">(
    changes: Pick<NodeTableTraits, K>,
  ): void {
    problem.show(null);
    for (const key of Object.keys(changes) as K[]) model.set(key, changes[key]);
    model.save_changes();
  }

  function sortBy(name: string): void {
    const again = model.get("sort") === name;
    save({ sort: name, descending: again && !model.get("descending") });
  }

  function pick(row: number, pair: boolean): void {
    const chosen = choose(model.get("chosen"), row, pair);
    save({ chosen });
    const names = chosen.map((node) => table.names[node]);
    live.textContent = names.length ? `${names.join(" and ")} chosen` : "no node chosen";
  }

  function drawHead(): void {
    const [sort, descending] = [model.get("sort"), model.get("descending")];
    const cell = (name: string, label: string, title: string, text: boolean) => {
      const isSorted = sort === name;
      const arrow = isSorted ? (descending ? " ▾" : " ▴") : "";
      return h(
        "th",
        {
          scope: "col",
          class: text ? "" : "nbi-node_table-number",
          "aria-sort": isSorted ? (descending ? "descending" : "ascending") : "none",
        },
        h(
          "button",
          { type: "button", title, "data-nbi-column": name, on: { click: () => sortBy(name) } },
          label + arrow,
        ),
      );
    };
    replace(
      head,
      cell("node", "node", "In the order of the layer", true),
      ...table.columns.map(({ name, label, title, digits }) =>
        cell(name, label, title, digits === null),
      ),
    );
  }

  function drawRow(row: number, at: number): HTMLElement {
    const name = table.names[row] ?? "";
    return h(
      "tr",
      {
        "data-nbi-node": row,
        tabindex: (focus < 0 ? at === 0 : row === focus) ? 0 : -1,
        "aria-selected": String(model.get("chosen").includes(row)),
      },
      h("th", { scope: "row" }, name),
      ...table.columns.map(({ digits }, column) => {
        const text = textAt(table, column, row);
        const kind = digits === null ? "" : "nbi-node_table-number";
        return h("td", { class: kind, title: digits === null ? text : undefined }, text);
      }),
    );
  }

  function draw(): void {
    if (signal.aborted) return;
    const order = { sort: model.get("sort"), descending: model.get("descending") };
    rows = arrange(table, model.get("query"), order);
    if (!rows.includes(focus)) focus = -1;
    if (document.activeElement !== search) search.value = model.get("query");
    const all = table.names.length;
    const counted = `${all} ${all === 1 ? "node" : "nodes"}`;
    count.textContent = rows.length === all ? counted : `${rows.length} of ${counted}`;
    about.textContent = about.title = model.get("_about");
    scroller.style.maxHeight = `${model.get("height")}px`;
    drawHead();
    const held = body.contains(document.activeElement);
    replace(body, ...rows.slice(0, shown).map(drawRow));
    if (!rows.length) {
      const span = { class: "nbi-quiet", colspan: table.columns.length + 1 };
      body.append(h("tr", {}, h("td", span, "No node fits.")));
    }
    if (held) at(focus)?.focus();
    more.hidden = rows.length <= shown;
    more.textContent = `Show more of ${rows.length - shown} others`;
    expose();
  }

  function mark(): void {
    const chosen = model.get("chosen");
    for (const row of body.querySelectorAll<HTMLElement>("[data-nbi-node]")) {
      const isChosen = chosen.includes(Number(row.dataset.nbiNode));
      row.setAttribute("aria-selected", String(isChosen));
    }
    expose();
  }

  /** What is drawn, for tests and for scripts in the page: `element.nbi`. */
  function expose(): void {
    const columns = table.columns.map(({ name }) => name);
    const names = rows.map((row) => table.names[row]);
    Object.assign(root, { nbi: { rows: names, columns, chosen: [...model.get("chosen")] } });
  }

  const at = (row: number) => body.querySelector<HTMLElement>(`[data-nbi-node="${row}"]`);

  function move(to: number): void {
    const place = Math.max(0, Math.min(to, rows.length - 1));
    const row = rows[place];
    if (row === undefined) return;
    if (place >= shown) shown = place + PAGE;
    focus = row;
    draw();
    at(row)?.focus();
    at(row)?.scrollIntoView?.({ block: "nearest" });
  }

  function pressed(event: KeyboardEvent): void {
    const row = Number((event.target as HTMLElement).dataset?.nbiNode ?? Number.NaN);
    if (Number.isNaN(row)) return;
    const place = rows.indexOf(row);
    const steps: Record<string, number> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      PageDown: place + 10,
      PageUp: place - 10,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) move(to);
    else if (event.key === "Enter" || event.key === " ") pick(row, event.shiftKey);
    else if (event.key === "Escape") {
      save({ chosen: [] });
      live.textContent = "no node chosen";
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const options = { signal };
  body.addEventListener("keydown", pressed, options);
  body.addEventListener(
    "click",
    (event) => {
      const hit = (event.target as HTMLElement).closest<HTMLElement>("[data-nbi-node]");
      if (!hit) return;
      focus = Number(hit.dataset.nbiNode);
      pick(focus, event.shiftKey || event.ctrlKey || event.metaKey);
    },
    options,
  );
  // A click with Shift would select text.
  body.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault(), options);
  search.addEventListener(
    "input",
    () => {
      shown = PAGE;
      save({ query: search.value });
      live.textContent = count.textContent;
    },
    options,
  );
  factors.addEventListener("change", () => save({ factor: Number(factors.value) }), options);
  more.addEventListener(
    "click",
    () => {
      shown += PAGE;
      draw();
    },
    options,
  );

  const listen = (names: readonly string[], changed: () => void) => {
    for (const name of names) model.on(`change:${name}`, changed);
    signal.addEventListener("abort", () => {
      for (const name of names) model.off(`change:${name}`, changed);
    });
  };
  // Python sets the numbers last of what belongs together.
  listen(["_numbers", "_columns"], () => {
    table = read();
    draw();
  });
  listen(["factor"], () => {
    const factor = model.get("factor");
    // What it binds comes first; without it, what came first before.
    if (factor >= 0) save({ sort: "factor", descending: true });
    else if (model.get("sort") === "factor") save({ sort: "prototype_offset", descending: false });
    factors.value = String(factor);
    table = read();
    draw();
    live.textContent = factor < 0 ? "no factor chosen" : `sorted by factor ${factor}`;
  });
  listen(["_ids", "_uses"], () => {
    listFactors();
    table = read();
    draw();
  });
  listen(["sort", "descending", "query", "height", "_about"], draw);
  listen(["chosen"], mark);
  onNotice(model, signal, (text, trace) => problem.show(text, trace));
  keepPlainKeys(root, signal);
  watchTheme(root, signal, () => {});
  listFactors();
  draw();
  signal.addEventListener("abort", () => root.remove());
};
