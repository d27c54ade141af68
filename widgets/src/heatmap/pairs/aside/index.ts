import { h } from "../../../shared/dom";
import { type Client, unlessSuperseded } from "../../../shared/protocol";
import type { Theme } from "../../../shared/theme";
import type { Model } from "../../model";
import type { Entry, Pairs } from "../scene";
import { PairAcross } from "./across";
import { PairList } from "./list";
import { Pictures } from "./pictures";

/** An input under the mouse, its interaction with the chosen one, and where to show it. */
export type Hovered = { feature: number; entry: Entry; x: number; y: number };

export type AsideEvents = {
  hovered(input: Hovered | null): void;
  chose(pair: [number, number]): void;
  toSample(sample: number): void;
  failed(error: string, trace: unknown): void;
};

/** What the matrix shows; `cursor` is the number of the input under the cursor, if any. */
export type Seen = { pairs: Pairs; theme: Theme; cursor: number | null };

/** Request values that are not on the page; `take` gets the answer, then all is drawn again. */
export type Ask = (
  kind: string,
  fields: Record<string, number>,
  take: (parts: DataView[]) => void,
) => void;

/** The column beside the matrix: partners of a pixel, the strongest pairs, a pair in all samples. */
export class Aside {
  readonly element: HTMLElement;
  private readonly pictures: Pictures;
  private readonly list: PairList;
  private readonly across: PairAcross;
  private seen: Seen | null = null;

  /** `client` is null where no kernel answers. */
  constructor(
    private readonly model: Model,
    client: Client | null,
    events: AsideEvents,
    signal: AbortSignal,
  ) {
    const ask: Ask | null =
      client &&
      (async (kind, fields, take) => {
        const reply = await client.request(kind, fields).catch(unlessSuperseded);
        if (!reply || signal.aborted) return;
        if (reply.ok) take(reply.buffers);
        else events.failed(reply.error ?? "", reply.trace);
        if (this.seen) this.update(this.seen);
      });
    this.pictures = new Pictures(model, ask, events, signal);
    this.list = new PairList(events.chose);
    this.across = new PairAcross(ask, events.toSample, signal);
    const parts = [this.pictures, this.list, this.across].flatMap(({ elements }) => elements);
    this.element = h("div", { class: "nbi-heatmap-side" }, ...parts);
  }

  update(seen: Seen): void {
    this.seen = seen;
    const { model } = this;
    const pair = model.get("pair");
    this.pictures.update(seen, pair);
    this.list.update(seen.pairs, pair);
    this.across.update(pair, model.get("_samples").length, model.get("sample"), seen.theme);
  }

  /** The values or the colours have changed: read and draw them again. */
  forget(): void {
    for (const part of [this.pictures, this.list, this.across]) part.forget();
  }

  /** Which row of the matrix is drawn as a picture, for tests. */
  get partners() {
    return this.pictures.drawn;
  }
}
