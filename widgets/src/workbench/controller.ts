import type { AnyModel } from "@anywidget/types";
import { Thumbnails } from "../explorer/map/thumbnails";
import { onChange } from "../shared/changes";
import { h, replace } from "../shared/dom";
import { onNotice } from "../shared/problem";
import { Client, unlessSuperseded } from "../shared/protocol";
import type { ViewContext } from "../shared/view";
import { Layout } from "./layout";
import { stepped } from "./scene";
import type { WorkbenchTraits, Writable } from "./traits";

const EMPTY = "Draw around samples on the map. Sliders for their strongest factors come here.";

/** Holds the state of the workbench; wires the model, its cards and the views inside. */
export class WorkbenchController {
  readonly layout: Layout;
  private readonly model: AnyModel<WorkbenchTraits>;
  private readonly client: Client;
  /** The slider view that is drawn; undefined before the first time. */
  private drawnSlider: string | null | undefined;
  /** Whether all pairs are drawn; afterwards they follow their own model. */
  private drawnPairs = false;
  private thumbnails: Promise<Thumbnails> | null = null;

  constructor(private readonly context: ViewContext<WorkbenchTraits>) {
    this.model = context.model;
    this.client = new Client(this.model, context.signal);
    this.layout = new Layout({
      choose: (factor) => this.choose(factor),
      cancel: () => this.cancel(),
      follow: (on) => this.put("follow", on),
      open: (on) => this.put("_pairs_open", on),
    });
  }

  /** Show what the model has, now and whenever it changes. */
  async start(): Promise<void> {
    const { model, layout, context } = this;
    layout.about.textContent = model.get("_about");
    this.on(["_step", "_done"], () => this.showStep());
    this.on(["_error"], () => {
      layout.problem.show(model.get("_error") || null, model.get("_trace") || null);
    });
    onNotice(model, context.signal, (text, trace) => layout.problem.show(text, trace));
    const shown = ["factor", "_slider_factors", "_unstable", "_ablation", "_unavailable"] as const;
    this.on(shown, () => this.showFactor());
    this.on(["_interactions", "_unavailable"], () => void this.showInteractions());
    this.on(["slider", "_unavailable"], () => void this.showSlider());
    this.on(["follow", "_pairs_open"], () => void this.showPairs());
    this.on(["_history"], () => layout.lines.show(model.get("_begin"), model.get("_history")));
    const map = model.get("explorer");
    if (map) await this.draw(map, layout.map);
  }

  /** Take a key; whether it is one of ours. */
  press(key: string): void {
    const by = { "[": -1, "]": 1 }[key];
    if (by) {
      const next = stepped(this.model.get("_slider_factors"), this.model.get("factor"), by);
      if (next !== null) this.choose(next);
    } else if (key === "Escape" && this.layout.progress.busy) this.cancel();
  }

  /** Call `changed` now and whenever one of these traits changes. */
  private on(names: readonly (keyof WorkbenchTraits)[], changed: () => void): void {
    onChange(this.model, names, changed, this.context.signal);
    changed();
  }

  private put<K extends Writable>(name: K, value: WorkbenchTraits[K]): void {
    this.model.set(name, value);
    this.model.save_changes();
  }

  private choose(factor: number): void {
    if (factor !== this.model.get("factor")) this.put("factor", factor);
  }

  private cancel(): void {
    const { problem } = this.layout;
    void this.client.request("cancel").then((reply) => {
      if (!reply.ok) problem.show(reply.error ?? "", reply.trace);
    }, unlessSuperseded);
  }

  private showStep(): void {
    const step = this.model.get("_step");
    this.layout.progress.show(step, this.model.get("_done"));
    this.layout.root.dataset.nbiBusy = String(!!step);
  }

  private showFactor(): void {
    const chosen = this.model.get("factor");
    const unstable = this.model.get("_unstable") ?? [];
    this.layout.factors.show(this.model.get("_slider_factors"), chosen, unstable);
    this.layout.ablation.show(this.model.get("_ablation") ?? {}, chosen, this.reason("ablation"));
  }

  private async showInteractions(): Promise<void> {
    const found = this.model.get("_interactions") ?? {};
    const card = this.layout.interactions;
    card.show(found, this.reason("interactions"));
    const { sample, grid } = found;
    const map = this.model.get("explorer");
    if (sample === undefined || !grid?.length || !map) return;
    this.thumbnails ??= this.thumbnailsOf(map);
    card.setPicture(sample, (await (await this.thumbnails).fetch(sample)) ?? null);
  }

  private async thumbnailsOf(map: string): Promise<Thumbnails> {
    const model = (await this.context.host.getModel(map)) as AnyModel;
    return new Thumbnails(new Client(model, this.context.signal));
  }

  private async showSlider(): Promise<void> {
    const ref = this.model.get("slider");
    const place = this.layout.slider;
    if (!ref) {
      const text = this.reason("sliders") ?? EMPTY;
      replace(place, h("p", { class: "nbi-workbench-empty nbi-quiet" }, text));
    }
    if (ref === this.drawnSlider) return;
    this.drawnSlider = ref;
    if (ref) await this.draw(ref, place);
  }

  /** Why a step has no result. */
  private reason(step: string): string | undefined {
    return (this.model.get("_unavailable") ?? {})[step];
  }

  private async showPairs(): Promise<void> {
    const { model, layout, context } = this;
    const [open, ref] = [model.get("_pairs_open"), model.get("pairs")];
    layout.interactions.switches(model.get("follow"), open, context.live ?? true);
    layout.pairs.hidden = !open;
    if (!open || !ref || this.drawnPairs) return;
    this.drawnPairs = true;
    await this.draw(ref, layout.pairs);
  }

  /** Draw another view in `place`; an error shows there. */
  private async draw(ref: string, place: HTMLElement): Promise<void> {
    const { host, signal } = this.context;
    try {
      place.replaceChildren();
      const widget = await host.getWidget(ref);
      await widget.render({ el: place, signal });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      place.replaceChildren(h("div", { class: "nbi-error" }, `Not drawn: ${reason}`));
    }
  }
}
