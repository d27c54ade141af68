import { createRegl, createRenderer } from "regl-scatterplot";

type Regl = ReturnType<typeof createRegl>;

/** What all maps of a page paint through. It draws frames while somebody asks for them. */
export type Renderer = ReturnType<typeof createRenderer> & {
  /** Draw the next frames: enough of them for what has just been set to take effect. */
  wake(): void;
  /** Those at work: frames are drawn until they are done. */
  atWork: Set<object>;
};

// A setting of regl-scatterplot takes effect in the frame after next.
const FRAMES = 20;

// Browsers allow some sixteen WebGL contexts a page: all maps paint through one. It hangs on the
// page, since each kernel, also a restarted one, brings a bundle of its own.
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
 * Let the frames of `regl`, which otherwise go on for ever, end soon after the last call of the
 * function returned, unless `busy`: an idle page takes no processor. They are counted, not timed,
 * since a hidden tab has none.
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
