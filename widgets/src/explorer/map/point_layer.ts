import type { Colouring } from "../state/columns";
import type { World } from "../world";
import type { Camera } from "./camera";
import { CanvasEngine } from "./engines/canvas";
import type { Engine } from "./engines/engine";
import { WebglEngine } from "./engines/webgl";
import { Pace, shift } from "./pace";
import type { Viewport } from "./viewport";

const MANY = 200_000;
const LATER = 80; // milliseconds

export type PointLayerEvents = {
  drawn(): void;
  note(text: string): void;
};

/** The points of the map: keeps an engine, WebGL or a plain canvas, up to date with them. */
export class PointLayer {
  private engine: Engine | null = null;
  private at: World | null = null;
  private colours: Colouring | null = null;
  /** The samples that are drawn in full. */
  private bright: Uint32Array = new Uint32Array(0);
  private background: string | null = null;
  /** The stage of a hidden tab has no size: what changes then is drawn when it is shown. */
  private hidden = false;
  private stale = false;
  /** The camera of the engine's last picture. */
  private pictured: Camera | null = null;
  private readonly pace = new Pace();
  private later = 0;

  constructor(
    private readonly stage: HTMLElement,
    private readonly viewport: Viewport,
    private readonly events: PointLayerEvents,
    signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => {
      this.pace.stop();
      window.clearTimeout(this.later);
      this.engine?.destroy();
      this.engine = null;
    });
  }

  setPoints(at: World): void {
    this.at = at;
  }

  setColours(colours: Colouring): void {
    this.colours = colours;
    this.feed();
  }

  setBright(samples: Uint32Array): void {
    if (samples === this.bright) return;
    this.bright = samples;
    window.clearTimeout(this.later);
    const draw = () => {
      if (this.hidden) this.stale = true;
      else this.engine?.setSelection(this.bright);
    };
    // Drawing many points without a graphics card would keep the message to Python waiting.
    if ((this.at?.x.length ?? 0) > MANY) this.later = window.setTimeout(draw, LATER);
    else draw();
  }

  setBackground(color: string): void {
    this.background = color;
    this.engine?.setBackground(color);
  }

  /** The stage has no room: draw nothing until `show`. */
  hide(): void {
    this.hidden = true;
  }

  /** The stage has room, perhaps more or less than before. */
  show(): void {
    this.hidden = false;
    if (!this.engine) this.start();
    this.draw();
    if (this.stale) this.feed();
  }

  /** The camera has moved. */
  move(): void {
    const { engine, pictured } = this;
    if (!engine) return;
    if (this.pace.slow && pictured) {
      // Too slow to follow the hand: the last picture moves along until the hand rests.
      engine.canvas.style.transform = shift(pictured, this.viewport.camera, this.viewport.size);
      this.pace.atRest(() => {
        this.draw();
        this.pace.watch();
      });
    } else {
      this.draw();
      this.pace.watch();
    }
  }

  private draw(): void {
    const { camera, size } = this.viewport;
    this.engine?.setView(camera, size);
    this.pictured = camera;
  }

  private start(): void {
    try {
      this.use(new WebglEngine(() => this.fallBack("the graphics card took it away")));
    } catch (error) {
      // regl generates code, which a strict policy of the page forbids.
      const forbidden = error instanceof EvalError;
      this.fallBack(forbidden ? "this page forbids generated code" : "this browser offers none");
    }
  }

  private fallBack(reason: string): void {
    this.engine?.destroy();
    this.use(new CanvasEngine());
    this.events.note(`Drawn without WebGL, ${reason}: large maps move more slowly.`);
  }

  private use(engine: Engine): void {
    this.engine = engine;
    engine.canvas.classList.add("nbi-explorer-points");
    engine.canvas.setAttribute("aria-hidden", "true");
    engine.onDraw = () => {
      if (this.pictured === this.viewport.camera) engine.canvas.style.transform = "";
      this.events.drawn();
    };
    this.stage.prepend(engine.canvas);
    if (this.background) engine.setBackground(this.background);
    this.draw();
    this.feed();
  }

  /** Give the engine the points, once positions and colours are of the same samples. */
  private feed(): void {
    const { at, bright, colours, engine } = this;
    if (!engine || !at || !colours || colours.groups.length !== at.x.length) return;
    this.stale = this.hidden;
    if (this.hidden) return;
    engine.setPoints(at, colours.groups, colours.palette);
    engine.setSelection(bright);
    if (at.x.length === 0) this.events.drawn();
  }
}
