import { createRegl, createRenderer } from "regl-scatterplot";

type Regl = ReturnType<typeof createRegl>;

/** The WebGL renderer that all maps of a page share. It draws frames only while it is needed. */
export type Renderer = ReturnType<typeof createRenderer> & {
  /** Draw the next frames: enough for new settings to take effect. */
  wake(): void;
  /** Engines at work: frames go on until this is empty. */
  atWork: Set<object>;
};

// A setting of regl-scatterplot takes effect in the frame after next.
const FRAMES = 20;

// Browsers allow about 16 WebGL contexts a page, so all maps share one. It is kept on the page:
// each kernel, also a restarted one, brings its own bundle.
const SHARED = Symbol.for("nbinterp.webgl.regl-scatterplot-1.16.0.rests");
type Page = { [SHARED]?: Renderer | null };

export function renderer(): Renderer {
  const page = globalThis as Page;
  let own = page[SHARED];
  if (!own || own.isDestroyed) {
    own = create();
    if (!own.isSupported) throw new Error("WebGL lacks the extensions the map needs");
    page[SHARED] = own;
    const made = own;
    own.canvas.addEventListener("webglcontextlost", () => {
      if (page[SHARED] === made) page[SHARED] = null;
    });
  }
  return own;
}

function create(): Renderer {
  const canvas = document.createElement("canvas");
  const regl = createRegl(canvas);
  const atWork = new Set<object>();
  const wake = resting(regl, () => atWork.size > 0);
  return Object.assign(createRenderer({ regl, canvas }), { wake, atWork });
}

/**
 * Stop the frame loop of `regl`, which otherwise never ends, soon after the last call of the
 * returned function, unless `busy`: an idle page must use no CPU. Frames are counted, not timed,
 * since a hidden tab draws none.
 */
function resting(regl: Regl, busy: () => boolean): () => void {
  const frame = regl.frame;
  let left = 0;
  let wake = () => {};
  regl.frame = (draw) => {
    let frames: ReturnType<Regl["frame"]> | null = null;
    const end = () => {
      frames?.cancel();
      frames = null;
    };
    wake = () => {
      left = FRAMES;
      frames ??= frame((...context) => {
        draw(...context);
        left -= 1;
        if (left <= 0 && !busy()) end();
      });
    };
    return { cancel: end };
  };
  return () => wake();
}
