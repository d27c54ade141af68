import { bytes, same, typed } from "../shared/arrays";
import { History } from "../shared/history";
import { onNotice } from "../shared/problem";
import { Client } from "../shared/protocol";
import { keepPlainKeys } from "../shared/shortcuts";
import { watchTheme } from "../shared/theme";
import type { RenderView, ViewContext } from "../shared/view";
import { Picture } from "./drawing/picture";
import { Lags, type Stats } from "./frames/latency";
import { type Shot, Source } from "./frames/source";
import { buildPanel } from "./panel";
import { alone, around, changed, spoken, strongest } from "./scene";
import { frameOf, read, type World } from "./state";
import type { SliderTraits } from "./traits";

const NARROW = 620;
const NOTHING: Stats = { count: 0, p50: 0, p95: 0, fps: 0 };

type State = { amounts: Float32Array; base: number };
/** From the first move of the hand until the exact frame of where it let go is drawn. */
type Gesture = { lags: Lags; released: number | null };

/** A slider a factor; baseline, edited and difference; outputs. */
export const render: RenderView = (context) => {
  const { model, el, signal, live = true } = context as unknown as ViewContext<SliderTraits>;
  let world: World = read(model);
  let amounts = world.amounts;
  let gesture: Gesture | null = null;
  let stats = NOTHING;
  let settled = 0;
  let history = new History<State>();
  let shot: Shot | null = null;
  let due = 0;
  let painted: Shot | null = null;
  let drawn = -1;
  let error: string | null = null;
  // Whether the sliders stand where Python put them, so that its frames are those to show.
  let adopted = true;
  let untold = false;
  let stale = false;

  const panel = buildPanel({
    move: (factor, value, asked) => {
      if (world.names.length > factor) move(changed(amounts, factor, value), factor, asked);
    },
    choose,
    release,
    base: rebase,
    undo: () => travel(history.undo(state())),
    redo: () => travel(history.redo(state())),
    resetAll: () => {
      move(new Float32Array(amounts.length), strongest(amounts), performance.now());
      release();
    },
    dismiss: () => {
      say(null);
      update();
    },
  });
  const { root } = panel;
  const picture = new Picture(panel);
  const source = new Source(
    new Client(model, signal),
    live,
    {
      show: (next) => {
        if (shot && next.serial < shot.serial) return;
        shot = next;
        redraw();
      },
      fail: (text, serial, trace) => {
        say(text, trace);
        if (serial === source.newest && gesture?.released != null) gesture = null;
        update();
      },
      turned: update,
    },
    world.film,
    world.sizes,
    () => model.get("span"),
    signal,
  );
  el.append(root);

  function state(): State {
    return { amounts, base: model.get("base") };
  }

  function say(text: string | null, trace: unknown = null): void {
    error = text;
    panel.problem.show(text, trace);
  }

  function move(next: Float32Array, factor: number, asked: number): void {
    if (!gesture || gesture.released !== null) {
      history.leave(state());
      begin();
    }
    go(next, factor, asked);
  }

  function begin(): void {
    gesture = { lags: new Lags(), released: null };
    say(null);
  }

  function go(next: Float32Array, factor: number, asked: number): void {
    adopted = false;
    amounts = source.mode === "film" ? alone(next, factor) : next;
    source.ask(amounts, asked, factor);
    update();
  }

  function release(): void {
    if (!gesture || gesture.released !== null) return;
    gesture.released = performance.now();
    redraw();
  }

  function travel(target: State | null): void {
    if (!target) return;
    begin();
    if (target.base !== model.get("base")) put("base", target.base);
    go(target.amounts, strongest(target.amounts), performance.now());
    release();
  }

  function rebase(index: number): void {
    if (index === model.get("base")) return;
    history.leave(state());
    say(null);
    put("base", index);
    // Its answer comes after the new base is there, and shows that it is.
    source.ask(amounts, Number.NaN, strongest(amounts));
    update();
  }

  function choose(row: number): void {
    const factor = model.get("_ids")[row] ?? -1;
    if (factor >= 0 && factor !== model.get("factor")) put("factor", factor);
  }

  function put<K extends "base" | "amounts" | "factor">(key: K, value: SliderTraits[K]): void {
    model.set(key, value);
    model.save_changes();
  }

  /** The exact frame of where the hand let go is drawn: Python may have it. */
  function finish(released: number): void {
    stats = gesture?.lags.stats ?? NOTHING;
    settled = performance.now() - released;
    gesture = null;
    tell();
    panel.live.textContent = shot
      ? spoken(world.names, amounts, world.outputs, shot.outputs, world.baseline.outputs)
      : "";
  }

  function tell(): void {
    put("amounts", bytes(amounts.slice()));
    untold = live && source.mode === "film";
    if (!live || untold) return;
    source.settle(amounts, stats);
    prefetch();
  }

  /** Fetch what is near, if the hand rests. */
  function prefetch(): void {
    source.prefetch(around(amounts, model.get("span"), strongest(amounts), 64));
  }

  function redraw(): void {
    if (!due) due = requestAnimationFrame(draw);
  }

  function draw(): void {
    due = 0;
    if (signal.aborted || !root.isConnected) return;
    const none = world.names.length === 0;
    panel.showEmpty(none, model.get("_about"));
    if (none || !shot) {
      update();
      return;
    }
    if (shot.from === "film") amounts = shot.amounts;
    if (shot.from === "answer" && !Number.isNaN(shot.asked)) say(null);
    picture.draw(world, shot, model.get("height"));
    painted = shot;
    // Exact frames count, when they are drawn first, and none that no event asked for.
    if (shot.exact && shot.exact.serial > drawn) {
      if (!Number.isNaN(shot.exact.asked)) gesture?.lags.add(shot.exact.asked, performance.now());
      drawn = shot.exact.serial;
    }
    const exact = shot.from === "answer" || source.mode === "film";
    if (exact && shot.serial === source.newest) {
      if (gesture?.released != null) finish(gesture.released);
      else if (gesture) prefetch();
      else if (untold && shot.from === "answer") tell();
    }
    update();
  }

  function update(): void {
    const film = source.mode === "film";
    const { lags } = gesture ?? {};
    panel.showState({
      amounts,
      chosen: model.get("_ids").indexOf(model.get("factor")),
      span: model.get("span"),
      off: !live && !world.film,
      base: model.get("base"),
      baseName: model.get("_base_name"),
      nSamples: model.get("_n_samples"),
      canRebase: !film,
      canUndo: history.canUndo,
      canRedo: history.canRedo,
      about: model.get("_about"),
      warning: model.get("_warning"),
      busy: source.busy,
      source: words(),
      film,
      stats: lags?.values.length ? lags.stats : stats,
    });
    root.dataset.nbiFactors = String(world.names.length);
    root.dataset.nbiState = error ? "error" : film ? "film" : "live";
    root.dataset.nbiSettled = String(!gesture);
  }

  function words(): string {
    if (source.mode === "live") return "live";
    const film = world.film ? "saved film: one factor at a time" : "";
    if (source.silent) return ["no answer from the kernel", film].filter(Boolean).join(" · ");
    return film || "no film was saved: run the notebook to turn the factors";
  }

  /** Take what Python changed: where the sliders are, the frame, or all of another base. */
  function take(): void {
    if (signal.aborted) return;
    const before = world;
    if (stale) {
      world = read(model);
      source.forget(world.film, world.sizes);
      keep();
      panel.setFactors(world.names);
      picture.reset(world);
      if (world.names.join("\n") !== before.names.join("\n")) {
        history = new History<State>();
        gesture = null;
      }
    }
    stale = false;
    if (gesture && amounts.length === world.amounts.length) {
      source.ask(amounts, performance.now(), strongest(amounts));
    } else {
      adopted = true;
      amounts = typed(Float32Array, model.get("amounts")).slice();
      source.adopt(frameOf(model, world), amounts);
    }
    redraw();
  }

  /** What the traits tell is known without asking. */
  function keep(): void {
    source.cache.put(new Float32Array(world.names.length), world.baseline);
    source.cache.put(typed(Float32Array, model.get("amounts")), frameOf(model, world));
  }

  let taking = false;
  // One message of Python changes many traits, one after the other.
  const soon = () => {
    if (taking) return;
    taking = true;
    queueMicrotask(() => {
      taking = false;
      take();
    });
  };
  const on = (names: readonly (keyof SliderTraits)[], changed: () => void) => {
    for (const name of names) model.on(`change:${name}`, changed);
    signal.addEventListener("abort", () => {
      for (const name of names) model.off(`change:${name}`, changed);
    });
  };
  on(DATA, () => {
    stale = true;
    soon();
  });
  on(["amounts"], () => {
    const next = typed(Float32Array, model.get("amounts"));
    if (same(next, amounts)) return;
    if (!gesture && next.length === amounts.length) history.leave(state());
    if (!gesture) soon();
  });
  on(["_frame_decoded", "_frame_outputs"], () => {
    if (adopted && !gesture) soon();
  });
  on(["base", "factor", "_about", "_warning"], update);
  on(["height"], redraw);
  onNotice(model, signal, (text, trace) => {
    say(text, trace);
    update();
  });

  const options = { signal };
  for (const event of ["pointerenter", "focusin"]) {
    root.addEventListener(event, () => source.probe(amounts), options);
  }
  root.addEventListener(
    "keydown",
    (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      travel(event.shiftKey ? history.redo(state()) : history.undo(state()));
      event.preventDefault();
      event.stopPropagation();
    },
    options,
  );
  const resized = new ResizeObserver(() => {
    root.dataset.nbiNarrow = String(root.clientWidth < NARROW);
    redraw();
  });
  resized.observe(root);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    cancelAnimationFrame(due);
    root.remove();
  });

  /** What is drawn and how fast, for tests and for scripts in the page: `element.nbi`. */
  Object.assign(root, {
    nbi: {
      get amounts() {
        return [...amounts];
      },
      get factors() {
        return [...world.names];
      },
      get source() {
        return source.mode;
      },
      get busy() {
        return source.busy;
      },
      get error() {
        return error;
      },
      get cached() {
        return source.cache.size;
      },
      /** The frame that is drawn, where it comes from, and the exact one that it builds on. */
      get frame() {
        if (!painted) return null;
        const { from, amounts, exact, decoded, outputs } = painted;
        return {
          from,
          amounts: [...amounts],
          exact: exact ? [...exact.amounts] : null,
          decoded: [...decoded],
          outputs: [...outputs],
        };
      },
      /** Of the drag under way, else of the last: lags in milliseconds. */
      get stats() {
        return { ...(gesture ? gesture.lags.stats : stats), settled };
      },
    },
  });

  panel.setFactors(world.names);
  picture.reset(world);
  keep();
  source.adopt(frameOf(model, world), amounts);
  update();
  keepPlainKeys(root, signal);
  watchTheme(root, signal, (theme) => {
    picture.theme = theme;
    redraw();
  });
};

const DATA = [
  "_factor_names",
  "span",
  "_base_name",
  "_n_samples",
  "_output_names",
  "_feature_names",
  "_shape",
  "_limits",
  "_baseline_decoded",
  "_baseline_outputs",
  "_strip_amounts",
  "_strip_step",
  "_strip",
  "_strip_outputs",
] as const;
