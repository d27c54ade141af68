import createScatterplot, { createSpatialIndex } from "regl-scatterplot";
import { same } from "../../shared/arrays";
import type { Camera, Size } from "./camera";
import { dimming, type Engine, emphasis, pointOpacity, pointSize } from "./engine";
import { renderer } from "./webgl_renderer";
import type { World } from "./world";

type Points = { at: World; groups: Uint16Array; palette: readonly string[] };

/**
 * The map by WebGL. Throws where there is none, or where the page's policy forbids the code
 * that regl generates; `onLost` is called if the context is taken away later.
 */
export function webglEngine(onLost: () => void): Engine {
  const canvas = document.createElement("canvas");
  // regl-scatterplot listens on the window for a pointer over its canvas; gestures are ours.
  canvas.style.pointerEvents = "none";
  const gl = renderer();
  const plot = createScatterplot({
    renderer: gl,
    canvas,
    width: 16,
    height: 16,
    cameraIsFixed: true,
    deselectOnEscape: false,
    deselectOnDblClick: false,
    showReticle: false,
    colorBy: "category",
    pointOutlineWidth: 0,
    opacityInactiveMax: 1,
  });
  gl.canvas.addEventListener("webglcontextlost", onLost);

  // Hovering and lassos have an index of their own, so that regl-scatterplot need not build one,
  // which takes it seconds for a million points: it gets that of a single point.
  const index = createSpatialIndex([[0, 0]], false);
  let points: Points | null = null;
  let drawn: Points | null = null;
  let selection: number[] = [];
  let selected: number[] = []; // what the plot has
  let size: Size = { width: 16, height: 16 };
  let working = false;
  let destroyed = false;

  const style = () => {
    const n = points?.at.x.length ?? 0;
    return {
      pointSize: pointSize(n, size),
      opacity: pointOpacity(n),
      opacityInactiveScale: dimming(n, size),
    };
  };

  // Draws overlap if started while another is under way, and select knows only drawn points. A
  // setting asks for a frame of its own some time later, unless it is waited for.
  const update = async () => {
    if (working) return;
    working = true;
    gl.atWork.add(engine);
    gl.wake();
    try {
      while (!destroyed && points) {
        const [next, chosen] = [points, selection];
        const larger = emphasis(chosen.length);
        if (drawn === next) {
          if (same(selected, chosen)) break;
          if (larger !== plot.get("pointSizeSelected")) {
            await plot.set({ pointSizeSelected: larger });
          }
          plot.select(chosen, { preventEvent: true });
          selected = chosen;
          continue;
        }
        // Its types know a single colour only.
        const palette = [...next.palette] as unknown as string;
        await plot.set({
          ...style(),
          pointColor: palette,
          pointColorActive: palette,
          pointColorHover: palette,
          pointSizeSelected: larger,
        });
        if (next.at.x.length > 0) {
          await plot.draw(
            { x: next.at.x, y: next.at.y, z: next.groups },
            { zDataType: "categorical", spatialIndex: await index, select: chosen },
          );
          selected = chosen;
        }
        drawn = next;
      }
    } finally {
      working = false;
      gl.atWork.delete(engine);
      gl.wake();
    }
  };

  const engine: Engine = {
    canvas,
    onDraw: () => {},
    setPoints(at, groups, palette) {
      points = { at, groups, palette };
      void update();
    },
    setSelection(chosen) {
      selection = Array.from(chosen);
      void update();
    },
    setView(camera, newSize) {
      if (newSize.width !== size.width || newSize.height !== size.height) {
        size = newSize;
        const room = { width: gl.canvas.width, height: gl.canvas.height };
        const ratio = window.devicePixelRatio;
        if (size.width * ratio > room.width || size.height * ratio > room.height) {
          gl.resize(
            Math.max(size.width, room.width / ratio),
            Math.max(size.height, room.height / ratio),
          );
        }
        void plot.set({ ...style(), width: size.width, height: size.height });
      }
      plot.view(matrix(camera) as unknown as number[], { preventEvent: true });
      gl.wake();
    },
    setBackground(color) {
      const parts = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => Number(part) / 255);
      if (parts.length === 3) plot.set({ backgroundColor: parts as [number, number, number] });
      gl.wake();
    },
    destroy() {
      destroyed = true;
      gl.atWork.delete(engine);
      gl.canvas.removeEventListener("webglcontextlost", onLost);
      plot.destroy();
      canvas.remove();
    },
  };
  plot.subscribe("draw", () => engine.onDraw());
  return engine;
}

/** The camera as the column-major matrix that regl-scatterplot multiplies positions with. */
function matrix({ scale, left, up }: Camera): Float32Array {
  return new Float32Array([scale, 0, 0, 0, 0, scale, 0, 0, 0, 0, 1, 0, left, up, 0, 1]);
}
