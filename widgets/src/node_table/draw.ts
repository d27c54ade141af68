import { h, replace } from "../shared/dom";
import { type Order, type Table, textAt } from "./scene";

const NUMBER = "nbi-node_table-number";

/** Draw the names of the columns, each a button that sorts by it. */
export function drawHead(
  head: HTMLElement,
  table: Table,
  { sort, descending }: Order,
  sortBy: (column: string) => void,
): void {
  const cell = (name: string, label: string, title: string, isText: boolean) => {
    const isSorted = sort === name;
    const arrow = isSorted ? (descending ? " ▾" : " ▴") : "";
    return h(
      "th",
      {
        scope: "col",
        class: isText ? "" : NUMBER,
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

export type Rows = {
  /** The nodes to draw, in order. */
  nodes: readonly number[];
  chosen: readonly number[];
  /** The node that has the keyboard focus; null for the first row. */
  focus: number | null;
};

export function drawRows(body: HTMLElement, table: Table, rows: Rows): void {
  const drawn = rows.nodes.map((node) => {
    const cells = table.columns.map(({ digits }, column) => {
      const text = textAt(table, column, node);
      return digits === null ? h("td", { title: text }, text) : h("td", { class: NUMBER }, text);
    });
    return h(
      "tr",
      {
        "data-nbi-node": node,
        tabindex: node === (rows.focus ?? rows.nodes[0]) ? 0 : -1,
        "aria-selected": String(rows.chosen.includes(node)),
      },
      h("th", { scope: "row" }, table.names[node] ?? ""),
      ...cells,
    );
  });
  if (!drawn.length) {
    const span = { class: "nbi-quiet", colspan: table.columns.length + 1 };
    drawn.push(h("tr", {}, h("td", span, "No node matches.")));
  }
  replace(body, ...drawn);
}

/** Mark the chosen rows among those drawn. */
export function markRows(body: HTMLElement, chosen: readonly number[]): void {
  for (const row of body.querySelectorAll<HTMLElement>("[data-nbi-node]")) {
    row.setAttribute("aria-selected", String(chosen.includes(Number(row.dataset.nbiNode))));
  }
}
