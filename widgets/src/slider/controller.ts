import { same } from "../shared/arrays";
import { History } from "../shared/history";
import { onNotice } from "../shared/problem";
import { Client } from "../shared/protocol";
import type { Theme } from "../shared/theme";
import type { ViewContext } from "../shared/view";
import { Panel } from "./controls/panel";
import { Drag } from "./drag";
import { Picture } from "./drawing/picture";
import { FrameSource, type PlacedFrame } from "./frames/source";
import { type Base, type Content, SliderModel, sameBase } from "./model";
import { alone, around, changed, strongest } from "./positions";
import { FrameQueue } from "./queue";
import { spoken } from "./scene";
import type { SliderTraits } from "./traits";
import { Updates } from "./updates";

const PREFETCHED = 64;

/** What undo goes back to. */
type Position = { amounts: Float32Array; base: Base };

/** Holds the state of the view; wires the model, the sliders and the frames. */
export class SliderController {
  content: Content;
  amounts: Float32Array;
  error: string | null = null;
  readonly drag = new Drag();
  readonly panel: Panel;
  readonly source: FrameSource;
  private readonly model: SliderModel;
  private readonly picture: Picture;
  private readonly live: boolean;
  private readonly signal: AbortSignal;
  private history = new History<Position>();
  private readonly queue: FrameQueue;
  /** Whether the sliders are where Python put them, so that Python's frames are shown. */
  private fromPython = true;
  /** Whether a drag ended without a kernel, so that Python does not know its amounts. */
  private untold = false;

  constructor(context: ViewContext<SliderTraits>) {
    const { signal, live = true } = context;
    this.signal = signal;
    this.live = live;
    this.model = new SliderModel(context.model, signal);
    this.content = this.model.readContent();
    this.amounts = this.pythonAmounts();
    this.panel = this.buildPanel();
    this.queue = new FrameQueue((frame) => this.draw(frame));
    this.picture = new Picture(this.panel.stage);
    this.source = this.buildSource(new Client(context.model, signal));
    this.follow();
    onNotice(context.model, signal, (text, trace) => this.fail(text, trace));
  }

  get factors(): readonly string[] {
    return this.content.names;
  }

  /** The frame on the canvas. */
  get painted(): PlacedFrame | null {
    return this.queue.painted;
  }

  /** Show what Python has, once the view is on the page. */
  start(): void {
    this.panel.setFactors(this.content.names);
    this.picture.reset(this.content);
    this.remember();
    this.source.adopt(this.model.readFrame(this.content), this.amounts);
    this.update();
  }

  stop(): void {
    this.queue.cancel();
    this.panel.root.remove();
  }

  setTheme(theme: Theme): void {
    this.picture.theme = theme;
    this.redraw();
  }

  redraw(): void {
    this.queue.redraw();
  }

  undo(): void {
    this.travel(this.history.undo(this.position));
  }

  redo(): void {
    this.travel(this.history.redo(this.position));
  }

  private buildPanel(): Panel {
    return new Panel({
      move: (factor, value, asked) => {
        if (factor >= this.amounts.length) return;
        this.move(changed(this.amounts, factor, value), factor, asked);
      },
      choose: (row) => this.model.choose(row),
      release: () => this.release(),
      base: (base) => this.rebase(base),
      undo: () => this.undo(),
      redo: () => this.redo(),
      resetAll: () => {
        const zeros = new Float32Array(this.amounts.length);
        this.move(zeros, strongest(this.amounts), performance.now());
        this.release();
      },
      dismiss: () => {
        this.say(null);
        this.update();
      },
    });
  }

  private buildSource(client: Client): FrameSource {
    const { live, signal, content } = this;
    const listener = {
      show: (frame: PlacedFrame) => this.queue.show(frame),
      fail: (text: string, serial: number, trace: unknown) => {
        if (serial === this.source.newest && this.drag.released) this.drag.cancel();
        this.fail(text, trace);
      },
      changed: () => this.update(),
    };
    const { precomputed, sizes } = content;
    const span = () => this.model.span;
    return new FrameSource({ client, live, listener, precomputed, sizes, span, signal });
  }

  /** Follow the traits that Python changes. */
  private follow(): void {
    const { model } = this;
    const updates = new Updates((content) => this.read(content), this.signal);
    model.on("content", () => updates.contentChanged());
    model.on("amounts", () => {
      const next = model.amounts;
      if (this.drag.active || same(next, this.amounts)) return;
      if (next.length === this.amounts.length) this.history.leave(this.position);
      updates.changed();
    });
    model.on("frame", () => {
      if (this.fromPython && !this.drag.active) updates.changed();
    });
    model.on("labels", () => this.update());
    model.on("height", () => this.redraw());
  }

  private get position(): Position {
    return { amounts: this.amounts, base: this.model.base };
  }

  private say(text: string | null, trace: unknown = null): void {
    this.error = text;
    this.panel.problem.show(text, trace);
  }

  private fail(text: string, trace: unknown): void {
    this.say(text, trace);
    this.update();
  }

  private begin(): void {
    this.drag.begin();
    this.say(null);
  }

  private move(next: Float32Array, factor: number, asked: number): void {
    if (!this.drag.held) {
      this.history.leave(this.position);
      this.begin();
    }
    this.go(next, factor, asked);
  }

  private go(next: Float32Array, factor: number, asked: number): void {
    this.fromPython = false;
    // Precomputed frames are of one factor each; what was exact before can be shown again.
    const known = this.source.mode === "live" || this.source.cache.get(next);
    this.amounts = known ? next : alone(next, factor);
    this.source.ask(this.amounts, asked, factor);
    this.update();
  }

  private release(): void {
    if (!this.drag.held) return;
    this.drag.release(performance.now());
    this.redraw();
  }

  private travel(target: Position | null): void {
    if (!target) return;
    this.begin();
    if (!sameBase(target.base, this.model.base)) this.model.base = target.base;
    this.go(target.amounts, strongest(target.amounts), performance.now());
    this.release();
  }

  private rebase(base: Base): void {
    if (sameBase(base, this.model.base)) return;
    this.history.leave(this.position);
    this.say(null);
    this.model.base = base;
    // The answer to this comes after the new base, and shows that it is there.
    this.source.ask(this.amounts, Number.NaN, strongest(this.amounts));
    this.update();
  }

  private draw(frame: PlacedFrame | null): void {
    if (this.signal.aborted || !this.panel.root.isConnected) return;
    const empty = this.content.names.length === 0;
    this.panel.showEmpty(empty, this.model.labels.about);
    if (!empty && frame) this.paint(frame);
    this.update();
  }

  private paint(frame: PlacedFrame): void {
    if (frame.from === "precomputed") this.amounts = frame.amounts;
    if (frame.from === "answer" && !Number.isNaN(frame.asked)) this.say(null);
    this.picture.draw(this.content, frame, this.model.height);
    const asked = this.queue.note(frame);
    if (asked !== null) this.drag.drawn(asked, performance.now());
    const final = frame.from === "answer" || this.source.mode === "precomputed";
    if (final && frame.serial === this.source.newest) this.arrive(frame);
  }

  /** The best frame of where the sliders are is drawn. */
  private arrive(frame: PlacedFrame): void {
    if (this.drag.released) {
      this.drag.finish(performance.now());
      this.tell();
      const { names, outputs, baseline } = this.content;
      const text = spoken(names, this.amounts, outputs, frame.outputs, baseline.outputs);
      this.panel.live.textContent = text;
    } else if (this.drag.active) this.prefetch();
    else if (this.untold && frame.from === "answer") this.tell();
  }

  /** Tell Python where the sliders are. */
  private tell(): void {
    this.model.amounts = this.amounts;
    this.untold = this.live && this.source.mode === "precomputed";
    if (!this.live || this.untold) return;
    this.source.settle(this.amounts, this.drag.stats);
    this.prefetch();
  }

  /** Fetch what is near, if the slider rests. */
  private prefetch(): void {
    const { amounts } = this;
    this.source.prefetch(around(amounts, this.model.span, strongest(amounts), PREFETCHED));
  }

  /** Take what Python changed: the amounts, the frame, or the whole content. */
  private read(content: boolean): void {
    if (content) this.readContent();
    if (this.drag.active && this.amounts.length === this.content.names.length) {
      this.source.ask(this.amounts, performance.now(), strongest(this.amounts));
    } else {
      this.fromPython = true;
      this.amounts = this.pythonAmounts();
      this.source.adopt(this.model.readFrame(this.content), this.amounts);
    }
    this.redraw();
  }

  private readContent(): void {
    const before = this.content.names;
    const content = this.model.readContent();
    this.content = content;
    this.source.forget(content.precomputed, content.sizes);
    this.remember();
    this.panel.setFactors(content.names);
    this.picture.reset(content);
    if (content.names.join("\n") === before.join("\n")) return;
    this.history = new History<Position>();
    this.drag.cancel();
  }

  /** Keep the frames in the traits: they need not be asked for. */
  private remember(): void {
    const { content, model, source } = this;
    source.cache.put(new Float32Array(content.names.length), content.baseline);
    source.cache.put(model.amounts, model.readFrame(content));
  }

  /** Where Python has the sliders; 0 while it has not yet set them for these factors. */
  private pythonAmounts(): Float32Array {
    const { amounts } = this.model;
    const { length } = this.content.names;
    return amounts.length === length ? amounts : new Float32Array(length);
  }

  private update(): void {
    const { source, model, content, drag, history } = this;
    const isLive = source.mode === "live";
    const hasPrecomputed = content.precomputed !== null;
    const off = !this.live && !hasPrecomputed;
    this.panel.show({
      ...model.labels,
      amounts: this.amounts,
      chosen: model.chosen,
      unstable: model.unstable,
      span: model.span,
      off,
      base: model.base,
      canRebase: isLive,
      canUndo: history.canUndo,
      canRedo: history.canRedo,
      canReset: !off && this.amounts.some((amount) => amount !== 0),
      busy: source.busy,
      source: { live: isLive, silent: source.silent, hasPrecomputed },
      stats: drag.shownStats,
    });
    const { dataset } = this.panel.root;
    dataset.nbiFactors = String(content.names.length);
    dataset.nbiState = this.error !== null ? "error" : source.mode;
    dataset.nbiSettled = String(!drag.active);
  }
}
