import { h, replace } from "../../shared/dom";
import { NATS } from "../../shared/help";
import { Problem } from "../../shared/problem";
import { Stage } from "../drawing/stage";
import { type BarActions, type BarState, buildBar } from "./bar";
import { AMOUNT } from "./labels";
import { buildReadout, type ReadoutState } from "./readout";
import { Row, type RowActions } from "./row";

export type PanelActions = RowActions &
  BarActions & {
    /** The reader has closed the panel for errors. */
    dismiss(): void;
  };

export type PanelState = BarState &
  ReadoutState & {
    amounts: Float32Array;
    /** Which row is of the chosen factor; null for none. */
    chosen: number | null;
    /** Which rows are of factors that are not stable. */
    unstable: readonly boolean[];
    span: number;
    /** Whether no slider can be moved: there is neither a kernel nor a precomputed frame. */
    off: boolean;
    warning: string;
  };

/** The elements of the view; the controller connects them to the model. */
export class Panel {
  readonly stage = new Stage();
  readonly problem: Problem;
  /** A live region: what screen readers say. */
  readonly live = h("div", { class: "nbi-screen-reader", "aria-live": "polite" });
  readonly root: HTMLElement;
  private readonly bar;
  private readonly readout = buildReadout();
  private readonly warning = h("div", { class: "nbi-warning", role: "status", hidden: true });
  private readonly list = h("div", { class: "nbi-slider-list" });
  private readonly empty = h("div", { class: "nbi-empty nbi-quiet", hidden: true });
  private readonly full: HTMLElement;
  private rows: Row[] = [];
  private names: string[] = [];

  constructor(private readonly actions: PanelActions) {
    this.bar = buildBar(actions);
    this.problem = new Problem(actions.dismiss);
    const unit = h(
      "div",
      { class: "nbi-slider-unit nbi-quiet", title: `${AMOUNT}\n${NATS}` },
      h("span", {}, "Factors"),
      h("span", { class: "nbi-slider-amount" }, "Amount"),
    );
    const rows = h(
      "div",
      { class: "nbi-slider-rows", role: "group", "aria-label": "Factors" },
      unit,
      this.list,
    );
    this.full = h(
      "div",
      { class: "nbi-slider-full" },
      this.bar.element,
      this.warning,
      this.bar.help,
      this.problem.element,
      h("div", { class: "nbi-slider-body" }, rows, this.stage.element),
      this.readout.element,
    );
    this.root = h(
      "div",
      { class: "nbi-root nbi-slider", "data-nbi": "slider" },
      this.full,
      this.empty,
      this.live,
    );
  }

  showEmpty(isEmpty: boolean, message: string): void {
    this.full.hidden = isEmpty;
    this.empty.hidden = !isEmpty;
    this.empty.textContent = message || "No factors to move.";
  }

  /** Build a row for each factor, if the names differ. */
  setFactors(names: readonly string[]): void {
    if (names.join("\n") === this.names.join("\n")) return;
    this.names = [...names];
    this.rows = names.map((name, factor) => new Row(factor, name, this.actions));
    replace(this.list, ...this.rows.map(({ element }) => element));
  }

  show(state: PanelState): void {
    this.rows.forEach((row, factor) => {
      row.show(state.amounts[factor] ?? 0, state.span, state.off);
      row.mark(state.unstable[factor] ?? false);
      row.element.toggleAttribute("data-nbi-chosen", factor === state.chosen);
    });
    this.bar.show(state);
    this.readout.show(state);
    this.warning.hidden = !state.warning;
    this.warning.textContent = state.warning;
    this.root.dataset.nbiBusy = String(state.busy);
    this.root.dataset.nbiSource = state.source.live ? "live" : "precomputed";
  }
}
