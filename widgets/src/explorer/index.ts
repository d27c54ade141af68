import type { AnyModel } from "@anywidget/types";
import { watchKernel } from "../shared/kernel";
import { onNotice } from "../shared/problem";
import { Client } from "../shared/protocol";
import { type Theme, watchTheme } from "../shared/theme";
import type { ViewContext } from "../shared/view";
import { actions, filterBy, mapEvents, panelActions, pick } from "./commands";
import { drawBright, drawMarks, drawPanels } from "./draw";
import css from "./explorer.css";
import { MapView } from "./map/map";
import { Thumbnails } from "./map/thumbnails";
import { ExplorerModel } from "./model";
import { type Panels, panels } from "./panels/panels";
import type { Actions } from "./panels/toolbar";
import { watchWidth } from "./panels/width";
import { fitted } from "./panels/words";
import {
  coloured,
  filtered,
  GONE,
  initialState,
  placed,
  type State,
  toolbarState,
  whyUnfit,
} from "./scene";
import { Choice } from "./state/choice";
import { marked } from "./state/filter";
import { Fitting } from "./state/fitting";
import { Hover } from "./state/hover";
import { listenToKeys } from "./state/keys";
import { Memory } from "./state/memory";
import { Pointed } from "./state/pointed";
import type { ExplorerTraits } from "./traits";

/** Draw the cluster explorer and wire it to its model. */
export async function render(context: ViewContext): Promise<void> {
  await new Explorer(context).start();
}

/** The controller of one explorer: holds its state, wires its model to what is drawn. */
export class Explorer {
  readonly state: State = initialState();
  readonly model: ExplorerModel;
  readonly choice: Choice;
  readonly map: MapView;
  readonly hover: Hover;
  readonly pointed: Pointed;
  readonly panels: Panels;
  readonly fitting: Fitting;
  private readonly memory: Memory;
  private readonly actions: Actions;
  private readonly live: boolean;
  private readonly pictures: boolean;

  constructor(private readonly context: ViewContext) {
    const { signal, live = true } = context;
    const raw = context.model as unknown as AnyModel<ExplorerTraits>;
    this.live = live;
    this.model = new ExplorerModel(raw, signal);
    this.pictures = this.model.get("_has_images");
    const client = new Client(raw, signal);
    const thumbnails = new Thumbnails(client);
    this.choice = new Choice(this.model, () => this.marksChanged());
    this.hover = new Hover(client, thumbnails, { pictures: this.pictures, live });
    this.map = new MapView(mapEvents(this), signal);
    this.pointed = new Pointed(this.model, (i) => this.map.mark(i), signal);
    this.actions = actions(this);
    this.panels = panels(
      this.map,
      this.hover.card.element,
      thumbnails,
      panelActions(this, this.actions),
      {
        pictures: this.pictures,
        canFit: this.model.get("_can_fit"),
        fitsItself: this.model.get("_fits_itself"),
      },
    );
    this.fitting = new Fitting(client, this.panels.status, () => this.drawPanels());
    this.memory = new Memory(this.panels.root);
  }

  /** Put the view on the page and follow its model. */
  async start(): Promise<void> {
    const { el, model, signal } = this.context;
    const { root, status } = this.panels;
    root.nbi = {
      project: (x, y) => {
        const place = this.state.scene.at.fromData(x, y);
        return this.map.toScreen(place.x, place.y);
      },
    };
    el.replaceChildren(root);
    this.listen();
    listenToKeys(root, this.map, this.actions, signal);
    onNotice(model, signal, (text, trace) => status.error(text, trace));
    watchWidth(root, signal);
    this.readHeight();
    this.state.layers = this.layers();
    this.actions.mode("lasso");
    this.readPoints();
    watchTheme(root, signal, (theme) => this.readTheme(theme));
    if (this.live) {
      requestAnimationFrame(() => signal.aborted || this.offerMemory());
      watchKernel(model, el, signal, () => this.kernelGone());
    }
    await this.readFit();
  }

  drawBright(): void {
    drawBright(this.map, this.state, this.choice.selection);
  }

  drawMarks(): void {
    drawMarks(this.map, this.panels, this.state, this.choice, this.pictures);
  }

  drawPanels(): void {
    const { choice, fitting, map, model, state } = this;
    const unfit = whyUnfit({
      canFit: model.get("_can_fit"),
      live: this.live,
      cutOff: state.cutOff,
      selected: choice.selection.length,
    });
    const { mode, operation } = map;
    const toolbar = toolbarState(state, choice, { mode, operation, busy: fitting.busy, unfit });
    drawPanels(this.panels, state, choice, toolbar, model.get("ranges"), {
      pick: (group, event) => pick(this, group, event),
      range: (name, range) => filterBy(this, name, range),
    });
  }

  /** Call what reads a trait whenever that trait changes. */
  private listen(): void {
    const { model } = this;
    model.onMarks(() => this.choice.follow(this.state.scene.at.x.length));
    model.on(["_positions"], () => this.readPoints());
    model.on(["_columns", "_column_data"], () => this.readTable());
    model.on(["color_by"], () => this.readColours());
    model.on(["search", "ranges"], () => this.readFilter());
    model.on(["labels", "contours", "exemplars"], () => this.readLayers());
    model.on(["_fit"], () => void this.readFit());
    model.on(["height"], () => this.readHeight());
  }

  /** The selection or a named selection has changed. */
  private marksChanged(): void {
    const { status } = this.panels;
    status.error(null);
    status.offer("");
    this.memory.keep(this.state.scene.at, this.choice.selection, this.choice.named);
    this.drawBright();
    this.drawMarks();
    this.drawPanels();
  }

  private readPoints(): void {
    const { state } = this;
    state.scene = placed(this.model.positions);
    const { at } = state.scene;
    this.choice.start(at.x.length);
    this.map.setPoints(at);
    this.panels.empty.hidden = at.x.length > 0;
    this.readTable();
  }

  private readTable(): void {
    const { scene } = this.state;
    this.state.scene = { ...scene, table: this.model.columns(scene.at.x.length) };
    this.readColours();
    this.readFilter();
  }

  private readColours(): void {
    const { panels, state } = this;
    const name = this.model.get("color_by");
    const { table } = state.scene;
    const column = table.find((one) => one.name === name);
    if (column?.kind === "number" && !column.values) panels.status.hint(`Fetching ${name}…`);
    state.scene = coloured(state.scene, name, state.dark);
    this.map.setColours(state.scene.colours);
    panels.bar.setColumns(
      table.map((one) => one.name),
      column ? name : "",
    );
    this.drawBright();
    this.drawMarks();
    this.drawPanels();
  }

  private readFilter(): void {
    const [search, ranges] = [this.model.get("search"), this.model.get("ranges")];
    this.state.scene = filtered(this.state.scene, search, ranges);
    const { at, keep, table } = this.state.scene;
    this.panels.find.show(search, ranges, table, keep && marked(keep), at.x.length);
    this.drawBright();
    this.drawPanels();
  }

  private layers(): State["layers"] {
    const { model } = this;
    return {
      labels: model.get("labels"),
      contours: model.get("contours"),
      exemplars: model.get("exemplars"),
    };
  }

  private readLayers(): void {
    this.state.layers = this.layers();
    this.drawMarks();
    this.drawPanels();
  }

  private readTheme(theme: Theme): void {
    const { state } = this;
    this.map.setTheme(theme);
    state.accent = theme.accent;
    if (theme.dark === state.dark) this.drawMarks();
    else {
      state.dark = theme.dark;
      this.readColours();
    }
  }

  private readHeight(): void {
    const { root } = this.panels;
    root.style.setProperty("--nbi-explorer-height", `${this.model.get("height")}px`);
  }

  /** Say what the last fit found, and show its factors. */
  private async readFit(): Promise<void> {
    const { host, signal } = this.context;
    const summary = this.model.get("_fit");
    this.panels.status.fit(summary ? fitted(summary) : "");
    const ref = this.model.get("heatmap");
    if (!summary || !ref) return;
    await this.panels.factors.fill(async (place) => {
      const widget = await host.getWidget(ref);
      await widget.render({ el: place, signal });
    });
  }

  /** Offer the named selections of the widget that this one replaces. */
  private offerMemory(): void {
    this.memory.offer(this.state.scene.at, this.choice, this.panels.status);
  }

  private kernelGone(): void {
    if (this.state.cutOff) return;
    this.state.cutOff = true;
    this.fitting.lose(GONE);
    this.panels.status.note("kernel", GONE);
    this.drawPanels();
  }
}

/** The view's style sheet, which is added where the view is drawn. */
export { css };
